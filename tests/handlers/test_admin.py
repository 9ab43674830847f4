"""flush_all, version, verbosity, cache_memlimit, shutdown, quit and debugtime: whole conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Server

CASES = [
    (
        "flush_all makes items invisible",
        b"set a 0 0 1\r\nx\r\nflush_all\r\nget a\r\nset a 0 0 1\r\ny\r\nget a\r\n",
        b"STORED\r\nOK\r\nEND\r\nSTORED\r\nVALUE a 0 1\r\ny\r\nEND\r\n",
    ),
    (
        "flush_all with noreply",
        b"set a 0 0 1\r\nx\r\nflush_all noreply\r\nget a\r\nflush_all 0 noreply\r\nversion\r\n",
        b"STORED\r\nEND\r\nVERSION 1.6.45\r\n",
    ),
    (
        "flush_all with a bad delay",
        b"set a 0 0 1\r\nx\r\nflush_all x\r\nflush_all 2147483648\r\nflush_all x noreply\r\nget a\r\n",
        (
            b"STORED\r\nCLIENT_ERROR invalid exptime argument\r\nCLIENT_ERROR invalid exptime argument\r\n"
            b"VALUE a 0 1\r\nx\r\nEND\r\n"
        ),
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
    ("version", b"version\r\nversion x\r\n", b"VERSION 1.6.45\r\nVERSION 1.6.45\r\n"),
    (
        "verbosity",
        (
            b"verbosity 0\r\nverbosity 1\r\nverbosity 0\r\nverbosity x\r\nverbosity\r\nverbosity 0 x\r\n"
            b"verbosity 0 noreply\r\nverbosity noreply\r\n"
        ),
        (b"OK\r\nOK\r\nOK\r\nCLIENT_ERROR bad command line format\r\nCLIENT_ERROR bad command line format\r\nOK\r\n"),
    ),
    (
        "cache_memlimit",
        (
            b"cache_memlimit 64\r\ncache_memlimit 8\r\ncache_memlimit 7\r\ncache_memlimit 0\r\n"
            b"cache_memlimit x\r\ncache_memlimit 67108864000\r\ncache_memlimit 2000000000\r\n"
            b"cache_memlimit 64 noreply\r\ncache_memlimit noreply\r\ncache_memlimit\r\n"
        ),
        (
            b"OK\r\nOK\r\nMEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n"
            b"MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\nERROR\r\nERROR\r\n"
            b"MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes\r\nERROR\r\n"
        ),
    ),
    (
        "shutdown is refused",
        b"shutdown\r\nshutdown graceful\r\nshutdown x\r\nshutdown noreply\r\n",
        (
            b"SERVER_ERROR: shutdown not enabled\r\nSERVER_ERROR: shutdown not enabled\r\n"
            b"SERVER_ERROR: shutdown not enabled\r\n"
        ),
    ),
    ("quit closes, after what came before it", b"version\r\nquit\r\nversion\r\n", b"VERSION 1.6.45\r\n"),
    ("quit takes arguments", b"quit now\r\nversion\r\n", b""),
    ("the debug commands are no commands", b"misbehave\r\ndebugtime\r\n", b"ERROR\r\nERROR\r\n"),
]


@pytest.mark.parametrize(("sent", "answered"), [one[1:] for one in CASES], ids=[one[0] for one in CASES])
def test_conversation(sent: bytes, answered: bytes, server: Server) -> None:
    assert server.ask(sent) == answered
