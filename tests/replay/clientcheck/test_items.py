from mclite.replay.clientcheck.arrival import Request
from mclite.replay.clientcheck.items import Items, is_past
from mclite.replay.clientcheck.reader import Reader


def ask(items: Items, data: bytes) -> str:
    (request,) = Reader().feed(data)
    reply = items.carry_out(request)
    return reply.word if reply.word != "NUMBER" else str(reply.number)


def test_storage_commands_as_protocol_txt_has_them() -> None:
    items = Items()
    assert ask(items, b"replace a 0 0 1\r\nx\r\n") == "NOT_STORED"
    assert ask(items, b"append a 0 0 1\r\nx\r\n") == "NOT_STORED"
    assert ask(items, b"add a 0 0 1\r\nx\r\n") == "STORED"
    assert ask(items, b"add a 0 0 1\r\ny\r\n") == "NOT_STORED"
    assert ask(items, b"append a 0 0 1\r\ny\r\n") == "STORED"
    assert ask(items, b"prepend a 0 0 1\r\nw\r\n") == "STORED"
    assert items.held[b"a"].value == b"wxy"
    unique = items.held[b"a"].cas
    assert ask(items, b"cas a 0 0 1 %d\r\nz\r\n" % (unique + 9)) == "EXISTS"
    assert ask(items, b"cas a 0 0 1 %d\r\nz\r\n" % unique) == "STORED"
    assert ask(items, b"cas b 0 0 1 1\r\nz\r\n") == "NOT_FOUND"
    assert items.ever[b"a"] == {b"x", b"xy", b"wxy", b"z"}


def test_counting_wraps_at_64_bits_and_stops_at_0() -> None:
    items = Items()
    items.put(b"n", b"18446744073709551615")
    assert ask(items, b"incr n 2\r\n") == "1"
    assert ask(items, b"decr n 9\r\n") == "0"
    assert ask(items, b"incr m 9\r\n") == "NOT_FOUND"
    assert ask(items, b"ma m N0 J7\r\n") == "7"
    items.put(b"t", b"ten")
    assert ask(items, b"incr t 9\r\n") == "NOT_A_NUMBER"


def test_the_rest() -> None:
    items = Items()
    items.put(b"a", b"1")
    assert ask(items, b"touch a 60\r\n") == "TOUCHED"
    assert items.held[b"a"].exptime == 60
    assert ask(items, b"gat 70 a b\r\n") == "VALUES"
    assert items.held[b"a"].exptime == 70
    assert ask(items, b"delete a\r\n") == "DELETED"
    assert ask(items, b"delete a\r\n") == "NOT_FOUND"
    assert ask(items, b"touch a 1\r\n") == "NOT_FOUND"
    assert ask(items, b"flush_all\r\n") == "OK"
    assert ask(items, b"watch\r\n") == "ERROR"


def test_what_is_expired_is_not_held() -> None:
    items = Items()
    assert ask(items, b"set a 0 -1 1\r\nx\r\n") == "STORED"
    assert ask(items, b"set b 0 2678400 1\r\nx\r\n") == "STORED"  # 31 days are a date in 1970
    assert items.held == {}
    assert not is_past(0)
    assert not is_past(60 * 60 * 24 * 30)


def test_an_unknown_verb_is_an_error() -> None:
    assert Items().carry_out(Request(protocol="text", verb="", name="", raw=b"")).word == "ERROR"
