"""Lines to words, and bytes to what a terminal can be shown."""

from __future__ import annotations

import pytest

from mclite.shell.words import WordError, printable, split


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  get   a  b ", [b"get", b"a", b"b"]),
        ('set k "two words"', [b"set", b"k", b"two words"]),
        ("set k 'it is \"so\"'", [b"set", b"k", b'it is "so"']),
        ('set k ""', [b"set", b"k", b""]),
        (r"set k \x00\xff\n\r\t\0\\\"\'", [b"set", b"k", b"\x00\xff\n\r\t\0\\\"'"]),
        (r'set k "a\x20b\"c"', [b"set", b"k", b'a b"c']),
        ('a"b c"d', [b"ab cd"]),
        ("set k é\udcff", [b"set", b"k", b"\xc3\xa9\xff"]),
    ],
)
def test_split(line: str, words: list[bytes]) -> None:
    assert split(line) == words


@pytest.mark.parametrize("line", ['set k "open', "set k 'open", 'a"', "set k \\", r"set k \q", r"set k \x0", r"a \xzz"])
def test_bad_lines(line: str) -> None:
    with pytest.raises(WordError):
        split(line)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain text", "plain text"),
        ("é 🐎".encode(), "é 🐎"),
        (b"\x00\x1b[31m\r\n\t\x7f", r"\0\x1b[31m\r\n\t\x7f"),
        (b"\xff\xc3", r"\xff\xc3"),
        (b"back\\slash", r"back\\slash"),
        ("\u202e\u200b".encode(), r"\xe2\x80\xae\xe2\x80\x8b"),
    ],
)
def test_printable(data: bytes, text: str) -> None:
    assert printable(data) == text


def test_what_is_shown_can_be_typed_again() -> None:
    everything = bytes(range(256)) + "é🐎\u202e".encode()
    assert split('"' + printable(everything).replace('"', r"\"") + '"') == [everything]
