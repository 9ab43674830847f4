"""What only the async client can do: be cancelled, be shared by tasks."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable

import pytest
from waiting import until_async

from mclite.client import AsyncClient, ConnectError, ConnectionLostError, NotConnectedError, TimedOutError


def test_a_cancelled_command_costs_the_connection(hostile: Callable[[Callable[[socket.socket], None]], int]) -> None:
    asked = threading.Event()

    def mute(sock: socket.socket) -> None:
        while sock.recv(100):
            asked.set()

    port = hostile(mute)

    async def main() -> None:
        async with AsyncClient("127.0.0.1", port) as client:
            task = asyncio.create_task(client.get("k"))
            await until_async(asked.is_set)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not client.connected
            with pytest.raises(NotConnectedError, match="interrupted"):
                await client.get("k")

    asyncio.run(main())


def test_timeout_and_hang_up(hostile: Callable[[Callable[[socket.socket], None]], int]) -> None:
    silent = hostile(lambda sock: sock.makefile().read() and None)
    closing = hostile(lambda sock: sock.recv(100) and None)

    async def main() -> None:
        async with AsyncClient("127.0.0.1", silent, timeout=0.1) as client:
            with pytest.raises(TimedOutError):
                await client.get("k")
        async with AsyncClient("127.0.0.1", closing) as client:
            with pytest.raises(ConnectionLostError):
                await client.get("k")
        with pytest.raises(ConnectError):
            await AsyncClient("unix:/nowhere/at/all").get("k")

    asyncio.run(main())


def test_tasks_share_a_client(mclite_port: int) -> None:
    async def main() -> None:
        async with AsyncClient("127.0.0.1", mclite_port, text=True) as client:
            await client.flush_all()
            await client.set("n", "0")
            await asyncio.gather(*(client.incr("n") for _ in range(100)))
            assert await client.get("n") == "100"

    asyncio.run(main())


def test_a_connection_found_closed_is_opened_again(mclite_port: int) -> None:
    async def main() -> None:
        async with AsyncClient("127.0.0.1", mclite_port, retries=1) as client:
            await client.set("n", "1")
            await client.run(client.commands.verbosity(0, noreply=True))
            await client.quit()
            await client.connect()
            assert await client.incr("n") == 2

    asyncio.run(main())


def test_watch(mclite_port: int) -> None:
    async def main() -> None:
        async with AsyncClient("127.0.0.1", mclite_port) as watcher, AsyncClient("127.0.0.1", mclite_port) as client:
            stream = await watcher.watch("mutations")
            await client.set("k", b"12")
            async for line in stream:
                assert (line["type"], line["key"]) == ("item_store", "k")
                break
            await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(main())
