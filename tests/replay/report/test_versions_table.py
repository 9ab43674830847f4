"""The table of what tells versions apart, made from small results of three versions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_results import make, record, typed

from mclite.replay.judge.record import Record
from mclite.replay.report.versions_table import Row, TableError, lines, read, row, rows
from mclite.replay.results.document import Results, Summary

OLD, MIDDLE, NEW = "1.6.9", "1.6.38", "1.6.45"
TALK = "> verbosity\n<[..1.6.39] ERROR\n<[1.6.40..] CLIENT_ERROR {:rest}\n"


def results(version: str, *scenarios: Record, conforms: bool = True) -> Results:
    made = typed(make(version=version, size=0))
    summary = Summary(conforms, {"pass": len(scenarios)}, None)
    return replace(made, summary=summary, scenarios=scenarios)


def like(**answers: bool) -> dict[str, bool]:
    return {f"1.6.{name[1:]}": found for name, found in answers.items()}


def test_letters_are_groups_of_versions_that_answer_alike() -> None:
    found = row(
        "a",
        {
            OLD: record("a", talk=TALK, like=like(v9=True, v38=True, v45=False)),
            MIDDLE: record("a", talk=TALK, like=like(v9=True, v38=True, v45=False)),
            NEW: record("a", talk=TALK, like=like(v9=False, v38=False, v45=True)),
        },
    )
    assert found.cells == ("A", "A", "B")
    assert found.kind == "answer"
    assert found.answers == ("<[..1.6.39] ERROR", "<[1.6.40..] CLIENT_ERROR {:rest}")


def test_absent_unplayed_and_faults_are_named() -> None:
    assert row("a", {OLD: None, MIDDLE: record("a"), NEW: record("a")}) == Row("a", "Title of a", ("-", "A", "A"), ())
    assert row("a", {OLD: None, MIDDLE: record("a")}).kind == "only"
    assert row("a", {OLD: record("a", verdict="skipped"), NEW: record("a")}).cells == ("?", "A")
    faulty = row("a", {OLD: record("a", verdict="fail", baseline="expected"), NEW: record("a")})
    assert (faulty.cells, faulty.kind) == (("fault", "A"), "fault")


def test_only_scenarios_that_tell_apart_are_rows() -> None:
    runs = {
        OLD: results(OLD, record("same"), record("skips", verdict="skipped")),
        NEW: results(NEW, record("same"), record("new"), record("skips")),
    }
    assert [one.id for one in rows(runs)] == ["new"]


def test_the_table_counts_all_and_prints_what_is_asked_for() -> None:
    talk = {"talk": TALK}
    runs = {
        OLD: results(OLD, record("a", like=like(v9=True, v45=False), **talk), conforms=False),
        NEW: results(NEW, record("a", like=like(v9=False, v45=True), **talk), record("new")),
    }
    found = rows(runs)
    short, whole = list(lines(runs, found)), list(lines(runs, found, answers=True, everything=True))
    assert [line.split() for line in short[:2]] == [["scenario", OLD, NEW], ["a", "A", "B", "Title", "of", "a"]]
    assert short[2].startswith("2 scenarios tell 1.6.9, 1.6.45 apart: 1 by their answer, 1 are about some")
    assert short[3:] == ["memcached 1.6.9: DEVIATES, 1 pass", "memcached 1.6.45: conforms, 2 pass"]
    assert [line.strip() for line in whole[2:4]] == ["<[..1.6.39] ERROR", "<[1.6.40..] CLIENT_ERROR {:rest}"]
    assert whole[4].split()[:3] == ["new", "-", "A"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is truncated"),
        ("[]", "is no results file"),
        (json.dumps({**make(), "format": "x"}), "is no results file"),
        (json.dumps(make(version=None)), "its target claims none"),
    ],
)
def test_what_is_no_results_file_is_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(TableError, match=problem):
        read([path])


def test_a_version_may_come_once(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(make()))
    with pytest.raises(TableError, match=f"results of {NEW} already"):
        read([path, path])
    with pytest.raises(TableError, match="cannot be read"):
        read([tmp_path / "absent.json"])
