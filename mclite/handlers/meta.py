"""The meta commands: mg, ms, md, ma, me, mn (protocol.txt 79-134 and 463-982)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from mclite.handlers.register import checks, serves
from mclite.handlers.storage import count_arithmetic, count_cas, log_store, refuse_too_large
from mclite.protocol import errors, replies
from mclite.protocol.meta import FLAGS, MetaFlags, decode_key, encode_key, read_flags
from mclite.protocol.parser import KEY_MAX, Request
from mclite.store.base import Mode, Outcome
from mclite.store.item import BINARY_KEY, FETCHED, STALE, WON, Item
from mclite.store.slabs import item_size

if TYPE_CHECKING:
    from mclite.core.instance import Instance
    from mclite.handlers.caller import Caller

_SET_MODES: Final[dict[int, Mode]] = {
    0: "set",
    ord("S"): "set",
    ord("E"): "add",
    ord("A"): "append",
    ord("P"): "prepend",
    ord("R"): "replace",
}
_DECREMENTS: Final = {0: False, ord("I"): False, ord("+"): False, ord("D"): True, ord("-"): True}

_HEEDED: Final = {
    command: frozenset(letter for letter, row in FLAGS.items() if command in row.commands) for command in ("mg", "ma")
}
"""The letters of the flags that a command heeds; it ignores the others."""

_CODES: Final = {
    Outcome.STORED: b"HD",
    Outcome.NOT_STORED: b"NS",
    Outcome.EXISTS: b"EX",
    Outcome.NOT_FOUND: b"NF",
}
_ERRORS: Final = {
    Outcome.TOO_LARGE: errors.TOO_LARGE,
    Outcome.NO_MEMORY: errors.NO_MEMORY,
    Outcome.NON_NUMERIC: errors.NON_NUMERIC,
}


def _read(request: Request, others: int) -> MetaFlags | bytes:
    """Read key and flags; `others` is the number of tokens before the flags, the verb included."""
    key = request.args[0]
    tokens = request.args[others - 1 :]
    if len(key) > KEY_MAX:
        return errors.BAD_FORMAT
    return read_flags(key, tokens, others)


def _read_and_check(request: Request, others: int) -> MetaFlags | bytes:
    """Read key and flags of a command that has no mode to look at first."""
    flags = _read(request, others)
    return errors.OPAQUE_TOO_LONG if isinstance(flags, MetaFlags) and flags.opaque_too_long else flags


def _key_flags(key: bytes, binary: bool) -> list[bytes]:
    """Return what the flag k returns: the key, base64 encoded and with a b if it is `binary`."""
    return [b"k" + encode_key(key), b"b"] if binary else [b"k" + key]


def _answer(code: bytes, returned: list[bytes]) -> bytes:
    return b"%b %b\r\n" % (code, b" ".join(returned)) if returned else code + replies.CRLF


def _echo(flags: MetaFlags) -> list[bytes]:
    """Return the flags that are returned even without an item: k and O, in the order in which they were sent."""
    returned: list[bytes] = []
    for token in flags.order:
        if token[0] == 79:
            returned.append(token)
        elif token[0] == 107:
            returned += _key_flags(flags.key, flags.binary)
    return returned


class _Worked(NamedTuple):
    """The flags to return, and whether R won the recache."""

    returned: list[bytes]
    won: bool


def _remaining(instance: Instance, item: Item) -> int:
    """Return the seconds that `item` still lives, -1 for ever."""
    return instance.seconds_left(item.exptime) if item.exptime else -1


def _work_off(instance: Instance, command: str, flags: MetaFlags, item: Item, created: bool) -> _Worked | bytes:
    """Carry out and answer the flags of `command`, mg or ma, on `item`, from left to right, as memcached does.

    So `t` shows what T and N before it made of the time to live, R judges what T before it left, and an opaque token
    that is too long is an error only after the flags before it were carried out.
    """
    store = instance.store
    key = flags.key
    heeded = _HEEDED[command]
    key_is_binary = flags.binary if command == "ma" else bool(item.state & BINARY_KEY)
    returned: list[bytes] = []
    won = False
    hit, last_access = item.state & FETCHED, store.now - item.time
    for token in flags.order:
        match token[0]:
            case letter if letter not in heeded:
                continue
            case 79:  # O
                if flags.opaque_too_long:
                    return errors.OPAQUE_TOO_LONG
                returned.append(token)
            case 84:  # T
                store.touch(key, item, store.expires(flags.numbers[84]))
            case 78 if created:  # N
                store.touch(key, item, store.expires(flags.numbers[78]))
            case 82:  # R
                won = won or instance.expires_before(item, store.expires(flags.numbers[82]))
            case 99:  # c
                returned.append(b"c%d" % item.cas)
            case 102:  # f
                returned.append(b"f%d" % item.flags)
            case 104:  # h
                returned.append(b"h1" if hit else b"h0")
            case 107:  # k
                returned += _key_flags(key, key_is_binary)
            case 108:  # l
                returned.append(b"l%d" % last_access)
            case 115:  # s
                returned.append(b"s%d" % item.size)
            case 116:  # t
                returned.append(b"t%d" % _remaining(instance, item))
    return _Worked(returned, won)


@serves("mg")
def get(session: Caller, request: Request) -> bytes:
    """Meta get (protocol.txt 494-694)."""
    flags = _read(request, 2)
    if isinstance(flags, bytes):
        return flags
    instance = session.instance
    store = instance.store
    stats = instance.stats
    key = flags.key
    with store.transaction():
        item = instance.look_up(session, key)
        created = item is None
        if item is None:
            if not flags.has("N"):
                stats.cmd_get += 1
                stats.get_misses += 1
                if flags.opaque_too_long:
                    return errors.OPAQUE_TOO_LONG
                return b"" if flags.quiet else _answer(b"EN", _echo(flags))
            stored = store.store("add", key, b"", 0, 0, cas=flags.number("E") or 0, binary=flags.binary)
            item = stored.item
            if item is None:
                return _ERRORS[stored.outcome]
        if flags.has("T"):
            stats.cmd_touch += 1
            stats.classes[item.slab_class].touch_hits += 1
        else:
            stats.cmd_get += 1
            stats.classes[item.slab_class].get_hits += 1
        worked = _work_off(instance, "mg", flags, item, created)
        if isinstance(worked, bytes):
            return worked
        returned = worked.returned
        sent_before = bool(item.state & WON)
        if sent_before:
            returned.append(b"Z")
        if item.state & STALE:
            returned.append(b"X")
        if not sent_before and (created or worked.won or item.state & STALE):
            returned.append(b"W")
            item.state |= WON
            store.changed(key, item)
        if not flags.has("u"):
            store.bump(key, item)
    compare = flags.number("C")
    if flags.has("v") and not (compare is not None and compare == item.cas):
        tail = b"".join(b" " + token for token in returned)
        return b"VA %d%b\r\n%b\r\n" % (item.size, tail, item.data)
    return _answer(b"HD", returned)


@checks("ms")
def check_set(session: Caller, request: Request) -> bytes | Callable[[bytes], bytes]:
    """Judge a meta set's line; give back what stores its data block (protocol.txt 696-805)."""
    flags = _read(request, 3)
    if isinstance(flags, bytes):
        return flags
    mode = _SET_MODES.get(flags.mode)
    if mode is None:
        return errors.BAD_SET_MODE
    if flags.opaque_too_long:
        return errors.OPAQUE_TOO_LONG
    store = session.instance.store
    size = item_size(len(flags.key), request.length, flags.number("F") or 0)
    if store.slabs.class_of(size) == 0:
        refuse_too_large(session, flags.key, True)
        return errors.TOO_LARGE
    return partial(_set, session, flags, mode)


