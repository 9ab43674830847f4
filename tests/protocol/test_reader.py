"""Replies: one list of cases through the printer and the reader, each whole, byte by byte and with bytes trailing."""

from __future__ import annotations

import pytest

from mclite.protocol.reader import ROWS, Line, Meta, Number, Reply, ReplyError, ReplyReader, Stat, Status, Value

CASES: list[tuple[Reply, bytes]] = [
    *(
        (Status(word), word + b"\r\n")
        for word in (b"STORED", b"NOT_STORED", b"EXISTS", b"NOT_FOUND", b"DELETED", b"TOUCHED", b"OK", b"END", b"RESET")
    ),
    (Status(b"ERROR"), b"ERROR\r\n"),
    (Status(b"ERROR", b"Too many open connections"), b"ERROR Too many open connections\r\n"),
    (Status(b"CLIENT_ERROR", b"bad data chunk"), b"CLIENT_ERROR bad data chunk\r\n"),
    (Status(b"SERVER_ERROR", b"out of memory"), b"SERVER_ERROR out of memory\r\n"),
    (Status(b"SERVER_ERROR:", b"shutdown not enabled"), b"SERVER_ERROR: shutdown not enabled\r\n"),
    (Status(b"VERSION", b"1.6.45"), b"VERSION 1.6.45\r\n"),
    (Status(b"MEMLIMIT_TOO_SMALL", b"cannot set"), b"MEMLIMIT_TOO_SMALL cannot set\r\n"),
    (Status(b"BUSY", b"currently processing"), b"BUSY currently processing\r\n"),
    (Status(b"PREFIX", b"a get 1 hit 0 set 0 del 0"), b"PREFIX a get 1 hit 0 set 0 del 0\r\n"),
    (Status(b"ITEM", b"a [1 b; 0 s]"), b"ITEM a [1 b; 0 s]\r\n"),
    (Status(b"mg", b"a"), b"mg a\r\n"),
    (Value(b"a", 0, b""), b"VALUE a 0 0\r\n\r\n"),
    (Value(b"a", 4294967295, b"END\r\n"), b"VALUE a 4294967295 5\r\nEND\r\n\r\n"),
    (Value(b"k", 1, b"\0\xff\n", 18446744073709551615), b"VALUE k 1 3 18446744073709551615\r\n\0\xff\n\r\n"),
    (Value(b"a", 0, b"x" * 5000, 0), b"VALUE a 0 5000 0\r\n" + b"x" * 5000 + b"\r\n"),
    (Number(0), b"0\r\n"),
    (Number(18446744073709551615), b"18446744073709551615\r\n"),
    (Stat(b"pid", b"4711"), b"STAT pid 4711\r\n"),
    (Stat(b"version", b"1.6.45 (mclite)"), b"STAT version 1.6.45 (mclite)\r\n"),
    *((Meta(code), code + b"\r\n") for code in (b"HD", b"EN", b"NF", b"NS", b"EX", b"MN")),
    (Meta(b"HD", (b"f0", b"c12", b"Oabc")), b"HD f0 c12 Oabc\r\n"),
    (Meta(b"VA", (), b"hello"), b"VA 5\r\nhello\r\n"),
    (Meta(b"VA", (b"kfoo", b"W"), b""), b"VA 0 kfoo W\r\n\r\n"),
    (Meta(b"ME", (b"a", b"exp=-1", b"la=0")), b"ME a exp=-1 la=0\r\n"),
]  # fmt: skip

cases = pytest.mark.parametrize(
    ("reply", "wire"), CASES, ids=lambda one: repr(one[:30])[2:-1] if isinstance(one, bytes) else ""
)


def read(data: bytes, reader: ReplyReader | None = None) -> list[Reply]:
    """Return all replies in `data`."""
    reader = reader or ReplyReader()
    reader.receive_data(data)
    found = []
    while (reply := reader.next_reply()) is not None:
        found.append(reply)
    return found


@cases
def test_printed(reply: Reply, wire: bytes) -> None:
    assert reply.to_bytes() == wire


@cases
def test_whole(reply: Reply, wire: bytes) -> None:
    reader = ReplyReader()
    assert read(wire, reader) == [reply]
    assert reader.pending == b""


@cases
def test_byte_by_byte(reply: Reply, wire: bytes) -> None:
    reader = ReplyReader()
    for at in range(len(wire) - 1):
        assert read(wire[at : at + 1], reader) == []
    assert read(wire[-1:], reader) == [reply]


