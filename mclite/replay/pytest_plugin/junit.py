"""JUnit XML of `--junit-xml`: the verdict and the causes of each target, and the cause of each wrong answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from _pytest.junitxml import xml_key  # pytest has no other way to add a property to a whole run

from mclite.replay.judge.baseline import WRONG
from mclite.replay.judge.causes import key
from mclite.replay.judge.record import Record
from mclite.replay.judge.shapes import happened
from mclite.replay.report import causes
from mclite.replay.report.summary import headline

if TYPE_CHECKING:
    from mclite.replay.pytest_plugin.session import Session


def show_run(suite: Session) -> None:
    """Begin with the verdict and the causes of each target."""
    junit = suite.config.stash.get(xml_key, None)
    if junit is None:
        return
    for made in suite.documents:
        name = made.target.name
        junit.add_global_property(f"verdict of {name}", headline(made))
        for cause in causes.found(made, strict=suite.options.strict):
            junit.add_global_property(f"cause on {name}", "; ".join(line.strip() for line in causes.lines([cause], 1)))
        for why, members in causes.known(made):
            junit.add_global_property(f"expected on {name}", f"{why} ({len(members)})")


def show_case(config: pytest.Config, report: pytest.TestReport, made: Record) -> None:
    """Add verdict, level and cause of a record to its test case."""
    junit = config.stash.get(xml_key, None)
    if junit is None:
        return
    said: dict[str, str | None] = {"verdict": made.verdict, "level": made.level, "baseline": made.baseline}
    if made.verdict in WRONG or made.fault is not None:
        said |= {"cause": key(made), "happened": happened(made), "replay": made.replay}
        said["known because"] = made.baseline_reason or (made.fault.reason if made.fault is not None else None)
    case = junit.node_reporter(report)
    for name, value in said.items():
        if value is not None:
            case.add_property(name, value)
