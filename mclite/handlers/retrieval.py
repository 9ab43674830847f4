"""get and gets (protocol.txt 288-327), gat and gats (425-461), touch (399-423)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mclite.core.settings import KEYS_MAX
from mclite.handlers.register import serves
from mclite.protocol import errors, replies
from mclite.protocol.numbers import signed_32
from mclite.protocol.parser import KEY_MAX, Request
from mclite.protocol.replies import ANSWER_MAX

if TYPE_CHECKING:
    from mclite.handlers.caller import Caller
    from mclite.store.item import Item


@serves("get")
def get(session: Caller, request: Request) -> bytes:
    """Fetch items."""
    return _fetch(session, request.args, with_cas=False)


@serves("gets")
def gets(session: Caller, request: Request) -> bytes:
    """Fetch items with their cas uniques."""
    return _fetch(session, request.args, with_cas=True)


@serves("gat")
def gat(session: Caller, request: Request) -> bytes:
    """Fetch items and set their exptime."""
    return _fetch_and_touch(session, request, with_cas=False)


@serves("gats")
def gats(session: Caller, request: Request) -> bytes:
    """Fetch items with their cas uniques, and set their exptime."""
    return _fetch_and_touch(session, request, with_cas=True)


def _fetch_and_touch(session: Caller, request: Request, with_cas: bool) -> bytes:
    sent = signed_32(request.args[0])
    if sent is None:
        return errors.BAD_EXPTIME
    return _fetch(session, request.args[1:], with_cas, session.instance.store.expires(sent))


def _fetch(session: Caller, keys: list[bytes], with_cas: bool, expires: int | None = None) -> bytes:
    """Fetch the items of `keys`. An overlong key makes the whole answer an error (protocol.txt 46-49).

    A few kilobytes of keys can ask for gigabytes of data: what is too much for one turn is left for the next ones.
    """
    answer, done = _some(session, keys, 0, with_cas, expires)
    if done < len(keys):
        if max(map(len, keys)) > KEY_MAX:
            return errors.BAD_FORMAT
        session.rest = _others(session, keys, done, with_cas, expires)
    return answer


def _others(session: Caller, keys: list[bytes], done: int, with_cas: bool, expires: int | None) -> Iterator[bytes]:
    """Go on with `keys`, of which `done` are fetched, a part at a time."""
    while done < len(keys):
        answer, done = _some(session, keys, done, with_cas, expires)
        yield answer


def _some(session: Caller, keys: list[bytes], start: int, with_cas: bool, expires: int | None) -> tuple[bytes, int]:
    """Fetch the items of `keys` from `start` on, as many as one turn may; return them, and the number of keys done."""
    if expires is None:
        return _look(session, keys, start, with_cas, None)
    with session.instance.store.transaction():
        return _look(session, keys, start, with_cas, expires)


def _look(session: Caller, keys: list[bytes], start: int, with_cas: bool, expires: int | None) -> tuple[bytes, int]:
    out: list[bytes] = []
    size = 0
    for number in range(start, len(keys)):
        if size > ANSWER_MAX or number - start >= KEYS_MAX:
            return b"".join(out), number
        key = keys[number]
        if len(key) > KEY_MAX:
            return errors.BAD_FORMAT, len(keys)
        item = fetch_item(session, key, expires)
        if item is not None:
            out.append(replies.value(key, item.flags, item.data, item.cas if with_cas else None))
            size += len(out[-1])
    out.append(replies.END)
    return b"".join(out), len(keys)


def fetch_item(session: Caller, key: bytes, expires: int | None) -> Item | None:
    """Return the item under `key`, if there is one, and count that; unless `expires` is None it is touched with it."""
    instance = session.instance
    store = instance.store
    stats = instance.stats
    if expires is None:
        stats.cmd_get += 1
    else:
        stats.cmd_touch += 1
    item = instance.look_up(session, key)
    if instance.detail is not None:
        instance.detail.count_get(key, item is not None)
    if item is None:
        if expires is None:
            stats.get_misses += 1
        else:
            stats.touch_misses += 1
        return None
    counters = stats.classes[item.slab_class]
    if expires is None:
        counters.get_hits += 1
    else:
        counters.touch_hits += 1
        store.touch(key, item, expires)
    store.bump(key, item)
    return item


@serves("touch")
def touch(session: Caller, request: Request) -> bytes:
    """Set an item's exptime without fetching it."""
    key = request.args[0]
    if len(key) > KEY_MAX:
        return errors.BAD_FORMAT
    sent = signed_32(request.args[1]) if len(request.args) > 1 else None
    if sent is None:
        return errors.BAD_EXPTIME
    instance = session.instance
    store = instance.store
    instance.stats.cmd_touch += 1
    with store.transaction():
        item = instance.look_up(session, key)
        if item is None:
            instance.stats.touch_misses += 1
            return replies.NOT_FOUND
        store.touch(key, item, store.expires(sent))
        store.bump(key, item)
    instance.stats.classes[item.slab_class].touch_hits += 1
    return replies.TOUCHED
