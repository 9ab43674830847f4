"""The end of a run on the terminal: what the page says first, and where the page is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mclite.replay.report.summary import lines

if TYPE_CHECKING:
    from mclite.replay.pytest_plugin.session import Session

#: So many failures are named.
NAMED = 12


def show(reporter: Any, suite: Session) -> None:
    """Write the summary of every target to pytest's terminal reporter."""
    for made in suite.documents:
        reporter.write_sep("=", f"conformance of {made.target.name}")
        for line in lines(made, NAMED, strict=suite.options.strict):
            reporter.write_line(line)
    for path in suite.output.written:
        reporter.write_line(f"report: {path}")
    for problem in suite.output.problems:
        reporter.write_line(problem)
    if not suite.documents:
        reporter.write_line("no scenario was played: this says nothing about the target")
