"""Statistics, limits, the LRU, and the commands that end a connection."""

from __future__ import annotations

from typing import Any

import pytest

from mclite.client import RefusedError, ServerError


def version_of(client: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in client.version().split("."))


def test_server_commands(client: Any) -> None:
    assert version_of(client) >= (1, 5)
    client.set("k", b"1")
    assert client.flush_all() is None
    assert client.get("k") is None
    client.set("k", b"1")
    client.flush_all(100)
    assert client.get("k") == b"1"
    client.flush_all(noreply=True)
    assert client.get("k") is None
    assert client.verbosity(0) is None
    assert client.cache_memlimit(64) is None
    with pytest.raises(RefusedError, match="MEMLIMIT_TOO_SMALL"):
        client.cache_memlimit(1)
    with pytest.raises(ServerError, match="shutdown not enabled"):
        client.shutdown()
    assert version_of(client)


def test_stats(client: Any) -> None:
    client.stats_reset()
    client.get("none")
    assert client.stats()["get_misses"] == "1"
    assert client.stats("settings")["maxconns"] == "1024"
    with pytest.raises(RefusedError):
        client.stats("nosuchgroup")
    client.set("fruit:apple", b"1")
    client.stats_detail(True)
    client.get("fruit:apple")
    assert client.stats_detail_dump()["fruit"]["hit"] == 1
    client.stats_detail(False)


def test_slabs_and_lru(client: Any) -> None:
    assert client.slabs_automove(0) is None
    with pytest.raises(RefusedError, match="SAME"):
        client.slabs_reassign(1, 1)
    with pytest.raises(RefusedError, match="BADCLASS"):
        client.slabs_reassign(200, 1)
    assert client.lru_tune(20, 40, 0.2, 2.0) is None
    assert client.lru_mode("segmented") is None
    assert client.lru_temp_ttl(-1) is None
    assert client.lru_crawler_sleep(100) is None
    assert client.lru_crawler_tocrawl(0) is None


def test_dumps(client: Any) -> None:
    client.set("plain", b"1", 100, flags=3)
    client.ms(b"b\x00", b"12")
    dumped = {item.key: item for item in client.metadump()}
    assert set(dumped) >= {b"plain"}
    assert dumped[b"plain"].exptime > 1_000_000_000
    assert dumped[b"plain"].fetched is False
    assert dumped[b"plain"].cas == client.gets("plain").cas
    if version_of(client) >= (1, 6, 32):
        assert set(client.mgdump()) == {b"plain", b"b\x00"}


def test_quit(client: Any) -> None:
    assert client.quit() is None
    assert not client.connected
    client.connect()
    assert version_of(client)
