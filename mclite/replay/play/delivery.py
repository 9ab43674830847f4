"""Deliveries: other ways to put the same bytes on the wire, which may not change one answer."""

from __future__ import annotations

from collections.abc import Sequence

from mclite.replay.scenario.talk import AnyOf, Expect, Op, Script, SomeOf, Write

DELIVERIES = ("whole", "bytes", "lines", "pipelined")

#: Maximum pieces of one write, so that a megabyte byte by byte does not take minutes.
PIECES = 4096


def pieces(data: bytes, size: int) -> list[bytes]:
    """Return `data` cut into pieces of `size` bytes, of more when that would be too many pieces."""
    size = max(size, -(-len(data) // PIECES))
    return [data[start : start + size] for start in range(0, len(data), size)]


def lines(data: bytes) -> list[bytes]:
    """Return `data` cut after each CR LF."""
    parts = [part + b"\r\n" for part in data.split(b"\r\n")]
    parts[-1] = parts[-1][:-2]
    return [part for part in parts if part]


def pipelined(script: Script) -> Script:
    """Return the script with its writes as early as they can be: requests are sent before answers are read.

    A write stays behind a line that gives a value it needs, behind a verb, and behind what another connection
    does.
    """
    out: list[Op] = []
    block: list[Op] = []
    for op in script:
        if block and (op.conn != block[0].conn or not isinstance(op, Write | Expect | AnyOf | SomeOf)):
            out += _advance(block)
            block = []
        if isinstance(op, Write | Expect | AnyOf | SomeOf):
            block.append(op)
        else:
            out.append(op)
    return tuple(out + _advance(block))


def _advance(block: Sequence[Op]) -> list[Op]:
    """Reorder what one connection does: each write before the reads that bind nothing it needs."""
    out: list[Op] = []
    reads: list[Op] = []
    for op in block:
        if not isinstance(op, Write):
            reads.append(op)
            continue
        needed = {name for text, _ in op.lines for name in text.needs}
        last = max((index for index, read in enumerate(reads) if needed & _binds(read)), default=-1)
        out += reads[: last + 1]
        del reads[: last + 1]
        before = out[-1] if out else None
        if isinstance(before, Write):
            out[-1] = Write(before.line, op.conn, before.lines + op.lines, before.numbers + op.numbers)
        else:
            out.append(op)
    return out + reads


def _binds(op: Op) -> set[str]:
    match op:
        case Expect(text=text):
            texts = [text]
        case AnyOf(options=options):
            texts = [option.text for option in options]
        case SomeOf(wanted=wanted, until=until):
            return {name for item in wanted for name in item.text.binds} | _binds(until)
        case _:
            return set()
    return {name for text in texts for name in text.binds}
