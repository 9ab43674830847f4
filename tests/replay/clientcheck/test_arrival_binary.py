import struct

from mclite.replay.clientcheck.arrival_binary import HEADER
from mclite.replay.clientcheck.reader import Reader


def packet(
    opcode: int, key: bytes = b"", extras: bytes = b"", value: bytes = b"", cas: int = 0, **fields: int
) -> bytes:
    size = fields.get("size", len(extras + key + value))
    head = HEADER.pack(0x80, opcode, len(key), len(extras), fields.get("kind", 0), 0, size, b"\1\2\3\4", cas)
    return head + extras + key + value


def test_requests_of_both_protocols_on_one_connection() -> None:
    data = packet(0x00, b"a") + b"get b\r\n" + packet(0x0D, b"c") + packet(0x0A)
    found = Reader().feed(data)
    assert [(one.name, one.keys, one.quiet) for one in found] == [
        ("GET", (b"a",), False),
        ("get", (b"b",), False),
        ("GETKQ", (b"c",), True),
        ("NOOP", (), False),
    ]
    assert found[0].opaque == b"\1\2\3\4"


def test_a_set_has_flags_exptime_and_a_cas() -> None:
    (request,) = Reader().feed(packet(0x01, b"a", struct.pack(">Ii", 5, 60), b"v", cas=7))
    assert request.normal == (b"cas a 5 60 1 7", b"v")


def test_a_counter_that_is_made_or_not() -> None:
    made, not_made = (struct.pack(">QQI", 2, 10, exptime) for exptime in (0, 0xFFFFFFFF))
    first, second = Reader().feed(packet(0x05, b"a", made) + packet(0x06, b"a", not_made))
    assert (first.verb, first.delta, first.initial) == ("incr", 2, 10)
    assert (second.verb, second.initial) == ("decr", None)


def test_problems() -> None:
    for data, problem in (
        (packet(0x00), "no key"),
        (packet(0x00, b"k" * 251), "251 bytes"),
        (packet(0x00, b"k", b"1234"), "extras"),
        (packet(0x00, b"k", value=b"v"), "a value"),
        (packet(0x77, b"k"), "there is no opcode 0x77"),
        (packet(0x00, b"k", size=0), "a body of 0 bytes"),
        (packet(0x00, b"k", kind=1), "data type"),
    ):
        assert problem in str(Reader().feed(data)[0].problem)


def test_a_packet_is_awaited_whole() -> None:
    reader = Reader()
    data = packet(0x00, b"a")
    assert reader.feed(data[:10]) == []
    assert reader.feed(data[10:-1]) == []
    assert len(reader.feed(data[-1:])) == 1
