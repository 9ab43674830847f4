"""How the bytes of an answer reach the client: whole, cut, in pieces, late, twice.

A place is where an answer is cut; it means the same in every protocol.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mclite.replay.clientcheck.answers import Part

#: Places in words: before anything, in the middle of the first line or header, behind it, in the middle of the data
#: block, behind the block, between its CR and LF, before the last byte.
PLACES = ("start", "header", "line", "data", "block", "cr", "last")

#: When an answer is sent: at once, never, after the caller has a result, before the next answer on the connection.
When = Literal["now", "never", "late", "with-next"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How an answer is delivered.

    Attributes:
        when: the whole of it, or of what follows `place`
        place: of PLACES, `at TEXT`, or a number of bytes; None: the answer is not cut
        text: of `at`
        then: what follows at `place`: a pause of `seconds`, nothing more, the end of the connection, or a reset of it
        seconds: of the pause, or before each piece
        pieces: bytes of a piece, 0 for whole
        twice: it is sent a second time: at once, or after the caller was given a result
        megabytes: it is sent again and again until this many are sent, 0 for once
    """

    when: When = "now"
    place: str | None = None
    text: bytes = b""
    then: Literal["pause", "stall", "close", "reset"] = "pause"
    seconds: float = 0.0
    pieces: int = 0
    twice: Literal["no", "now", "late"] = "no"
    megabytes: int = 0

    @property
    def disturbs(self) -> bool:
        """Whether the caller need not get what an honest server says."""
        return self.when != "now" or self.then != "pause" or self.twice != "no"


PLAIN = Delivery()


def place_of(parts: Sequence[Part], place: str, text: bytes = b"") -> int:
    """Return how many bytes of the answer lie before `place`.

    A text that the answer does not hold is taken for the end of the data block: in the binary protocol nothing is
    behind it.
    """
    whole = b"".join(part.data for part in parts)
    if place == "at":
        at = whole.find(text)
        return at + len(text) if at >= 0 else place_of(parts, "block")
    if place.isdigit():
        return min(int(place), len(whole))
    if place in ("start", "last"):
        return 0 if place == "start" else max(0, len(whole) - 1)
    first = len(parts[0].data) if parts else 0
    if place in ("header", "line"):
        return first // 2 if place == "header" else first
    before = 0
    for part in parts:
        if part.kind == "data" and place == "data":
            return before + len(part.data) // 2
        before += len(part.data)
        if part.kind == "data" and place == "block":
            return before
        if part.kind == "crlf" and place == "cr":
            return before - 1
    return max(0, len(whole) - 1)  # an answer of one line