@cases
def test_bytes_trailing(reply: Reply, wire: bytes) -> None:
    for trailing in (b"V", b"\r", b"VALUE a 0 5\r\nhel", wire[:2]):
        reader = ReplyReader()
        assert read(wire + trailing, reader) == [reply]
        assert reader.pending == trailing


def test_all_in_a_row() -> None:
    assert read(b"".join(wire for _, wire in CASES)) == [reply for reply, _ in CASES]


def test_every_word_has_a_case() -> None:
    words = {wire.split()[0] for _, wire in CASES}
    rare = {
        b"ERROR:",
        b"NOTSTARTED",
        b"BADCLASS",
        b"NOSPARE",
        b"NOTFULL",
        b"UNSAFE",
        b"SAME",
        b"MEMLIMIT_ADJUST_FAILED",
    }
    assert ROWS.keys() - words == rare
    for word in rare:
        assert read(word + b" some text\r\n") == [Status(word, b"some text")]


@pytest.mark.parametrize(
    "wire",
    [
        b"\r\n",
        b" \r\n",
        b"STORED\n",
        b"STORED \r\n",
        b"STORED twice\r\n",
        b"stored\r\n",
        b"STO\rRED\r\n",
        b"FOO\r\n",
        b"VALUE\r\n",
        b"VALUE a\r\n",
        b"VALUE a 0\r\n",
        b"VALUE  0 1\r\nx\r\n",
        b"VALUE a 0 1 2 3\r\nx\r\n",
        b"VALUE a -1 1\r\nx\r\n",
        b"VALUE a 4294967296 1\r\nx\r\n",
        b"VALUE a 0 x\r\n",
        b"VALUE a 0 -1\r\n",
        b"VALUE a 0 1 18446744073709551616\r\nx\r\n",
        b"VALUE a 0 1\r\nxy\r\n",
        b"VALUE a 0 1\r\nx\n\r",
        b"VA\r\n",
        b"VA x\r\n",
        b"VA 1\r\nxyz",
        b"-1\r\n",
        b"1 x\r\n",
        b" 1\r\n",
        b"18446744073709551616\r\n",
        b"000000000000000000000\r\n",
        b"\xb2\r\n",
    ],
)
def test_senseless(wire: bytes) -> None:
    reader = ReplyReader()
    reader.receive_data(b"OK\r\n" + wire)
    assert reader.next_reply() == Status(b"OK")
    with pytest.raises(ReplyError, match="the server sent") as first:
        reader.next_reply()
    reader.receive_data(b"STORED\r\n")
    with pytest.raises(ReplyError) as again:
        reader.next_reply()
    assert str(again.value) == str(first.value)


@pytest.mark.parametrize("wire", [b"VALUE a 0 1\r\nxy", b"VA x\r", b"VALUE a 0 1 2 3\r"])
def test_nothing_is_said_too_early(wire: bytes) -> None:
    assert read(wire[:-1]) == []


def test_a_line_without_end_is_bounded() -> None:
    reader = ReplyReader(line_max=100)
    assert read(b"x" * 100, reader) == []
    with pytest.raises(ReplyError, match="line without end"):
        read(b"x", reader)


def test_a_data_block_is_bounded() -> None:
    assert read(b"VALUE a 0 100\r\n" + b"x" * 100 + b"\r\n", ReplyReader(data_max=100)) == [Value(b"a", 0, b"x" * 100)]
    with pytest.raises(ReplyError, match="too large"):
        read(b"VALUE a 0 101\r\n", ReplyReader(data_max=100))
    with pytest.raises(ReplyError, match="too large"):
        read(b"VA 101\r\n", ReplyReader(data_max=100))


def test_lines_that_end_in_lf_alone() -> None:
    reader = ReplyReader()
    line = Line(b"key=a exp=-1 la=1 cas=1 fetch=no cls=1 size=60 flags=0 ")
    reader.receive_data(line.to_bytes() + b"END\r\n")
    assert reader.next_reply(lines=True) == line
    assert reader.next_reply(lines=True) == Status(b"END")
    assert reader.next_reply(lines=True) is None
    assert line.to_bytes().endswith(b"flags=0 \n")
    with pytest.raises(ReplyError, match="CR LF"):
        read(line.to_bytes())
