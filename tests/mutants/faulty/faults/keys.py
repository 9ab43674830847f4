"""Faults of keys."""

from __future__ import annotations

import binascii
import re
from urllib.parse import unquote_to_bytes

import mclite.handlers.meta
import mclite.handlers.retrieval
import mclite.handlers.storage
import mclite.protocol.meta
from faulty.fault import Fault, How, both
from faulty.points import arguments, patch, reply, requests, value
from mclite.protocol.errors import BAD_FORMAT
from mclite.protocol.parser import BadRequest
from mclite.store.memory import MemoryStore

_HANDLERS = (mclite.handlers.storage, mclite.handlers.retrieval, mclite.handlers.meta)


def _key_max(most: int) -> How:
    return both(*(value(module, "KEY_MAX", most) for module in _HANDLERS))


def _held_as(change: object) -> How:
    """Hold items under what `change` makes of their keys."""
    parts: list[How] = []
    for name in ("_find", "_save", "_drop"):
        parts.append(patch(MemoryStore, name, lambda inner: lambda self, key, *rest: inner(self, change(key), *rest)))
    return both(*parts)


def _refuse(bad: object) -> How:
    def change(line: bytes, request: object) -> object:
        if isinstance(request, BadRequest) or request.command.kind == "admin" or not request.args:
            return request
        return BadRequest(BAD_FORMAT) if bad(request.args[0]) else request

    return requests(change)


ROWS = (
    Fault("key-250-refused", "keys", "refuses a key of 250 bytes", _key_max(249)),
    Fault("key-251-taken", "keys meta_delete meta_arithmetic", "takes a key of 251 bytes", _key_max(251)),
    Fault("key-any-length", "keys errors meta_delete meta_arithmetic", "takes keys of any length", _key_max(100_000)),
    Fault("key-of-200", "keys", "takes keys of up to 200 bytes only", _key_max(200)),
    Fault("key-cut-64", "keys", "tells keys apart by their first 64 bytes", _held_as(lambda key: key[:64])),
    Fault("key-cut-128", "keys", "tells keys apart by their first 128 bytes", _held_as(lambda key: key[:128])),
    Fault("key-cut-249", "keys", "tells keys apart by their first 249 bytes", _held_as(lambda key: key[:249])),
    Fault("key-any-case", "keys", "does not tell A from a in keys", _held_as(lambda key: key.lower())),
    Fault("key-checksum", "keys", "takes keys with the same four bits of a checksum for one",
          _held_as(lambda key: b"%d" % (binascii.crc32(key) & 0xF))),
    Fault("key-unescaped", "keys", "takes %41 in a key for A", _held_as(unquote_to_bytes)),
    Fault("key-ascii-only", "keys", "refuses keys with bytes above 0x7f",
          _refuse(lambda key: max(key, default=0) > 127)),
    Fault("key-seven-bits", "keys", "cuts the bytes of keys to seven bits",
          _held_as(lambda key: bytes(byte & 127 for byte in key))),
    Fault("key-letters-only", "keys", "refuses keys with other characters than letters, digits and _ - . :",
          _refuse(lambda key: not key.translate(None, b"_-.:").decode("latin-1").isalnum())),
    Fault("key-no-colon", "keys", "takes what stands before a colon for a name space of its own",
          _held_as(lambda key: key.rpartition(b":")[2])),
    Fault("key-verb", "keys", "refuses keys that are names of commands",
          _refuse(lambda key: key in (b"get", b"set", b"delete", b"noreply", b"stats", b"END", b"quit"))),
    Fault("key-lower-echoed", "keys retrieval", "echoes keys in lower case",
          reply("get gets", lambda answer: answer.lower().replace(b"value ", b"VALUE ").replace(b"end\r\n", b"END\r\n")
                if answer.startswith(b"VALUE") else answer)),
    Fault("key-number-at-end", "keys", "leaves out zeros before the last digit of a key: a07 is a7",
          _held_as(lambda key: re.sub(rb"0+([1-9])$", rb"\1", key))),
    Fault("key-rounded", "keys", "cuts keys to an even number of bytes",
          _held_as(lambda key: key[: len(key) & ~1] if len(key) > 1 else key)),
    Fault("key-with-spaces", "keys retrieval", "takes all that follows get for one key",
          arguments("get", lambda args: [b" ".join(args)])),
    Fault("key-one-byte-refused", "keys", "refuses a key of one byte", _refuse(lambda key: len(key) == 1)),
)  # fmt: skip
