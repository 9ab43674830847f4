"""The files of a run: their names, and what is said when one cannot be written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_results import make, record, typed

from mclite.replay.judge.baseline import Baseline, Entry, read
from mclite.replay.pytest_plugin.options import Options
from mclite.replay.pytest_plugin.output import Output
from mclite.replay.run.stage import TargetInfo


def output(folder: Path, **asked: Any) -> Output:
    about: dict[str, Any] = {
        "targets": [], "reference": None, "judge_as": None, "deliver": "whole", "transport": "tcp", "chop": 0,
        "destructive": False, "strict": False, "gate": None, "baseline": None, "update_baseline": False,
        "report_dir": folder, "no_report": False, "check": False,
    }  # fmt: skip
    return Output(Options(**about | asked))


def target(**fields: Any) -> TargetInfo:
    about: dict[str, Any] = {
        "slug": "server-1.6.45", "name": "server 1.6.45", "address": "127.0.0.1:1", "asked": "--target x",
        "answer": "VERSION 1.6.45\r\n", "version": "1.6.45", "known": "1.6.45", "judged": "1.6.45", "prefix": "m1",
    }  # fmt: skip
    return TargetInfo(**about | fields)


@pytest.mark.parametrize(
    ("asked", "about", "complete", "name"),
    [
        ({}, {}, True, "server-1.6.45"),
        ({}, {}, False, "server-1.6.45-part"),
        ({}, {"judged": "1.6.9"}, True, "server-1.6.45-as-1.6.9"),
        ({}, {"judged": "1.6.9", "known": None}, True, "server-1.6.45"),
        ({"deliver": "bytes", "chop": 3}, {"address": "unix:/s"}, True, "server-1.6.45-unix-bytes-chop-3"),
    ],
)
def test_a_file_is_named_after_the_run(
    tmp_path: Path, asked: dict[str, Any], about: dict[str, Any], complete: bool, name: str
) -> None:
    made = typed(make(size=3))
    out = output(tmp_path, **asked)
    for _ in range(2):
        out.results(replace(made, run=replace(made.run, complete=complete)), target(**about), None)
    stems = [path.name for path in out.written]
    assert stems == [f"{name}.json", f"{name}.html", f"{name}-2.json", f"{name}-2.html"]
    out.index(complete)
    assert out.written[-1].name == ("index.html" if complete else "index-part.html")
    assert not out.failed


def test_a_reference_is_part_of_the_name(tmp_path: Path) -> None:
    out = output(tmp_path)
    out.results(typed(make(size=3)), target(), target(slug="other"))
    assert out.written[0].name == "server-1.6.45-beside-other.json"
    out.index(True)
    assert len(out.written) == 2, "one target needs no index"


def test_results_that_cannot_be_written_fail_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out = output(tmp_path / "file")
    out.results(typed(make(size=3)), target(), None)
    assert out.failed
    assert out.written == []
    assert "cannot be written" in out.problems[0]


def test_a_baseline_is_written_of_a_whole_run_in_which_nothing_died(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    known = Baseline([Entry("a/b/c", "f1", "because")])
    wrong = record("a/b/d", verdict="fail", fingerprint="f2", want="A", got="B")
    died = replace(wrong, verdict="target-died")
    for records, complete, why in (([wrong], False, "the run is incomplete"), ([died], True, "died in a/b/d")):
        out = output(tmp_path, baseline=path)
        assert out.baseline(known, records, [], "x", complete) is None
        assert out.failed
        assert why in out.problems[0]
        assert not path.exists()
    out = output(tmp_path, baseline=path)
    updated = out.baseline(known, [wrong], [], "x", True)
    assert updated is not None
    assert list(updated.entries) == list(read(path).entries) == ["a/b/d"]
    assert not out.failed


def test_a_baseline_that_cannot_be_written_fails_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out = output(tmp_path, baseline=tmp_path / "file" / "known.toml")
    assert out.baseline(Baseline(), [record()], [], "x", True) is None
    assert out.failed
