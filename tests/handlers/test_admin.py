"""flush_all, version, verbosity, cache_memlimit, shutdown, quit and debugtime: whole conversations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.protocol import errors, replies

if TYPE_CHECKING:
    from tests.conftest import Direct, Server, Start

CASES = [
    (
        "flush_all makes items invisible",
        b"set a 0 0 1\r\nx\r\nflush_all\r\nget a\r\nset a 0 0 1\r\ny\r\nget a\r\n",
        b"STORED\r\nOK\r\nEND\r\nSTORED\r\nVALUE a 0 1\r\ny\r\nEND\r\n",
    ),
    (
        "flush_all with noreply",
        b"set a 0 0 1\r\nx\r\nflush_all noreply\r\nget a\r\nflush_all 0 noreply\r\nversion\r\n",
        b"STORED\r\nEND\r\n" + replies.VERSION,
    ),
    (
        "flush_all with a bad delay",
        b"set a 0 0 1\r\nx\r\nflush_all x\r\nflush_all 2147483648\r\nflush_all x noreply\r\nget a\r\n",
        (b"STORED\r\n" + errors.BAD_EXPTIME * 2 + b"VALUE a 0 1\r\nx\r\nEND\r\n"),
    ),
    (
        "flush_all later leaves the items for now",
        b"set a 0 0 1\r\nx\r\nflush_all 100\r\nget a\r\nset b 0 0 1\r\ny\r\nget b\r\n",
        b"STORED\r\nOK\r\nVALUE a 0 1\r\nx\r\nEND\r\nSTORED\r\nVALUE b 0 1\r\ny\r\nEND\r\n",
    ),
    (
        "flush_all with a negative delay flushes at once",
        b"set a 0 0 1\r\nx\r\nflush_all -1\r\nget a\r\n",
        b"STORED\r\nOK\r\nEND\r\n",
    ),
    (
        "flush_all with a Unix time in the past flushes nothing",
        b"set a 0 0 1\r\nx\r\nflush_all 1000000000\r\nget a\r\n",
        b"STORED\r\nOK\r\nVALUE a 0 1\r\nx\r\nEND\r\n",
    ),
    ("flush_all takes further arguments", b"flush_all 0 0 0\r\n", b"OK\r\n"),
    ("version", b"version\r\nversion x\r\n", replies.VERSION * 2),
    (
        "verbosity",
        (
            b"verbosity 0\r\nverbosity 1\r\nverbosity 0\r\nverbosity x\r\nverbosity\r\nverbosity 0 x\r\n"
            b"verbosity 0 noreply\r\nverbosity noreply\r\n"
        ),
        (b"OK\r\nOK\r\nOK\r\n" + errors.BAD_FORMAT * 2 + b"OK\r\n"),
    ),
    (
        "cache_memlimit",
        (
            b"cache_memlimit 64\r\ncache_memlimit 8\r\ncache_memlimit 7\r\ncache_memlimit 0\r\n"
            b"cache_memlimit x\r\ncache_memlimit 67108864000\r\ncache_memlimit 2000000000\r\n"
            b"cache_memlimit 64 noreply\r\ncache_memlimit noreply\r\ncache_memlimit\r\n"
        ),
        (
            b"OK\r\nOK\r\n"
            + errors.MEMLIMIT_TOO_SMALL * 2
            + b"ERROR\r\nERROR\r\n"
            + errors.MEMLIMIT_IN_BYTES
            + b"ERROR\r\n"
        ),
    ),
    (
        "shutdown is refused",
        b"shutdown\r\nshutdown graceful\r\nshutdown x\r\nshutdown noreply\r\n",
        (errors.SHUTDOWN_DISABLED * 3),
    ),
    ("quit closes, after what came before it", b"version\r\nquit\r\nversion\r\n", replies.VERSION),
    ("quit takes arguments", b"quit now\r\nversion\r\n", b""),
    ("the debug commands are no commands", b"misbehave\r\ndebugtime\r\n", b"ERROR\r\nERROR\r\n"),
]


@pytest.mark.parametrize(("sent", "answered"), [one[1:] for one in CASES], ids=[one[0] for one in CASES])
def test_conversation(sent: bytes, answered: bytes, server: Server) -> None:
    assert server.ask(sent) == answered


def test_flush_all_can_be_forbidden(start: Start) -> None:
    answer = errors.NO_FLUSH_ALL
    sent = b"set a 0 0 1\r\nx\r\nflush_all\r\nflush_all x\r\nflush_all 5 noreply\r\nget a\r\n"
    assert start("-F").ask(sent) == b"STORED\r\n" + answer + answer + b"VALUE a 0 1\r\nx\r\nEND\r\n"


def test_flush_all_later(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    server.ask(b"set a 0 0 1\r\nx\r\nflush_all 10\r\n")
    server.clock.advance(9)
    assert server.ask(b"get a\r\nset b 0 0 1\r\ny\r\n") == b"VALUE a 0 1\r\nx\r\nEND\r\nSTORED\r\n"
    server.clock.advance(1)
    assert server.ask(b"get a b\r\nset a 0 0 1\r\nz\r\nget a\r\n") == b"END\r\nSTORED\r\nVALUE a 0 1\r\nz\r\nEND\r\n"


def test_a_later_flush_all_takes_the_place_of_an_earlier_one(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    server.ask(b"set a 0 0 1\r\nx\r\nflush_all 10\r\nflush_all 100\r\n")
    server.clock.advance(50)
    assert server.ask(b"get a\r\n") == b"VALUE a 0 1\r\nx\r\nEND\r\n"
    server.clock.advance(50)
    assert server.ask(b"get a\r\n") == b"END\r\n"


def test_flush_all_at_a_unix_time(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    server.ask(b"set a 0 0 1\r\nx\r\nflush_all %d\r\n" % (server.clock.now() + 20))
    server.clock.advance(19)
    assert server.ask(b"get a\r\n") != b"END\r\n"
    server.clock.advance(1)
    assert server.ask(b"get a\r\n") == b"END\r\n"


def test_what_cache_memlimit_sets(server: Server) -> None:
    assert server.ask(b"cache_memlimit 100\r\n") == b"OK\r\n"
    assert server.stats()["limit_maxbytes"] == server.stats(b"settings")["maxbytes"] == str(100 << 20)


def test_what_verbosity_sets(server: Server) -> None:
    server.ask(b"verbosity 1\r\n")
    assert server.stats(b"settings")["verbosity"] == "1"
    server.ask(b"verbosity 5\r\nverbosity 0 noreply\r\n")
    assert server.stats(b"settings")["verbosity"] == "0"


def test_less_memory_than_is_used(direct: Callable[[str], Direct]) -> None:
    server = direct("-m 32")
    for number in range(40):
        server.ask(b"set k%d 0 0 500000\r\n" % number + b"x" * 500_000 + b"\r\n")
    server.ask(b"cache_memlimit 8\r\nset last 0 0 1\r\nx\r\n")
    shown = server.stats()
    assert int(shown["bytes"]) <= 8 << 20
    assert int(shown["evictions"]) >= 24


@pytest.mark.parametrize(("sent", "graceful"), [(b"shutdown\r\n", False), (b"shutdown graceful\r\n", True)])
def test_shutdown(sent: bytes, graceful: bool, direct: Callable[[str], Direct]) -> None:
    server = direct("-A")
    asked: list[bool] = []
    server.instance.on_stop = asked.append
    assert server.ask(sent + b"version\r\n") == b""
    assert asked == [graceful]
    assert server.talk.closed


def test_shutdown_in_a_way_that_is_none(start: Start) -> None:
    server = start("-A")
    assert server.ask(b"shutdown x\r\n") == errors.BAD_SHUTDOWN_MODE
    assert server.ask(b"version\r\n") == replies.VERSION


def test_the_clock_can_be_moved(direct: Callable[[str], Direct]) -> None:
    server = direct("--debug-clock")
    assert server.ask(b"set a 0 100 1\r\nx\r\ndebugtime 60\r\nmg a t\r\n") == b"STORED\r\nOK\r\nHD t40\r\n"
    assert server.ask(b"debugtime -50\r\nmg a t\r\ndebugtime 90\r\nget a\r\n") == b"OK\r\nHD t90\r\nOK\r\nEND\r\n"
    assert server.ask(b"debugtime p\r\ndebugtime p\r\ndebugtime r\r\ndebugtime p\r\n") == b"OK\r\n" * 4
    assert server.ask(b"debugtime x\r\ndebugtime 99999999999\r\n") == b"ERROR\r\nERROR\r\n"


def test_without_the_option_there_is_no_such_clock() -> None:
    session = Session(Instance())
    assert session.receive(b"debugtime p\r\ndebugtime 5\r\nmisbehave\r\n") == b"ERROR\r\n" * 3
