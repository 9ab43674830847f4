"""From what happened to a verdict: nothing is guessed, and nothing is judged twice.

    outcome   level      verdict
    match     must       pass            observed   same
    other     must       fail            should     warn         observed   differs
              any, and the framing is broken: fail
    died      any        target-died
    malformed any        suite-error

`known` is a wrong answer, or a death, that the release itself is known for (judge/faults.py).
`unsupported`, `skipped` and `blocked` are of scenarios that were not played: for these the reason says why.
"""

from __future__ import annotations

from typing import Literal, get_args

from mclite.replay.play.outcome import Outcome
from mclite.replay.scenario.scenario import Level

Verdict = Literal[
    "pass",
    "fail",
    "warn",
    "same",
    "differs",
    "known",
    "unsupported",
    "skipped",
    "blocked",
    "suite-error",
    "target-died",
]

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
#: Those that say that the scenario was played.
PLAYED: frozenset[Verdict] = frozenset({"pass", "fail", "warn", "same", "differs", "known", "target-died"})
#: Those that say that the target answered as it must.
MATCHED: frozenset[Verdict] = frozenset({"pass", "same"})
FAILING: frozenset[Verdict] = frozenset({"fail", "suite-error", "target-died"})

#: What fails a run, by its gate: the lowest level at which a wrong answer does.
_GATED: dict[Level, frozenset[Verdict]] = {
    "must": FAILING,
    "should": FAILING | {"warn"},
    "observed": FAILING | {"warn", "differs"},
}

#: Exit codes of a run.
CONFORMS, DEVIATES, USAGE, UNREACHABLE, NOTHING_JUDGED, STALE_BASELINE, NOT_WRITTEN = range(7)

_GOOD: dict[Level, Verdict] = {"must": "pass", "should": "pass", "observed": "same"}
_BAD: dict[Level, Verdict] = {"must": "fail", "should": "warn", "observed": "differs"}


def judge(level: Level, outcome: Outcome, framing: str | None = None) -> Verdict:
    """Return the verdict on a scenario that was played; `framing` says how the framing is broken, if it is."""
    match outcome:
        case "match":
            return _GOOD[level]
        case "died":
            return "target-died"
        case "malformed":
            return "suite-error"
        case "not-run":
            raise ValueError("a scenario that was not played has no outcome to judge")
        case _:
            return _BAD[level] if framing is None else "fail"


def fails(verdict: Verdict, gate: Level = "must", strict: bool = False) -> bool:
    """Tell whether the verdict fails a run with this gate; `strict` adds warnings and known faults of the release."""
    return verdict in _GATED[gate] or (strict and verdict in ("warn", "known"))
