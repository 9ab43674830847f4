"""The meta flags: which letters there are, what token each takes, and a command's flags read from its line.

memcached 1.6.45 reads the flags of every meta command with one table: a flag that a command has no use for is
checked, and then ignored. The rule that keeps it true: faults are reported in the order in which memcached looks for
them. First unknown and repeated letters, from left to right; then bad tokens and a key that is no base64, of which
the last one is reported; then what the command itself looks at, and after all that a too long opaque (protocol.txt
114-134).
"""

from __future__ import annotations

import binascii
from typing import Final, Literal, NamedTuple

from mclite.protocol import errors
from mclite.protocol.numbers import UINT32, digits, signed_32

TokenKind = Literal["none", "key", "uint64", "uint32", "exptime", "delta", "initial", "opaque", "mode", "any"]


class Flag(NamedTuple):
    """One meta flag: its letter, the token that it takes, the commands that heed it, and what it does there."""

    letter: str
    token: TokenKind
    commands: tuple[str, ...]
    lines: str
    summary: str


_ROWS: Final = (
    Flag("b", "key", ("mg", "ms", "md", "ma", "me"), "570-577", "the key is base64 encoded"),
    Flag("c", "none", ("mg", "ms", "ma"), "544", "return the cas unique"),
    Flag("f", "none", ("mg",), "546", "return the client flags"),
    Flag("h", "none", ("mg",), "589-594", "return whether the item has been hit before, 0 or 1"),
    Flag("k", "none", ("mg", "ms", "md", "ma"), "548", "return the key"),
    Flag("l", "none", ("mg",), "589-594", "return the seconds since the item was last accessed"),
    Flag("q", "none", ("mg", "ms", "md", "ma"), "609-620", "leave out the usual answer"),
    Flag("s", "none", ("mg", "ms"), "552", "return the size of the data in bytes"),
    Flag("t", "none", ("mg", "ma"), "553", "return the seconds that the item still lives, -1 for ever"),
    Flag("u", "none", ("mg",), "622-626", "do not count this as an access"),
    Flag("v", "none", ("mg", "ma"), "628-631", "return the data"),
    Flag("x", "none", ("md",), "872-876", "remove the data, leave the item"),
    Flag("I", "none", ("ms", "md"), "770-772", "invalidate: mark as stale"),
    Flag("C", "uint64", ("mg", "ms", "md", "ma"), "579-587", "compare with the item's cas unique"),
    Flag("E", "uint64", ("mg", "ms", "md", "ma"), "634-639", "the cas unique to give the item"),
    Flag("F", "uint32", ("ms",), "766-768", "the client flags to store"),
    Flag("N", "exptime", ("mg", "ms", "ma"), "641-654", "create the item on a miss, with this TTL"),
    Flag("R", "exptime", ("mg",), "656-661", "win the recache if the item lives shorter than this"),
    Flag("T", "exptime", ("mg", "ms", "md", "ma"), "663-666", "the TTL to give the item"),
    Flag("D", "delta", ("ma",), "949-952", "by how much to change the number"),
    Flag("J", "initial", ("ma",), "944-947", "the number to begin with"),
    Flag("M", "mode", ("ms", "ma"), "787-797", "the mode"),
    Flag("O", "opaque", ("mg", "ms", "md", "ma"), "596-607", "return this token"),
    Flag("P", "any", (), "126-131", "for proxies; ignored"),
    Flag("L", "any", (), "126-131", "for proxies; ignored"),
)

FLAGS: Final[dict[int, Flag]] = {ord(row.letter): row for row in _ROWS}

OPAQUE_MAX: Final = 32
"""Bytes in an opaque token at most (protocol.txt 606-607). memcached 1.6.45 counts the O with them."""

TOKENS_MAX: Final = 20
"""Tokens in a meta command's line at most, the verb included."""

_NOT_BASE64: Final = bytes(code for code in range(256) if not bytes([code]).isalnum() and code not in b"+/=")

