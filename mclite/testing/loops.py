"""An AsyncClient that closes with its event loop, for fixtures that are no coroutines."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

from mclite.client.aio import AsyncClient, StreamTransport
from mclite.client.transport import Address


class LoopTransport(StreamTransport):
    """A StreamTransport that closes when the event loop that it was opened in ends.

    A loop ends its asynchronous generators before it closes (`asyncio.run`, `asyncio.Runner` and the pytest plugins
    that use them all do), so one is begun with each connection.
    """

    async def open(self) -> None:
        """Connect."""
        await super().open()
        self._end = self._until_the_loop_ends()
        await anext(self._end)

    async def _until_the_loop_ends(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            writer = self._writer
            self.close()
            if writer is not None:
                with suppress(OSError):
                    await writer.wait_closed()


def client_of_loop(host: str, port: int, tls: ssl.SSLContext | None, **options: Any) -> AsyncClient[bytes]:
    """Return a client of `host` and `port` that closes with the loop; `options` are those of AsyncClient."""
    address = Address(host, port, options.pop("connect_timeout", 5.0), tls)
    return AsyncClient(transport=LoopTransport(address), **options)
