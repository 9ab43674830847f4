from __future__ import annotations

from typing import Any

import pytest
from made_results import compared, record

from mclite.replay.judge.record import Event, Record
from mclite.replay.results.document import Counts, Run, Target
from mclite.replay.results.schema import results_to_json
from mclite.replay.results.write import beside_reference, conforms, document, resembles, slug


def like(name: str, *, same: str, other: str) -> Record:
    """Return a record that is answered as the releases of the guard `same`, unlike those of `other`."""
    return record(name, like={same: True, other: False})


def test_resembles_names_the_range_in_which_releases_do_not_differ() -> None:
    told = [like(str(n), same="1.6.18..1.6.45", other="1.4.15..1.6.17") for n in range(9)]
    told += [like("a", same="1.4.15..1.6.23,1.6.38..1.6.45", other="1.6.24..1.6.37"), record("tells nothing")]
    found = resembles(told, "1.6.38")
    assert found is not None
    assert (found.version, found.first, found.last) == ("1.6.38", "1.6.38", "1.6.45")
    assert (found.same, found.of, found.others) == (10, 10, ())
    assert (found.scores["1.6.30"], found.scores["1.4.15"]) == (9, 1)
    found = resembles(told, "1.6.20")
    assert found is not None
    assert found.last == "1.6.23", "of equals the one that is judged as"


def test_resembles_says_nothing_below_nine_of_ten() -> None:
    told = [like(str(n), same="1.6.18", other="1.6.19..1.6.45") for n in range(8)]
    told += [like("a", same="1.6.45", other="1.6.18"), like("b", same="1.6.45", other="1.6.18")]
    assert resembles(told, "1.6.45") is None
    told = [*told[:8], like("c", same="1.6.18", other="1.6.45"), told[8]]
    found = resembles(told, "1.6.45")
    assert found is not None
    assert found.others == ("a",)
    assert resembles([record("tells nothing")], "1.6.45") is None


def run(**fields: Any) -> Run:
    about: dict[str, Any] = {"id": "m1", "started": "2026-01-01T00:00:00Z", "seconds": 1.0, "judged": "1.6.45"}
    return Run(**about | {"delivery": "whole", "transport": "tcp"} | fields)


TARGET = Target(name="t", address="a", version=None, known_version=None, spawn=None, capabilities={})


def test_document() -> None:
    said = (Event("A", ">", "x", 1.0),)
    records = [
        record("b", verdict="fail", baseline="expected", transcript=said),
        record("a", commands=("get",), transcript=(Event("A", ">", "x", 1.0),)),
        record("c", verdict="skipped"),
    ]
    made = document(run(), TARGET, records, "0.1")
    assert [item.id for item in made.scenarios] == ["a", "b", "c"]
    assert made.summary.conforms is True
    assert made.summary.verdicts == {"pass": 1, "fail": 1, "skipped": 1}
    written = results_to_json(made)
    assert [item["transcript"] for item in written["scenarios"]] == [0, 0, None]
    assert written["transcripts"] == [[["A", ">", "x", 1.0]]]


def test_scenarios_beside_a_reference_are_counted() -> None:
    records = [record(reference=compared(same)) for same in (None, False, True)]
    assert beside_reference([*records, record()]) == Counts(compared=2, differs=1, not_compared=1)
    assert beside_reference([record()]) is None
    assert [item.differs for item in [*records, record()]] == [False, True, False, False]


@pytest.mark.parametrize(
    ("fields", "verdicts", "expected"),
    [
        ({}, ["pass"], True),
        ({"complete": True, "strict": False}, ["same", "skipped", "warn", "differs"], True),
        ({"complete": False}, ["pass"], False),
        ({"strict": True}, ["pass", "warn"], False),
        ({}, ["pass", "fail"], False),
        ({}, ["pass", "target-died"], False),
        ({}, ["pass", "suite-error"], False),
        ({}, ["differs", "warn"], False),
        ({}, ["skipped", "unsupported", "blocked"], False),
        ({}, [], False),
    ],
)
def test_conforms(fields: dict[str, Any], verdicts: list[str], expected: bool) -> None:
    assert conforms(run(**fields), [record(verdict=verdict, commands=("get",)) for verdict in verdicts]) is expected


def test_to_refuse_what_is_no_command_is_no_conformance() -> None:
    refused = record(commands=("gett",))
    assert not conforms(run(), [refused])
    assert conforms(run(), [refused, record(commands=("get", "set"))])


def test_what_the_baseline_expects_does_not_conform_alone() -> None:
    expected = record(verdict="fail", baseline="expected")
    assert not conforms(run(), [expected])
    right = record(commands=("get",))
    assert conforms(run(), [expected, right])
    assert not conforms(run(), [record(verdict="fail", baseline="changed"), right])


@pytest.mark.parametrize(
    ("name", "file"), [("memcached 1.6.45", "memcached-1.6.45"), ("[::1]:11211", "1-11211"), ("../..", "target")]
)
def test_slug(name: str, file: str) -> None:
    assert slug(name) == file
