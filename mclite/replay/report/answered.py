"""Which requests two runs answer otherwise, whatever the verdicts on the answers are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mclite.replay.judge.exchanges import Exchange, compare, exchanges
from mclite.replay.judge.record import Record
from mclite.replay.report import summary
from mclite.replay.report.answers_table import HEAD, Row, group, row_of
from mclite.replay.results.document import Results
from mclite.replay.results.tally import GOOD

#: A line of a talk with a guard.
_GUARDED = re.compile(r"[A-Z]?[<>.|*&a-z ]+\[[0-9.,]+\]")


def rows(old: Results, new: Results) -> list[Row]:
    """Return the requests that the run `new` answers otherwise than the run `old`, by their commands."""
    before = {scenario.id: scenario for scenario in old.scenarios}
    found = []
    for scenario in new.scenarios:
        earlier = before.get(scenario.id)
        if earlier is None or not earlier.transcript or not scenario.transcript:
            continue
        if _may_vary(earlier, scenario):
            continue
        pairs = compare(_dialogue(old, earlier), _dialogue(new, scenario))
        if not pairs:
            continue
        found.append(row_of(scenario, pairs))
    return group(found)


def _may_vary(earlier: Record, scenario: Record) -> bool:
    """Tell whether both answers are right, and the scenario allows several to all releases: a matter of chance."""
    lines = [line.strip() for line in scenario.talk.splitlines()]
    right = earlier.verdict in GOOD and scenario.verdict in GOOD
    return right and any(line.startswith("<|") for line in lines) and not any(_GUARDED.match(line) for line in lines)


def headline(old: Results, new: Results, found: Sequence[Row]) -> str:
    """Return in one sentence how much is answered otherwise."""
    common = {one.id for one in old.scenarios if one.transcript}
    common &= {one.id for one in new.scenarios if one.transcript}
    number = sum(len(row.ids) for row in found)
    if not found:
        return f"The answers to {summary.count(len(common), 'scenario')} are the same."
    verb = "is" if number == 1 else "are"
    which = f"{number} of {summary.count(len(common), 'scenario')} {verb} answered otherwise"
    return (
        f"{which}, in {summary.count(len(found), 'way')}; {sum(row.usual for row in found) or 'none'} of these in "
        "requests as client libraries send them."
    )


def head(old: Results, new: Results) -> tuple[str, str, str]:
    """Return the heads of the columns: the names of the servers, if they differ."""
    one, other = old.target.name, new.target.name
    return HEAD if one == other else (HEAD[0], f"answer of {one}", f"answer of {other}")


def _dialogue(run: Results, scenario: Record) -> tuple[Exchange, ...]:
    """Return what was said in a scenario, with names for what varies by nature."""
    return exchanges(scenario.transcript, run.target.version)
