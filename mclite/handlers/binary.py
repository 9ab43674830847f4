"""The binary protocol: a connection that speaks it, and what each opcode does, with the same items and counters.

The rule that keeps it true: nothing is kept of a frame beyond what an item may have. A header that contradicts itself
or its opcode is answered, and the connection closed, as memcached 1.6.45 does it; a value that is too large is thrown
away as it arrives.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mclite.handlers.retrieval import fetch_item
from mclite.handlers.statistics import stats
from mclite.handlers.storage import count_arithmetic, refuse_too_large, store_item
from mclite.protocol.binary import (
    FORMS,
    HEADER,
    MAGIC_REQUEST,
    Frame,
    Header,
    Opcode,
    Status,
    read_frame,
    read_header,
    response,
)
from mclite.protocol.commands import COMMANDS
from mclite.protocol.parser import KEY_MAX, Request
from mclite.protocol.replies import ANSWER_MAX, RELEASE, TURN_BYTES
from mclite.store.base import Mode, Outcome
from mclite.store.slabs import item_size

if TYPE_CHECKING:
    from mclite.handlers.caller import Caller


_KEY_UNKNOWN_MAX: Final = 1 << 20
"""Bytes in the body of an unknown request at most."""
_NO_CREATION: Final = 0xFFFF_FFFF
_STORE_EXTRAS: Final = struct.Struct(">II")
_ARITHMETIC_EXTRAS: Final = struct.Struct(">QQI")
_UINT32: Final = struct.Struct(">I")
_UINT64: Final = struct.Struct(">Q")

_MODES: Final[dict[int, Mode]] = {
    Opcode.SET: "set",
    Opcode.SETQ: "set",
    Opcode.ADD: "add",
    Opcode.ADDQ: "add",
    Opcode.REPLACE: "replace",
    Opcode.REPLACEQ: "replace",
    Opcode.APPEND: "append",
    Opcode.APPENDQ: "append",
    Opcode.PREPEND: "prepend",
    Opcode.PREPENDQ: "prepend",
}
_QUIET: Final = frozenset(opcode for opcode in Opcode if opcode.name.endswith("Q"))
_WITH_KEY: Final = frozenset((Opcode.GETK, Opcode.GETKQ, Opcode.GATK, Opcode.GATKQ))
_STATUSES: Final = {
    Outcome.EXISTS: Status.EXISTS,
    Outcome.NOT_FOUND: Status.NOT_FOUND,
    Outcome.TOO_LARGE: Status.TOO_LARGE,
    Outcome.NO_MEMORY: Status.NO_MEMORY,
    Outcome.NON_NUMERIC: Status.NON_NUMERIC,
}


class Binary:
    """A Session's connection that began with the magic byte of the binary protocol."""

    def __init__(self, session: Caller) -> None:
        self._session = session
        self._buffer = bytearray()
        self._swallow = 0

    @property
    def waiting(self) -> int:
        """The number of bytes of a frame that have arrived."""
        return len(self._buffer)

    def receive(self, data: bytes, out: list[bytes]) -> None:
        """Take in `data` and append the answers to the requests that are complete to `out`, as many as one turn may."""
        session = self._session
        if self._swallow:
            thrown = min(self._swallow, len(data))
            self._swallow -= thrown
            data = data[thrown:]
        buffer = self._buffer
        buffer += data
        position = size = 0
        turns = session.instance.turns
        while not session.closed and len(buffer) - position >= HEADER.size:
            if not turns or size > ANSWER_MAX:
                session.instance.stats.conn_yields += 1
                session.more = True
                break
            header = read_header(buffer, position)
            answer = self._refusal(header)
            body = position + HEADER.size
            if answer is None:
                needed = header.length
                too_large = header.opcode in _MODES and header.value_length > session.instance.settings.item_size_max
                if too_large:
                    needed -= header.value_length
                if len(buffer) - body < needed:
                    break
                if too_large:
                    key = bytes(buffer[body + header.extras_length : body + needed])
                    answer = self._refuse_too_large(header, key)
            if answer is None:
                answer = answer_to(session, read_frame(header, bytes(buffer[body : body + header.length])))
            turns -= 1
            size += len(answer)
            if answer:
                out.append(answer)
            position = body + header.length
        if session.closed:
            buffer.clear()
        elif position > len(buffer):
            self._swallow = position - len(buffer)
            buffer.clear()
        else:
            del buffer[:position]

    def _refusal(self, header: Header) -> bytes | None:
        """Judge a `header` before its body arrives; return the answer that refuses it, or None."""
        if header.magic != MAGIC_REQUEST:
            return self._hang_up(b"")
        form = FORMS.get(header.opcode)
        if header.value_length < 0:
            return self._hang_up(response(header, Status.UNKNOWN))
        if header.opcode == Opcode.STAT:
            if header.extras_length or header.value_length or header.key_length > KEY_MAX:
                return self._hang_up(b"")
            return None
        if form is None:
            if header.length > _KEY_UNKNOWN_MAX:
                return self._hang_up(response(header, Status.INVALID))
            return response(header, Status.UNKNOWN)
        if (
            header.extras_length not in form.extras
            or (header.key_length > 0) != form.key
            or header.key_length > KEY_MAX
            or (header.value_length > 0 and not form.value)
            or header.length > 0x7FFF_0000
        ):
            return self._hang_up(response(header, Status.INVALID))
        return None

    def _refuse_too_large(self, header: Header, key: bytes) -> bytes:
        refuse_too_large(self._session, key, _MODES[header.opcode] == "set")
        return response(header, Status.TOO_LARGE)

    def _hang_up(self, answer: bytes) -> bytes:
        self._session.closed = True
        self._session.close_reason = "error"
        return answer


