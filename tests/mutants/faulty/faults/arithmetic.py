"""Faults of incr, decr and meta arithmetic's numbers."""

from __future__ import annotations

import re
from typing import Any

from faulty.fault import Fault, How
from faulty.items import Counting, counting, living, set_data, set_flags
from faulty.points import arguments, exchange, reply, swap
from mclite.protocol.numbers import UINT64
from mclite.store.base import ArithmeticResult, Outcome
from mclite.store.item import Item

NUMBER = re.compile(rb"\s*([0-9]+)")


def computed(change: Any) -> How:
    """Let `change(number, delta, decrement)` be the new number, for an item that holds one."""

    def counted(call: Counting) -> ArithmeticResult | None:
        item = call.item
        if item is None or not _is_number(item.data):
            return None
        if call.compare and call.compare != item.cas:
            return None
        made = change(int(item.data.strip()), call.delta, call.decrement)
        if made is None:
            return None
        text = b"%d" % made
        stored = call.store.store("set", call.key, text.ljust(item.size), item.flags, item.exptime, cas=call.cas).item
        stored.state |= item.state
        return ArithmeticResult(Outcome.STORED, made, stored)

    return counting(counted)


def read_as(change: Any) -> How:
    """Let `change(data)` be what a value is read as, before it is counted with: new data, or None."""

    def counted(call: Counting) -> None:
        if call.item is not None and (data := change(call.item.data)) is not None:
            set_data(call.item, data)

    return counting(counted)


def _is_number(data: bytes) -> bool:
    return data.strip().isdigit() and len(data) <= 64 and int(data) <= UINT64


def _leading(text: bytes) -> bytes | None:
    found = NUMBER.match(text)
    return found[1] if found and found[1] != text.strip() else None


def _sum(number: int, delta: int, decrement: bool) -> int:
    return max(number - delta, 0) if decrement else number + delta & UINT64


def _hexadecimal(text: bytes) -> bytes:
    return b"%d" % int(text, 16) if re.fullmatch(rb"0x[0-9a-f]{1,15}", text) else text


def _no_minus(text: bytes) -> bytes:
    return text.replace(b"-", b"", 1)


def _delta(change: Any) -> How:
    return arguments("incr decr", lambda args: [args[0], change(args[1]), *args[2:]] if len(args) > 1 else args)


def _signed(text: bytes) -> bytes:
    return b"%d" % (int(text) & UINT64) if re.fullmatch(rb"-[0-9]{1,18}", text) else text


def _make_zero(call: Counting) -> None:
    if call.item is None:
        call.store.store("add", call.key, b"0", 0, 0)


def _note_cas(call: Counting) -> None:
    call.before = call.item.cas if call.item else 0


def _keep_cas(call: Counting, item: Item, done: ArithmeticResult) -> None:
    item.cas = call.cas or call.before


def _own(session: Any, request: Any, answer: bytes) -> bytes:
    """Count from what this connection counted to last."""
    if not answer.strip().isdigit():
        return answer
    own = session.__dict__.setdefault("numbers", {})
    key, delta = request.args[0], int(request.args[1])
    item = living(session.instance.store, key)
    if key in own and item is not None and request.command.name == b"incr":
        made = own[key] + delta & UINT64
        set_data(item, (b"%d" % made).ljust(item.size))
        answer = b"%d\r\n" % made
    own[key] = int(answer)
    return answer


def _out(session: Any, request: Any, answer: bytes) -> bytes:
    if request.noreply and answer == b"NOT_FOUND\r\n":
        session._out.append(answer)
    return answer


