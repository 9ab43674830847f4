"""A result as text for a terminal: what was claimed, what was said, and the byte at which it differs."""

from __future__ import annotations

from collections.abc import Iterator

from mclite.replay.judge.record import Record, Transcript, transcript
from mclite.replay.play.outcome import Result
from mclite.replay.scenario.scenario import Scenario
from mclite.replay.scenario.wire import brief

#: How many events of a transcript are shown on a terminal: the first and the last.
FIRST, LAST = 10, 30


def failure(scenario: Scenario, result: Result, replay: str) -> str:
    """Return a failed scenario as a readable text; `replay` is the command that repeats it."""
    got = brief(result.got) if result.got is not None else None
    said = f"{result.outcome}: {result.reason}"
    at, events = (result.at if result.got else None), transcript(result.events)
    return "\n".join(_lines(scenario, events, result.step, said, result.want, got, at, replay))


def failure_of_record(made: Record, scenario: Scenario) -> str:
    """Return the same text, made of a record of the results."""
    said = f"{made.verdict} ({made.outcome}): {made.reason}"
    if made.baseline:
        said += f" [baseline: {made.baseline}]"
    at = made.at if made.got else None
    lines = list(_lines(scenario, made.transcript, made.step, said, made.want, made.got, at, made.replay))
    if made.differs and made.reference is not None:
        lines += ["  differs from the reference:"]
        lines += [f"    target     {made.reference.target or '(nothing)'}"]
        lines += [f"    reference  {made.reference.got or '(nothing)'}"]
    return "\n".join(lines)


def _lines(
    scenario: Scenario,
    events: Transcript,
    step: int | None,
    said: str,
    want: str | None,
    got: str | None,
    at: int | None,
    replay: str,
) -> Iterator[str]:
    yield scenario.id
    yield f"  {scenario.title}"
    lines = ", ".join(scenario.lines)
    cited = f"lines {lines}" if lines else "is silent"
    yield f"  protocol.txt {cited} · {scenario.section} · {scenario.level}"
    for line in (scenario.note or "").strip().splitlines():
        yield f"  {line.strip()}"
    yield ""
    yield from dialogue(events)
    yield ""
    yield f"  {scenario.file}:{scenario.talk_line + step - 1 if step else scenario.line}: {said}"
    if want is not None:
        yield f"  want  {want}"
    if got is not None:
        yield f"  got   {got or '(nothing)'}"
        if at is not None:
            yield from _caret(got, at)
    yield f"  replay: {replay}"


def _caret(got: str, at: int) -> Iterator[str]:
    """Yield a line with a mark below byte `at` of the escaped bytes `got`."""
    column = byte = 0
    while byte < at and column < len(got):
        if got.startswith("\\{", column):
            return  # the byte is in the middle that was left out
        column += {"x": 4}.get(got[column + 1 : column + 2], 2) if got[column] == "\\" else 1
        byte += 1
    yield f"        {' ' * column}^ byte {at}"


def dialogue(events: Transcript) -> Iterator[str]:
    """Yield the events, a line each; of a long conversation the beginning and the end."""
    several = len({event.conn for event in events}) > 1
    skipped = len(events) - FIRST - LAST
    for index, (conn, kind, text, _) in enumerate(events):
        if skipped > 0 and FIRST <= index < FIRST + skipped:
            if index == FIRST:
                yield f"    ... {skipped} more ..."
            continue
        yield f"    {conn if several else ''}{kind} {text}"
