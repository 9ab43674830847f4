"""What the sessions of a server share."""

from __future__ import annotations

from pathlib import Path

import pytest

from mclite.core.credentials import AuthFileError
from mclite.core.instance import Instance, slabs_of
from mclite.core.session import Session
from mclite.core.settings import Settings
from mclite.protocol import errors
from mclite.store import DebugClock, MemoryStore, SystemClock
from mclite.store.stats import Stats


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
    store = Instance(Settings(memory_limit=1, disable_evictions=True, disable_cas=True, no_lru_maintainer=True)).store
    assert (store.maxbytes, store.evict, store.use_cas, store.reclaim_on_store) == (1 << 20, False, False, True)
    assert slabs_of(Settings(max_item_size=1 << 22)).item_size_max == 1 << 22
    assert slabs_of(Settings(slab_growth_factor=1.5)).sizes != slabs_of(Settings()).sizes


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
    session = Session(Instance(Settings(disable_cas=True)))
    assert session.receive(b"set a 0 0 1\r\nx\r\ngets a\r\n") == b"STORED\r\nVALUE a 0 1 0\r\nx\r\nEND\r\n"


def store_many(session: Session, count: int) -> None:
    """Store `count` items of 100,000 bytes, k0 and so on."""
    for number in range(count):
        assert session.receive(b"set k%d 0 0 100000\r\n" % number + b"x" * 100_000 + b"\r\n") == b"STORED\r\n"


def held(session: Session, count: int) -> list[int]:
    """Return the numbers of those that are held, and leave them as they are."""
    return [number for number in range(count) if session.receive(b"mg k%d u\r\n" % number) == b"HD\r\n"]


def test_the_least_recently_used_go_first() -> None:
    instance = Instance(Settings(memory_limit=8))
    session = Session(instance)
    store_many(session, 70)
    assert session.receive(b"mg k3\r\ntouch k5 0\r\n") == b"HD\r\nTOUCHED\r\n"
    for number in range(70, 100):
        session.receive(b"set k%d 0 0 100000\r\n" % number + b"x" * 100_000 + b"\r\n")
    kept = held(session, 100)
    assert {3, 5} <= set(kept)
    assert [number for number in kept if number not in (3, 5)] == list(range(100 - len(kept) + 2, 100))
    assert instance.store.used <= 8 << 20
    assert instance.stats.total("evicted") == 100 - len(kept)


def test_what_has_expired_is_no_eviction() -> None:
    clock = DebugClock()
    instance = Instance(Settings(memory_limit=8, disable_evictions=True), clock=clock)
    session = Session(instance)
    for number in range(50):
        session.receive(b"set e%d 0 10 100000\r\n" % number + b"x" * 100_000 + b"\r\n")
    clock.advance(10)
    store_many(session, 70)
    assert instance.stats.total("evicted") == 0
    assert instance.stats.total("expired_unfetched") > 0


def test_without_evictions_there_is_an_error() -> None:
    session = Session(Instance(Settings(memory_limit=8, disable_evictions=True)))
    answers = {session.receive(b"set k%d 0 0 100000\r\n" % n + b"x" * 100_000 + b"\r\n") for n in range(100)}
    assert answers == {b"STORED\r\n", errors.NO_MEMORY}
    assert held(session, 100)[:10] == list(range(10))
    assert session.instance.stats.total("evicted") == 0
    assert session.instance.stats.store_no_memory > 0
    assert session.receive(b"delete k0\r\nset new 0 0 90000\r\n" + b"x" * 90_000 + b"\r\n") == b"DELETED\r\nSTORED\r\n"