ROWS = (
    Fault("incr-float", "arithmetic", "computes in floating point", computed(
        lambda number, delta, down: int(max(float(number) - float(delta), 0) if down
                                        else float(number) + float(delta)) & UINT64)),
    Fault("incr-31-bits", "arithmetic", "wraps at 31 bits", computed(
        lambda number, delta, down: _sum(number, delta, down) & 0x7FFF_FFFF)),
    Fault("incr-32-bits", "arithmetic", "wraps at 32 bits", computed(
        lambda number, delta, down: _sum(number, delta, down) & 0xFFFF_FFFF)),
    Fault("incr-signed", "arithmetic", "becomes negative at 63 bits", computed(
        lambda number, delta, down: (made := _sum(number, delta, down)) - (made >> 63 << 64))),
    Fault("incr-saturates", "arithmetic meta_arithmetic", "stays at the largest number instead of wrapping", computed(
        lambda number, delta, down: None if down else min(number + delta, UINT64))),
    Fault("incr-grows-past", "arithmetic", "does not wrap at 64 bits", computed(
        lambda number, delta, down: None if down else number + delta)),
    Fault("incr-wraps-to-one", "arithmetic", "wraps one too far", computed(
        lambda number, delta, down: None if down or number + delta <= UINT64 else number + delta - UINT64)),
    Fault("decr-negative", "arithmetic meta_arithmetic", "goes below zero", computed(
        lambda number, delta, down: number - delta if down else None)),
    Fault("decr-wraps", "arithmetic meta_arithmetic", "wraps below zero", computed(
        lambda number, delta, down: number - delta & UINT64 if down else None)),
    Fault("decr-refuses-zero", "arithmetic", "leaves a number alone that would go below zero", computed(
        lambda number, delta, down: number if down and delta > number else None)),
    Fault("decr-adds", "arithmetic", "adds in decr", computed(lambda number, delta, down: number + delta & UINT64)),
    Fault("decr-stops-at-one", "arithmetic", "does not reach zero", computed(
        lambda number, delta, down: max(number - delta, 1) if down and number else None)),
    Fault("incr-by-one", "arithmetic meta_arithmetic", "always counts by one", computed(
        lambda number, delta, down: _sum(number, 1, down))),
    Fault("incr-zero-is-one", "arithmetic", "counts by one when told to count by zero", computed(
        lambda number, delta, down: _sum(number, delta or 1, down))),
    Fault("incr-delta-32-bits", "arithmetic", "cuts the amount to 32 bits", computed(
        lambda number, delta, down: _sum(number, delta & 0xFFFF_FFFF, down))),
    Fault("incr-answers-old", "arithmetic", "answers the number as it was before", counting(
        after=lambda call, item, done: done._replace(
            value=done.value + call.delta if call.decrement else max(done.value - call.delta, 0)))),
    Fault("incr-not-stored", "arithmetic", "answers the new number without storing it", counting(
        lambda call: ArithmeticResult(Outcome.STORED, _sum(int(call.item.data), call.delta, call.decrement), call.item)
        if call.item and _is_number(call.item.data) and not call.compare
        else None)),
    Fault("incr-missing-makes", "arithmetic", "makes an item with 0 when it counts a missing key",
          counting(_make_zero)),
    Fault("incr-missing-zero", "arithmetic", "answers 0 for a missing key",
          swap("incr decr", b"NOT_FOUND\r\n", b"0\r\n")),
    Fault("incr-missing-error", "arithmetic", "answers a client error for a missing key",
          swap("incr decr", b"NOT_FOUND\r\n", b"CLIENT_ERROR not found\r\n")),
    Fault("incr-letters-zero", "arithmetic", "takes a value that is no number for 0",
          read_as(lambda data: None if data.strip().isdigit() or not data else b"0"), "memcached up to 1.2.6"),
    Fault("incr-leading-digits", "arithmetic", "reads the digits that a value begins with", read_as(_leading)),
    Fault("incr-empty-zero", "arithmetic", "takes an empty value for 0", read_as(lambda data: None if data else b"0")),
    Fault("incr-signed-value", "arithmetic", "counts with a negative value",
          read_as(lambda data: b"%d" % (int(data) & UINT64) if re.fullmatch(rb"-[0-9]{1,18}", data) else None)),
    Fault("incr-float-value", "arithmetic", "counts with a fraction or an exponent",
          read_as(lambda data: b"%d" % float(data) if re.fullmatch(rb"[0-9]+\.[0-9]+|[0-9]e[0-9]", data) else None)),
    Fault("incr-hexadecimal-value", "arithmetic", "counts with a hexadecimal value",
          read_as(lambda data: _hexadecimal(data) if data.startswith(b"0x") else None)),
    Fault("incr-octal-value", "arithmetic", "reads a value with leading zeros as octal",
          read_as(lambda data: b"%d" % int(data, 8) if re.fullmatch(rb"0[0-7]+", data) else None)),
    Fault("incr-huge-value", "arithmetic", "cuts a value of more than 64 bits",
          read_as(lambda data: b"%d" % (int(data) & UINT64) if data.isdigit() and int(data) > UINT64 else None)),
    Fault("incr-destroys-letters", "arithmetic", "empties a value that is no number",
          counting(lambda call: set_data(call.item, b"") if call.item
                   and not call.item.data.strip().isdigit() else None)),
    Fault("incr-negative-delta", "arithmetic", "takes a negative amount", _delta(_signed)),
    Fault("incr-delta-absolute", "arithmetic", "ignores the sign of the amount", _delta(_no_minus)),
    Fault("incr-delta-digits", "arithmetic", "reads the digits that the amount begins with",
          _delta(lambda text: found[1] if (found := NUMBER.match(text)) else text)),
    Fault("incr-delta-letters", "arithmetic", "takes an amount that is no number for 0",
          _delta(lambda text: text if text[:1].isdigit() or text[:1] == b"-" else b"0")),
    Fault("incr-delta-hexadecimal", "arithmetic", "takes a hexadecimal amount", _delta(_hexadecimal)),
    Fault("incr-delta-octal", "arithmetic", "reads an amount with leading zeros as octal",
          _delta(lambda text: b"%d" % int(text, 8) if re.fullmatch(rb"0[0-7]+", text) else text)),
    Fault("incr-delta-huge", "arithmetic", "cuts an amount of more than 64 bits",
          _delta(lambda text: b"%d" % (int(text) & UINT64) if text.isdigit() else text)),
    Fault("incr-loses-flags", "arithmetic storage", "sets flags to 0",
          counting(after=lambda call, item, done: set_flags(item, 0))),
    Fault("incr-loses-flags-longer", "arithmetic storage", "sets flags to 0 when the number becomes longer",
          counting(after=lambda call, item, done: set_flags(item, 0) if item is not call.item else None)),
    Fault("incr-lives-on", "arithmetic", "lets a number that was counted live for ever",
          counting(after=lambda call, item, done: setattr(item, "exptime", 0))),
    Fault("incr-same-length", "arithmetic", "keeps a number to the digits that it had", computed(
        lambda number, delta, down: None if down else (number + delta) % 10 ** len(str(number)))),
    Fault("incr-zero-padded", "arithmetic", "pads a shorter number with zeros", reply(
        "decr", lambda answer: b"0" + answer if answer[:1].isdigit() else answer)),
    Fault("incr-space-answered", "arithmetic", "answers with the padding that it stores", exchange(
        "decr", lambda session, request, answer: item.data + b"\r\n" if answer[:1].isdigit()
        and (item := living(session.instance.store, request.args[0])) else answer)),
    Fault("incr-space-before", "arithmetic", "pads a shorter number with spaces before it", counting(
        after=lambda call, item, done: set_data(item, item.data.strip().rjust(item.size)))),
    Fault("incr-keeps-cas", "arithmetic retrieval", "keeps the cas unique", counting(_note_cas, _keep_cas)),
    Fault("incr-twice", "arithmetic", "counts twice", counting(
        lambda call: setattr(call, "delta", call.delta * 2))),
    Fault("incr-says-stored", "arithmetic", "answers STORED instead of the number",
          reply("incr decr", lambda answer: b"STORED\r\n" if answer[:1].isdigit() else answer)),
    Fault("incr-of-two-clients-lost", "arithmetic wire", "lets a connection count with the number that it saw last",
          exchange("incr decr", _own)),
    Fault("incr-missing-noreply-told", "arithmetic", "answers NOT_FOUND although it says noreply",
          exchange("incr decr", _out)),
)  # fmt: skip
