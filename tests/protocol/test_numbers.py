"""Which texts memcached takes for a number: each reader by itself, and what the server makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from mclite.protocol import errors, numbers

if TYPE_CHECKING:
    from tests.conftest import Server

MAX_32, MAX_64 = 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF


@pytest.mark.parametrize(
    ("token", "value"),
    [
        (b"0", 0),
        (b"007", 7),
        (b"18446744073709551615", MAX_64),
        (b"18446744073709551616", None),
        (b"0" * 21 + b"1", 1),
        (b"0" * 22 + b"1", None),
        (b"", None),
        (b"+1", None),
        (b"-1", None),
        (b"1.5", None),
        (b"1e3", None),
        (b"0x1", None),
        (b" 1", None),
        (b"1_0", None),
        (b"\xb2", None),
    ],
)
def test_digits(token: bytes, value: int | None, server: Server) -> None:
    assert numbers.digits(token) == value
    if token.strip():
        refused = errors.BAD_DELTA
        # a space more between the arguments is nothing: it is the second reader, in C, that would skip it
        expected = refused if value is None and token != b" 1" else b"%d\r\n" % (value if value is not None else 1)
        assert server.ask(b"set n 0 0 1\r\n0\r\nincr n " + token + b"\r\n") == b"STORED\r\n" + expected


@pytest.mark.parametrize(
    ("token", "value"),
    [
        (b"4294967295", MAX_32),
        (b"4294967296", None),
        (b"00000000001", 1),
        (b"000000000001", None),
    ],
)
def test_digits_of_32_bits(token: bytes, value: int | None, server: Server) -> None:
    assert numbers.digits(token, MAX_32) == value
    flags = errors.BAD_FORMAT.rstrip() if value is None else b"HD f%d" % value
    wire = b"ms n 0 F" + token + b"\r\n\r\nmg n f\r\n"
    assert server.ask(wire).split(b"\r\n")[0 if value is None else 1] == flags


FLAGS = [
    (b"0", 0),
    (b"+5", 5),
    (b"007", 7),
    (b"4294967295", MAX_32),
    (b"4294967296", 0),
    (b"4294967301", 5),
    (b"18446744073709551615", MAX_32),
    (b"18446744073709551616", None),
    (b"-1", None),
    (b"-18446744073709551615", 1),
    (b"-18446744073709551616", None),
    (b"\t7", 7),
    (b"7\t8", 7),
    (b"7\0", 7),
    (b"7x", None),
    (b"x", None),
    (b"1.5", None),
    (b"-", None),
    (b"9" * 500, None),
]


@pytest.mark.parametrize(("token", "value"), FLAGS)
def test_unsigned_as_in_c(token: bytes, value: int | None, server: Server) -> None:
    read = numbers.unsigned(token)
    assert (None if read is None else read & MAX_32) == value
    answer = server.ask(b"set a " + token + b" 0 1\r\nx\r\nget a\r\n")
    if value is None:
        assert answer == errors.BAD_FORMAT + b"END\r\n"
    else:
        assert answer == b"STORED\r\nVALUE a %d 1\r\nx\r\nEND\r\n" % value


@pytest.mark.parametrize(
    ("value", "after"),
    [
        (b"7", b"8"),
        (b"7 ", b"8"),
        (b"  7", b"8"),
        (b"00099", b"100"),
        (b"+5", b"6"),
        (b"7\0z", b"8"),
        (b"7z", None),
        (b"", None),
        (b"-1", None),
        (b"18446744073709551615", b"0"),
        (b"18446744073709551616", None),
        (b"1" * 25, None),
    ],
)
def test_the_value_of_an_item(value: bytes, after: bytes | None, server: Server) -> None:
    stored = b"set n 0 0 %d\r\n%b\r\n" % (len(value), value)
    refused = errors.NON_NUMERIC.rstrip()
    assert server.ask(stored + b"incr n 1\r\n") == b"STORED\r\n" + (refused if after is None else after) + b"\r\n"


@pytest.mark.parametrize(
    ("token", "value"),
    [
        (b"-1", -1),
        (b"9223372036854775807", 2**63 - 1),
        (b"9223372036854775808", None),
        (b"-9223372036854775808", -(2**63)),
        (b"-9223372036854775809", None),
        (b"", None),
        (b"x", None),
        (b"1" * 500, None),
        (b"1" * 5000, None),
    ],
)
def test_signed_as_in_c(token: bytes, value: int | None, server: Server) -> None:
    assert numbers.signed(token) == value
    if token and len(token) < 2000:
        answer = server.ask(b"set a 0 " + token + b" 1\r\nx\r\n")
        assert answer == (errors.BAD_FORMAT if value is None else b"STORED\r\n")


@pytest.mark.parametrize(
    ("token", "value"),
    [(b"4294967296", 0), (b"4294967297", 1), (b"4294967295", -1), (b"2147483648", -(2**31)), (b"x", None)],
)
def test_exptime_keeps_32_bits(token: bytes, value: int | None) -> None:
    assert numbers.exptime(token) == value


@pytest.mark.parametrize(
    ("token", "held"), [(b"4294967296", True), (b"4294967295", False), (b"4294967396", True), (b"2147483648", False)]
)
def test_exptime_of_the_server(token: bytes, held: bool, server: Server) -> None:
    answer = server.ask(b"set a 0 " + token + b" 1\r\nx\r\nget a\r\n")
    assert answer == b"STORED\r\n" + (b"VALUE a 0 1\r\nx\r\n" if held else b"") + b"END\r\n"


@pytest.mark.parametrize(
    ("token", "value"),
    [
        (b"0", 0),
        (b"-1", -1),
        (b"2147483647", 2**31 - 1),
        (b"2147483648", None),
        (b"-2147483648", -(2**31)),
        (b"-2147483649", None),
        (b"00000000001", 1),
        (b"000000000001", None),
        (b"+1", None),
        (b"1x", None),
        (b"-", 0),
        (b"--1", None),
        (b"1\n", None),
        (b"", None),
    ],
)
def test_signed_32(token: bytes, value: int | None, server: Server) -> None:
    assert numbers.signed_32(token) == value
    if token.strip() == token and token:
        answer = server.ask(b"set a 0 0 1\r\nx\r\ntouch a " + token + b"\r\n")
        assert answer == b"STORED\r\n" + (errors.BAD_EXPTIME if value is None else b"TOUCHED\r\n")


@pytest.mark.parametrize("read", [numbers.digits, numbers.unsigned, numbers.signed, numbers.signed_32, numbers.exptime])
def test_an_endless_number_is_none(read: Callable[[bytes], int | None]) -> None:
    assert read(b"1" * 100_000) is None
