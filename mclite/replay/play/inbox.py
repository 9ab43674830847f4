"""Receive buffer shared by streams, datagrams and recordings."""

from __future__ import annotations


class Inbox:
    """Bytes received wait in `buffer`; `gone` says why nothing more will come."""

    __slots__ = ("buffer", "gone")

    def __init__(self) -> None:
        """Begin with nothing received."""
        self.buffer = bytearray()
        self.gone: str | None = None

    def over(self) -> bool:
        """Tell whether nothing more will come."""
        return self.gone is not None

    def take(self, count: int) -> bytes:
        """Return the first `count` bytes of the buffer and remove them from it."""
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data
