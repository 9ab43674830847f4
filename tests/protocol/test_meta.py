"""Meta flags: the table, reading a command's flags, base64 keys."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from mclite.protocol import errors
from mclite.protocol.commands import COMMANDS
from mclite.protocol.meta import FLAGS, TOKENS_MAX, MetaFlags, decode_key, encode_key, read_flags, well_formed

if TYPE_CHECKING:
    from tests.conftest import Server


def test_the_table() -> None:
    for letter, row in FLAGS.items():
        assert chr(letter) == row.letter
        assert all(name.encode() in COMMANDS for name in row.commands)
        first, _, last = row.lines.partition("-")
        assert 493 < int(first) <= int(last or first) < 983 or row.letter in "PL"


def read(*tokens: bytes) -> MetaFlags:
    """Read good flags."""
    flags = read_flags(b"key", list(tokens), 2)
    assert isinstance(flags, MetaFlags)
    return flags


def test_what_is_read() -> None:
    flags = read(b"v", b"T30", b"Oabc", b"C18446744073709551615", b"MS", b"k")
    assert flags.order == [b"v", b"T30", b"Oabc", b"C18446744073709551615", b"MS", b"k"]
    assert flags.has("v")
    assert not flags.has("f")
    assert flags.number("T") == 30
    assert flags.number("C") == 2**64 - 1
    assert flags.number("N") is None
    assert flags.opaque == b"Oabc"
    assert not flags.opaque_too_long
    assert flags.mode == ord("S")
    assert (flags.key, flags.binary, flags.quiet) == (b"key", False, False)
    assert read(b"q").quiet
    assert read(b"O" + b"x" * 33).opaque_too_long


def test_a_base64_key_is_decoded() -> None:
    flags = read_flags(b"Zm9v", [b"b"], 2)
    assert isinstance(flags, MetaFlags)
    assert (flags.key, flags.binary) == (b"foo", True)


@pytest.mark.parametrize(
    ("tokens", "error"),
    [
        ([b"v", b"v"], errors.DUPLICATE_FLAG),
        ([b"v", b"z"], errors.BAD_FLAG),
        ([b"z", b"v", b"v"], errors.BAD_FLAG),
        ([b"v", b"v", b"z"], errors.DUPLICATE_FLAG),
        ([b"Tx"], errors.BAD_TOKEN),
        ([b"Tx", b"z"], errors.BAD_FLAG),
        ([b"Tx", b"b"], errors.BAD_KEY_ENCODING),
        ([b"b", b"Tx"], errors.BAD_TOKEN),
        ([b"Fx"], errors.BAD_FORMAT),
        ([b"Dx"], errors.BAD_DELTA_VALUE),
        ([b"Jx"], errors.BAD_INITIAL),
        ([b"Tx", b"Jx"], errors.BAD_INITIAL),
        ([b"b"], errors.BAD_KEY_ENCODING),
        ([b"P1"] * (TOKENS_MAX - 1), errors.TOO_MANY_FLAGS),
    ],
)
def test_what_is_refused(tokens: list[bytes], error: bytes, server: Server) -> None:
    assert read_flags(b"key", tokens, 2) == error
    assert server.ask(b"mg key " + b" ".join(tokens) + b"\r\n") == error


@pytest.mark.parametrize("first", [bytes([number]) for number in range(1, 256) if number not in b"\n\r "])
def test_how_a_flag_may_begin(first: bytes) -> None:
    assert well_formed([b"v", first + b"1"]) is (first.isalnum() or first in (b"[", b"\\", b"]", b"^", b"_", b"`"))


@pytest.mark.parametrize("key", [b"a", b"ab", b"foo", b"\0", b"\xff\xfe\xfd\xfc", b" \r\n", bytes(range(187))])
def test_base64_both_ways(key: bytes) -> None:
    assert encode_key(key) == base64.b64encode(key)
    assert decode_key(encode_key(key)) == key


DECODED = [
    (b"Zm9v", b"foo"),
    (b"Zm9v!", b"foo"),
    (b"Zm!9v", b"foo"),
    (b"!!Zm9v\xff", b"foo"),
    (b"YQ==", b"a"),
    (b"YQ==YQ==", b"a"),
    (b"YW=j", b"a`"),
    (b"YQ=a", b"a\0"),
    (b"Zm9vYQ==Zm9v", b"fooa"),
    (b"Zm9", None),
    (b"Z", None),
    (b"!!!!", None),
    (b"Zm9v=", None),
    (b"Zm9v====", None),
    (b"Z===", None),
    (b"Zm9vYQ=", None),
]


@pytest.mark.parametrize(("text", "key"), DECODED)
def test_base64_that_is_not_what_it_should_be(text: bytes, key: bytes | None, server: Server) -> None:
    assert decode_key(text) == key
    wanted = errors.BAD_KEY_ENCODING if key is None else b"HD k" + base64.b64encode(key) + b" b\r\n"
    assert server.ask(b"ms " + text + b" 1 b k\r\nx\r\n") == wanted


def test_an_empty_key_is_none() -> None:
    assert decode_key(b"") is None
