"""Counting what was judged, what went well, and what the counts do not cover: every ratio is honest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from mclite.replay.judge.record import Record
from mclite.replay.judge.verdicts import fails
from mclite.replay.results.document import Results
from mclite.replay.scenario.scenario import LEVELS

#: Characters of an answer that a line shows.
SHOWN = 80

GOOD = frozenset({"pass", "same"})
BAD = frozenset({"fail", "warn", "differs", "target-died"})
JUDGED = GOOD | BAD
FAILURES = frozenset({"fail", "target-died"})

#: Verdicts that neither count as right nor as wrong, as people read them.
NOT_JUDGED = {
    "known": "known of the release",
    "unsupported": "not offered",
    "skipped": "not tried",
    "blocked": "blocked",
    "suite-error": "fault of the suite",
}

LEVEL_NAMES = {"must": "required", "should": "recommended", "observed": "as memcached does"}


@dataclass(frozen=True, slots=True)
class Tally:
    """The verdicts of one level: `good` of `judged`, and why the others of `total` were not judged."""

    level: str
    verdicts: Counter[str]

    @property
    def total(self) -> int:
        """All scenarios of the level, judged or not."""
        return sum(self.verdicts.values())

    @property
    def judged(self) -> int:
        """The scenarios that had an answer to judge: the honest denominator."""
        return sum(self.verdicts[verdict] for verdict in JUDGED)

    @property
    def good(self) -> int:
        """Scenarios that passed, or were answered as memcached answers."""
        return sum(self.verdicts[verdict] for verdict in GOOD)

    @property
    def bad(self) -> int:
        """Scenarios that were judged and deviate."""
        return self.judged - self.good

    @property
    def others(self) -> dict[str, int]:
        """Why scenarios were not judged, with their numbers, none of them 0."""
        return {name: self.verdicts[verdict] for verdict, name in NOT_JUDGED.items() if self.verdicts[verdict]}

    @property
    def text(self) -> str:
        """The tally in words: `380 of 395 pass (12 not offered, 3 not tried)`."""
        verb = "are the same" if self.level == "observed" else "pass"
        words = f"{self.good} of {self.judged} {verb}" if self.judged else "none was judged"
        others = ", ".join(f"{count} {name}" for name, count in self.others.items())
        return f"{words} ({others})" if others else words


def tallies(scenarios: Iterable[Record]) -> list[Tally]:
    """Count the verdicts of `scenarios` by level, in the order must, should, observed."""
    counts: dict[str, Counter[str]] = {level: Counter() for level in LEVELS}
    for scenario in scenarios:
        counts[scenario.level][scenario.verdict] += 1
    return [Tally(level, counts[level]) for level in LEVELS]


def failures(results: Results) -> list[Record]:
    """Return the scenarios whose wrong answers fail a run with the gate of these results."""
    gate = results.run.gate
    return [item for item in results.scenarios if item.verdict != "suite-error" and fails(item.verdict, gate)]


def reason(scenario: Record) -> str | None:
    """Return why a scenario got its verdict: what was said, else what was wanted and got."""
    return scenario.reason or (None if scenario.want is None else want_and_got(scenario))


def want_and_got(scenario: Record) -> str:
    """Return the answer that was wanted and the one received, each cut to `SHOWN` characters."""
    return f"want {_short(str(scenario.want))}  got {_short(scenario.got or 'nothing')}"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
