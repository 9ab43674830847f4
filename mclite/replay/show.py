"""A result as text for a terminal: what was claimed, what was said, and the byte at which it differs."""

from __future__ import annotations

from collections.abc import Iterator

from mclite.replay.player import Event, Result
from mclite.replay.scenario import Scenario
from mclite.replay.wire import brief, escape

#: How many events of a transcript are shown on a terminal.
EVENTS = 40


def event_text(event: Event) -> str:
    """Return what an event says: wire for bytes, text for what happened."""
    data = event[2]
    return brief(data) if isinstance(data, bytes) else data


def failure(scenario: Scenario, result: Result, replay: str) -> str:
    """Return a failed scenario as a readable text of several lines; `replay` is the command that repeats it."""
    return "\n".join(_failure(scenario, result, replay))


def _failure(scenario: Scenario, result: Result, replay: str) -> Iterator[str]:
    lines = ", ".join(scenario.lines)
    yield f"{scenario.id}"
    yield f"  {scenario.title}"
    yield f"  protocol.txt {lines or '(silent)'} · {scenario.section} · {scenario.level}"
    if scenario.note:
        yield f"  {scenario.note.strip()}"
    yield ""
    yield from transcript(result.events)
    yield ""
    where = f"{scenario.file}:{scenario.talk_line + result.step - 1}" if result.step else scenario.file
    yield f"  {where}: {result.outcome}: {result.reason}"
    yield from difference(result)
    yield f"  replay: {replay}"


def transcript(events: list[Event]) -> Iterator[str]:
    """Yield the events, a line each; of a long conversation the beginning and the end."""
    several = len({event[0] for event in events}) > 1
    skipped = len(events) - EVENTS
    for index, event in enumerate(events):
        if skipped > 0 and 10 <= index < 10 + skipped:
            if index == 10:
                yield f"    ... {skipped} more ..."
            continue
        conn = event[0] if several else ""
        yield f"    {conn}{event[1]} {event_text(event)}"


def difference(result: Result) -> Iterator[str]:
    """Yield want and got with a mark under the first byte that differs."""
    if result.want is not None:
        yield f"  want  {result.want}"
    if result.got is None:
        return
    yield f"  got   {brief(result.got) or '(nothing)'}"
    if result.at is not None and result.got:
        before = escape(result.got[: result.at])
        if len(before) < 400:
            yield f"        {' ' * len(before)}^ byte {result.at}"