_TOKEN_ERRORS: Final[dict[TokenKind, bytes]] = {
    "uint64": errors.BAD_TOKEN,
    "exptime": errors.BAD_TOKEN,
    "uint32": errors.BAD_FORMAT,
    "delta": errors.BAD_DELTA_VALUE,
    "initial": errors.BAD_INITIAL,
}


class MetaFlags:
    """The flags of one command, read: `order` holds them as they were sent, those with a token in `numbers`.

    `key` is the key, decoded if the flag b says so.
    """

    __slots__ = ("binary", "key", "mode", "numbers", "opaque", "order", "present")

    def __init__(self, key: bytes, order: list[bytes]) -> None:
        self.key = key
        self.binary = False
        self.order = order
        self.present: set[int] = set()
        self.numbers: dict[int, int] = {}
        self.opaque: bytes | None = None
        self.mode = 0

    @property
    def opaque_too_long(self) -> bool:
        """Is the opaque token longer than it may be?"""
        return self.opaque is not None and len(self.opaque) - 1 > OPAQUE_MAX

    def has(self, letter: str) -> bool:
        """Was the flag sent?"""
        return ord(letter) in self.present

    def number(self, letter: str) -> int | None:
        """Return the flag's token as a number, None if the flag was not sent."""
        return self.numbers.get(ord(letter))

    @property
    def quiet(self) -> bool:
        """Was q sent?"""
        return 113 in self.present


def well_formed(tokens: list[bytes]) -> bool:
    """Does each of the `tokens` begin as a flag may? If not, the line is no command at all."""
    return all(65 <= token[0] <= 122 or 48 <= token[0] <= 57 for token in tokens)


def read_flags(key: bytes, tokens: list[bytes], others: int) -> MetaFlags | bytes:
    """Read the flag `tokens` of a command on `key`; `others` is the number of tokens before them. An error is bytes."""
    if len(tokens) + others > TOKENS_MAX:
        return errors.TOO_MANY_FLAGS
    flags = MetaFlags(key, tokens)
    present = flags.present
    for token in tokens:
        letter = token[0]
        if letter not in FLAGS:
            return errors.BAD_FLAG
        if letter in present:
            return errors.DUPLICATE_FLAG
        present.add(letter)
    fault: bytes | None = None
    for token in tokens:
        found = _read_token(flags, FLAGS[token[0]].token, token)
        if found is not None and (fault is None or found != errors.BAD_FORMAT):  # a bad F yields to any other
            fault = found
    return flags if fault is None else fault


def _read_token(flags: MetaFlags, kind: TokenKind, token: bytes) -> bytes | None:
    """Note in `flags` what one `token` says; return an error if it says nothing right."""
    if kind == "key":
        decoded = decode_key(flags.key)
        if decoded is None:
            return errors.BAD_KEY_ENCODING
        flags.key, flags.binary = decoded, True
    elif kind == "none" or kind == "any":
        return None
    elif kind == "opaque":
        flags.opaque = token
    elif kind == "mode":
        flags.mode = token[1] if len(token) > 1 else -1
    else:
        number = _number(kind, token[1:])
        if number is None:
            return _TOKEN_ERRORS[kind]
        flags.numbers[token[0]] = number
    return None


def _number(kind: TokenKind, text: bytes) -> int | None:
    if kind == "exptime":
        return signed_32(text)
    return digits(text, UINT32) if kind == "uint32" else digits(text)


def decode_key(key: bytes) -> bytes | None:
    """Decode a base64 `key`, None if it is malformed.

    As in memcached 1.6.45, what is no base64 character does not count, and the first padded group of four is the last.
    """
    symbols = key.translate(None, _NOT_BASE64)
    if not symbols or len(symbols) % 4:
        return None
    padding = symbols.find(b"=")
    if padding < 0:
        return binascii.a2b_base64(symbols)
    end = padding - padding % 4 + 4
    last = symbols[end - 4 : end]
    padded = last.count(b"=")
    if padded > 2:
        return None
    return binascii.a2b_base64(symbols[: end - 4] + last.replace(b"=", b"A"))[:-padded]


def encode_key(key: bytes) -> bytes:
    """Encode `key` as base64."""
    return binascii.b2a_base64(key, newline=False)
