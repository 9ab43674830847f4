import pytest

from mclite.replay.clientcheck.answers import HONEST, Bend, meta_flags, render
from mclite.replay.clientcheck.items import Item, Items
from mclite.replay.clientcheck.reader import Reader

GETK = b"\x80\x0c\x00\x01" + bytes(4) + b"\x00\x00\x00\x01opaq" + bytes(8) + b"a"


def held() -> Items:
    items = Items()
    items.put(b"a", b"one", 5, 7)
    items.put(b"b", b"three", 0, 8)
    return items


def answer(data: bytes, bend: Bend = HONEST) -> bytes:
    items = held()
    return b"".join(
        part.data for request in Reader().feed(data) for part in render(request, items.carry_out(request), bend)
    )


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"get a b c\r\n", b"VALUE a 5 3\r\none\r\nVALUE b 0 5\r\nthree\r\nEND\r\n"),
        (b"gets a\r\n", b"VALUE a 5 3 7\r\none\r\nEND\r\n"),
        (b"set a 0 0 1\r\nx\r\n", b"STORED\r\n"),
        (b"set a 0 0 1 noreply\r\nx\r\n", b""),
        (b"incr a 1\r\n", b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"),
        (b"version\r\n", b"VERSION 1.6.45\r\n"),
        (b"mg a v f c k Oxy\r\n", b"VA 3 f5 c7 ka Oxy\r\none\r\n"),
        (b"mg a t\r\n", b"HD t-1\r\n"),
        (b"mg c v\r\n", b"EN\r\n"),
        (b"mg c v q\r\nmn\r\n", b"MN\r\n"),
        (b"ms a 1 k\r\nx\r\n", b"HD ka\r\n"),
        (b"md c\r\n", b"NF\r\n"),
        (b"md c q\r\n", b""),
        (b"ms c 1 MR\r\nx\r\n", b"NS\r\n"),
        (GETK, b"\x81\x0c\x00\x01\x04\x00\x00\x00\x00\x00\x00\x08opaq" + (7).to_bytes(8) + b"\0\0\0\5aone"),
    ],
)
def test_honest_answers(sent: bytes, said: bytes) -> None:
    assert answer(sent) == said


@pytest.mark.parametrize(
    ("sent", "bend", "said"),
    [
        (b"get a\r\n", Bend(length="+2"), b"VALUE a 5 5\r\none\r\nEND\r\n"),
        (b"get a\r\n", Bend(length="-9"), b"VALUE a 5 0\r\none\r\nEND\r\n"),
        (b"get a\r\n", Bend(length="=2147483648"), b"VALUE a 5 2147483648\r\none\r\nEND\r\n"),
        (b"get a\r\n", Bend(key=b"b"), b"VALUE b 5 3\r\none\r\nEND\r\n"),
        (b"get a b\r\n", Bend(order="reversed"), b"VALUE b 0 5\r\nthree\r\nVALUE a 5 3\r\none\r\nEND\r\n"),
        (b"get a\r\n", Bend(double=True), b"VALUE a 5 3\r\none\r\nVALUE a 5 3\r\none\r\nEND\r\n"),
        (b"get a\r\n", Bend(extra=(b"x", b"y")), b"VALUE x 5 1\r\ny\r\nVALUE a 5 3\r\none\r\nEND\r\n"),
        (b"get a\r\n", Bend(error="no"), b"SERVER_ERROR no\r\n"),
        (b"get a b\r\n", Bend(error="no", error_after=1), b"VALUE a 5 3\r\none\r\nSERVER_ERROR no\r\n"),
        (b"set a 0 0 1\r\nx\r\n", Bend(word="EXISTS"), b"EXISTS\r\n"),
        (b"mg a v O5\r\n", Bend(opaque=1), b"VA 3 O6\r\none\r\n"),
        (b"mg a v\r\n", Bend(length="+1"), b"VA 4\r\none\r\n"),
        (b"ms a 1\r\nx\r\n", Bend(error="no"), b"SERVER_ERROR no\r\n"),
    ],
)
def test_bent_answers(sent: bytes, bend: Bend, said: bytes) -> None:
    assert answer(sent, bend) == said


def test_bent_binary_answers() -> None:
    assert answer(GETK, Bend(length="+2"))[8:12] == (10).to_bytes(4)
    assert answer(GETK, Bend(opaque=1))[12:16] == b"opar"
    assert answer(GETK, Bend(error="no"))[6:8] == b"\x00\x82"
    assert answer(GETK, Bend(key=b"bb"))[28:30] == b"bb"


def test_parts_have_kinds() -> None:
    (request,) = Reader().feed(b"get a\r\n")
    parts = render(request, held().carry_out(request))
    assert [part.kind for part in parts] == ["line", "data", "crlf", "end"]


def test_meta_flags_with_a_base64_key() -> None:
    (request,) = Reader().feed(b"mg Zm9v b k v\r\n")
    assert meta_flags(request, Item(b"v")) == b" b kZm9v"
