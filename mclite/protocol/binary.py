"""The binary protocol's frames: a header of 24 bytes, then extras, key and value; both ways.

protocol.txt does not describe it, memcached 1.6.45 still speaks it, and clients in use (libmemcached) ask for it. A
connection whose first byte is MAGIC_REQUEST speaks it to its end.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final, NamedTuple

HEADER: Final = struct.Struct(">BBHBBHIIQ")
MAGIC_REQUEST: Final = 0x80
MAGIC_RESPONSE: Final = 0x81


class Opcode(IntEnum):
    """What a frame asks for; a Q at the end of a name says that the usual answer is left out."""

    GET = 0x00
    SET = 0x01
    ADD = 0x02
    REPLACE = 0x03
    DELETE = 0x04
    INCREMENT = 0x05
    DECREMENT = 0x06
    QUIT = 0x07
    FLUSH = 0x08
    GETQ = 0x09
    NOOP = 0x0A
    VERSION = 0x0B
    GETK = 0x0C
    GETKQ = 0x0D
    APPEND = 0x0E
    PREPEND = 0x0F
    STAT = 0x10
    SETQ = 0x11
    ADDQ = 0x12
    REPLACEQ = 0x13
    DELETEQ = 0x14
    INCREMENTQ = 0x15
    DECREMENTQ = 0x16
    QUITQ = 0x17
    FLUSHQ = 0x18
    APPENDQ = 0x19
    PREPENDQ = 0x1A
    TOUCH = 0x1C
    GAT = 0x1D
    GATQ = 0x1E
    GATK = 0x23
    GATKQ = 0x24


class Status(IntEnum):
    """What became of a request."""

    OK = 0x00
    NOT_FOUND = 0x01
    EXISTS = 0x02
    TOO_LARGE = 0x03
    INVALID = 0x04
    NOT_STORED = 0x05
    NON_NUMERIC = 0x06
    UNKNOWN = 0x81
    NO_MEMORY = 0x82


TEXTS: Final[dict[Status, bytes]] = {
    Status.NOT_FOUND: b"Not found",
    Status.EXISTS: b"Data exists for key.",
    Status.TOO_LARGE: b"Too large.",
    Status.INVALID: b"Invalid arguments",
    Status.NOT_STORED: b"Not stored.",
    Status.NON_NUMERIC: b"Non-numeric server-side value for incr or decr",
    Status.UNKNOWN: b"Unknown command",
    Status.NO_MEMORY: b"Out of memory",
}


class Form(NamedTuple):
    """What a frame of an opcode consists of: the lengths that its extras may have, a key or not, a value or not."""

    extras: tuple[int, ...]
    key: bool
    value: bool = False


_GET: Final = Form((0,), True)
_STORE: Final = Form((8,), True, True)
_ARITHMETIC: Final = Form((20,), True)
_APPEND: Final = Form((0,), True, True)
_TOUCH: Final = Form((4,), True)
_BARE: Final = Form((0,), False)
_FLUSH: Final = Form((0, 4), False)

FORMS: Final[dict[int, Form]] = {
    **dict.fromkeys((Opcode.GET, Opcode.GETQ, Opcode.GETK, Opcode.GETKQ, Opcode.DELETE, Opcode.DELETEQ), _GET),
    **dict.fromkeys(
        (Opcode.SET, Opcode.SETQ, Opcode.ADD, Opcode.ADDQ, Opcode.REPLACE, Opcode.REPLACEQ), _STORE
    ),
    **dict.fromkeys((Opcode.INCREMENT, Opcode.INCREMENTQ, Opcode.DECREMENT, Opcode.DECREMENTQ), _ARITHMETIC),
    **dict.fromkeys((Opcode.APPEND, Opcode.APPENDQ, Opcode.PREPEND, Opcode.PREPENDQ), _APPEND),
    **dict.fromkeys((Opcode.TOUCH, Opcode.GAT, Opcode.GATQ, Opcode.GATK, Opcode.GATKQ), _TOUCH),
    **dict.fromkeys((Opcode.QUIT, Opcode.QUITQ, Opcode.NOOP, Opcode.VERSION), _BARE),
    **dict.fromkeys((Opcode.FLUSH, Opcode.FLUSHQ), _FLUSH),
}  # fmt: skip


class Header(NamedTuple):
    """The header of a frame. `status` of a request is its vbucket, which a server that is no cluster ignores."""

    magic: int
    opcode: int
    key_length: int
    extras_length: int
    data_type: int
    status: int
    length: int
    """bytes of extras, key and value"""
    opaque: int
    cas: int

    @property
    def value_length(self) -> int:
        """Bytes of the value; negative if the header contradicts itself."""
        return self.length - self.key_length - self.extras_length


class Frame(NamedTuple):
    """A whole request."""

    header: Header
    extras: bytes
    key: bytes
    value: bytes


def read_header(data: bytes | bytearray, start: int = 0) -> Header:
    """Read the header that begins at `start` of `data`, which holds all of it."""
    return Header._make(HEADER.unpack_from(data, start))


def read_frame(header: Header, body: bytes) -> Frame:
    """Take the `body` of a frame with this `header` apart."""
    extras_end = header.extras_length
    key_end = extras_end + header.key_length
    return Frame(header, body[:extras_end], body[extras_end:key_end], body[key_end:])


def response(
    header: Header,
    status: Status = Status.OK,
    value: bytes | None = None,
    key: bytes = b"",
    extras: bytes = b"",
    cas: int = 0,
) -> bytes:
    """Return the answer to the request with this `header`; `value` None is the text of `status`."""
    if value is None:
        value = TEXTS.get(status, b"")
    length = len(extras) + len(key) + len(value)
    packed = HEADER.pack(MAGIC_RESPONSE, header.opcode, len(key), len(extras), 0, status, length, header.opaque, cas)
    return b"".join((packed, extras, key, value))


def request(
    opcode: int,
    key: bytes = b"",
    extras: bytes = b"",
    value: bytes = b"",
    opaque: int = 0,
    cas: int = 0,
) -> bytes:
    """Return a request as it goes over the wire."""
    length = len(extras) + len(key) + len(value)
    packed = HEADER.pack(MAGIC_REQUEST, opcode, len(key), len(extras), 0, 0, length, opaque, cas)
    return b"".join((packed, extras, key, value))
