"""watch: which lines each command logs, as memcached 1.6.45 logs them, and to whom they are sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Direct, SessionTalk, Start

# What is sent on one connection, in this order, and what a watcher of fetchers, mutations and deletions is told;
# without ts, gid, type= and cfd.
CONVERSATION: list[tuple[bytes, list[str]]] = [
    (b"get nope\r\n", ["item_get key=nope status=not_found clsid=0 size=0"]),
    (
        b"set a 0 0 5\r\nhello\r\n",
        [
            "item_get key=a status=not_found clsid=0 size=0",
            "item_store key=a status=stored cmd=set ttl=0 clsid=1 size=5",
        ],
    ),
    (b"get a\r\n", ["item_get key=a status=found clsid=1 size=5"]),
    (b"gets a\r\n", ["item_get key=a status=found clsid=1 size=5"]),
    (
        b"add a 0 0 1\r\nx\r\n",
        [
            "item_get key=a status=found clsid=1 size=5",
            "item_store key=a status=not_stored cmd=add ttl=0 clsid=1 size=1",
        ],
    ),
    (
        b"add new 0 0 1\r\nx\r\n",
        [
            "item_get key=new status=not_found clsid=0 size=0",
            "item_store key=new status=stored cmd=add ttl=0 clsid=1 size=1",
        ],
    ),
    (
        b"replace a 0 10 1\r\nx\r\n",
        [
            "item_get key=a status=found clsid=1 size=5",
            "item_store key=a status=stored cmd=replace ttl=10 clsid=1 size=1",
        ],
    ),
    (
        b"append a 0 0 1\r\ny\r\n",
        [
            "item_get key=a status=found clsid=1 size=1",
            "item_store key=a status=stored cmd=append ttl=10 clsid=1 size=2",
        ],
    ),
    (
        b"prepend a 0 0 1\r\ny\r\n",
        [
            "item_get key=a status=found clsid=1 size=2",
            "item_store key=a status=stored cmd=prepend ttl=10 clsid=1 size=3",
        ],
    ),
    (
        b"cas a 0 0 1 1\r\nx\r\n",
        ["item_get key=a status=found clsid=1 size=3", "item_store key=a status=exists cmd=cas ttl=0 clsid=1 size=1"],
    ),
    (
        b"cas nope 0 0 1 1\r\nx\r\n",
        [
            "item_get key=nope status=not_found clsid=0 size=0",
            "item_store key=nope status=not_found cmd=cas ttl=0 clsid=1 size=1",
        ],
    ),
    (
        b"set n 0 0 1\r\n5\r\n",
        [
            "item_get key=n status=not_found clsid=0 size=0",
            "item_store key=n status=stored cmd=set ttl=0 clsid=1 size=1",
        ],
    ),
    (b"incr n 1\r\n", ["item_get key=n status=found clsid=1 size=1"]),
    (b"decr n 1\r\n", ["item_get key=n status=found clsid=1 size=1"]),
    (b"incr n 100\r\n", ["item_get key=n status=found clsid=1 size=1"]),
    (b"incr nope 1\r\n", ["item_get key=nope status=not_found clsid=0 size=0"]),
    (b"touch a 5\r\n", ["item_get key=a status=found clsid=1 size=3"]),
    (b"touch nope 5\r\n", ["item_get key=nope status=not_found clsid=0 size=0"]),
    (b"gat 5 a\r\n", ["item_get key=a status=found clsid=1 size=3"]),
    (b"delete a\r\n", ["item_get key=a status=found clsid=1 size=3", "deleted key=a cmd=delete clsid=1 size=3"]),
    (b"delete a\r\n", ["item_get key=a status=not_found clsid=0 size=0"]),
    (
        b"ms b 2 T30\r\nxx\r\n",
        [
            "item_get key=b status=not_found clsid=0 size=0",
            "item_store key=b status=stored cmd=set ttl=30 clsid=1 size=2",
        ],
    ),
    (b"mg b v\r\n", ["item_get key=b status=found clsid=1 size=2"]),
    (b"mg nope v\r\n", ["item_get key=nope status=not_found clsid=0 size=0"]),
    (
        b"ms b 1 MA\r\nx\r\n",
        [
            "item_get key=b status=found clsid=1 size=2",
            "item_store key=b status=stored cmd=append ttl=30 clsid=1 size=3",
        ],
    ),
    (
        b"ms q 1 MA\r\nx\r\n",
        [
            "item_get key=q status=not_found clsid=0 size=0",
            "item_store key=q status=not_stored cmd=append ttl=0 clsid=1 size=1",
        ],
    ),
    (
        b"ms q 1 MA N30\r\nx\r\n",
        [
            "item_get key=q status=not_found clsid=0 size=0",
            "item_store key=q status=stored cmd=append ttl=30 clsid=1 size=1",
        ],
    ),
    (b"md b I\r\n", ["item_get key=b status=found clsid=1 size=3"]),
    (b"md b\r\n", ["item_get key=b status=found clsid=1 size=3", "deleted key=b cmd=md clsid=1 size=3"]),
    (b"ma n\r\n", ["item_get key=n status=found clsid=1 size=3"]),
    (
        b"ma n2 N30\r\n",
        [
            "item_get key=n2 status=not_found clsid=0 size=0",
            "item_get key=n2 status=not_found clsid=0 size=0",
            "item_store key=n2 status=stored cmd=add ttl=0 clsid=1 size=1",
        ],
    ),
    (b"ma n3\r\n", ["item_get key=n3 status=not_found clsid=0 size=0"]),
    (
        b"set a%b=c 0 0 1\r\nx\r\n",
        [
            "item_get key=a%25b%3Dc status=not_found clsid=0 size=0",
            "item_store key=a%25b%3Dc status=stored cmd=set ttl=0 clsid=1 size=1",
        ],
    ),
    (
        b"ms YWJj 2 b\r\nxx\r\n",
        [
            "item_get key=abc status=not_found clsid=0 size=0",
            "item_store key=abc status=stored cmd=set ttl=0 clsid=1 size=2",
        ],
    ),
    (b"mg YWJj b v\r\n", ["item_get key=abc status=found clsid=1 size=2"]),
    (
        b"replace nope 0 0 1\r\nx\r\n",
        [
            "item_get key=nope status=not_found clsid=0 size=0",
            "item_store key=nope status=not_stored cmd=replace ttl=0 clsid=1 size=1",
        ],
    ),
    (b"mg nn N30\r\n", ["item_get key=nn status=not_found clsid=0 size=0"]),
    (b"mg nn T30\r\n", ["item_get key=nn status=found clsid=1 size=0"]),
    (
        b"md n x\r\n",
        [
            "item_get key=n status=found clsid=1 size=3",
            "item_get key=n status=found clsid=1 size=3",
            "item_store key=n status=stored cmd=set ttl=0 clsid=1 size=0",
            "deleted key=n cmd=md clsid=1 size=0",
        ],
    ),
    (b"md n\r\n", ["item_get key=n status=found clsid=1 size=0", "deleted key=n cmd=md clsid=1 size=0"]),
    (b"mg n u\r\n", ["item_get key=n status=not_found clsid=0 size=0"]),
    (b"me n\r\n", ["item_get key=n status=not_found clsid=0 size=0"]),
    (
        b"cas n2 0 0 1 0\r\nx\r\n",
        ["item_get key=n2 status=found clsid=1 size=1", "item_store key=n2 status=exists cmd=cas ttl=0 clsid=1 size=1"],
    ),
    (
        b"ms n2 1 C0\r\nx\r\n",
        ["item_get key=n2 status=found clsid=1 size=1", "item_store key=n2 status=exists cmd=cas ttl=0 clsid=1 size=1"],
    ),
    (b"set a 0 0 1\r\nxyz\r\n", []),
    (b"add a 0 x 1\r\nx\r\n", []),
    (b"touch a x\r\n", []),
    (b"incr a x\r\n", []),
    (
        b"ms z 1 F5 E77\r\nx\r\n",
        [
            "item_get key=z status=not_found clsid=0 size=0",
            "item_store key=z status=stored cmd=set ttl=0 clsid=1 size=1",
        ],
    ),
    (
        b"ms z 1 C77 E78\r\ny\r\n",
        ["item_get key=z status=found clsid=1 size=1", "item_store key=z status=stored cmd=cas ttl=0 clsid=1 size=1"],
    ),
    (
        b"cas z 0 100 1 78\r\nz\r\n",
        ["item_get key=z status=found clsid=1 size=1", "item_store key=z status=stored cmd=cas ttl=100 clsid=1 size=1"],
    ),
    (
        b"gat 5 z nope\r\n",
        ["item_get key=z status=found clsid=1 size=1", "item_get key=nope status=not_found clsid=0 size=0"],
    ),
    (b"md z I T30\r\n", ["item_get key=z status=found clsid=1 size=1"]),
    (b"mg z v\r\n", ["item_get key=z status=found clsid=1 size=1"]),
]


def told(watcher: SessionTalk) -> list[str]:
    """Return the lines sent to `watcher` since the last time, without what differs from run to run."""
    lines = b"".join(watcher.pushed).decode().split("\n")
    watcher.pushed.clear()
    assert lines.pop() == ""
    return [re.sub(r"^ts=[0-9]+\.[0-9]{6} gid=[0-9]+ type=| cfd=[0-9]+", "", line) for line in lines]


def watcher_of(server: Direct, streams: bytes) -> SessionTalk:
    """Return a connection that watches `streams`."""
    watcher = server.connect()
    assert watcher.ask(b"watch " + streams + b"\r\n") == b"OK\r\n"
    return watcher


def test_what_is_logged(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    watcher = watcher_of(server, b"fetchers mutations deletions")
    for sent, lines in CONVERSATION:
        server.ask(sent)
        assert told(watcher) == lines, sent


@pytest.mark.parametrize("stream", ["fetchers", "mutations", "deletions"])
def test_one_stream(stream: str, direct: Callable[[str], Direct]) -> None:
    server = direct("")
    watcher = watcher_of(server, stream.encode())
    kinds = {"fetchers": "item_get", "mutations": "item_store", "deletions": "deleted"}
    for sent, lines in CONVERSATION:
        server.ask(sent)
        assert told(watcher) == [line for line in lines if line.startswith(kinds[stream] + " ")], sent


def test_fetchers_is_the_default(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    watcher = watcher_of(server, b"")
    server.ask(b"set a 0 0 1\r\nx\r\nget a\r\n")
    assert told(watcher)[-1] == "item_get key=a status=found clsid=1 size=1"


def test_an_expired_and_a_flushed_item(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    watcher = watcher_of(server, b"fetchers")
    server.ask(b"set a 0 5 1\r\nx\r\nset b 0 0 1\r\nx\r\n")
    server.clock.advance(5)
    server.ask(b"get a\r\nflush_all\r\nget b\r\n")
    assert told(watcher)[2:] == [
        "item_get key=a status=expired clsid=0 size=0",
        "item_get key=b status=flushed clsid=0 size=0",
    ]


def test_evictions(direct: Callable[[str], Direct]) -> None:
    server = direct("-m 8")
    watcher = watcher_of(server, b"evictions")
    block = b"x" * 500_000
    server.ask(b"set first 0 0 500000\r\n" + block + b"\r\nset second 0 100 500000\r\n" + block + b"\r\nget second\r\n")
    server.clock.advance(7)
    for number in range(40):
        server.ask(b"set k%d 0 0 500000\r\n" % number + block + b"\r\n")
    lines = told(watcher)
    assert lines[0] == "eviction key=first fetch=no ttl=-1 la=7 clsid=39 size=500000"
    assert "eviction key=second fetch=yes ttl=93 la=7 clsid=39 size=500000" in lines


def test_connections(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    watcher = watcher_of(server, b"connevents")
    other = server.connect()
    assert told(watcher) == ["conn_new rip=127.0.0.1 rport=40000 transport=tcp"]
    other.ask(b"x" * 5000)
    server.instance.disconnected(other.session)
    assert told(watcher) == ["conn_close rip=127.0.0.1 rport=40000 transport=tcp reason=error"]
    other = server.connect()
    other.ask(b"quit\r\n")
    server.instance.disconnected(other.session)
    assert told(watcher)[1] == "conn_close rip=127.0.0.1 rport=40000 transport=tcp reason=normal"


def test_keys_are_escaped(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    watcher = watcher_of(server, b"")
    server.ask(b"get a=b%\xff\x01\r\n")
    assert told(watcher) == ["item_get key=a%3Db%25%FF%01 status=not_found clsid=0 size=0"]


def test_several_watchers_and_one_that_leaves(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    first, second = watcher_of(server, b"fetchers"), watcher_of(server, b"mutations")
    assert server.stats()["log_watchers"] == "2"
    server.ask(b"set a 0 0 1\r\nx\r\n")
    assert [line.split()[0] for line in told(first) + told(second)] == ["item_get", "item_store"]
    server.instance.disconnected(first.session)
    server.ask(b"set a 0 0 1\r\nx\r\n")
    assert told(first) == []
    assert len(told(second)) == 1
    server.instance.disconnected(second.session)
    assert not server.instance.watchers
    assert server.stats()["log_watchers"] == "0"


def test_sequence_numbers_and_counters(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    watcher = watcher_of(server, b"fetchers")
    moved = server.moved(b"get a b c\r\n", frozenset({"log_worker_written", "log_watcher_sent"}))
    assert moved == {"log_worker_written": 3, "log_watcher_sent": 3}
    numbers = [int(line.split()[1].removeprefix(b"gid=")) for line in watcher.pushed]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]


def test_a_stream_that_is_none(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    assert server.ask(b"watch foo\r\n") == b"ERROR\r\n"
    assert server.ask(b"watch fetchers foo\r\n") == b"ERROR\r\n"
    assert not server.instance.watchers


def test_a_transport_that_cannot_be_watched_on(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    watcher = server.connect()
    watcher.session.push = None
    assert watcher.ask(b"watch\r\n").startswith(b"ERROR ")
    assert not server.instance.watchers


def test_it_stands_alone(start: Start) -> None:
    answer = start("").ask(b"get a\r\nwatch\r\n")
    assert answer == b"END\r\nERROR cannot pipeline other commands before watch\r\n"


@pytest.mark.parametrize(
    ("before", "taken"),
    [
        (b"mn\r\n", True),
        (b"delete a noreply\r\n", False),
        (b"set a 0 0 4 noreply\r\nmn\r\n\r\n", False),
        (b"xx noreply\r\n", False),
        (b"delete a noreply\r\nmn\r\n", True),
        (b"mn\r\nmg a q\r\n", False),
    ],
)
def test_it_stands_alone_among_requests_without_answers(before: bytes, taken: bool, start: Start) -> None:
    answer = start("").ask(before + b"watch\r\n").removeprefix(b"MN\r\n")
    assert answer == (b"OK\r\n" if taken else b"ERROR cannot pipeline other commands before watch\r\n")


def test_an_item_that_is_too_large(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    watcher = watcher_of(server, b"mutations")
    server.ask(b"set a 0 0 1048577\r\n" + b"x" * 1048577 + b"\r\n")
    (line,) = told(watcher)
    assert line.startswith("item_store key=a status=too_large cmd=set ttl=0 ")


def test_watch_can_be_disabled(direct: Callable[[str], Direct]) -> None:
    refused = b"CLIENT_ERROR watch commands not allowed\r\n"
    assert direct("-W").connect().ask(b"watch\r\nwatch fetchers\r\nmn\r\n") == refused * 2 + b"MN\r\n"
