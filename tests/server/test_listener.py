"""Accepting connections: what is done when there is no room for one more."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from typing import Any

import pytest
from waiting import until_async

from mclite.server import listener
from mclite.server.listener import Listener


class Taken:
    """In the place of Sockets: keeps what it is given."""

    def __init__(self) -> None:
        self.added: list[tuple[socket.socket, Any]] = []

    def add(self, sock: socket.socket, protocol: Any) -> None:
        self.added.append((sock, protocol))


class Listening(socket.socket):
    """A socket whose accept fails a few times."""

    failures: list[int]

    def accept(self) -> tuple[socket.socket, Any]:
        if self.failures:
            number = self.failures.pop(0)
            raise OSError(number, os.strerror(number))
        return super().accept()


def bound(*failures: int) -> Listening:
    made = Listening()
    made.failures = list(failures)
    made.bind(("127.0.0.1", 0))
    return made


async def accepted(listening: Listening, clients: int) -> tuple[Taken, list[dict[str, Any]]]:
    """Accept `clients`; return where they went, and what the loop was told."""
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: faults.append(context))
    taken = Taken()
    made = Listener(taken, listening, 10, asyncio.Protocol)  # type: ignore[arg-type]
    opened = [socket.create_connection(listening.getsockname()) for _ in range(clients)]
    await until_async(lambda: len(taken.added) >= clients)
    made.close()
    for sock in opened + [sock for sock, _ in taken.added]:
        sock.close()
    return taken, faults


def test_connections_are_accepted() -> None:
    taken, faults = asyncio.run(accepted(bound(), 3))
    assert len({id(protocol) for _, protocol in taken.added}) == 3
    assert faults == []


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_no_room(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """It is said once, and tried again after a while, not at once."""
    monkeypatch.setattr(listener, "_RETRY_SECONDS", 0.05)
    _, faults = asyncio.run(accepted(bound(number), 2))
    assert [fault["exception"].errno for fault in faults] == [number]


def test_a_connection_that_is_gone_already() -> None:
    _, faults = asyncio.run(accepted(bound(errno.ECONNABORTED, errno.EINTR), 1))
    assert faults == []


def test_closed_while_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        listening = bound(errno.EMFILE)
        taken = Taken()
        made = Listener(taken, listening, 10, asyncio.Protocol)  # type: ignore[arg-type]
        with socket.create_connection(listening.getsockname()):
            await until_async(lambda: not listening.failures)
            made.close()
            await asyncio.sleep(0.05)  # longer than the pause before it would try again
        assert taken.added == []

    monkeypatch.setattr(listener, "_RETRY_SECONDS", 0.02)
    asyncio.run(run())


def test_what_cannot_be_listened_on() -> None:
    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as busy:
            second = Listening()
            second.failures = []
            second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with pytest.raises(OSError, match="in use"):
                second.bind(busy.getsockname())
            second.close()
            closed = bound()
            closed.close()
            with pytest.raises(OSError, match="descriptor"):
                Listener(Taken(), closed, 10, asyncio.Protocol)  # type: ignore[arg-type]

    asyncio.run(run())
