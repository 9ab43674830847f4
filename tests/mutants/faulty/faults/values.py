"""Faults of what a storage command carries: flags, bytes, the data block, and items that are too large."""

from __future__ import annotations

from typing import Any

import mclite.handlers.storage
import mclite.protocol.replies
from faulty.fault import Fault, How, both
from faulty.items import living, storing
from faulty.points import arguments, patch, requests, value
from mclite.core.session import Session
from mclite.handlers.table import CHECKS
from mclite.protocol import errors, replies
from mclite.protocol.parser import Request
from mclite.store.base import Outcome, Store, Stored
from mclite.store.slabs import SlabClasses


def _shared_flags() -> How:
    """Keep one flags for all items."""
    latest = [0]

    def note(call: Any, item: Any) -> None:
        latest[0] = item.flags

    return both(storing(after=note), patch(mclite.protocol.replies, "value", lambda inner: (
        lambda key, flags, data, cas=None: inner(key, latest[0], data, cas))))  # fmt: skip


def _show(change: Any) -> How:
    """Let `change(flags, length)` say what the VALUE line shows of them."""

    def make(inner: Any) -> Any:
        def shown(key: bytes, flags: int, data: bytes, cas: int | None = None) -> bytes:
            right: bytes = inner(key, flags, data, cas)
            return right.replace(b" %d %d" % (flags, len(data)), b" %d %d" % change(flags, data), 1)

        return shown

    return patch(mclite.protocol.replies, "value", make)


def _octal(text: bytes) -> bytes:
    return b"%d" % int(text, 8) if len(text) > 1 and text[:1] == b"0" and text.isdigit() and max(text) < 56 else text


def _argument(verbs: str, number: int, change: Any) -> How:
    return arguments(verbs, lambda args: [*args[:number], change(args[number]), *args[number + 1 :]]
                     if len(args) > number else args)  # fmt: skip


def _long_data_cut() -> How:
    """Take a data block that is longer than its line says, and cut it."""
    return patch(Session, "_requests", lambda inner: lambda self, buffer, position: inner(
        self, _cut(buffer[position:]), 0))  # fmt: skip


def _cut(buffer: bytes) -> bytes:
    line, end, rest = buffer.partition(b"\r\n")
    words = line.split(b" ")
    if words[0] not in (b"set", b"add") or len(words) < 5 or not words[4].isdigit():
        return buffer
    length = int(words[4])
    data, found, after = rest.partition(b"\r\n")
    if found and len(data) > length and b"\n" not in rest[:length] and rest[length : length + 2] != b"\r\n":
        return line + end + data[:length] + found + after
    return buffer


def _refused_runs(verbs: str) -> How:
    """Refuse these commands at once when they cannot store, and run their data block as commands."""
    names = verbs.encode().split()

    def make(inner: Any) -> Any:
        def begin(self: Session, request: Request, buffer: bytes, position: int) -> int:
            name = request.command.name
            held = living(self.instance.store, request.args[0]) is not None
            if name in names and held == (name == b"add"):
                if not request.noreply:
                    self._out.append(replies.NOT_FOUND if name == b"cas" else replies.NOT_STORED)
                return position
            return int(inner(self, request, buffer, position))

        return begin

    return patch(Session, "_begin_block", make)


def _error_runs() -> How:
    """Swallow nothing after a storage command that is refused."""

    def make(inner: Any) -> Any:
        def begin(self: Session, request: Request, buffer: bytes, position: int) -> int:
            block = CHECKS[request.command.name](self, request)
            if isinstance(block, bytes):
                if not request.noreply:
                    self._out.append(block)
                return position
            return int(inner(self, request, buffer, position))

        return begin

    return patch(Session, "_begin_block", make)


