"""The servers that the client is tested against, and scripted ones for what no real server says."""

from __future__ import annotations

import asyncio
import inspect
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from waiting import SECONDS_MAX, connected, free_port

from mclite.client import AsyncClient, Client
from mclite.core.instance import Instance


def serving(command: list[str], port: int) -> Iterator[int]:
    process = subprocess.Popen(command)
    try:
        connected(port, process).close()
        yield port
    finally:
        process.terminate()
        process.wait(SECONDS_MAX)


@pytest.fixture(scope="session")
def mclite_port() -> Iterator[int]:
    port = free_port()
    yield from serving([sys.executable, "-m", "mclite", "serve", "-p", str(port)], port)


@pytest.fixture(scope="session")
def memcached_port() -> Iterator[int]:
    path = shutil.which("memcached")
    if path is None:
        pytest.skip("memcached is not on PATH")
    port = free_port()
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    yield from serving([path, *user, "-l", "127.0.0.1", "-p", str(port)], port)


class Blocking:
    """An AsyncClient whose methods are run to their end, so that one test serves both clients."""

    def __init__(self, client: AsyncClient[Any], loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if not callable(attribute):
            return attribute

        def call(*args: Any, **kwargs: Any) -> Any:
            result = attribute(*args, **kwargs)
            if name == "pipeline":
                inner = result.execute
                result.execute = lambda *a, **k: self._loop.run_until_complete(inner(*a, **k))
            if inspect.iscoroutine(result):
                result = self._loop.run_until_complete(result)
            return result

        return call


def client_of(request: pytest.FixtureRequest, text: bool) -> Iterator[Any]:
    where, kind = request.param
    fixture = {"mclite": "mclite_port", "memcached": "memcached_port"}.get(where)
    port = request.getfixturevalue(fixture) if fixture else None
    loop = asyncio.new_event_loop() if kind == "async" else None
    sort: Any = AsyncClient if loop else Client
    client = sort.in_process(Instance(), text=text) if port is None else sort("127.0.0.1", port, text=text)
    face = Blocking(client, loop) if loop else client
    face.flush_all()
    yield face
    face.close()
    if loop:
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


EVERYWHERE = [
    pytest.param((where, kind), id=f"{where}-{kind}", marks=[pytest.mark.memcached] if where == "memcached" else [])
    for where in ("in-process", "mclite", "memcached")
    for kind in ("sync", "async")
]


@pytest.fixture(params=EVERYWHERE)
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A client, sync or async, of each server; the server is empty."""
    yield from client_of(request, text=False)


@pytest.fixture(params=EVERYWHERE)
def text_client(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The same, with values as text."""
    yield from client_of(request, text=True)


@pytest.fixture
def hostile() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """Return a function that starts a server which treats each connection as it is told, and gives its port."""
    listeners = []

    def begin(treat: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(sock,), daemon=True).start()

        def serve(sock: socket.socket) -> None:
            with sock:
                try:
                    treat(sock)
                except OSError:
                    pass

        threading.Thread(target=accept, daemon=True).start()
        return int(listener.getsockname()[1])

    yield begin
    for listener in listeners:
        listener.close()
