"""Numbers as memcached reads them: which texts it takes for one, and what it makes of those that are too long.

Two readers live in memcached 1.6.45. Most tokens go through its new parser: plain digits, where it may be negative
a minus before them, and not too many characters. The flags and exptime of a storage command and the value of an item
under incr go through C's strtoull and strtoll, which skip white space, take a sign, and stop at white space.
"""

from __future__ import annotations

import re
from typing import Final

UINT32: Final = 0xFFFF_FFFF
UINT64: Final = 0xFFFF_FFFF_FFFF_FFFF
INT64_MAX: Final = 0x7FFF_FFFF_FFFF_FFFF

_LENGTH_32: Final = 11
_LENGTH_64: Final = 22
"""Characters, leading zeros included, that memcached 1.6.45 reads of a number of 32 or 64 bits."""
_SIGNED_32: Final = re.compile(rb"-?[0-9]+\Z")
_C_NUMBER: Final = re.compile(rb"[ \t\n\v\f\r]*([+-]?[0-9]+)(?=[ \t\n\v\f\r\0]|\Z)")


def digits(token: bytes, most: int = UINT64) -> int | None:
    """Read `token` as decimal digits; None if it is anything else, above `most`, or longer than memcached reads."""
    if not token.isdigit() or len(token) > (_LENGTH_32 if most <= UINT32 else _LENGTH_64):
        return None
    value = int(token)
    return value if value <= most else None


def unsigned(token: bytes) -> int | None:
    """Read `token` as strtoull does; None where memcached refuses it (not a number, or beyond 64 bits)."""
    match = _C_NUMBER.match(token)
    if match is None or len(match[1]) > 400:
        return None
    value = int(match[1])
    if abs(value) > UINT64:
        return None
    wrapped = value & UINT64
    # A minus sign is only looked for when the number seems huge: "-1" is refused, "-18446744073709551615" is 1.
    return None if value < 0 and wrapped > INT64_MAX else wrapped


def signed(token: bytes) -> int | None:
    """Read `token` as strtoll does; None where memcached refuses it (not a number, or beyond 64 bits)."""
    match = _C_NUMBER.match(token)
    if match is None or len(match[1]) > 400:
        return None
    value = int(match[1])
    return value if -INT64_MAX - 1 <= value <= INT64_MAX else None


def signed_32(token: bytes) -> int | None:
    """Read `token` as digits with or without a minus before them; None if it is anything else or beyond 32 bits."""
    if token == b"-":
        return 0  # memcached 1.6.45 counts a minus as read, and wants no digit after it
    if len(token) > _LENGTH_32 or not _SIGNED_32.match(token):
        return None
    value = int(token)
    return value if -0x8000_0000 <= value <= 0x7FFF_FFFF else None


def exptime(token: bytes) -> int | None:
    """Read `token` as the exptime of a storage command: a signed number cut to 32 bits; None if it is no number."""
    value = signed(token)
    return None if value is None else (value + 0x8000_0000 & UINT32) - 0x8000_0000