def answer_to(session: Caller, frame: Frame) -> bytes:
    """Carry out one request of which the form is good."""
    handler = _HANDLERS[frame.header.opcode]
    return handler(session, frame)


def _failed(frame: Frame, outcome: Outcome) -> bytes:
    return response(frame.header, _STATUSES[outcome])


def _get(session: Caller, frame: Frame) -> bytes:
    return _fetch(session, frame, None)


def _get_and_touch(session: Caller, frame: Frame) -> bytes:
    (exptime,) = _UINT32.unpack(frame.extras)
    with session.instance.store.transaction():
        return _fetch(session, frame, session.instance.store.expires(exptime))


def _fetch(session: Caller, frame: Frame, expires: int | None) -> bytes:
    header, key = frame.header, frame.key
    item = fetch_item(session, key, expires)
    budget = session.instance.budget
    if budget.used_up and item is not None and item.size > TURN_BYTES and header.opcode != Opcode.TOUCH:
        budget.refused += 1
        return response(header, Status.NO_MEMORY)
    shown = key if header.opcode in _WITH_KEY else b""
    if item is None:
        if header.opcode in _QUIET:
            return b""
        return response(header, Status.NOT_FOUND, b"" if shown else None, shown)
    value = b"" if header.opcode == Opcode.TOUCH else item.data
    return response(header, Status.OK, value, shown, _UINT32.pack(item.flags), item.cas)


def _store(session: Caller, frame: Frame) -> bytes:
    header, key, value = frame.header, frame.key, frame.value
    instance = session.instance
    store = instance.store
    mode = _MODES[header.opcode]
    flags, exptime = _STORE_EXTRAS.unpack(frame.extras) if frame.extras else (0, 0)
    slab_class = store.slabs.class_of(item_size(len(key), len(value), flags))
    if slab_class == 0:
        refuse_too_large(session, key, mode == "set")
        return response(header, Status.TOO_LARGE)
    asked = mode
    if header.cas and mode in ("set", "add", "replace"):
        mode = "cas"
    expires = store.expires(exptime)
    outcome, item = store_item(session, mode, key, flags, expires, header.cas, slab_class, value)
    if item is not None:
        return b"" if header.opcode in _QUIET else response(header, cas=item.cas)
    if outcome is Outcome.NOT_STORED:
        statuses = {"add": Status.EXISTS, "replace": Status.NOT_FOUND}
        return response(header, statuses.get(asked, Status.NOT_STORED))
    return _failed(frame, outcome)


