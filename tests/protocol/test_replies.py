"""Replies as the server writes them; that the client reads them is shown by test_reader.py."""

from __future__ import annotations

import re

import pytest

from mclite.protocol import replies


@pytest.mark.parametrize(
    ("flags", "data", "cas", "wire"),
    [
        (0, b"", None, b"VALUE a 0 0\r\n\r\n"),
        (4294967295, b"END\r\n", None, b"VALUE a 4294967295 5\r\nEND\r\n\r\n"),
        (1, b"x", 0, b"VALUE a 1 1 0\r\nx\r\n"),
    ],
)
def test_value(flags: int, data: bytes, cas: int | None, wire: bytes) -> None:
    assert replies.value(b"a", flags, data, cas) == wire


def test_statistics() -> None:
    wire = replies.stats([("pid", 1), ("version", "1.6.45"), ("umask", "700")])
    assert wire == b"STAT pid 1\r\nSTAT version 1.6.45\r\nSTAT umask 700\r\nEND\r\n"
    assert wire.startswith(replies.stat(b"pid", b"1"))
    assert replies.stats([]) == replies.END
    assert replies.stats([("inter", "\udcff")]) == b"STAT inter \xff\r\nEND\r\n"


def test_the_release_is_one_that_clients_parse() -> None:
    assert re.fullmatch(r"1\.6\.[0-9]+", replies.RELEASE)
    assert b"VERSION " + replies.RELEASE.encode() + b"\r\n" == replies.VERSION
