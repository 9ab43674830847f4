"""Raw mode: lines go to the server as they are, and its answers are shown as they are, on a connection of its own.

The request says when its answer is whole, if the table knows it; otherwise the answer ends with a pause.
"""

from __future__ import annotations

from typing import Final

from mclite.client.errors import is_error
from mclite.client.expect import Expect, SenselessError, expect
from mclite.client.transport import Transport
from mclite.protocol.parser import Request, parse
from mclite.protocol.reader import ReplyError, ReplyReader, Status

FIRST_SECONDS: Final = 1.0
"""Seconds to wait for the beginning of an answer that the table does not know."""
PAUSE_SECONDS: Final = 0.2
"""Seconds of a pause that ends an answer of unknown length."""


class RawTalk:
    """A conversation of lines over `transport`, which is opened at the first one. `closed`: the server has hung up."""

    def __init__(self, transport: Transport, timeout: float | None) -> None:
        self._transport = transport
        self._timeout = timeout
        self._open = False
        self._block = 0  # bytes of a data block, with its line end, that are still to be typed
        self._request: Request | None = None

    @property
    def data_due(self) -> int:
        """The bytes of a data block that the server waits for, without its line end; 0 if it waits for a command."""
        return max(self._block - 2, 0)

    def say(self, line: bytes) -> bytes:
        """Send `line` and a line end; return the answer, empty for none. Raises OSError when the connection fails."""
        if not self._open:
            self._transport.open()
            self._open = True
            self._block = 0
        data = line + b"\r\n"
        if self._block > 0:
            self._block -= len(data)
        else:
            parsed = parse(line + b"\r")
            self._request = parsed if isinstance(parsed, Request) else None
            self._block = 0 if self._request is None else self._request.length + 2 if self._request.length >= 0 else 0
        arrived = self._transport.send(data)
        return arrived if self._block > 0 else self._answer(arrived)

    def _answer(self, data: bytes) -> bytes:
        """Read the rest of an answer that begins with `data`."""
        request = self._request
        silent = request is not None and (request.noreply or b"q" in request.args)
        known = None if request is None or silent else expect(request.command, request.args)
        reader = ReplyReader()
        out = [data]
        while True:
            if data and known is not None:
                reader.receive_data(data)
                try:
                    if _whole(reader, known):
                        break
                except (ReplyError, SenselessError):
                    known = None  # whatever that is, it is shown
            some = any(out)
            pause = PAUSE_SECONDS if some or silent else FIRST_SECONDS
            try:
                data = self._transport.receive(pause if known is None else self._timeout)
            except TimeoutError:
                if known is not None:
                    raise
                break
            if not data:
                self.close()
                if not some and not (known is not None and known.closes):
                    raise ConnectionError("the server closed the connection")
                break
            out.append(data)
        return b"".join(out)

    def close(self) -> None:
        """Close the connection; the next line opens another."""
        self._transport.close()
        self._open = False
        self._block = 0


def _whole(reader: ReplyReader, known: Expect) -> bool:
    """Is the answer whole with what `reader` has? Raises ReplyError or SenselessError if it is none."""
    while (reply := reader.next_reply(known.lines)) is not None:
        if (isinstance(reply, Status) and is_error(reply.code)) or known.take(reply):
            return True
    return False
