"""What each request says, whole and byte by byte, and where it ends."""

from __future__ import annotations

import struct

import pytest

from mclite.protocol.binary import Opcode, request
from mclite.testing.requests import Request
from mclite.testing.wire import Splitter, first_request

TEXT = [
    (b"get k\r\n", Request("get", "k")),
    (b"gets k l\r\n", Request("gets", ["k", "l"])),
    (b"gat 60 k l\r\n", Request("gat", ["k", "l"], exptime=60)),
    (b"set k 5 60 2\r\n\r\n\r\n", Request("set", "k", flags=5, exptime=60, data=b"\r\n")),
    (b"set k 0 -1 0 noreply\r\n\r\n", Request("set", "k", exptime=-1, data=b"", noreply=True)),
    (b"cas k 0 0 1 77\r\nx\r\n", Request("cas", "k", data=b"x", cas=77)),
    (b"append k 0 0 1\r\nx\r\n", Request("append", "k", data=b"x")),
    (b"incr k 5\r\n", Request("incr", "k", delta=5)),
    (b"decr k 5 noreply\r\n", Request("decr", "k", delta=5, noreply=True)),
    (b"touch k 60\r\n", Request("touch", "k", exptime=60)),
    (b"delete k\r\n", Request("delete", "k")),
    (b"delete k noreply\r\n", Request("delete", "k", noreply=True)),
    (b"flush_all 10 noreply\r\n", Request("flush_all", tokens=["10"], noreply=True)),
    (b"stats items\r\n", Request("stats", tokens=["items"])),
    (b"version\r\n", Request("version")),
    (b"mg k v t Oabc\r\n", Request("mg", "k", tokens=["v", "t", "Oabc"])),
    (b"mg aw== b v\r\n", Request("mg", "k", tokens=["b", "v"])),
    (
        b"ms k 1 T60 F5 C9 q\r\nx\r\n",
        Request("ms", "k", flags=5, exptime=60, cas=9, data=b"x", tokens=["T60", "F5", "C9", "q"], noreply=True),
    ),
    (b"ma k D5 N0\r\n", Request("ma", "k", delta=5, tokens=["D5", "N0"])),
    (b"mn\r\n", Request("mn")),
    (b"nonsense here noreply\r\n", Request("nonsense", tokens=["here", "noreply"], noreply=True)),
    (b"set k 0 0 x\r\n", Request("set", tokens=["k", "0", "0", "x"])),
    (b"\r\n", Request("")),
    (b"get k\n", Request("get", "k")),
]
STORE = struct.pack(">II", 5, 60)
BINARY = [
    (request(Opcode.GET, b"k", opaque=7), Request("get", "k")),
    (request(Opcode.GETKQ, b"k"), Request("get", "k", noreply=True)),
    (request(Opcode.SET, b"k", STORE, b"x"), Request("set", "k", flags=5, exptime=60, data=b"x")),
    (request(Opcode.SET, b"k", STORE, b"x", cas=9), Request("cas", "k", flags=5, exptime=60, data=b"x", cas=9)),
    (request(Opcode.ADDQ, b"k", STORE, b""), Request("add", "k", flags=5, exptime=60, data=b"", noreply=True)),
    (request(Opcode.APPEND, b"k", b"", b"x"), Request("append", "k", data=b"x")),
    (request(Opcode.INCREMENT, b"k", struct.pack(">QQI", 5, 0, 60)), Request("incr", "k", delta=5, exptime=60)),
    (request(Opcode.TOUCH, b"k", struct.pack(">I", 60)), Request("touch", "k", exptime=60)),
    (request(Opcode.GATKQ, b"k", struct.pack(">I", 60)), Request("gat", "k", exptime=60, noreply=True)),
    (request(Opcode.FLUSH), Request("flush_all")),
    (request(Opcode.NOOP), Request("noop")),
    (request(Opcode.STAT, b"items"), Request("stats", "items")),
    (request(0x20), Request("0x20")),
]


@pytest.mark.parametrize(("raw", "expected"), TEXT + BINARY, ids=[repr(raw[:40]) for raw, _ in TEXT + BINARY])
@pytest.mark.parametrize("size", [1000, 1, 5])
def test_a_request(raw: bytes, expected: Request, size: int) -> None:
    """Twice, whole, byte by byte, and in fives."""
    splitter = Splitter()
    twice = raw * 2
    pieces = [piece for at in range(0, len(twice), size) for piece in splitter.feed(twice[at : at + size])]
    assert [piece.request for piece in pieces] == [expected, expected]
    assert [piece.data for piece in pieces] == [raw, raw]
    assert not splitter.gave_up()
    assert len(splitter) == 0


def test_what_is_not_compared() -> None:
    (piece,) = Splitter().feed(request(Opcode.GETKQ, b"k", opaque=7))
    assert (piece.request.protocol, piece.request.opcode, piece.request.opaque) == ("binary", "GETKQ", 7)
    (piece,) = Splitter().feed(b"mg k Oabc\r\n")
    assert (piece.request.protocol, piece.request.opaque) == ("meta", b"abc")


@pytest.mark.parametrize(
    "data",
    [
        b"x" * 3000,
        b"get " + b"k" * (17 << 20),
        b"set " + b"k" * 17000 + b"\r\n",
        request(Opcode.GET, b"k")[:1] + b"\x00\x00\x05" + bytes(20) + b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\n",
        request(Opcode.NOOP) + b"get k\r\n" + bytes(30),
    ],
)
def test_what_the_session_hangs_up_on_is_not_cut(data: bytes) -> None:
    splitter = Splitter()
    splitter.feed(data)
    assert splitter.gave_up()


def test_a_long_multi_get_is_one() -> None:
    keys = [f"key{number}" for number in range(5000)]
    (piece,) = Splitter().feed(b"get " + " ".join(keys).encode() + b"\r\n")
    assert len(piece.request.keys) == 5000


def test_text_only() -> None:
    """With -B ascii or -Y no connection speaks the binary protocol."""
    frame = request(Opcode.GET, b"k") + b"\n"
    assert [piece.request.protocol for piece in Splitter(binary=False).feed(frame)] == ["text"]


def test_a_line_that_is_rewritten() -> None:
    splitter = Splitter(rewrite=lambda line: line.replace(b" noreply", b""))
    (piece,) = splitter.feed(b"set k 0 0 1 noreply\r\nx\r\n")
    assert piece.data == b"set k 0 0 1\r\nx\r\n"
    assert piece.request == Request("set", "k", data=b"x", noreply=True)
    assert piece.request.raw == b"set k 0 0 1 noreply\r\nx\r\n"


@pytest.mark.parametrize(
    ("buffer", "expected"),
    [
        (b"", None),
        (b"get k", None),
        (b"get k\r\nget l\r\n", (b"get", 7)),
        (b"set k 0 0 2\r\n\r\n", None),
        (b"set k 0 0 2\r\n\r\n\r\nget k\r\n", (b"set", 17)),
        (b"ms k 1 T5\r\nx\r\n", (b"ms", 14)),
        (b"nonsense here\r\nget k\r\n", (b"nonsense", 15)),
        (b"\r\n", (b"", 2)),
    ],
)
def test_first_request(buffer: bytes, expected: tuple[bytes, int] | None) -> None:
    assert first_request(buffer) == expected