def _set(session: Caller, flags: MetaFlags, mode: Mode, data: bytes) -> bytes:
    instance = session.instance
    store = instance.store
    compare = flags.number("C")
    if compare is not None and mode in ("set", "replace"):
        mode = "cas"
    vivify = flags.number("N")
    expires = store.expires(flags.number("T") or 0)
    key = flags.key
    with store.transaction():
        if instance.watchers:
            instance.look_up(session, key)
        if mode == "cas":
            count_cas(session, key, compare or 0, flags.has("I"))
        outcome, item = store.store(
            mode,
            key,
            data,
            flags.number("F") or 0,
            expires,
            compare or 0,
            flags.number("E") or 0,
            flags.has("I"),
            None if vivify is None else store.expires(vivify),
            flags.binary,
        )
    slab_class = store.slabs.class_of(item_size(len(key), len(data), flags.number("F") or 0))
    if outcome is Outcome.NO_MEMORY:
        instance.stats.store_no_memory += 1
        instance.stats.classes[slab_class].outofmemory += 1
    else:
        instance.stats.classes[slab_class].cmd_set += 1
    if instance.watchers:
        log_store(session, key, outcome, mode, item, expires, slab_class, len(data))
    code = _CODES.get(outcome)
    if code is None:
        return _ERRORS[outcome]
    if code == b"HD" and flags.quiet:
        return b""
    returned: list[bytes] = []
    for token in flags.order:
        match token[0]:
            case 79:
                returned.append(token)
            case 107:
                returned += _key_flags(key, flags.binary)
            case 99:
                returned.append(b"c%d" % (item.cas if item else 0))
            case 115:
                returned.append(b"s%d" % (item.size if item else len(data)))
    return _answer(code, returned)


