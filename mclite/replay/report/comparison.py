"""How a target stands beside a reference, for people: the sentence, and the answers that differ."""

from __future__ import annotations

from mclite.replay.judge.record import Record
from mclite.replay.report.summary import count
from mclite.replay.results.document import Results


def sentence(run: Results) -> str | None:
    """Return how many answers differ from those of the reference, None when there was none."""
    counts = run.summary.reference
    if not counts:
        return None
    name = run.run.reference or "the reference"
    if not counts.compared:
        return f"Nothing could be compared with {name}."
    verb = "differs" if counts.differs == 1 else "differ"
    left = counts.not_compared
    more = f"; {count(left, 'scenario')} could not be compared" if left else ""
    return f"Beside {name}, {counts.differs} of {count(counts.compared, 'answer')} {verb}{more}."


def differing(run: Results) -> list[Record]:
    """Return the scenarios that the target answers otherwise than the reference."""
    return [scenario for scenario in run.scenarios if scenario.differs]
