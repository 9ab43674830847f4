"""What happened when a scenario was played: the raw result, its transcript, and what they are made with."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass, field
from typing import Literal, get_args

from mclite.replay.scenario.text import KEY_LENGTH, Filled, TextError, Values

Outcome = Literal["match", "mismatch", "desync", "timeout", "closed", "too-much", "died", "not-run", "malformed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
#: (connection, kind, bytes or text, milliseconds since the scenario began)
Event = tuple[str, str, bytes | str, float]


class Patience:
    """How many seconds an answer is waited for: less and less while the target goes on not answering."""

    __slots__ = ("lost", "seconds")

    def __init__(self, seconds: float = 2.0) -> None:
        """Begin with `seconds`."""
        self.seconds = seconds
        self.lost = 0

    def spend(self) -> None:
        """Take note of an answer that did not come."""
        self.lost += 1
        if self.lost % 5 == 0:
            self.seconds = max(0.05, self.seconds / 2)


@dataclass(frozen=True, slots=True)
class Heard:
    """One received line that matched."""

    line: int  #: of the talk
    data: bytes
    filled: Filled = field(default_factory=list)  #: what its slots matched


@dataclass(slots=True)
class Result:
    """What happened when a scenario was played."""

    outcome: Outcome
    milliseconds: float = 0.0
    reason: str | None = None  #: one sentence
    step: int | None = None  #: the line of the talk
    conn: str | None = None
    want: str | None = None  #: as wire, or a pattern
    got: bytes | None = None
    at: int | None = None  #: the first differing byte of got
    framing: str | None = None  #: how a client that reads by lengths and lines gets out of step
    events: list[Event] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)  #: in the order of the talk
    values: Values = field(default_factory=dict)


class Differs(Exception):  # noqa: N818  # it is no error of ours
    """The target did not answer as the script says."""

    def __init__(
        self,
        outcome: Outcome,
        line: int | None,
        conn: str,
        reason: str,
        want: str | None = None,
        got: bytes | None = None,
        at: int | None = None,
    ) -> None:
        self.result = Result(outcome, 0, reason, line, conn, want, got, at)


#: Digits of the numbers in a key: base 36, so that four of them count to 1,679,615.
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def run_prefix() -> str:
    """Return a random prefix for the keys of a run, of 6 bytes; `process_prefix` makes it whole."""
    return "m" + "".join(secrets.choice(_DIGITS) for _ in range(5))


def process_prefix(run: str, worker: str = "") -> str:
    """Return the prefix of the keys that one process of a run makes: 8 bytes, whatever its number.

    `worker` is the name that pytest-xdist gives a worker ("gw0", "gw1", ...), "" where there is none.
    """
    return run + _number(int(worker.removeprefix("gw")) + 1 if worker else 0, 2)


def _number(number: int, width: int) -> str:
    digits = ""
    while number or len(digits) < width:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


class Keys:
    """Makes the keys of a run: short, unique, of KEY_LENGTH bytes, all letters, digits and underscores."""

    def __init__(self, prefix: str | None = None) -> None:
        """Begin every key with `prefix`, which `process_prefix` made; by default with one that no run has."""
        self.prefix = process_prefix(run_prefix()) if prefix is None else prefix
        self._numbers = itertools.count(1)

    def new(self, length: int | None = None) -> bytes:
        """Return a key that no other scenario has, padded to exactly `length` bytes."""
        key = f"{self.prefix}_{_number(next(self._numbers), 4)}".encode()
        if length is None:
            return key
        if length <= KEY_LENGTH:
            raise TextError(f"a unique key has {KEY_LENGTH + 1} bytes at least, not {length}")
        return key + b"_" * (length - len(key) - 1) + b"x"
