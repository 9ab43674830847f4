"""A client that closes with its event loop, whichever way the loop ends."""

from __future__ import annotations

import asyncio
import gc

import pytest

from mclite.testing import ServerThread


@pytest.mark.parametrize("how", ["left open", "closed", "used in two loops", "the server is gone"])
def test_nothing_is_left_open(how: str) -> None:
    """What the garbage collector finds open is a ResourceWarning, here an error."""
    with ServerThread() as server:
        client = server.async_client()

        async def use() -> None:
            if not client.connected:
                await client.connect()
            await client.set("k", "v")
            assert await client.get("k") == b"v"
            if how == "closed":
                await client.close()
            if how == "the server is gone":
                await asyncio.to_thread(server.stop)

        asyncio.run(use())
        if how == "used in two loops":
            client = server.async_client()
            asyncio.run(use())
    gc.collect()
