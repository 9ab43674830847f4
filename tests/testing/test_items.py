"""Items put, looked at, expired, made stale; snapshots."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mclite.client import Client
from mclite.testing import ServerThread


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with ServerThread() as server:
        yield server


@pytest.fixture
def client(server: ServerThread) -> Iterator[Client[bytes]]:
    with server.client() as client:
        yield client


def test_put_and_look(server: ServerThread, client: Client[bytes]) -> None:
    server.items.put("k", "v", flags=5, exptime=60)
    assert client.mg("k", ttl=True).ttl == 60
    client.set("l", b"\xff")
    item = server.items["k"]
    assert (item.data, item.flags, item.ttl, item.exptime) == (b"v", 5, 60, server.clock.now() + 60)
    assert (item.fetched, item.stale, item.won) == (True, False, False)
    assert server.items["l"].ttl == -1
    assert server.items.get("m") is None
    assert ("k" in server.items, b"m" in server.items) == (True, False)
    assert sorted(server.items) == [b"k", b"l"]
    assert len(server.items) == 2


def test_looking_is_no_access_and_no_request(server: ServerThread, client: Client[bytes]) -> None:
    server.items.put("k", "v", exptime=60)
    before = client.stats()
    assert not server.items["k"].fetched
    server.clock.advance(60)
    assert "k" not in server.items
    after = client.stats()
    moved = {name for name in before if before[name] != after[name]}
    assert moved <= {"bytes_read", "bytes_written", "time", "uptime", "rusage_user", "rusage_system"}
    assert server.requests.verbs == ["stats", "stats"]


def test_expire_and_delete(server: ServerThread, client: Client[bytes]) -> None:
    server.items.put("k", "v")
    server.items.put("l", "v")
    server.items.expire("k")
    server.items.delete("l")
    assert client.get_many(["k", "l"]) == {}
    for use in (server.items.expire, server.items.delete, server.items.make_stale, server.items.__getitem__):
        with pytest.raises(KeyError, match="k"):
            use("k")


def test_make_stale(server: ServerThread, client: Client[bytes]) -> None:
    server.items.put("k", "v")
    cas = server.items["k"].cas
    server.items.make_stale("k")
    assert server.items["k"].stale
    assert server.items["k"].cas > cas
    first, second = client.mg("k"), client.mg("k")
    assert (first.stale, first.won, second.stale, second.won) == (True, True, True, False)
    assert server.items["k"].won


def test_a_large_item_is_fetched_as_any_other(server: ServerThread, client: Client[bytes]) -> None:
    server.items.put("k", b"x" * 1_000_000)
    assert client.get("k") == b"x" * 1_000_000
    with pytest.raises(ValueError, match="an item of 2000000 bytes cannot be stored: too large"):
        server.items.put("k", b"x" * 2_000_000)
    with pytest.raises(TypeError, match="data is text or bytes, not 5"):
        server.items.put("k", 5)  # type: ignore[arg-type]


def test_a_snapshot_is_restored(server: ServerThread, client: Client[bytes]) -> None:
    server.items.put("k", "v", flags=5, exptime=60)
    server.items.put("stale", "v")
    server.items.make_stale("stale")
    snapshot = server.items.snapshot()
    before = {key: server.items[key] for key in server.items}
    client.append("k", "w")
    client.delete("stale")
    client.set("new", "v")
    server.items.restore(snapshot)
    assert {key: server.items[key] for key in server.items} == before
    assert len(snapshot) == 2
    client.set("k", "w")
    server.items.restore(snapshot)
    assert client.get("k") == b"v"
    server.clock.advance(60)
    server.items.restore(snapshot)
    assert client.get("k") is None


def test_a_server_that_is_stopped_or_frozen(server: ServerThread) -> None:
    server.stop()
    server.items.put("k", "v")
    server.start()
    with server.frozen():
        server.items.put("l", "v")
    with server.client() as client:
        assert client.get_many(["k", "l"]) == {"k": b"v", "l": b"v"}
    server.stop()
    server.start(empty=True)
    assert len(server.items) == 0


def test_reset(server: ServerThread, client: Client[bytes]) -> None:
    client.set("k", "v")
    server.faults.error(times=None)
    server.misbehave("bare-lf")
    server.reset()
    assert client.get("k") is None
    assert client.version() == "1.6.45"
    assert server.requests.verbs == ["get", "version"]
