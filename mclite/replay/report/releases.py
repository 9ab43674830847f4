"""What changed for a client between two memcached releases, from what genuine ones answered (judge/answers.py)."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mclite.replay.judge.answers import Sample, dialogue, samples
from mclite.replay.judge.exchanges import compare
from mclite.replay.judge.faults import FILE, Faults, read
from mclite.replay.report import summary
from mclite.replay.report.answers_table import Row, group, row_of
from mclite.replay.scenario.lint import load_all
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import Scenario
from mclite.replay.scenario.talk import AnyOf
from mclite.replay.scenario.versions import Version, parse_guard


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of all releases: the scenarios, what was answered to them, and the faults of releases."""

    scenarios: Mapping[str, Scenario]
    samples: Mapping[str, Sequence[Sample]]
    faults: Faults


@functools.cache
def known() -> Known:
    """Read what the suite knows."""
    root = default_root()
    return Known({one.id: one for one in load_all(root)[0]}, samples(), read(root / FILE))


def changes(then: Version, now: Version, about: Known) -> list[Row]:
    """Return the requests that release `then` answers otherwise than release `now`, by their commands."""
    found = []
    for name, recorded in sorted(about.samples.items()):
        scenario = about.scenarios[name]
        one, other = _of(recorded, then), _of(recorded, now)
        if one is None or other is None or one is other or may_vary(scenario, then, now):
            continue
        if pairs := compare(dialogue(one), dialogue(other)):
            found.append(row_of(scenario, pairs, _notes(scenario.id, then, now, about.faults)))
    return group(found)


def may_vary(scenario: Scenario, then: Version, now: Version) -> bool:
    """Tell whether the scenario says the same of both releases, and allows several answers: a matter of chance."""
    same = scenario.talk.variant(then) == scenario.talk.variant(now)
    return same and any(isinstance(op, AnyOf) for op in scenario.talk.script(now))


def _of(recorded: Sequence[Sample], release: Version) -> Sample | None:
    """Return the sample of a release, None if it has none."""
    return next((sample for sample in recorded if release in parse_guard(sample["releases"])), None)


def _notes(name: str, then: Version, now: Version, faults: Faults) -> Iterator[str]:
    """Yield what is wrong with an answer that a fault of one of the releases is."""
    for fault in faults.faults:
        if name not in fault.answers:
            continue
        sides = [side for side, release in (("then", then), ("now", now)) if release in fault.releases]
        if len(sides) == 1:
            yield f"The answer {sides[0]} is a fault of the release: {fault.reason}"


def headline(then: str, now: str, rows: Sequence[Row]) -> str:
    """Return what the table says, in one sentence."""
    if not rows:
        return f"memcached {then} and {now} answer all requests of the suite alike."
    usual = sum(row.usual for row in rows)
    verb = "is" if len(rows) == 1 else "are"
    said = f"{summary.count(len(rows), 'request')} {verb} answered otherwise, {usual or 'none'} of them as client"
    return f"From memcached {then} to {now} {said} libraries send them."
