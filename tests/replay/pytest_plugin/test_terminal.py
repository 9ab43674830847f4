"""The end of a run on the terminal."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from made_results import make, typed

from mclite.replay.pytest_plugin import terminal
from mclite.replay.report.summary import headline


class Reporter:
    """What pytest's terminal reporter is told to write."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write_sep(self, mark: str, title: str) -> None:
        self.lines.append(f"{mark} {title}")

    def write_line(self, line: str) -> None:
        self.lines.append(line)


def shown(*results: Any, written: tuple[Path, ...] = (), problems: tuple[str, ...] = ()) -> list[str]:
    reporter = Reporter()
    suite: Any = SimpleNamespace(
        documents=list(results),
        options=SimpleNamespace(strict=False),
        output=SimpleNamespace(written=list(written), problems=list(problems)),
    )
    terminal.show(reporter, suite)
    return reporter.lines


def test_each_target_has_its_summary_and_the_files_follow() -> None:
    first, second = typed(make("a server", size=30)), typed(make("another", size=30, fail=0.9))
    lines = shown(first, second, written=(Path("reports/a.html"),), problems=("reports/b.html cannot be written",))
    assert lines[0] == "= conformance of a server"
    assert headline(first) in lines
    assert lines.index("= conformance of another") > lines.index(headline(first))
    assert headline(second) in lines
    assert lines[-2:] == ["report: reports/a.html", "reports/b.html cannot be written"]


def test_no_more_failures_are_named_than_can_be_read() -> None:
    lines = shown(typed(make(size=220, fail=0.9)))
    assert len(lines) < 12 * terminal.NAMED


def test_a_run_without_scenarios_says_nothing_of_the_target() -> None:
    assert shown() == ["no scenario was played: this says nothing about the target"]
