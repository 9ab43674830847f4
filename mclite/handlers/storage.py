"""set, add, replace, append, prepend, cas (protocol.txt 204-285), delete (330-351), incr and decr (354-397)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from mclite.handlers.register import checks, serves
from mclite.protocol import errors, replies
from mclite.protocol.commands import verbs
from mclite.protocol.numbers import UINT32, digits, exptime, unsigned
from mclite.protocol.parser import KEY_MAX, Request
from mclite.store.base import Mode, Outcome, Stored
from mclite.store.slabs import item_size

if TYPE_CHECKING:
    from mclite.handlers.caller import Caller
    from mclite.store.item import Item

ANSWERS: Final = {
    Outcome.STORED: replies.STORED,
    Outcome.NOT_STORED: replies.NOT_STORED,
    Outcome.EXISTS: replies.EXISTS,
    Outcome.NOT_FOUND: replies.NOT_FOUND,
    Outcome.TOO_LARGE: errors.TOO_LARGE,
    Outcome.NO_MEMORY: errors.NO_MEMORY,
    Outcome.NON_NUMERIC: errors.NON_NUMERIC,
}
_MODES: Final = {verb.encode(): cast(Mode, verb) for verb in verbs("storage")}


@checks(*verbs("storage"))
def check_store(session: Caller, request: Request) -> bytes | Callable[[bytes], bytes]:
    """Judge a storage command's line; give back what stores its data block."""
    name = request.command.name
    args = request.args
    key = args[0]
    flags = unsigned(args[1])
    exptime_sent = exptime(args[2])
    if len(key) > KEY_MAX or flags is None or exptime_sent is None:
        return errors.BAD_FORMAT
    flags &= UINT32
    compare = 0
    if name == b"cas":
        given = digits(args[4]) if len(args) > 4 else None
        if given is None:
            return errors.BAD_FORMAT
        compare = given
    store = session.instance.store
    slab_class = store.slabs.class_of(item_size(len(key), request.length, flags))
    if slab_class == 0:
        refuse_too_large(session, key, name == b"set")
        return errors.TOO_LARGE
    mode, expires = _MODES[name], store.expires(exptime_sent)

    def finish(data: bytes) -> bytes:
        return ANSWERS[store_item(session, mode, key, flags, expires, compare, slab_class, data).outcome]

    return finish


def refuse_too_large(session: Caller, key: bytes, is_set: bool) -> None:
    """Count an item that is too large. A set that fails leaves nothing: stale data would be worse than none."""
    instance = session.instance
    instance.stats.store_too_large += 1
    if instance.watchers:
        instance.log_store(session, key, Outcome.TOO_LARGE, "set", 0, 0, 0)
    if is_set:
        with instance.store.transaction():
            item = instance.look_up(session, key)
            if item is not None:
                instance.store.delete(key, item)


def store_item(
    session: Caller,
    mode: Mode,
    key: bytes,
    flags: int,
    expires: int,
    compare: int,
    slab_class: int,
    data: bytes,
) -> Stored:
    """Store `data`, count that, and tell the watchers; return the outcome."""
    instance = session.instance
    store = instance.store
    with store.transaction():
        if instance.watchers:
            instance.look_up(session, key)
        if mode == "cas":
            count_cas(session, key, compare)
        outcome, item = store.store(mode, key, data, flags, expires, compare)
    if outcome is Outcome.NO_MEMORY:
        instance.stats.store_no_memory += 1
        instance.stats.classes[slab_class].outofmemory += 1
    else:
        instance.stats.classes[slab_class].cmd_set += 1
    if instance.detail is not None:
        instance.detail.count_set(key)
    if instance.watchers:
        log_store(session, key, outcome, mode, item, expires, slab_class, len(data))
    return Stored(outcome, item)


def log_store(
    session: Caller,
    key: bytes,
    outcome: Outcome,
    mode: Mode,
    item: Item | None,
    expires: int,
    slab_class: int,
    size: int,
) -> None:
    """Tell the watchers the outcome of a storage command: of `item` if it was stored, else of what was sent."""
    if item is not None:
        expires, slab_class, size = item.exptime, item.slab_class, item.size
    session.instance.log_store(session, key, outcome, mode, expires, slab_class, size)


def count_cas(session: Caller, key: bytes, compare: int, stale_ok: bool = False) -> None:
    """Count the outcome of a check and set of `compare` on `key` ahead; with `stale_ok` a lower one is good too."""
    instance = session.instance
    item = instance.store.live(key)
    if item is None:
        instance.stats.cas_misses += 1
    elif compare and (item.cas == compare or (stale_ok and compare < item.cas)):
        instance.stats.classes[item.slab_class].cas_hits += 1
    else:
        instance.stats.classes[item.slab_class].cas_badval += 1


@serves("delete")
def delete(session: Caller, request: Request) -> bytes:
    """Delete an item."""
    key = request.args[0]
    if len(key) > KEY_MAX:
        return errors.BAD_FORMAT
    instance = session.instance
    if instance.detail is not None:
        instance.detail.count_delete(key)
    with instance.store.transaction():
        item = instance.look_up(session, key)
        if item is None:
            instance.stats.delete_misses += 1
            return replies.NOT_FOUND
        instance.store.delete(key, item)
    instance.stats.classes[item.slab_class].delete_hits += 1
    if instance.watchers:
        instance.log_delete(session, key, item, "delete")
    return replies.DELETED


@serves("incr")
def incr(session: Caller, request: Request) -> bytes:
    """Add to the number that an item holds."""
    return _arithmetic(session, request, decrement=False)


@serves("decr")
def decr(session: Caller, request: Request) -> bytes:
    """Subtract from the number that an item holds, down to 0."""
    return _arithmetic(session, request, decrement=True)


def _arithmetic(session: Caller, request: Request, decrement: bool) -> bytes:
    key = request.args[0]
    if len(key) > KEY_MAX:
        return errors.BAD_FORMAT
    delta = digits(request.args[1]) if len(request.args) > 1 else None
    if delta is None:
        return errors.BAD_DELTA
    store = session.instance.store
    with store.transaction():
        if session.instance.watchers:
            session.instance.look_up(session, key)
        result = store.arithmetic(key, delta, decrement)
    count_arithmetic(session, result.outcome, decrement, result.item.slab_class if result.item else 0)
    return b"%d\r\n" % result.value if result.outcome is Outcome.STORED else ANSWERS[result.outcome]


def count_arithmetic(session: Caller, outcome: Outcome, decrement: bool, slab_class: int) -> None:
    """Count an incr or decr that ended with `outcome`."""
    stats = session.instance.stats
    if outcome is Outcome.STORED:
        counters = stats.classes[slab_class]
        if decrement:
            counters.decr_hits += 1
        else:
            counters.incr_hits += 1
    elif outcome is Outcome.NOT_FOUND:
        if decrement:
            stats.decr_misses += 1
        else:
            stats.incr_misses += 1
