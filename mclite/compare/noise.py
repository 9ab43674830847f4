"""Differences that say nothing: where one real memcached does not answer like itself.

Each row of NOISE was seen between two servers of the same version, or follows from how they allocate.
"""

from __future__ import annotations

import re
from typing import Final

from mclite.compare.answers import Answer
from mclite.compare.dialogue import Request, Session, Step, Write

#: name: what it is
NOISE: Final = {
    "unsent answer": (
        "an item whose answer waits in the same write is copied, not changed in place, by incr and decr: "
        "so such requests get a write of their own"
    ),
    "white space": (
        "incr of an item that is empty or white space reads on into memory that is not the item's: "
        "so a difference there is not counted"
    ),
    "hang-up": (
        "one answer is the beginning of the other, and both servers hung up: a server that closes a connection with "
        "bytes unread resets it, and what it had answered may be lost"
    ),
    "unsteady": "the difference did not come again when the same session was said once more",
}

_FETCH = frozenset({"get", "gets", "gat", "gats", "mg"})
_CHANGE = frozenset({"incr", "decr", "ma"})
_SPACE = re.compile(rb"[ \t\r\n\v\f\0]*")


def calm(session: Session) -> Session:
    """Return the session with arithmetic parted from fetches that stand before it in the same write."""
    out: list[Step] = []
    for step in session:
        if not isinstance(step, Write):
            out.append(step)
            continue
        run: list[Request] = []
        fetched = False
        for request in step.requests:
            verb = request.line.lstrip(" ").split(" ")[0]
            if verb in _CHANGE and fetched:
                out.append(Write(step.conn, tuple(run), step.chop))
                run, fetched = [], False
            run.append(request)
            fetched = fetched or verb in _FETCH
        out.append(Write(step.conn, tuple(run), step.chop))
    return tuple(out)


def looks_at_space(value: bytes | None) -> bool:
    """Tell whether arithmetic on a value reads beyond it."""
    return value is not None and _SPACE.fullmatch(value) is not None


def lost_at_the_end(a: Answer, b: Answer) -> bool:
    """Tell whether two answers differ only in how much of them came before the connection was reset."""
    if a.after != "closed" or b.after != "closed":
        return False
    return all(ours.same(theirs) for ours, theirs in zip(a.lines, b.lines, strict=False))


def arithmetic_key(request: Request) -> str | None:
    """Return the key, as written, that a request does arithmetic on; None when it does none."""
    words = request.line.split()
    return words[1] if len(words) > 1 and words[0] in _CHANGE else None
