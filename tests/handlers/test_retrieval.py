"""get, gets, gat, gats and touch: whole conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mclite.protocol import errors, replies

if TYPE_CHECKING:
    from tests.conftest import Server

CASES = [
    ("get without keys found", b"get a b c\r\n", b"END\r\n"),
    (
        "get keeps the order of the keys, and repeats",
        b"set a 0 0 1\r\nx\r\nset b 0 0 1\r\ny\r\nget b a nope b\r\n",
        b"STORED\r\nSTORED\r\nVALUE b 0 1\r\ny\r\nVALUE a 0 1\r\nx\r\nVALUE b 0 1\r\ny\r\nEND\r\n",
    ),
    (
        "a hundred keys",
        b"set a 1 0 1\r\nx\r\nget" + b" nope" * 99 + b" a\r\n",
        b"STORED\r\nVALUE a 1 1\r\nx\r\nEND\r\n",
    ),
    (
        "gets shows the unique",
        b"ms a 1 E5 F9\r\nx\r\ngets a a\r\n",
        b"HD\r\nVALUE a 9 1 5\r\nx\r\nVALUE a 9 1 5\r\nx\r\nEND\r\n",
    ),
    (
        "gat changes the exptime",
        b"set a 0 0 1\r\nx\r\ngat 100 a\r\nmg a t\r\ngat 0 a\r\nmg a t\r\ngat -1 a\r\nget a\r\n",
        (
            b"STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\nHD t100\r\nVALUE a 0 1\r\nx\r\nEND\r\nHD t-1\r\n"
            b"VALUE a 0 1\r\nx\r\nEND\r\nEND\r\n"
        ),
    ),
    (
        "gats shows the unique, which stays",
        b"ms a 1 E5\r\nx\r\ngats 100 a nope\r\ngets a\r\n",
        b"HD\r\nVALUE a 0 1 5\r\nx\r\nEND\r\nVALUE a 0 1 5\r\nx\r\nEND\r\n",
    ),
    (
        "gat with a bad exptime",
        b"set a 0 0 1\r\nx\r\ngat x a\r\ngat 2147483648 a\r\ngat a\r\nmg a t\r\n",
        (b"STORED\r\n" + errors.BAD_EXPTIME * 2 + errors.BAD_FORMAT + b"HD t-1\r\n"),
    ),
    (
        "gat of many",
        b"set a 0 0 1\r\nx\r\nset b 0 0 1\r\ny\r\ngat 100 a b\r\nmg a t\r\nmg b t\r\n",
        b"STORED\r\nSTORED\r\nVALUE a 0 1\r\nx\r\nVALUE b 0 1\r\ny\r\nEND\r\nHD t100\r\nHD t100\r\n",
    ),
    (
        "touch",
        b"set a 0 0 1\r\nx\r\ntouch a 100\r\nmg a t\r\ntouch a -1\r\nget a\r\ntouch a 0\r\n",
        b"STORED\r\nTOUCHED\r\nHD t100\r\nTOUCHED\r\nEND\r\nNOT_FOUND\r\n",
    ),
    (
        "touch with a bad exptime",
        b"set a 0 0 1\r\nx\r\ntouch a x\r\ntouch a 2147483648\r\ntouch nope x\r\nmg a t\r\n",
        (b"STORED\r\n" + errors.BAD_EXPTIME * 3 + b"HD t-1\r\n"),
    ),
    (
        "touch with noreply",
        (b"set a 0 0 1\r\nx\r\ntouch a 100 noreply\r\ntouch nope 1 noreply\r\ntouch a x noreply\r\nmg a t\r\n"),
        b"STORED\r\nHD t100\r\n",
    ),
    (
        "touch whose exptime is noreply",
        b"set a 0 0 1\r\nx\r\ntouch a noreply\r\nversion\r\n",
        b"STORED\r\n" + replies.VERSION,
    ),
    ("touch of a key of 251 bytes", b"touch " + b"k" * 251 + b" 0\r\n", errors.BAD_FORMAT),
    ("noreply is no word of get", b"set noreply 0 0 1\r\nx\r\nversion\r\n", b"STORED\r\n" + replies.VERSION),
]


@pytest.mark.parametrize(("sent", "answered"), [one[1:] for one in CASES], ids=[one[0] for one in CASES])
def test_conversation(sent: bytes, answered: bytes, server: Server) -> None:
    assert server.ask(sent) == answered
