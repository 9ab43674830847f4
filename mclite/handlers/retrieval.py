"""get and gets (protocol.txt 288-327), gat and gats (425-461), touch (399-423)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mclite.protocol import errors, replies
from mclite.protocol.numbers import signed_32
from mclite.protocol.parser import KEY_MAX, Request

if TYPE_CHECKING:
    from mclite.session import Session


def get(session: Session, request: Request) -> bytes:
    """Fetch items."""
    return _fetch(session, request.args, with_cas=False)


def gets(session: Session, request: Request) -> bytes:
    """Fetch items with their cas uniques."""
    return _fetch(session, request.args, with_cas=True)


def gat(session: Session, request: Request) -> bytes:
    """Fetch items and set their exptime."""
    return _fetch_and_touch(session, request, with_cas=False)


def gats(session: Session, request: Request) -> bytes:
    """Fetch items with their cas uniques, and set their exptime."""
    return _fetch_and_touch(session, request, with_cas=True)


def _fetch_and_touch(session: Session, request: Request, with_cas: bool) -> bytes:
    sent = signed_32(request.args[0])
    if sent is None:
        return errors.BAD_EXPTIME
    store = session.instance.store
    with store.transaction():
        return _fetch(session, request.args[1:], with_cas, store.expires(sent))


def _fetch(session: Session, keys: list[bytes], with_cas: bool, expires: int | None = None) -> bytes:
    """Fetch the items of KEYS. An overlong key makes the whole answer an error (protocol.txt 46-49)."""
    instance = session.instance
    store = instance.store
    stats = instance.stats
    out = []
    for key in keys:
        if len(key) > KEY_MAX:
            return errors.BAD_FORMAT
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
        else:
            counters = stats.classes[item.slab_class]
            if expires is None:
                counters.get_hits += 1
            else:
                counters.touch_hits += 1
                store.touch(key, item, expires)
            store.bump(key, item)
            out.append(replies.value(key, item.flags, item.data, item.cas if with_cas else None))
    out.append(replies.END)
    return b"".join(out)


def touch(session: Session, request: Request) -> bytes:
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
