"""What a recording holds: who sent which bytes when, and who opened and closed connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: The client sent, the server sent; the client sends no more and reads on; the client hung up, the server did.
Kind = Literal["asked", "answered", "shut", "closed", "hung-up"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened on connection `conn` (A to Z), at `time` in Unix seconds."""

    conn: str
    kind: Kind
    time: float
    data: bytes = b""
