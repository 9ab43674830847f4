"""Recorder, faults and misbehaviours with the client libraries of the `clients` extra."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from mclite.replay.clients.library import Library
from mclite.replay.clients.registry import LIBRARIES
from mclite.testing import Cluster, Faults

# Some libraries leave sockets to the garbage collector, which warns.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
INSTALLED = [library for library in LIBRARIES if library.language == "Python" and library.version() is not None]


@pytest.fixture
def servers() -> Iterator[Cluster]:
    with Cluster(2) as servers:
        yield servers


def connect(library: type[Library], servers: Cluster) -> Library:
    """Return a client of as many servers as the library is given."""
    return library([(node.host, node.port) for node in servers[: library.servers]])


@pytest.mark.parametrize("library", INSTALLED, ids=lambda library: library.name)
def test_what_a_library_sends_is_recorded(library: type[Library], servers: Cluster) -> None:
    client = connect(library, servers)
    try:
        assert client.set("k", client.value("v"), 60)
        assert client.get("k") == client.value("v")
        requests = [request for node in servers for request in node.requests.of(key="k")]
        assert [request.verb for request in requests] in (["set", "get"], ["set", "gets"], ["ms", "mg"])
        assert requests[0].exptime == 60
        assert b"v" in (requests[0].data or b"")
        assert {request.protocol for request in requests} == {library.protocol}
        (holder,) = [node for node in servers if "k" in node.items]
        holder.clock.advance(60)
        assert client.get("k") is None
    finally:
        client.close()


FAULTS: list[Callable[[Faults], None]] = [
    lambda faults: faults.close(key="k"),
    lambda faults: faults.close(key="k", reset=True),
    lambda faults: faults.partial(5, key="k"),
    lambda faults: faults.error(key="k"),
    lambda faults: faults.delay(0.05, key="k"),
    lambda faults: faults.pieces(1, key="k"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=["close", "reset", "partial", "error", "delay", "pieces"])
@pytest.mark.parametrize("library", INSTALLED, ids=lambda library: library.name)
def test_a_fault_happens_once_and_is_survived(
    library: type[Library], servers: Cluster, fault: Callable[[Faults], None]
) -> None:
    """What the library makes of it is its own affair; the next try on a new client is served truly."""
    client = connect(library, servers)
    assert client.set("k", client.value("v"))
    for node in servers:
        fault(node.faults)
    with suppress(Exception):
        assert client.get("k") in (client.value("v"), None)
    happened = [request.keys for node in servers for _, request in node.faults.happened]
    assert happened == [(b"k",)] * len(happened)
    assert happened
    for node in servers:
        node.faults.clear()
    with suppress(Exception):
        client.close()
    other = connect(library, servers)
    try:
        assert other.get("k") == other.value("v")
    finally:
        other.close()