ROWS = (
    Fault("flags-16-bits", "storage", "cuts flags to 16 bits", storing(
        lambda call: setattr(call, "flags", call.flags & 0xFFFF)), "memcached before 1.2.1"),
    Fault("flags-signed", "storage", "shows flags as a signed number",
          _show(lambda flags, data: (flags - (1 << 32) if flags >> 31 else flags, len(data)))),
    Fault("flags-eight-bits", "storage", "cuts flags to 8 bits",
          storing(lambda call: setattr(call, "flags", call.flags & 0xFF))),
    Fault("flags-octal", "storage", "reads flags with leading zeros as octal", _argument("set", 1, _octal)),
    Fault("flags-lost", "storage", "always shows flags 0", _show(lambda flags, data: (0, len(data)))),
    Fault("flags-shared", "storage", "keeps one flags for all items", _shared_flags()),
    Fault("flags-boolean", "storage", "keeps only whether flags are 0",
          storing(lambda call: setattr(call, "flags", int(bool(call.flags))))),
    Fault("bytes-octal", "storage", "reads bytes with leading zeros as octal", requests(
        lambda line, request: request._replace(length=int(_octal(request.args[3]))) if isinstance(request, Request)
        and request.length >= 0 and request.command.kind == "storage" else request)),
    Fault("bytes-of-characters", "storage", "shows the length in characters",
          _show(lambda flags, data: (flags, len(data.decode("utf-8", "surrogateescape"))))),
    Fault("bytes-with-end", "storage retrieval", "counts the CR LF with the bytes",
          _show(lambda flags, data: (flags, len(data) + 2))),
    Fault("flags-and-bytes-swapped", "retrieval storage", "writes bytes before flags",
          _show(lambda flags, data: (len(data), flags))),
    Fault("data-cut-at-line-end", "storage meta_syntax", "ends a data block at its first CR LF",
          storing(lambda call: setattr(call, "data", call.data.split(b"\r\n")[0]))),
    Fault("data-cut-at-nul", "storage", "ends a data block at its first NUL",
          storing(lambda call: setattr(call, "data", call.data.split(b"\0")[0]))),
    Fault("data-stripped", "storage", "strips spaces from values",
          storing(lambda call: setattr(call, "data", call.data.strip(b" ")))),
    Fault("data-stripped-cr", "storage", "strips a CR from the end of values",
          storing(lambda call: setattr(call, "data", call.data.rstrip(b"\r")))),
    Fault("data-is-text", "storage tls", "takes values for UTF-8",
          storing(lambda call: setattr(call, "data", call.data.decode("utf-8", "replace").encode()))),
    Fault("data-seven-bits", "storage", "cuts the bytes of values to seven bits",
          storing(lambda call: setattr(call, "data", bytes(byte & 127 for byte in call.data)))),
    Fault("data-number", "storage", "stores numbers as numbers: 007 comes back as 7", storing(
        lambda call: setattr(call, "data", b"%d" % int(call.data) if call.data.isdigit() else call.data))),
    Fault("data-empty-lost", "storage deletion touch", "takes an empty item for none", patch(
        Store, "live", lambda inner: lambda self, key: (item := inner(self, key)) and (item if item.size else None))),
    Fault("data-empty-refused", "storage", "refuses an empty data block",
          storing(lambda call: None if call.data else Stored(Outcome.NOT_STORED))),
    Fault("data-longer-taken", "storage errors", "takes a data block that is too long, and cuts it", _long_data_cut()),
    Fault("data-chunk-stored", "storage errors meta_set", "stores a data block that does not end in CR LF", patch(
        Session, "_bad_data_chunk", lambda inner: lambda self, length: replies.STORED)),
    Fault("data-chunk-silent", "storage errors meta_set", "does not answer a data block that does not end in CR LF",
          patch(
        Session, "_bad_data_chunk", lambda inner: lambda self, length: b"")),
    Fault("data-chunk-twice", "storage errors", "answers a bad data block twice", patch(
        Session, "_bad_data_chunk", lambda inner: lambda self, length: errors.BAD_DATA_CHUNK + errors.ERROR)),
    Fault("refused-add-runs", "storage", "runs the data block of a refused add as commands", _refused_runs("add")),
    Fault("refused-replace-runs", "storage", "runs the data block of a refused replace as commands",
          _refused_runs("replace")),
    Fault("refused-append-runs", "storage", "runs the data block of a refused append or prepend as commands",
          _refused_runs("append prepend")),
    Fault("refused-cas-runs", "storage", "runs the data block of a refused cas as commands", _refused_runs("cas")),
    Fault("error-runs", "storage errors keys limits meta_set", "runs the data block of a refused line as commands",
          _error_runs()),
    Fault("data-of-eights", "limits storage", "cuts values to whole words of eight bytes", storing(
        lambda call: setattr(call, "data", call.data[: len(call.data) & ~7]) if len(call.data) > 8 else None)),
    Fault("data-of-powers", "limits storage", "loses the last byte of a value whose length is a power of two", storing(
        lambda call: setattr(call, "data", call.data[:-1]) if call.data
        and len(call.data).bit_count() == 1 else None)),
    Fault("too-large-taken", "limits errors meta_set", "takes items of any size", patch(
        SlabClasses, "class_of", lambda inner: lambda self, size: inner(self, size) or len(self.sizes) - 1)),
    Fault("too-large-half", "limits", "takes items of half the size only", patch(
        SlabClasses, "class_of", lambda inner: lambda self, size: inner(self, size)
        if size <= self.item_size_max // 2 else 0)),
    Fault("too-large-stays", "limits storage", "keeps the old item when a set is too large",
          value(mclite.handlers.storage, "refuse_too_large", lambda session, key, is_set: setattr(
              session.instance.stats, "store_too_large", session.instance.stats.store_too_large + 1))),
    Fault("too-large-cut", "limits meta_set", "cuts an item that is too large", both(
        patch(SlabClasses, "class_of", lambda inner: lambda self, size: inner(self, size) or len(self.sizes) - 1),
        storing(lambda call: setattr(call, "data", call.data[: call.store.slabs.item_size_max - 512])))),
)  # fmt: skip
