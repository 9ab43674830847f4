"""Faults that a test injects: what becomes of the next command, and of its answer.

Each fault is used up by one command, in the order in which they were asked for; one that names a verb waits for it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

from mclite.protocol.parser import BadRequest, parse

Kind = Literal["delay", "close", "partial", "error"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is to go wrong: `seconds` of a delay, `length` in bytes of a partial answer, `text` of an error."""

    kind: Kind
    verb: bytes | None
    seconds: float = 0.0
    length: int = 0
    text: bytes = b""


class Faults:
    """The faults that wait for their command. Each method takes the verb (`on="get"`) that it is for; None for any."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def _add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)

    def delay(self, seconds: float, *, on: str | None = None) -> None:
        """Carry the next command out, and answer it SECONDS late."""
        self._add(Fault("delay", _verb(on), seconds=seconds))

    def close(self, *, on: str | None = None) -> None:
        """Hang up instead of carrying the next command out."""
        self._add(Fault("close", _verb(on)))

    def partial(self, length: int, *, on: str | None = None) -> None:
        """Carry the next command out, send LENGTH bytes of the answer, and hang up."""
        self._add(Fault("partial", _verb(on), length=length))

    def error(self, text: str = "SERVER_ERROR out of memory storing object", *, on: str | None = None) -> None:
        """Answer the next command with TEXT, a line without its end, instead of carrying it out."""
        self._add(Fault("error", _verb(on), text=text.encode()))

    def clear(self) -> None:
        """Forget the faults that still wait."""
        with self._lock:
            self._waiting.clear()

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, verb: bytes) -> Fault | None:
        """Return the fault for a command VERB, which uses it up."""
        with self._lock:
            for fault in self._waiting:
                if fault.verb is None or fault.verb == verb:
                    self._waiting.remove(fault)
                    return fault
        return None


def _verb(on: str | None) -> bytes | None:
    return None if on is None else on.encode()


def first_request(buffer: bytes) -> tuple[bytes, int] | None:
    """Return the verb of the first request in BUFFER and its length in bytes, data block included; None if cut off."""
    end = buffer.find(b"\n")
    if end < 0:
        return None
    request = parse(buffer[:end])
    length = end + 1
    if isinstance(request, BadRequest):
        return buffer[:end].split(b" ")[0].strip(), length
    if request.length >= 0:
        length += request.length + 2
    return (request.command.name, length) if length <= len(buffer) else None
