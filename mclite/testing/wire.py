"""The bytes of one connection, cut into requests, for the text, meta and binary protocols.

The strategy: whole requests only. What has no end yet waits. The rule that keeps it true: a request ends where the
session ends it, since both ask the same parser; what the session would hang up on is passed on as it is, uncut.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from mclite.protocol.binary import HEADER, MAGIC_REQUEST, Opcode, read_frame, read_header
from mclite.protocol.meta import decode_key
from mclite.protocol.numbers import digits
from mclite.protocol.parser import LINE_MAX_WHOLE, MULTIGET, BadRequest, line_too_long, parse
from mclite.protocol.parser import Request as Parsed
from mclite.testing.requests import Request

_OPCODE_VERBS: Final[dict[str, str]] = {
    "GET": "get",
    "GETK": "get",
    "GAT": "gat",
    "GATK": "gat",
    "INCREMENT": "incr",
    "DECREMENT": "decr",
    "FLUSH": "flush_all",
    "STAT": "stats",
    "NOOP": "noop",
}
_STORE_EXTRAS: Final = struct.Struct(">II")
_ARITHMETIC_EXTRAS: Final = struct.Struct(">QQI")
_UINT32: Final = struct.Struct(">I")


class Piece(NamedTuple):
    """One whole request: what it says, and the bytes that the session is to be given for it."""

    request: Request
    data: bytes


class Splitter:
    """Cuts what one connection receives.

    `binary` says whether the connection may speak the binary protocol; `rewrite` is given each command line without
    its LF and returns the one that the session is given.
    """

    def __init__(self, binary: bool = True, rewrite: Callable[[bytes], bytes] = lambda line: line) -> None:
        self._buffer = bytearray()
        self._needed = 0  # bytes of the present request, if that is known
        self._binary: bool | None = None if binary else False
        self._rewrite = rewrite
        self._lost = False

    def __len__(self) -> int:
        """Return the bytes of the request that has no end yet."""
        return len(self._buffer)

    def gave_up(self) -> bool:
        """Return whether what follows cannot be cut: the session hangs up, or reads no more."""
        return self._lost

    @property
    def pending(self) -> bytes:
        """The beginning of a request that has no end yet."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> list[Piece]:
        """Take in `data` and return the requests that are complete with it."""
        buffer = self._buffer
        buffer += data
        if self._binary is None and buffer:
            self._binary = buffer[0] == MAGIC_REQUEST
        out: list[Piece] = []
        while buffer and not self._lost and len(buffer) >= self._needed:
            piece = self._frame() if self._binary else self._line()
            if piece is None:
                break
            self._needed = 0
            del buffer[: len(piece.request.raw)]
            out.append(piece)
        return out

    def _frame(self) -> Piece | None:
        buffer = self._buffer
        if len(buffer) < HEADER.size:
            self._needed = HEADER.size
            return None
        header = read_header(buffer)
        if header.magic != MAGIC_REQUEST or header.value_length < 0:
            self._lost = True
            return None
        self._needed = HEADER.size + header.length
        if len(buffer) < self._needed:
            return None
        raw = bytes(buffer[: self._needed])
        return Piece(binary_request(raw), raw)

    def _line(self) -> Piece | None:
        buffer = self._buffer
        end = buffer.find(b"\n")
        if end < 0:
            self._lost = line_too_long(buffer, 0)
            return None
        if end >= LINE_MAX_WHOLE and not buffer.startswith(MULTIGET):
            self._lost = True
            return None
        sent = bytes(buffer[:end])
        line = self._rewrite(sent)
        parsed = parse(line)
        start = end + 1
        if isinstance(parsed, BadRequest):
            if parsed.hang_up:
                self._lost = True
                return None
            return Piece(_bad_request(sent, parsed), line + b"\n")
        self._needed = start + (parsed.length + 2 if parsed.length >= 0 else 0)
        if len(buffer) < self._needed:
            return None
        raw = bytes(buffer[: self._needed])
        original = parsed if line is sent else parse(sent)
        if isinstance(original, BadRequest) and parsed.length < 0:
            request = _bad_request(sent, original)
        elif isinstance(original, Parsed) and original.length == parsed.length:
            request = text_request(original, raw, start)
        else:
            request = text_request(parsed, raw, start)
        return Piece(request, line + raw[end:])


def _bad_request(line: bytes, parsed: BadRequest) -> Request:
    """Return what can be said of a `line` that is no command."""
    verb, *rest = line.rstrip(b"\r").split(b" ")
    return Request(
        _decoded(verb), tokens=[_decoded(token) for token in rest if token], noreply=parsed.noreply, raw=line + b"\n"
    )