@serves("md")
def delete(session: Caller, request: Request) -> bytes:
    """Meta delete (protocol.txt 807-876)."""
    flags = _read_and_check(request, 2)
    if isinstance(flags, bytes):
        return flags
    instance = session.instance
    store = instance.store
    stats = instance.stats
    key = flags.key
    with store.transaction():
        item = instance.look_up(session, key)
        if item is None:
            stats.delete_misses += 1
            return _answer(b"NF", _echo(flags))
        compare = flags.number("C")
        if compare is not None and compare != item.cas:
            stats.delete_misses += 1
            return _answer(b"EX", _echo(flags))
        new_cas = flags.number("E") or 0
        if flags.has("x"):
            kept = item.cas
            exptime = flags.number("T")
            expires = 0 if exptime is None else store.expires(exptime)
            if instance.watchers:
                instance.look_up(session, key)
            store.delete(key, item)  # so that there is room for the empty one, whatever the memory limit
            # The new item takes client flags from F, as memcached's does.
            client_flags, cas = flags.number("F") or 0, new_cas or kept
            emptied = store.store("set", key, b"", client_flags, expires, cas=cas, binary=flags.binary)
            if emptied.item is None:
                return _ERRORS[emptied.outcome]
            item = emptied.item
            if instance.watchers:
                log_store(session, key, emptied.outcome, "set", item, 0, 0, 0)
            if not flags.has("I"):
                _count_delete(session, key, item)
        if flags.has("I"):
            exptime = flags.number("T")
            if exptime is not None:
                item.exptime = store.expires(exptime)
            item.state = (item.state | STALE) & ~WON
            item.cas = new_cas or store.next_cas()
            store.changed(key, item)
        elif not flags.has("x"):
            store.delete(key, item)
            _count_delete(session, key, item)
    return b"" if flags.quiet else _answer(b"HD", _echo(flags))


def _count_delete(session: Caller, key: bytes, item: Item) -> None:
    instance = session.instance
    instance.stats.classes[item.slab_class].delete_hits += 1
    if instance.watchers:
        instance.log_delete(session, key, item, "md")


@serves("ma")
def arithmetic(session: Caller, request: Request) -> bytes:
    """Meta arithmetic (protocol.txt 878-963)."""
    flags = _read(request, 2)
    if isinstance(flags, bytes):
        return errors.BAD_ARITHMETIC_FLAG
    decrement = _DECREMENTS.get(flags.mode)
    if decrement is None:
        return errors.BAD_ARITHMETIC_MODE
    instance = session.instance
    store = instance.store
    key = flags.key
    delta = flags.number("D")
    new_cas = flags.number("E") or 0
    created = False
    with store.transaction():
        if instance.watchers:
            instance.look_up(session, key)
        compare = flags.number("C") or 0
        result = store.arithmetic(key, 1 if delta is None else delta, decrement, compare, new_cas, flags.binary)
        outcome, item, value = result.outcome, result.item, result.value
        if outcome is Outcome.NOT_FOUND and flags.has("N"):
            value = flags.number("J") or 0
            if instance.watchers:
                instance.look_up(session, key)
            outcome, item = store.store("add", key, b"%d" % value, 0, 0, 0, new_cas, binary=flags.binary)
            if instance.watchers and item is not None:
                log_store(session, key, outcome, "add", item, 0, 0, 0)
            created = True
        else:
            count_arithmetic(session, outcome, decrement, item.slab_class if item else 0)
        if item is None:
            code = _CODES.get(outcome)
            if code is None:
                return _ERRORS[outcome]
            return errors.OPAQUE_TOO_LONG if flags.opaque_too_long else _answer(code, _echo(flags))
        worked = _work_off(instance, "ma", flags, item, created)
    if isinstance(worked, bytes):
        return worked
    if flags.quiet:
        return b""
    if flags.has("v"):
        text = b"%d" % value
        return b"VA %d%b\r\n%b\r\n" % (len(text), b"".join(b" " + token for token in worked.returned), text)
    return _answer(b"HD", worked.returned)


@serves("me")
def debug(session: Caller, request: Request) -> bytes:
    """Meta debug (protocol.txt 463-492). memcached 1.6.45 forgets to decode a base64 key; mclite obeys the document."""
    key = request.args[0]
    tokens = request.args[1:]
    if len(key) > KEY_MAX or tokens.count(b"b") > 1:
        return errors.BAD_FORMAT
    base64 = b"b" in tokens
    if base64:
        decoded = decode_key(key)
        if decoded is None:
            return errors.BAD_FORMAT
        key = decoded
    instance = session.instance
    store = instance.store
    instance.stats.cmd_meta += 1
    item = instance.look_up(session, key)
    if item is None:
        return replies.EN
    return b"ME %b exp=%d la=%d cas=%d fetch=%b cls=%d size=%d\r\n" % (
        encode_key(key) if base64 or item.state & BINARY_KEY else key,
        _remaining(instance, item),
        store.now - item.time,
        item.cas,
        b"yes" if item.state & FETCHED else b"no",
        item.slab_class,
        store.size_of(key, item),
    )


@serves("mn")
def no_op(session: Caller, request: Request) -> bytes:
    """Meta no-op (protocol.txt 965-982)."""
    return replies.MN
