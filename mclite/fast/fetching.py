"""The fast path's requests that fetch items, or touch them: get, gets, mg, touch."""

from __future__ import annotations

from typing import Final

from mclite.fast.storing import is_plain
from mclite.protocol import replies
from mclite.store.item import ACTIVE, BINARY_KEY, FETCHED, STALE, WON, Item
from mclite.store.memory import MemoryStore

_SEEN: Final = FETCHED | ACTIVE
_UNUSUAL: Final = STALE | WON | BINARY_KEY
_CACHED_MAX: Final = 4096

_END: Final = replies.END
_VALUE: Final = b"VALUE "
_CRLF: Final = b"\r\n"

_va_lines: Final[dict[bytes, bytes]] = {}


def _va_line(head: bytes) -> bytes:
    """Return the line "VA <size>" for an item whose VALUE line ends with HEAD."""
    line = b"VA " + head[head.index(b" ", 1) + 1 :]
    if len(_va_lines) < _CACHED_MAX:
        _va_lines[head] = line
    return line


def get(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
    """Answer a get of each of KEYS; return how many were done."""
    items = store.entries
    stats = store.stats
    classes = stats.classes
    now = store.now
    done = 0
    for key in keys:
        item = items.get(key)
        if item is None:
            if store.flushed or not is_plain(key):
                break
            stats.get_misses += 1
            out.append(_END)
        else:
            if item.exptime and item.exptime <= now:
                break
            if item.time != now or item.state != _SEEN:
                item.state |= _SEEN
                item.time = now
            classes[item.slab_class].get_hits += 1
            out += (_VALUE, key, item.head, item.block, _END)
        done += 1
    stats.cmd_get += done
    return done


def gets(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
    """Answer a gets of each of KEYS; return how many were done."""
    if tail:
        return 0
    items = store.entries
    stats = store.stats
    classes = stats.classes
    now = store.now
    done = 0
    for key in keys:
        item = items.get(key)
        if item is None or (item.exptime and item.exptime <= now):
            break
        if item.time != now or item.state != _SEEN:
            item.state |= _SEEN
            item.time = now
        classes[item.slab_class].get_hits += 1
        out += (_VALUE, key, item.head[:-2], b" %d\r\n" % item.cas, item.block, _END)
        done += 1
    stats.cmd_get += done
    return done


def meta_get(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
    """Answer an mg of each of KEYS with the flags in TAIL; return how many were done."""
    items = store.entries
    stats = store.stats
    classes = stats.classes
    now = store.now
    value_only = tail == b"v"
    flags = tail.split(b" ")
    done = 0
    for key in keys:
        item = items.get(key)
        if item is None:
            if not value_only or store.flushed or not is_plain(key):
                break
            stats.get_misses += 1
            out.append(replies.EN)
        else:
            if item.state & _UNUSUAL or (item.exptime and item.exptime <= now):
                break
            if value_only:
                out += (_va_lines.get(item.head) or _va_line(item.head), item.block)
            elif not _answer_flags(item, key, now, flags, out):
                break
            if item.time != now or item.state != _SEEN:
                item.state |= _SEEN
                item.time = now
            classes[item.slab_class].get_hits += 1
        done += 1
    stats.cmd_get += done
    return done


def _answer_flags(item: Item, key: bytes, now: int, flags: list[bytes], out: list[bytes]) -> bool:
    """Answer an mg with flags out of v, k, f, s, t, c and O; False, and nothing done, if there are others."""
    if len(flags) > 7 or len(set(flags)) != len(flags):
        return False
    with_value = opaque = False
    returned = b""
    for flag in flags:
        if flag == b"v":
            with_value = True
        elif flag == b"k":
            returned += b" k" + key
        elif flag == b"f":
            returned += b" f%d" % item.flags
        elif flag == b"s":
            returned += b" s%d" % item.size
        elif flag == b"t":
            returned += b" t%d" % (item.exptime - now if item.exptime else -1)
        elif flag == b"c":
            returned += b" c%d" % item.cas
        elif flag[:1] == b"O" and len(flag) < 32 and not opaque and b"\n" not in flag:
            opaque = True
            returned += b" " + flag
        elif flag or len(flags) > 1:  # no flags at all are one empty one
            return False
    if with_value:
        out += (b"VA %d" % item.size, returned, _CRLF, item.block)
    else:
        out += (b"HD", returned, _CRLF)
    return True


def touch(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
    """Touch each of KEYS; TAIL is the exptime; return how many were done."""
    if not tail.isdigit() or len(tail) > 9:
        return 0
    items = store.entries
    stats = store.stats
    classes = stats.classes
    now = store.now
    expires = store.expires(int(tail))
    done = 0
    for key in keys:
        item = items.get(key)
        if item is None or (item.exptime and item.exptime <= now):
            break
        item.exptime = expires
        if item.time != now or item.state != _SEEN:
            item.state |= _SEEN
            item.time = now
        classes[item.slab_class].touch_hits += 1
        out.append(replies.TOUCHED)
        done += 1
    stats.cmd_touch += done
    return done


def get_many(store: MemoryStore, keys: list[bytes], out: list[bytes]) -> bool:
    """Answer a get of several KEYS; False, and nothing done, if one of them is unusual."""
    now = store.now
    stats = store.stats
    found = list(map(store.entries.get, keys))
    for key, item in zip(keys, found, strict=True):
        if item is None:
            if store.flushed or not is_plain(key):
                return False
        elif item.exptime and item.exptime <= now:
            return False
    misses = 0
    for key, item in zip(keys, found, strict=True):
        if item is None:
            misses += 1
            continue
        if item.time != now or item.state & _SEEN != _SEEN:
            item.state |= _SEEN
            item.time = now
        stats.classes[item.slab_class].get_hits += 1
        out += (_VALUE, key, item.head, item.block)
    stats.cmd_get += len(keys)
    stats.get_misses += misses
    out.append(_END)
    return True
