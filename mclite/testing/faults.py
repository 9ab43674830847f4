"""Faults that a test injects: what becomes of a request, and of its answer, in the text, meta and binary protocols.

A fault waits for a request that it is for, and is used up by as many of them as it was asked for. A request has one
fault at most, the one that was asked for first. A fault of the answer waits for a request that has an answer, so that
`noreply` and quiet misses do not use it up.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypedDict, Unpack

from mclite.testing import words
from mclite.testing.requests import Request

Kind = Literal[
    "delay", "close", "partial", "error", "out_of_memory", "twice", "earlier", "swap", "pieces", "corrupt",
    "wrong_length", "wrong_opaque", "wrong_cas", "error_within", "silence", "stall",
]  # fmt: skip

OUT_OF_MEMORY: Final = "SERVER_ERROR out of memory storing object"
HAPPENED_MAX: Final = 1000
STORING: Final = frozenset(("set", "add", "replace", "append", "prepend", "cas", "ms"))


class Which(TypedDict, total=False):
    """Which requests a fault is for; every method of Faults takes these."""

    on: str | Sequence[str] | None
    """a verb, or several; None for any"""
    key: str | bytes | None
    """only requests with this key"""
    times: int | None
    """how many requests it spoils; None for all, until `clear`"""
    after: int
    """how many such requests it lets pass first"""
    probability: float
    """0 to 1: how likely it is for each request"""
    seed: int
    """of the random numbers for `probability`; the same seed spoils the same requests"""


@dataclass(slots=True, eq=False)
class Fault:
    """What is to go wrong, and for which requests."""

    kind: Kind
    verbs: frozenset[str] | None
    key: bytes | None
    times: int | None
    after: int
    probability: float
    random: random.Random
    number: int = 0
    """bytes, values or an offset, as the kind has it"""
    seconds: float | None = 0.0
    text: bytes = b""
    carry_out: bool = True
    reset: bool = False
    seen: int = field(default=0, init=False)
    used: int = field(default=0, init=False)

    def is_for(self, request: Request) -> bool:
        """Whether `request` is one of those that the fault is for; each that is asked about is counted."""
        if self.verbs is not None and request.verb not in self.verbs:
            return False
        if self.key is not None and self.key not in request.keys:
            return False
        if not self.carry_out and self.kind in ("error", "out_of_memory") and silent(request):
            return False
        self.seen += 1
        if self.seen <= self.after:
            return False
        return self.probability >= 1 or self.random.random() < self.probability


def silent(request: Request) -> bool:
    """Whether not even an error is sent for `request`: `noreply` of the text protocol."""
    return request.noreply and request.protocol == "text"


class Faults:
    """The faults that wait for their request, and those that happened.

    Every method takes `on="get"` (a verb or several, None for any; the binary protocol's commands have the text
    protocol's names), `key="k"`, `times=1` (None for all), `after=0`, `probability=1.0` and `seed=0`. A wrong word or
    number is a ValueError or TypeError at once, with the nearest right word.
    """

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()
        self._drops: int | None = 0
        self._drops_after = 0
        self.on_clear: list[Callable[[], None]] = []
        """called by `clear`: what a fault without end holds up"""
        self.happened: deque[tuple[Kind, Request]] = deque(maxlen=HAPPENED_MAX)
        """the faults that happened, in order, each with its request; the last thousand"""

    def _add(
        self,
        kind: Kind,
        which: Which,
        *,
        number: int = 0,
        seconds: float | None = 0.0,
        text: bytes = b"",
        carry_out: bool = True,
        reset: bool = False,
        default: frozenset[str] | None = None,
    ) -> None:
        unknown = which.keys() - Which.__annotations__.keys()
        for name in unknown:
            raise TypeError(words.unknown(name, Which.__annotations__))
        times = which.get("times", 1)
        if times is not None:
            words.integer(times, "times", 1)
        probability = words.number(which.get("probability", 1.0), "probability")
        if probability > 1:
            raise ValueError(f"probability is at most 1, not {probability!r}")
        key = which.get("key")
        verbs = words.verbs(which.get("on"))
        fault = Fault(
            kind,
            default if verbs is None else verbs,
            None if key is None else words.text(key, "key"),
            times,
            words.integer(which.get("after", 0), "after"),
            probability,
            random.Random(words.integer(which.get("seed", 0), "seed", None)),
            number,
            seconds,
            text,
            carry_out,
            reset,
        )
        with self._lock:
            self._waiting.append(fault)

    # In place of the request.

    def close(
        self, *, carry_out: bool = False, answer: bool = False, reset: bool = False, **which: Unpack[Which]
    ) -> None:
        """Hang up instead of carrying the request out; with `carry_out` after that and before the answer.

        With `answer` the answer is sent first. `reset` breaks the connection off (RST) instead of ending it.
        """
        self._add("close", which, carry_out=carry_out or answer, number=int(answer), reset=reset)

    def error(self, text: str = OUT_OF_MEMORY, *, carry_out: bool = False, **which: Unpack[Which]) -> None:
        """Answer `text`, a line without its end, instead of carrying the request out; with `carry_out` do both.

        The binary protocol has a status that means about the same, and the text.
        """
        if b"\n" in words.text(text, "text") or not text:
            raise ValueError("text is one line without its end")
        self._add("error", which, text=text.encode(), carry_out=carry_out)

    def out_of_memory(self, **which: Unpack[Which]) -> None:
        """Let the storage commands fail for want of memory: a set that fails so leaves no item under its key."""
        self._add("out_of_memory", which, text=OUT_OF_MEMORY.encode(), carry_out=False, default=STORING)

    def stall(self, seconds: float | None = None, **which: Unpack[Which]) -> None:
        """Stop reading from the connection when the request arrives, for `seconds`, or until `clear`."""
        self._add("stall", which, seconds=None if seconds is None else words.number(seconds, "seconds"))

    # With the answer.

    def delay(self, seconds: float, **which: Unpack[Which]) -> None:
        """Carry the request out, and answer it `seconds` late; what the connection sends meanwhile waits."""
        self._add("delay", which, seconds=words.number(seconds, "seconds"))

    def silence(self, **which: Unpack[Which]) -> None:
        """Carry the request out, and never answer it."""
        self._add("silence", which)

    def partial(self, length: int, *, reset: bool = False, **which: Unpack[Which]) -> None:
        """Carry the request out, send `length` bytes of the answer, and hang up; `reset` as for `close`."""
        self._add("partial", which, number=words.integer(length, "length"), reset=reset)

    def pieces(self, length: int, pause: float = 0.001, **which: Unpack[Which]) -> None:
        """Send the answer in pieces of `length` bytes, `pause` seconds apart."""
        self._add("pieces", which, number=words.integer(length, "length", 1), seconds=words.number(pause, "pause"))

    def twice(self, **which: Unpack[Which]) -> None:
        """Send the answer twice."""
        self._add("twice", which)

    def earlier(self, **which: Unpack[Which]) -> None:
        """Send the answer to the request before this one on the connection again, instead of this one's."""
        self._add("earlier", which)

    def swap(self, **which: Unpack[Which]) -> None:
        """Hold the answer back until the connection's next request is answered, and send it after that answer."""
        self._add("swap", which)

    def corrupt(self, offset: int = 0, **which: Unpack[Which]) -> None:
        """Change the byte at `offset` of the answer (negative: from its end) to another."""
        self._add("corrupt", which, number=words.integer(offset, "offset", None))

    def wrong_length(self, by: int = 1, **which: Unpack[Which]) -> None:
        """Announce a data block, or a binary body, `by` bytes longer (negative: shorter) than the one that is sent."""
        self._add("wrong_length", which, number=_other(by))

    def wrong_opaque(self, **which: Unpack[Which]) -> None:
        """Answer with another opaque than that of the request (binary protocol, and the O flag of meta commands)."""
        self._add("wrong_opaque", which)

    def wrong_cas(self, by: int = 1, **which: Unpack[Which]) -> None:
        """Answer with a cas unique that is `by` more than the item's."""
        self._add("wrong_cas", which, number=_other(by))

    def error_within(
        self, values: int = 1, text: str = "SERVER_ERROR out of memory writing get response", **which: Unpack[Which]
    ) -> None:
        """Break a get off after `values` of its values with the line `text`, without END.

        In the binary protocol, where a multi-get is many requests, use `error(on="get", after=VALUES)`.
        """
        if b"\n" in words.text(text, "text"):
            raise ValueError("text is one line without its end")
        self._add("error_within", which, number=words.integer(values, "values"), text=text.encode())

    # Before any request.

    def drop_connections(self, times: int | None = 1, *, after: int = 0) -> None:
        """Break off the next connections (RST) as soon as they are open: `times` of them, None for all.

        `after` of them are let in first. `ServerThread.refusing` is for connections that are refused.
        """
        if times is not None:
            words.integer(times, "times", 1)
        self._drops, self._drops_after = times, words.integer(after, "after")

    def drops_connection(self) -> bool:
        """Whether the connection that has just been opened is to be broken off."""
        if self._drops == 0:
            return False
        if self._drops_after:
            self._drops_after -= 1
            return False
        if self._drops is not None:
            self._drops -= 1
        return True

    def clear(self) -> None:
        """Forget the faults that wait, and let go on what a stall holds up."""
        with self._lock:
            self._waiting.clear()
            self._drops = 0
        for act in list(self.on_clear):
            act()

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, request: Request) -> Fault | None:
        """Return the fault for `request`; `used` says that it happened."""
        with self._lock:
            return next((fault for fault in self._waiting if fault.is_for(request)), None)

    def used(self, fault: Fault, request: Request) -> None:
        """Count `fault` as one that happened to `request`, and forget it if that was the last time."""
        with self._lock:
            fault.used += 1
            self.happened.append((fault.kind, request))
            if fault.times is not None and fault.used >= fault.times and fault in self._waiting:
                self._waiting.remove(fault)


def _other(by: int) -> int:
    if words.integer(by, "by", None) == 0:
        raise ValueError("by is a difference, not 0")
    return by
