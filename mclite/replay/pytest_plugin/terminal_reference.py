"""The end of a run with a reference on the terminal: how many answers differ from it, which, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mclite.replay.report.comparison import differing
from mclite.replay.results.document import Results

if TYPE_CHECKING:
    from mclite.replay.pytest_plugin.session import Session

#: So many differences are named.
NAMED = 12


def show(reporter: Any, suite: Session) -> None:
    """Write what the reference answered to pytest's terminal reporter, for every target."""
    if suite.reference is None:
        return
    for made in suite.documents:
        for line in lines(made):
            reporter.write_line(line)
    if suite.lost_reference is not None:
        reporter.write_line(
            f"the reference {suite.reference.shown} died while {suite.lost_reference} was played: "
            "what came behind could not be compared"
        )


def lines(made: Results) -> list[str]:
    """Return how one target stands beside the reference."""
    counts, name, beside = made.summary.reference, made.target.name, made.run.reference
    if counts is None or not counts.compared:
        return [f"{name} beside {beside}: nothing was compared"]
    others = f" ({counts.not_compared} could not be compared)" if counts.not_compared else ""
    verb = "differ" if counts.differs != 1 else "differs"
    out = [f"{name} beside {beside}: {counts.differs} of {counts.compared} {verb} from the reference{others}"]
    found = differing(made)
    for item in found[:NAMED]:
        assert item.reference is not None
        target, reference = _short(item.reference.target), _short(item.reference.got)
        out.append(f"  DIFFERS {item.id} ({item.verdict}): {target}, the reference {reference}")
    if len(found) > NAMED:
        out.append(f"  and {len(found) - NAMED} more")
    return out


def _short(text: str | None) -> str:
    if not text:
        return "(nothing)"
    return text if len(text) <= 60 else f"{text[:57]}..."
