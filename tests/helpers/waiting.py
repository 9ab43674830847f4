"""Wait for what a test is to see, with a bound that only a failure reaches, however busy the machine is."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_SHARE = 1000
"""Ports that each worker of pytest-xdist has to itself."""
_FIRST_PORT = 10_000 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 20 * _SHARE
_numbers = itertools.count(os.getpid())  # another run of the tests begins elsewhere

SECONDS_MAX = 60.0
"""Bound of each wait: for a condition, a process that is to end, or bytes that are to arrive."""


def until(condition: Callable[[], T], what: object = "what was waited for") -> T:
    """Call `condition` until what it returns is true, and return that.

    Raises AssertionError, which names `what`, after `SECONDS_MAX` seconds.
    """
    end = time.monotonic() + SECONDS_MAX
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} was not seen in {SECONDS_MAX:g} s"
        time.sleep(0.005)
    return found


async def until_async(condition: Callable[[], T], what: object = "what was waited for") -> T:
    """The same, while the event loop goes on."""
    end = time.monotonic() + SECONDS_MAX
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} was not seen in {SECONDS_MAX:g} s"
        await asyncio.sleep(0.001)
    return found


def free_port() -> int:
    """Return a port of 127.0.0.1 on which no server listens, and that nobody else takes before the caller's does.

    It is below those that the kernel gives to clients, and of a share that other workers leave alone.
    """
    for _ in range(_SHARE):
        port = _FIRST_PORT + next(_numbers) % _SHARE
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError(f"all ports from {_FIRST_PORT} to {_FIRST_PORT + _SHARE - 1} are taken")


def connected(port: int, process: subprocess.Popen[Any]) -> socket.socket:
    """Return a connection to the port, once `process` listens there."""

    def connect() -> socket.socket | None:
        assert process.poll() is None, f"{process.args} ended with {process.returncode}"
        try:
            return socket.create_connection(("127.0.0.1", port), SECONDS_MAX)
        except ConnectionRefusedError:
            return None

    found = until(connect, f"a listener on port {port}")
    assert found is not None
    return found
