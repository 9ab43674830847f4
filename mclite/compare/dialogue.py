"""A session: what is said to both servers, in the notation of the suite (conformance/README.md).

Texts hold slots: `{key}`, `{key2}`, `{key3}` are keys of the session's own, `{keylong}` one of 250 bytes, `{cas}` the
cas unique that the server returned last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mclite.replay.scenario.notation import parse_text
from mclite.replay.scenario.text import Values

#: The keys of a session.
KEYS = ("key", "key2", "key3")
LONG_KEY = "keylong"
LONGEST_KEY = 250


@dataclass(frozen=True, slots=True)
class Request:
    """A command line, what ends it, and the data block that follows it, if one does."""

    line: str
    block: str | None = None
    end: str = "\\r\\n"

    @property
    def text(self) -> str:
        """All of it."""
        return self.line + self.end + (f"{self.block}\\r\\n" if self.block is not None else "")

    @property
    def verb(self) -> str:
        """The first word of the line."""
        words = self.line.split(" ")
        return words[0] if words else ""


@dataclass(frozen=True, slots=True)
class Write:
    """Requests sent in one write on one connection, cut into pieces of `chop` bytes unless it is 0."""

    conn: str
    requests: tuple[Request, ...]
    chop: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds go by."""

    seconds: float


@dataclass(frozen=True, slots=True)
class HangUp:
    """The client closes a connection; the next write on it opens a new one."""

    conn: str


Step = Write | Wait | HangUp
Session = tuple[Step, ...]


def constant(source: str) -> bytes:
    """Return the bytes of a text without slots."""
    data = parse_text(source).constant
    if data is None:
        raise ValueError(f"{source!r} has slots")
    return data


def render(request: Request, values: Values) -> bytes:
    """Return the bytes of a request; all names that it needs are in `values`."""
    return parse_text(request.text).render(values, _no_new_key)


def _no_new_key(length: int | None) -> bytes:
    raise ValueError("every key of a session has its value from the start")


def values_for(name: str) -> Values:
    """Return the slots of a session: keys that begin with `name`, and no cas unique yet."""
    made = {key: f"{name}{number}".encode() for number, key in enumerate(KEYS)}
    made[LONG_KEY] = f"{name}_".encode().ljust(LONGEST_KEY, b"l")
    made["cas"] = b"1"
    return made


def writes(session: Session) -> Iterator[Write]:
    """Yield the writes of a session."""
    for step in session:
        if isinstance(step, Write):
            yield step


def spread(session: Session) -> Session:
    """Return the session with each request in a write of its own, whole."""
    out: list[Step] = []
    for step in session:
        if isinstance(step, Write):
            out += [Write(step.conn, (request,)) for request in step.requests]
        else:
            out.append(step)
    return tuple(out)


def size(session: Session) -> tuple[int, ...]:
    """Return what makes one session simpler than another: requests, steps, oddities, words, characters, plain words."""
    steps = list(writes(session))
    requests = [request for step in steps for request in step.requests]
    odd = sum(request.end != "\\r\\n" for request in requests)
    odd += sum((step.chop != 0) + (step.conn != "A") for step in steps)
    words = [word for request in requests for word in request.line.split(" ")]
    characters = sum(len(request.text) for request in requests)
    plain = sum(word in ("{key}", "0") for word in words)
    return len(requests), len(session), odd, len(words), characters, -plain
