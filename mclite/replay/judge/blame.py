"""The request to blame for a wrong answer: the one whose answer differs, and its command.

Of several requests in one write the place of the answer tells which it is; where the framing is broken, its word does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mclite.replay.play.framing import expected_responses
from mclite.replay.play.outcome import Result
from mclite.replay.scenario.talk import AnyOf, Op, Script, SomeOf, Write, requests

#: Characters of a request that a record keeps.
LONGEST = 120
#: What is said of a line without a word.
EMPTY = "(an empty line)"
_STATUS = re.compile(r"[A-Z_]{2,}")
#: Commands to which a word is an answer, of those that can ask for none.
_ANSWERED: dict[str, frozenset[str]] = {
    "STORED": frozenset({"set", "add", "replace", "append", "prepend", "cas"}),
    "EXISTS": frozenset({"cas"}),
    "DELETED": frozenset({"delete"}),
    "TOUCHED": frozenset({"touch"}),
    "OK": frozenset({"flush_all", "verbosity", "cache_memlimit"}),
}
#: Commands whose answers have a data block, by the word before it.
_BLOCKS = {"VALUE": frozenset({"get", "gets", "gat", "gats"}), "VA": frozenset({"mg", "ma"})}


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
    lines = [line for op in ops[first:] if isinstance(op, Write) for line in requests(op)]
    asked = [line for line in lines if line]
    empty = len(asked) < len(lines) or any(r"\n\n" in line for line in asked)
    if not asked:
        return None
    word = first_word((result.got or b"").decode("latin-1").split("\r\n")[0])
    if "too many" in (result.framing or "") and (earlier := _answered_late(ops[:first], asked, word)) is not None:
        return earlier[:LONGEST]
    quiet = [line for line in asked if is_quiet(line)]
    read = expected_responses(ops[first:], ops[first].conn)
    if quiet and (result.framing is not None or result.outcome == "desync" or len(quiet) == len(asked)):
        chosen = next((line for line in quiet if line.split(" ")[0] in _ANSWERED.get(word, ())), quiet[0])
    else:
        answering = [line for line in asked if line not in quiet] or asked
        if told := re.match(r"`(VALUE|VA) ", result.framing or ""):  # the announced length of a data block is wrong
            answering = [line for line in answering if line.split(" ")[0] in _BLOCKS[told[1]]] or answering
        if empty and read is not None and read >= len(answering) and first_word(result.want or "").endswith("ERROR"):
            return EMPTY  # more answers are due than lines with words: an empty line has one, too
        chosen = answering[min(read or 0, len(answering) - 1)] if read is not None else answering[-1]
    return chosen[:LONGEST]


def _answered_late(before: Sequence[Op], asked: Sequence[str], word: str) -> str | None:
    """Return the quiet request among earlier ones whose answer `word` is; None if one of the `asked` may have it."""
    commands = _ANSWERED.get(word, frozenset())
    if any(line.split(" ")[0] in commands for line in asked):
        return None
    sent = [line for op in before if isinstance(op, Write) for line in requests(op) if line]
    return next((line for line in reversed(sent) if is_quiet(line) and line.split(" ")[0] in commands), None)


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
    """Tell whether a request asks for no answer, or for none where all is well."""
    words = line.split("\\n")[0].split(" ")
    return words[-1] == "noreply" or (words[0] in ("mg", "ms", "md", "ma") and "q" in words[2:])


def first_word(text: str) -> str:
    """Return the status word that a line begins with, or nothing."""
    found = _STATUS.match(text)
    return found[0] if found and text[found.end() : found.end() + 1] in ("", " ", "\\", ":") else ""