def _decoded(token: bytes) -> str:
    return token.decode("utf-8", "backslashreplace")


def first_request(buffer: bytes) -> tuple[bytes, int] | None:
    """Return the verb of the first text request in `buffer` and its length in bytes with its data block.

    Returns None if it is cut off.
    """
    pieces = Splitter(binary=False).feed(buffer)
    if not pieces:
        return None
    raw = pieces[0].request.raw
    return raw.split(b"\n", 1)[0].rstrip(b"\r").split(b" ")[0], len(raw)


def text_request(parsed: Parsed, raw: bytes, start: int) -> Request:
    """Return what `parsed` says, a request of the text or meta protocol; its data block begins at `start` of `raw`."""
    name, kind, args = parsed.command.name, parsed.command.kind, parsed.args
    verb = name.decode()
    data = raw[start:-2] if parsed.length >= 0 else None
    noreply = parsed.noreply
    if kind == "meta":
        return _meta_request(verb, args, 2 if parsed.length >= 0 else 1, data, raw)
    if noreply:
        args = args[:-1]
    if kind == "storage":
        cas = _number(args[4]) if len(args) > 4 else None
        flags, exptime = _number(args[1]), _number(args[2])
        return Request(
            verb, [args[0]], flags=flags or 0, exptime=exptime or 0, data=data, cas=cas, noreply=noreply, raw=raw
        )
    if name in (b"get", b"gets"):
        return Request(verb, args, raw=raw)
    if name in (b"gat", b"gats"):
        return Request(verb, args[1:], exptime=_number(args[0]) or 0, raw=raw)
    if kind == "arithmetic":
        return Request(verb, args[:1], delta=_number(args[1]) if len(args) > 1 else None, noreply=noreply, raw=raw)
    if kind == "touching":
        exptime = _number(args[1]) if len(args) > 1 else None
        return Request(verb, args[:1], exptime=exptime or 0, noreply=noreply, raw=raw)
    keys, rest = (args[:1], args[1:]) if kind == "deletion" else ([], args)
    tokens = [_decoded(token) for token in rest]
    return Request(verb, keys, tokens=tokens, noreply=noreply, raw=raw)


def _meta_request(verb: str, args: list[bytes], others: int, data: bytes | None, raw: bytes) -> Request:
    tokens = args[others:]
    by_letter = {token[:1]: token[1:] for token in tokens}
    key = args[:1]
    if b"b" in by_letter and key:
        key = [decode_key(key[0]) or key[0]]
    return Request(
        verb,
        key,
        flags=_number(by_letter.get(b"F", b"")) or 0,
        exptime=_number(by_letter.get(b"T", b"")) or 0,
        data=data,
        cas=_number(by_letter.get(b"C", b"")),
        delta=_number(by_letter.get(b"D", b"")),
        tokens=[_decoded(token) for token in tokens],
        noreply=b"q" in by_letter,
        protocol="meta",
        opaque=by_letter.get(b"O"),
        raw=raw,
    )


def _number(text: bytes) -> int | None:
    return -number if text[:1] == b"-" and (number := digits(text[1:])) is not None else digits(text)


def binary_request(raw: bytes) -> Request:
    """Return what a whole request `raw` of the binary protocol says."""
    header = read_header(raw)
    frame = read_frame(header, raw[HEADER.size :])
    try:
        opcode = Opcode(header.opcode).name
    except ValueError:
        opcode = f"0x{header.opcode:02x}"
    quiet = opcode.endswith("Q")
    name = opcode.removesuffix("Q")
    verb = _OPCODE_VERBS.get(name, name.lower())
    flags, exptime, delta, extras = 0, 0, None, frame.extras
    if verb in ("set", "add", "replace") and len(extras) == _STORE_EXTRAS.size:
        flags, exptime = _STORE_EXTRAS.unpack(extras)
    elif verb in ("incr", "decr") and len(extras) == _ARITHMETIC_EXTRAS.size:
        delta, _initial, exptime = _ARITHMETIC_EXTRAS.unpack(extras)
    elif verb in ("touch", "gat", "flush_all") and len(extras) == _UINT32.size:
        (exptime,) = _UINT32.unpack(extras)
    stores = verb in ("set", "add", "replace", "append", "prepend")
    if verb == "set" and header.cas:
        verb = "cas"
    return Request(
        verb,
        [frame.key] if frame.key else [],
        flags=flags,
        exptime=exptime,
        data=frame.value if stores else None,
        cas=header.cas or None,
        delta=delta,
        noreply=quiet,
        protocol="binary",
        opcode=opcode,
        opaque=header.opaque,
        raw=raw,
    )
