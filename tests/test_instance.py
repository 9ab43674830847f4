"""What the sessions of a server share."""

from __future__ import annotations

from pathlib import Path

import pytest

from mclite.handlers.authentication import AuthFileError
from mclite.instance import Instance, slabs_of
from mclite.session import Session
from mclite.settings import Settings
from mclite.stats import Stats
from mclite.store import DebugClock, MemoryStore, SystemClock


def test_the_clock() -> None:
    assert isinstance(Instance().clock, SystemClock)
    assert isinstance(Instance(Settings(debug_clock=True)).clock, DebugClock)
    clock = DebugClock()
    assert Instance(clock=clock).store.clock is clock
    store = MemoryStore(clock, Stats())
    instance = Instance(store=store)
    assert instance.clock is clock
    assert instance.stats is store.stats


def test_settings_reach_the_store() -> None:
    store = Instance(Settings(max_bytes=1 << 20, evict=False, cas_enabled=False, lru_maintainer=False)).store
    assert (store.maxbytes, store.evict, store.use_cas, store.reclaim_on_store) == (1 << 20, False, False, True)
    assert slabs_of(Settings(item_size_max=1 << 22)).item_size_max == 1 << 22
    assert slabs_of(Settings(factor=1.5)).sizes != slabs_of(Settings()).sizes


def test_sessions_share_the_items() -> None:
    instance = Instance()
    assert Session(instance).receive(b"set a 0 0 1\r\nx\r\n") == b"STORED\r\n"
    assert Session(instance).receive(b"get a\r\n") == b"VALUE a 0 1\r\nx\r\nEND\r\n"
    assert Session(Instance()).receive(b"get a\r\n") == b"END\r\n"


def test_connections_are_counted() -> None:
    instance = Instance()
    first, second = Session(instance), Session(instance)
    instance.connected(first)
    instance.connected(second)
    instance.disconnected(first)
    instance.disconnected(first)
    assert list(instance.sessions.values()) == [second]
    assert (instance.stats.total_connections, instance.most_connections) == (2, 2)


def test_users_are_read_at_the_start(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("a:b\n")
    assert Instance(Settings(auth_file=str(users))).credentials == [b"a b"]
    with pytest.raises(AuthFileError):
        Instance(Settings(auth_file=str(tmp_path / "none")))


def test_without_cas_uniques() -> None:
    session = Session(Instance(Settings(cas_enabled=False)))
    assert session.receive(b"set a 0 0 1\r\nx\r\ngets a\r\n") == b"STORED\r\nVALUE a 0 1 0\r\nx\r\nEND\r\n"
