"""pytest fixtures; in conftest.py: `pytest_plugins = ["mclite.testing.fixtures"]`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mclite.client import Client
from mclite.testing.server import ServerThread


@pytest.fixture
def mclite_server() -> Iterator[ServerThread]:
    """A server of the test's own on a free port: `address`, `clock` to move, `faults` to inject."""
    with ServerThread() as server:
        yield server


@pytest.fixture
def mclite_client(mclite_server: ServerThread) -> Iterator[Client[bytes]]:
    """A client of `mclite_server`, with a timeout of 2 s."""
    with Client(mclite_server.host, mclite_server.port, timeout=2.0, connect_timeout=2.0) as client:
        yield client
