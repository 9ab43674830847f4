"""Requests of the binary protocol, which protocol.txt does not describe: its own draft does (docs/clients.md)."""

from __future__ import annotations

import struct

from mclite.replay.clientcheck.arrival import DATA_MAX, KEY_MAX, Request

MAGIC, ANSWER = 0x80, 0x81
HEADER = struct.Struct(">BBHBBHI4sQ")  #: magic, opcode, key bytes, extras bytes, type, status, body bytes, opaque, cas

#: opcode: verb, name, bytes of the extras, is it quiet, has it a key, a value
_ROWS: dict[int, tuple[str, str, tuple[int, ...], bool, bool, bool]] = {
    0x00: ("get", "GET", (0,), False, True, False),
    0x09: ("get", "GETQ", (0,), True, True, False),
    0x0C: ("get", "GETK", (0,), False, True, False),
    0x0D: ("get", "GETKQ", (0,), True, True, False),
    0x1D: ("gat", "GAT", (4,), False, True, False),
    0x1E: ("gat", "GATQ", (4,), True, True, False),
    0x1C: ("touch", "TOUCH", (4,), False, True, False),
    0x04: ("delete", "DELETE", (0,), False, True, False),
    0x14: ("delete", "DELETEQ", (0,), True, True, False),
    0x07: ("quit", "QUIT", (0,), False, False, False),
    0x17: ("quit", "QUITQ", (0,), True, False, False),
    0x08: ("flush_all", "FLUSH", (0, 4), False, False, False),
    0x18: ("flush_all", "FLUSHQ", (0, 4), True, False, False),
    0x0A: ("noop", "NOOP", (0,), False, False, False),
    0x0B: ("version", "VERSION", (0,), False, False, False),
    0x10: ("stats", "STAT", (0,), False, False, False),
    0x20: ("sasl", "SASL_LIST_MECHS", (0,), False, False, False),
    **{
        number + quiet: (verb, verb.upper() + "Q" * bool(quiet), (8,), bool(quiet), True, True)
        for verb, number in (("set", 0x01), ("add", 0x02), ("replace", 0x03))
        for quiet in (0, 0x10)
    },
    **{
        number: (verb, name, (0,), name.endswith("Q"), True, True)
        for verb, name, number in (
            ("append", "APPEND", 0x0E),
            ("prepend", "PREPEND", 0x0F),
            ("append", "APPENDQ", 0x19),
            ("prepend", "PREPENDQ", 0x1A),
        )
    },
    **{
        number: (verb, name, (20,), name.endswith("Q"), True, False)
        for verb, name, number in (
            ("incr", "INCR", 0x05),
            ("decr", "DECR", 0x06),
            ("incr", "INCRQ", 0x15),
            ("decr", "DECRQ", 0x16),
        )
    },
}
#: The exptime of a counter that is not to be made when it is not there.
_NOT_MADE = 0xFFFF_FFFF


def take(buffer: bytearray) -> Request | None:
    """Return the first request in `buffer`, which begins with MAGIC; None when it is not whole."""
    if len(buffer) < HEADER.size:
        return None
    _, opcode, key_size, extras_size, kind, _, body_size, opaque, cas = HEADER.unpack_from(buffer)
    row = _ROWS.get(opcode)
    verb, name = row[:2] if row is not None else ("", f"opcode 0x{opcode:02x}")

    def wrong(problem: str, size: int = 0) -> Request:
        raw = bytes(buffer[: size or len(buffer)])
        return Request(protocol="binary", verb=verb, name=name, raw=raw, opcode=opcode, opaque=opaque, problem=problem)

    if key_size + extras_size > body_size or body_size > DATA_MAX:
        return wrong(f"{name}: a body of {body_size} bytes, with a key of {key_size} and extras of {extras_size}")
    whole = HEADER.size + body_size
    if len(buffer) < whole:
        return None
    if row is None:
        return wrong(f"there is no {name}", whole)
    _, _, sizes, quiet, has_key, has_value = row
    body = bytes(buffer[HEADER.size : whole])
    extras, key, data = body[:extras_size], body[extras_size : extras_size + key_size], body[extras_size + key_size :]
    if kind:
        return wrong(f"{name}: the data type is {kind}, and 0 is the only one", whole)
    if extras_size not in sizes:
        return wrong(f"{name}: {extras_size} bytes of extras, not {' or '.join(map(str, sizes))}", whole)
    if bool(key) != has_key and name != "STAT":
        return wrong(f"{name}: {'no key' if has_key else 'a key'}", whole)
    if len(key) > KEY_MAX:
        return wrong(f"the key has {len(key)} bytes, and {KEY_MAX} are the most", whole)
    if data and not has_value:
        return wrong(f"{name}: a value, which it has not", whole)
    fields: dict[str, object] = {"data": data if has_value else None, "cas": cas or None}
    match extras_size:
        case 8:
            flags, exptime = struct.unpack(">Ii", extras)
            fields |= {"flags": flags, "exptime": exptime}
        case 4:
            fields["exptime"] = struct.unpack(">i", extras)[0]
        case 20:
            delta, initial, exptime = struct.unpack(">QQI", extras)
            fields |= {"delta": delta, "initial": None if exptime == _NOT_MADE else initial, "exptime": exptime}
    return Request(
        protocol="binary",
        verb="cas" if verb in ("set", "replace") and cas else verb,
        name=name,
        raw=bytes(buffer[:whole]),
        keys=(key,) if key and has_key else (),
        tokens=(key,) if key and not has_key else (),
        quiet=quiet,
        opcode=opcode,
        opaque=opaque,
        **fields,  # type: ignore[arg-type]  # the fields of Request
    )
