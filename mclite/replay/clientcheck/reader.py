"""The bytes of a connection as requests, whichever protocol each is of."""

from __future__ import annotations

from mclite.replay.clientcheck import arrival, arrival_binary
from mclite.replay.clientcheck.arrival import Request


class Reader:
    """Bytes of one connection to requests: `feed` returns those that are whole; binary ones begin with 0x80."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> bytes:
        """What has arrived of a request that is not whole."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> list[Request]:
        """Take in what arrived."""
        self._buffer += data
        found: list[Request] = []
        while self._buffer:
            take = arrival_binary.take if self._buffer[0] == arrival_binary.MAGIC else arrival.take
            request = take(self._buffer)
            if request is None:
                break
            del self._buffer[: len(request.raw)]
            found.append(request)
        return found