def _delete(session: Caller, frame: Frame) -> bytes:
    header, key = frame.header, frame.key
    instance = session.instance
    if instance.detail is not None:
        instance.detail.count_delete(key)
    with instance.store.transaction():
        item = instance.look_up(session, key)
        if item is None:
            instance.stats.delete_misses += 1
            return response(header, Status.NOT_FOUND)
        if header.cas and header.cas != item.cas:
            return response(header, Status.EXISTS)
        instance.store.delete(key, item)
    instance.stats.classes[item.slab_class].delete_hits += 1
    if instance.watchers:
        instance.log_delete(session, key, item, "delete")
    return b"" if header.opcode in _QUIET else response(header)


def _arithmetic(session: Caller, frame: Frame) -> bytes:
    header, key = frame.header, frame.key
    instance = session.instance
    store = instance.store
    delta, initial, exptime = _ARITHMETIC_EXTRAS.unpack(frame.extras)
    decrement = header.opcode in (Opcode.DECREMENT, Opcode.DECREMENTQ)
    with store.transaction():
        if instance.watchers:
            instance.look_up(session, key)
        result = store.arithmetic(key, delta, decrement, header.cas)
        outcome, item, value = result.outcome, result.item, result.value
        if outcome is Outcome.NOT_FOUND and exptime != _NO_CREATION:
            value = initial
            outcome, item = store.store("add", key, b"%d" % initial, 0, store.expires(exptime))
        else:
            count_arithmetic(session, outcome, decrement, item.slab_class if item else 0)
    if item is None:
        return _failed(frame, outcome)
    return b"" if header.opcode in _QUIET else response(header, Status.OK, _UINT64.pack(value), cas=item.cas)


def _quit(session: Caller, frame: Frame) -> bytes:
    session.closed = True
    return b"" if frame.header.opcode in _QUIET else response(frame.header)


def _flush(session: Caller, frame: Frame) -> bytes:
    instance = session.instance
    (delay,) = _UINT32.unpack(frame.extras) if frame.extras else (0,)
    if not instance.settings.flush_enabled:
        return response(frame.header, Status.UNKNOWN)
    instance.stats.cmd_flush += 1
    instance.store.flush_all(delay)
    return b"" if frame.header.opcode in _QUIET else response(frame.header)


def _no_op(session: Caller, frame: Frame) -> bytes:
    return response(frame.header)


def _version(session: Caller, frame: Frame) -> bytes:
    return response(frame.header, Status.OK, RELEASE.encode())


def _stat(session: Caller, frame: Frame) -> bytes:
    """Answer a frame for each statistic and an empty one at the end, of the same text as the text protocol's."""
    header = frame.header
    words = frame.key.split()
    text = stats(session, Request(COMMANDS[b"stats"], words, False))
    end = response(header)
    if text.startswith((b"ERROR", b"CLIENT_ERROR")):
        return response(header, Status.NOT_FOUND)
    if words[:2] == [b"detail", b"dump"]:
        return response(header, Status.OK, text, b"detailed") + end
    rows = [line.split(b" ", 2) for line in text.split(b"\r\n") if line.startswith(b"STAT ")]
    return b"".join(response(header, Status.OK, row[2], row[1]) for row in rows) + end


_HANDLERS: Final[dict[int, Callable[[Caller, Frame], bytes]]] = {
    **dict.fromkeys((Opcode.GET, Opcode.GETQ, Opcode.GETK, Opcode.GETKQ), _get),
    **dict.fromkeys((Opcode.TOUCH, Opcode.GAT, Opcode.GATQ, Opcode.GATK, Opcode.GATKQ), _get_and_touch),
    **dict.fromkeys(_MODES, _store),
    **dict.fromkeys((Opcode.DELETE, Opcode.DELETEQ), _delete),
    **dict.fromkeys((Opcode.INCREMENT, Opcode.INCREMENTQ, Opcode.DECREMENT, Opcode.DECREMENTQ), _arithmetic),
    **dict.fromkeys((Opcode.QUIT, Opcode.QUITQ), _quit),
    **dict.fromkeys((Opcode.FLUSH, Opcode.FLUSHQ), _flush),
    Opcode.NOOP: _no_op,
    Opcode.VERSION: _version,
    Opcode.STAT: _stat,
}
