"""What each library's class is to do, whatever the library calls it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mclite.replay.clients.library import Library
from mclite.testing import Cluster

Use = Callable[[type[Library]], None]


@pytest.fixture
def use() -> Use:
    """Return what connects a library to servers of mclite and calls each of its methods."""

    def run(library: type[Library]) -> None:
        with Cluster(library.servers) as cluster:
            client = library([(node.host, node.port) for node in cluster])
            try:
                calls(client)
                assert client.set("k", client.value("soon gone"), 100)
                cluster.clock.advance(101)
                assert client.get("k") is None
            finally:
                client.close()

    return run


def calls(client: Library) -> None:
    """Call each method; a miss, a value that is there and an operation that is refused."""
    value = client.value
    assert client.get("k") is None
    assert client.set("k", value("1"))
    assert client.get("k") == value("1")
    assert not client.add("k", value("2"))
    assert client.add("l", value("2"))
    assert client.get_many(["k", "l", "m"]) == {"k": value("1"), "l": value("2")}
    assert client.delete("l")
    assert not client.delete("l")
    assert client.counter("n", 10)
    assert [client.incr("n", 5), client.incr("n", -6), client.incr("n", -100)] == [15, 9, 0]
    assert client.change("k", lambda found: value(client_text(found) + "!"))
    assert client.get("k") == value("1!")

    def late(found: object) -> object:
        assert client.set("k", value("faster"))
        return value("slower")

    assert not client.change("k", late)
    assert client.get("k") == value("faster")
    for number, kept in enumerate(client.values):
        assert client.set(f"v{number}", kept)
        found = client.get(f"v{number}")
        assert (found, type(found)) == (kept, type(kept))


def client_text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
