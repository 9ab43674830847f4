from __future__ import annotations

from typing import Any

import pytest

from mclite.replay.judge.record import fingerprint
from mclite.replay.play.outcome import Result
from mclite.replay.results.write import conforms, document, resembles, slug
from mclite.replay.scenario.versions import parse_version

NEW = parse_version("1.6.45")


def wrong(got: bytes, **values: bytes) -> Result:
    return Result("mismatch", step=3, got=got, values=values)


def test_a_fingerprint_is_the_same_in_every_run() -> None:
    first = fingerprint(wrong(b"VALUE m12_7 0 1 4711\r\n", key=b"m12_7", cas=b"4711"))
    assert first == fingerprint(
        wrong(b"VALUE mff_901 0 1 5\r\n".replace(b" 5\r", b" 4712\r"), key=b"mff_901", cas=b"4712")
    )
    assert first != fingerprint(wrong(b"VALUE m12_7 0 2 4711\r\n", key=b"m12_7", cas=b"4711"))
    assert first != fingerprint(Result("timeout", step=3, got=b"VALUE m12_7 0 1 4711\r\n"))
    assert fingerprint(wrong(b"STAT time 1795445082")) == fingerprint(wrong(b"STAT time 1795449999"))
    assert fingerprint(wrong(b"\r\n")) != fingerprint(wrong(b""))
    for one, other in (
        (b"HD c602 s1\r\n", b"HD c1266 s1\r\n"),
        (b"ME k cas=8 cls=1\r\n", b"ME k cas=816 cls=1\r\n"),
        (b"VALUE k 0 1 331\r\n", b"VALUE k 0 1 9\r\n"),
    ):
        assert fingerprint(wrong(one)) == fingerprint(wrong(other))
    assert fingerprint(wrong(b"HD c602 s1\r\n")) != fingerprint(wrong(b"HD c602 s2\r\n"))
    assert fingerprint(Result("died", step=2)) == fingerprint(Result("died", step=4, got=b"x"))
    assert fingerprint(wrong(b"mg bTE=\r\n", key=b"m1")) == fingerprint(wrong(b"mg bTIy\r\n", key=b"m22"))


def like(name: str, **answers: str) -> dict[str, Any]:
    """Return a record that is answered as the releases of the guard `same`, unlike those of `other`."""
    return {"id": name, "like": {answers["same"]: True, answers["other"]: False}}


def test_resembles_names_the_range_in_which_releases_do_not_differ() -> None:
    told = [like(str(n), same="1.6.18..1.6.45", other="1.4.15..1.6.17") for n in range(9)]
    told += [like("a", same="1.4.15..1.6.23,1.6.38..1.6.45", other="1.6.24..1.6.37"), {"id": "tells nothing"}]
    found = resembles(told, "1.6.38")
    assert found is not None
    assert {name: found[name] for name in ("version", "first", "last", "same", "of", "others")} == {
        "version": "1.6.38",
        "first": "1.6.38",
        "last": "1.6.45",
        "same": 10,
        "of": 10,
        "others": [],
    }
    assert (found["scores"]["1.6.30"], found["scores"]["1.4.15"]) == (9, 1)
    assert (resembles(told, "1.6.20") or {})["last"] == "1.6.23", "of equals the one that is judged as"


def test_resembles_says_nothing_below_nine_of_ten() -> None:
    told = [like(str(n), same="1.6.18", other="1.6.19..1.6.45") for n in range(8)]
    told += [like("a", same="1.6.45", other="1.6.18"), like("b", same="1.6.45", other="1.6.18")]
    assert resembles(told, "1.6.45") is None
    told = [*told[:8], like("c", same="1.6.18", other="1.6.45"), told[8]]
    assert (resembles(told, "1.6.45") or {})["others"] == ["a"]
    assert resembles([{"id": "tells nothing"}], "1.6.45") is None


def record(name: str, verdict: str, **more: object) -> dict[str, Any]:
    return {"id": name, "verdict": verdict, "events": [["A", ">", "x", 1.0]], **more}


def test_document() -> None:
    records = [record("b", "fail", baseline="expected"), record("a", "pass"), record("c", "skipped", events=[])]
    made = document({}, {}, records, "0.1", NEW)
    assert [item["id"] for item in made["scenarios"]] == ["a", "b", "c"]
    assert [item["transcript"] for item in made["scenarios"]] == [0, 0, None]
    assert made["summary"]["conforms"] is True
    assert made["summary"]["verdicts"] == {"pass": 1, "fail": 1, "skipped": 1}


@pytest.mark.parametrize(
    ("run", "verdicts", "expected"),
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
def test_conforms(run: dict[str, Any], verdicts: list[str], expected: bool) -> None:
    assert conforms(run, [record(str(number), verdict) for number, verdict in enumerate(verdicts)]) is expected


def test_what_the_baseline_expects_does_not_conform_alone() -> None:
    expected = record("a", "fail", baseline="expected")
    assert not conforms({}, [expected])
    assert conforms({}, [expected, record("b", "pass")])
    assert not conforms({}, [record("a", "fail", baseline="changed"), record("b", "pass")])


@pytest.mark.parametrize(
    ("name", "file"), [("memcached 1.6.45", "memcached-1.6.45"), ("[::1]:11211", "1-11211"), ("../..", "target")]
)
def test_slug(name: str, file: str) -> None:
    assert slug(name) == file
