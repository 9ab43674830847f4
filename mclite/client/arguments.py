"""Arguments as Python has them to tokens of a command line.

The rule that keeps it true: what would break the line (a space, a line end) or be refused for its size never leaves
the client; it is a BadArgumentError here, before anything is sent.
"""

from __future__ import annotations

import math
import re
import time
from datetime import datetime, timedelta
from typing import Final

from mclite.client.errors import BadArgumentError
from mclite.protocol.numbers import UINT32, UINT64
from mclite.protocol.parser import BYTES_MAX, KEY_MAX

Key = str | bytes
Exptime = int | timedelta | datetime
Data = str | bytes | bytearray | memoryview

#: The longest exptime that counts from now, in seconds, and the longest that a caller can mean so.
RELATIVE_MAX: Final = 60 * 60 * 24 * 30
_TEN_YEARS: Final = 60 * 60 * 24 * 3650
_FORBIDDEN: Final = re.compile(rb"[\x00-\x20\x7f]")


def raw_key(key: Key) -> bytes:
    """Return `key` as bytes, whatever is in it. Raises BadArgumentError if it is empty or no key at all."""
    if isinstance(key, str):
        key = key.encode("utf-8", "surrogateescape")
    elif not isinstance(key, bytes):
        raise BadArgumentError(f"a key is str or bytes, not {type(key).__name__}")
    if not key:
        raise BadArgumentError("a key cannot be empty")
    return key


def is_plain(key: bytes) -> bool:
    """Can `key` be sent as it is, without control characters and white space (protocol.txt 46-51)?"""
    return not _FORBIDDEN.search(key)


def check_length(token: bytes, key: bytes) -> bytes:
    """Return `token`, the form of `key` on the line, if it is not too long."""
    if len(token) > KEY_MAX:
        raise BadArgumentError(f"a key takes at most {KEY_MAX} bytes on the line, not {len(token)}: {key[:40]!r}...")
    return token


def plain_key(key: Key) -> bytes:
    """Return `key` as the classic commands send it. Raises BadArgumentError."""
    raw = raw_key(key)
    if not is_plain(raw):
        raise BadArgumentError(f"a key has no white space or control characters: {raw[:80]!r}")
    return check_length(raw, raw)


def token(text: Key, what: str) -> bytes:
    """Return `text`, a `what`, as one token of a line. Raises BadArgumentError."""
    raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    if not isinstance(raw, bytes) or not raw or not is_plain(raw):
        raise BadArgumentError(f"{what} is one word without white space, not {text!r}")
    return raw


def data(value: Data) -> bytes:
    """Return `value` as a data block; str goes as UTF-8. Raises BadArgumentError."""
    if isinstance(value, str):
        raw = value.encode("utf-8")
    elif isinstance(value, bytes | bytearray | memoryview):
        raw = bytes(value)
    else:
        raise BadArgumentError(f"a value is bytes or str, not {type(value).__name__}")
    if len(raw) > BYTES_MAX:
        raise BadArgumentError(f"a value takes at most {BYTES_MAX} bytes, not {len(raw)}")
    return raw


def number(value: int, what: str, lowest: int, highest: int) -> bytes:
    """Return `value`, a `what` from `lowest` to `highest`, as digits. Raises BadArgumentError."""
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise BadArgumentError(f"{what} is a whole number from {lowest} to {highest}, not {value!r}")
    return b"%d" % value


def flags(value: int) -> bytes:
    """Return client flags, 32 bits (protocol.txt 227-233)."""
    return number(value, "flags", 0, UINT32)


def exptime(value: Exptime) -> bytes:
    """Return an exptime: 0 never, negative at once, seconds from now, or a date (protocol.txt 136-152).

    More than 30 days from now goes as Unix time, because the server takes a larger number for a date. A number above
    ten years is a date already. Fractions of a second are rounded up, so that none becomes 0, which is for ever.
    """
    if isinstance(value, datetime):
        value = max(math.ceil(value.timestamp()), RELATIVE_MAX + 1)  # any date in the past is past
    elif isinstance(value, timedelta):
        seconds = math.ceil(value.total_seconds())
        value = _absolute(seconds) if seconds > 0 else -1
    elif isinstance(value, int) and not isinstance(value, bool):
        value = _absolute(value) if value <= _TEN_YEARS else value
    return number(value, "exptime", -0x8000_0000, 0x7FFF_FFFF)


def _absolute(seconds: int) -> int:
    """Return seconds from now as the server takes them."""
    return seconds if seconds <= RELATIVE_MAX else int(time.time()) + seconds


def unsigned64(value: int, what: str) -> bytes:
    """Return a 64-bit unsigned number: a cas unique, a delta."""
    return number(value, what, 0, UINT64)


def unsigned32(value: int, what: str) -> bytes:
    """Return a 32-bit unsigned number."""
    return number(value, what, 0, UINT32)
