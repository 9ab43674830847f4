"""Wait for what a test is to see, with a bound that only a failure reaches, however busy the machine is."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

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
    """Return a port of 127.0.0.1 on which no server listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


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
