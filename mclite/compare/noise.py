"""Differences that say nothing: where one real memcached does not answer like itself.

Each row of NOISE was seen between two servers of the same version, or follows from how they allocate.
"""

from __future__ import annotations

import re
from typing import Final

from mclite.compare.answers import Answer
from mclite.compare.dialogue import Request, Session, Step, Write, render, values_for
from mclite.protocol.commands import verbs

#: name: what it is
NOISE: Final = {
    "unsent answer": (
        "an item whose answer waits in the same write is copied, not changed in place, by incr and decr: "
        "so such requests get a write of their own"
    ),
    "edge of a read": (
        "a line of more than 2,048 bytes that is no multi-get is taken for a command if it arrives whole, and ends the "
        "connection if only its beginning did: so such requests get a write of their own"
    ),
    "white space": (
        "incr of an item that is empty or white space reads on into memory that is not the item's: "
        "so a difference there is not counted"
    ),
    "hang-up": (
        "one answer is the beginning of the other, and both servers hung up: a server that closes a connection with "
        "bytes unread resets it, and what it had answered may be lost"
    ),
    "endless": ("both servers sent more than is read, or sent without an end: how much of it was read says nothing"),
    "held back": (
        "one answer is the beginning of the other, and both servers wait for more of a request: memcached may send "
        "earlier answers only when the request is complete"
    ),
    "seen once": "a difference was seen, and time was up before the same session could be said once more",
    "unsteady": "the difference did not reproduce when the same session was repeated",
}

_FETCH = frozenset({*verbs("retrieval"), "mg"})
_CHANGE = frozenset({*verbs("arithmetic"), "ma"})
_SPACE = re.compile(rb"[ \t\r\n\v\f\0]*")
_WORD = re.compile(r" *([a-z]*)")
#: Bytes of a line that may wait for its end, less what the names of a session may add.
_LINE_MAX = 2000
_VALUES = values_for("name")


def calm(session: Session) -> Session:
    """Return the session with a write of its own for what must have one: arithmetic behind a fetch, and long lines."""
    out: list[Step] = []
    for step in session:
        if not isinstance(step, Write):
            out.append(step)
            continue
        run: list[Request] = []
        fetched = long = False
        for request in step.requests:
            begins = _WORD.match(request.line)
            verb = begins[1] if begins else ""
            is_long = _is_long(request)
            if run and ((verb in _CHANGE and fetched) or is_long or long):
                out.append(Write(step.conn, tuple(run), step.chop))
                run, fetched = [], False
            run.append(request)
            fetched = fetched or verb in _FETCH
            long = is_long
        out.append(Write(step.conn, tuple(run), step.chop))
    return tuple(out)


def _is_long(request: Request) -> bool:
    """Tell whether a request may be a long line; its data block is one if the command is refused."""
    return len(render(request, _VALUES)) > _LINE_MAX


def looks_at_space(value: bytes | None) -> bool:
    """Tell whether arithmetic on a value reads beyond it."""
    return value is not None and _SPACE.fullmatch(value) is not None


def cut_short(a: Answer, b: Answer) -> str | None:
    """Return the name in NOISE when two answers differ only in how much of them was read, else None."""
    if a.after != b.after or a.after == "ready":
        return None
    pairs = list(zip(a.lines, b.lines, strict=False))
    if a.after == "endless":
        return "endless" if all(ours.same(theirs) for ours, theirs in pairs[:-1]) else None
    if len(a.lines) == len(b.lines) or not all(ours.same(theirs) for ours, theirs in pairs):
        return None
    return "hang-up" if a.after == "closed" else "held back"


def value_before(request: Request) -> str | None:
    """Return the request that shows the value that a request does arithmetic on; None when it does none."""
    words = request.line.split()
    if len(words) < 2 or words[0] not in _CHANGE:
        return None
    return f"mg {words[1]} b v" if words[0] == "ma" and "b" in words[2:] else f"get {words[1]}"
