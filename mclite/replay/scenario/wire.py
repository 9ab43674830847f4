"""Bytes as people read them: the escapes of the results format, and cutting what is too long to show."""

from __future__ import annotations

_NAMED = {0x0D: "\\r", 0x0A: "\\n", 0x09: "\\t", 0x00: "\\0", 0x5C: "\\\\"}
_ESCAPED = [_NAMED.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}") for byte in range(256)]
_PRINTABLE = bytes(byte for byte in range(0x20, 0x7F) if byte != 0x5C)

#: The most bytes of one event that are kept: the first HEAD and the last TAIL.
HEAD, TAIL = 600, 120


def escape(data: bytes) -> str:
    """Return bytes as printable ASCII, with \\r \\n \\t \\0 \\\\ and \\xHH for all else."""
    if not data.translate(None, _PRINTABLE):
        return data.decode("ascii")
    return "".join([_ESCAPED[byte] for byte in data])


def brief(data: bytes, head: int = HEAD, tail: int = TAIL) -> str:
    """Return bytes escaped, a long middle left out as `\\{...N bytes...\\}`."""
    if len(data) <= head + tail:
        return escape(data)
    end = len(data) - tail
    return f"{escape(data[:head])}\\{{...{end - head} bytes...\\}}{escape(data[end:])}"


def first_difference(want: bytes, got: bytes) -> int | None:
    """Return the index of the first byte of `got` that is not the byte of `want` there, None if none.

    Bytes missing at the end of `got` are no difference; bytes too many are.
    """
    if want.startswith(got):
        return None
    low, high = 0, min(len(want), len(got))
    # Halve the range in which the first difference lies: slices compare at the speed of memcmp.
    while low < high:
        middle = (low + high) // 2
        if want[low : middle + 1] == got[low : middle + 1]:
            low = middle + 1
        else:
            high = middle
    return low
