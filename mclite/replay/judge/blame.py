"""Which request of a talk a wrong answer is the fault of."""

from __future__ import annotations

from mclite.replay.play.framing import expected_responses
from mclite.replay.play.outcome import Result
from mclite.replay.scenario.talk import AnyOf, Op, Script, SomeOf, Write, requests

#: Characters of a request that a record keeps.
LONGEST = 120


def blamed_request(script: Script, result: Result) -> str | None:
    """Return the request whose answer differs, as the talk writes it, or None when nothing was sent before."""
    end = next((number for number, op in enumerate(script) if result.step in _lines(op)), len(script))
    conn = result.conn or (script[end].conn if end < len(script) else None)
    ops = [op for op in script[:end] if conn in (None, op.conn)]
    writes = [number for number, op in enumerate(ops) if isinstance(op, Write)]
    if not writes:
        return None
    first = writes[-1]
    while first > 0 and isinstance(ops[first - 1], Write):
        first -= 1
    asked = [line for op in ops[first:] if isinstance(op, Write) for line in requests(op) if line]
    if not asked:
        return None
    quiet = [line for line in asked if is_quiet(line)]
    read = expected_responses(ops[first:], ops[first].conn)
    if quiet and (result.framing is not None or result.outcome == "desync" or len(quiet) == len(asked)):
        chosen = quiet[0]
    else:
        answering = [line for line in asked if line not in quiet] or asked
        chosen = answering[min(read or 0, len(answering) - 1)] if read is not None else answering[-1]
    return chosen[:LONGEST]


def _lines(op: Op) -> tuple[int, ...]:
    """Return the lines of the talk at which an operation can differ; those of a write cannot."""
    match op:
        case Write():
            return ()
        case AnyOf(options=options):
            return (op.line, *(option.line for option in options))
        case SomeOf(wanted=wanted):
            return (op.line, *(item.line for item in wanted))
        case _:
            return (op.line,)


def is_quiet(line: str) -> bool:
    """Tell whether a request asks for no answer."""
    words = line.split(" ")
    return words[-1] == "noreply" or (words[0] in ("mg", "ms", "md", "ma") and "q" in words[2:])
