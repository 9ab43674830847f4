"""Answers as the faults change them: bytes of the text, meta and binary protocols, without a connection."""

from __future__ import annotations

import re
from typing import Final

from mclite.protocol.binary import HEADER, MAGIC_RESPONSE, Header, Status, read_header
from mclite.testing.faults import Fault
from mclite.testing.requests import Request

_VALUE: Final = re.compile(rb"VALUE (?P<key>[^ \r\n]+) (?P<flags>\d+) (?P<length>\d+)(?: (?P<cas>\d+))?\r\n")
_META_VALUE: Final = re.compile(rb"VA (?P<length>\d+)(?P<flags>[^\r\n]*)\r\n")
_META_LINE: Final = re.compile(rb"[A-Z]{2}(?: [^\r\n]*)?\r\n")
_UINT64: Final = 0xFFFF_FFFF_FFFF_FFFF
_UINT32: Final = 0xFFFF_FFFF

_INTERNAL_ERROR: Final = 0x84
"""The binary protocol's status for what has no other; memcached itself does not send it."""


def error_answer(request: Request, text: bytes) -> bytes:
    """Return an error of the text protocol, `text` without its line end, as an answer to `request` in its protocol."""
    if request.protocol != "binary":
        return text + b"\r\n"
    packed = HEADER.pack(
        MAGIC_RESPONSE, request.raw[1], 0, 0, 0, _status(text), len(text), read_header(request.raw).opaque, 0
    )
    return packed + text


def _status(text: bytes) -> int:
    word, _, rest = text.partition(b" ")
    if rest.startswith(b"out of memory"):
        return Status.NO_MEMORY
    if rest.startswith(b"object too large"):
        return Status.TOO_LARGE
    known = {
        b"CLIENT_ERROR": Status.INVALID,
        b"ERROR": Status.UNKNOWN,
        b"NOT_FOUND": Status.NOT_FOUND,
        b"EXISTS": Status.EXISTS,
        b"NOT_STORED": Status.NOT_STORED,
    }
    return known.get(word, _INTERNAL_ERROR)


def spoil(fault: Fault, request: Request, answer: bytes, earlier: bytes) -> bytes | None:
    """Return `answer` as `fault` has it, None if there is nothing in it that the fault could change.

    `earlier` is the connection's answer before this one, empty if there was none.
    """
    binary = request.protocol == "binary"
    match fault.kind:
        case "twice":
            return answer * 2
        case "earlier":
            return earlier or None
        case "corrupt":
            offset = fault.number if fault.number >= 0 else len(answer) + fault.number
            offset = min(max(offset, 0), len(answer) - 1)
            return answer[:offset] + bytes([answer[offset] ^ 0x01]) + answer[offset + 1 :]
        case "wrong_length":
            return _binary_length(answer, fault.number) if binary else _text_length(answer, fault.number)
        case "wrong_opaque":
            return (
                _binary_opaque(answer) if binary else _meta_flag(answer, b"O", lambda token: token[:-1] + _other(token))
            )
        case "wrong_cas":
            return _binary_cas(answer, fault.number) if binary else _text_cas(answer, fault.number)
        case "error_within":
            return None if binary else _within(answer, fault.number, fault.text)
    return answer


def values_of(answer: bytes) -> list[bytes]:
    """Return the VALUE lines with their data blocks at the beginning of `answer` of the text protocol."""
    out, position = [], 0
    while found := _VALUE.match(answer, position):
        end = found.end() + int(found["length"]) + 2
        out.append(answer[position:end])
        position = end
    return out


def _text_length(answer: bytes, by: int) -> bytes | None:
    found = _VALUE.match(answer) or _META_VALUE.match(answer)
    if found is None:
        return None
    length = max(int(found["length"]) + by, 0)
    return answer[: found.start("length")] + b"%d" % length + answer[found.end("length") :]


def _text_cas(answer: bytes, by: int) -> bytes | None:
    found = _VALUE.match(answer)
    if found is None:
        return _meta_flag(answer, b"c", lambda token: b"%d" % (int(token) + by & _UINT64))
    if found["cas"] is None:
        return None
    return answer[: found.start("cas")] + b"%d" % (int(found["cas"]) + by & _UINT64) + answer[found.end("cas") :]


def _meta_flag(answer: bytes, letter: bytes, change: object) -> bytes | None:
    found = _META_LINE.match(answer)
    if found is None or not callable(change):
        return None
    line = found.group()[:-2]
    head = 2 if line.startswith(b"VA ") else 1
    tokens = line.split(b" ")
    for index, token in enumerate(tokens[head:], head):
        if token[:1] == letter and len(token) > 1:
            tokens[index] = letter + change(token[1:])
            return b" ".join(tokens) + answer[len(line) :]
    return None


def _other(token: bytes) -> bytes:
    return b"0" if token[-1:] != b"0" else b"1"


def _within(answer: bytes, values: int, text: bytes) -> bytes | None:
    found = values_of(answer)
    if not found:
        return None
    return b"".join(found[:values]) + text + b"\r\n"


def _binary_header(answer: bytes) -> Header | None:
    return read_header(answer) if len(answer) >= HEADER.size else None


def _packed(header: Header, answer: bytes) -> bytes:
    return HEADER.pack(*header) + answer[HEADER.size :]


def _binary_length(answer: bytes, by: int) -> bytes | None:
    header = _binary_header(answer)
    if header is None or not header.value_length:
        return None
    least = header.key_length + header.extras_length
    return _packed(header._replace(length=max(header.length + by, least)), answer)


def _binary_opaque(answer: bytes) -> bytes | None:
    header = _binary_header(answer)
    return header and _packed(header._replace(opaque=header.opaque + 1 & _UINT32), answer)


def _binary_cas(answer: bytes, by: int) -> bytes | None:
    header = _binary_header(answer)
    if header is None or not header.cas:
        return None
    return _packed(header._replace(cas=header.cas + by & _UINT64), answer)
