"""The causes of a run's failures, for people: one line for all, and each with an example and a line that replays it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mclite.replay.judge import causes
from mclite.replay.judge.causes import Cause
from mclite.replay.judge.record import Record
from mclite.replay.judge.shapes import happened
from mclite.replay.results.document import Results
from mclite.replay.results.tally import want_and_got

#: Causes and commands that one line names.
SHOWN, COMMANDS = 6, 4


def failing(results: Results, *, strict: bool = False) -> list[Record]:
    """Return the scenarios that fail the run; `strict` adds warnings and known faults of the release."""
    return [scenario for scenario in results.scenarios if scenario.fails(results.run.gate, strict)]


def found(results: Results, *, strict: bool = False) -> list[Cause]:
    """Return the causes of what fails the run, the most frequent first."""
    return causes.group(failing(results, strict=strict), results.scenarios)


def one_line(several: Sequence[Cause]) -> str:
    """Return all causes in a line: `incr: ERROR (54) · gat: no answer (11)`."""
    parts = [f"{name(cause)} ({len(cause.scenarios)}{_news(cause)})" for cause in several[:SHOWN]]
    if len(several) > SHOWN:
        parts.append(f"{len(several) - SHOWN} more")
    return " · ".join(parts)


def name(cause: Cause) -> str:
    """Return a cause with at most `COMMANDS` of its commands."""
    more = len(cause.commands) - COMMANDS
    named = ", ".join(cause.commands[:COMMANDS]) + (f", {more} more" if more > 0 else "")
    return f"{named}: {cause.what}"


def size(cause: Cause) -> str:
    """Return how many scenarios show a cause, and what the baseline says of them: `3 scenarios, 1 new, 2 changed`."""
    number = len(cause.scenarios)
    return f"{number} scenario{'' if number == 1 else 's'}{_news(cause)}"


def _news(cause: Cause) -> str:
    """Return what of a cause the baseline does not know: nothing where there is no baseline."""
    counts = Counter(scenario.baseline for scenario in cause.scenarios)
    return "".join(f", {counts[word]} {word}" for word in ("new", "changed") if counts[word])


def claim(scenario: Record) -> str:
    """Return what is right and what happened: `A token comes back whole: answered CLIENT_ERROR`."""
    return f"{scenario.title}: {happened(scenario)}"


def evidence(scenario: Record) -> str:
    """Return the request, the answer that was wanted and the one received."""
    request = scenario.request or ""
    return f"{request}  {want_and_got(scenario)}".strip() if scenario.want is not None else request


def lines(several: Sequence[Cause], most: int) -> list[str]:
    """Return the first `most` causes for a terminal: size, claim, request, want and got, replay."""
    out = []
    for cause in several[:most]:
        example = cause.example
        out.append(f"  {cause.name} ({size(cause)})")
        out.append(f"    {claim(example)}")
        if shown := evidence(example) or example.reason:
            out.append(f"    {shown}")
        if example.replay:
            out.append(f"    replay: {example.replay}")
    if len(several) > most:
        out.append(f"  ... and {len(several) - most} causes more")
    return out


def known(results: Results) -> list[tuple[str, list[Record]]]:
    """Return what was expected, by its reason: of the baseline, and of the release itself."""
    groups: dict[str, list[Record]] = {}
    for scenario in results.scenarios:
        if scenario.baseline == "expected":
            groups.setdefault(f"baseline: {scenario.baseline_reason or 'no reason is given'}", []).append(scenario)
        elif scenario.verdict == "known" and scenario.fault:
            groups.setdefault(f"known of the release: {scenario.fault.reason}", []).append(scenario)
    return sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
