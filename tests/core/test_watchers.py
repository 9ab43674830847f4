"""Who watches what, and what a line looks like; what each command logs is in handlers/test_watching.py."""

from __future__ import annotations

import re

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.core.watchers import Watchers
from mclite.store.base import Outcome
from mclite.store.item import Item


def watching(instance: Instance, watchers: Watchers, *streams: str) -> list[bytes]:
    """Let a new session watch `streams`; return the list of its lines."""
    session = Session(instance, "127.0.0.1:5")
    lines: list[bytes] = []
    session.push = lines.append
    watchers.add(session, frozenset(streams))
    return lines


def test_nobody_watches() -> None:
    watchers = Watchers(Instance().stats)
    assert not watchers
    watchers.remove(Session(Instance()))
    assert len(watchers) == 0


def test_a_line() -> None:
    instance = Instance()
    watchers = Watchers(instance.stats)
    lines = watching(instance, watchers, "mutations")
    watchers.item_store(Session(instance), b"a b", Outcome.NO_MEMORY, "set", 5, 1, 10)
    assert re.fullmatch(
        rb"ts=[0-9]+\.[0-9]{6} gid=1 type=item_store key=a%20b status=no_memory cmd=set ttl=5 clsid=1 "
        rb"cfd=[0-9]+ size=10\n",
        b"".join(lines),
    )


def test_nothing_is_made_for_a_stream_that_nobody_watches() -> None:
    instance = Instance()
    watchers = Watchers(instance.stats)
    lines = watching(instance, watchers, "proxyevents")
    session, item = Session(instance), Item(b"x", 0, 0, 1, 100, 1)
    watchers.item_get(session, b"a", item)
    watchers.item_store(session, b"a", Outcome.STORED, "set", 0, 1, 1)
    watchers.deleted(b"a", item, "delete")
    watchers.evicted(b"a", item, 100)
    watchers.connection(session, "conn_new")
    assert lines == []
    assert instance.stats.log_worker_written == 0


def test_a_slow_watcher_is_told_how_many_lines_it_missed() -> None:
    instance = Instance()
    watchers = Watchers(instance.stats)
    quick = watching(instance, watchers, "deletions")
    slow = Session(instance)
    lines: list[bytes] = []
    takes: list[bool] = []

    def push(line: bytes) -> bool:
        if takes:
            lines.append(line)
        return bool(takes)

    slow.push = push
    watchers.add(slow, frozenset({"deletions"}))
    item = Item(b"x", 0, 0, 1, 100, 1)
    for _ in range(3):
        watchers.deleted(b"a", item, "delete")
    takes.append(True)
    watchers.deleted(b"b", item, "delete")
    watchers.deleted(b"c", item, "delete")
    assert lines == [b"skipped=3\n" + quick[3], quick[4]]
    stats = instance.stats
    assert (stats.log_worker_written, stats.log_watcher_sent, stats.log_watcher_skipped) == (5, 7, 3)
    takes.clear()
    watchers.deleted(b"d", item, "delete")
    watchers.remove(slow)
    takes.append(True)
    watchers.add(slow, frozenset({"deletions"}))
    watchers.deleted(b"e", item, "delete")
    assert lines[2:] == [quick[6]], "what it missed earlier is forgotten"


def test_a_unix_socket_has_no_port() -> None:
    instance = Instance()
    watchers = Watchers(instance.stats)
    lines = watching(instance, watchers, "connevents")
    watchers.connection(Session(instance, transport="unix"), "conn_new")
    watchers.connection(Session(instance, "[::1]:77"), "conn_close", "normal")
    assert b"type=conn_new rip=unix rport=0 transport=unix cfd=" in lines[0]
    assert b"type=conn_close rip=::1 rport=77 transport=tcp reason=normal cfd=" in lines[1]
