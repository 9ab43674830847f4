"""The fast path's requests that fetch items, or touch them: get, gets, mg, touch."""

from __future__ import annotations

from typing import Final

from mclite.fast.storing import CACHED_MAX, is_plain
from mclite.protocol import replies
from mclite.store.item import ACTIVE, BINARY_KEY, FETCHED, ODD_KEY, STALE, WON, Item
from mclite.store.memory import MemoryStore

SEEN: Final = FETCHED | ACTIVE
UNUSUAL: Final = STALE | WON | BINARY_KEY | ODD_KEY

_END: Final = replies.END
_VALUE: Final = b"VALUE "
_END_VALUE: Final = _END + _VALUE
_CRLF: Final = b"\r\n"

va_lines: Final[dict[bytes, bytes]] = {}


def va_line(head: bytes) -> bytes:
    """Return the line "VA <size>" for an item whose VALUE line ends with HEAD."""
    line = b"VA " + head[head.index(b" ", 1) + 1 :]
    if len(va_lines) < CACHED_MAX:
        va_lines[head] = line
    return line


def see(item: Item, now: int) -> bool:
    """Note that ITEM was fetched NOW; False, and nothing done, if its key is odd.

    Called only when it has not been noted this second, for a call costs.
    """
    if item.state & ODD_KEY:
        return False
    item.state |= SEEN
    item.time = now
    return True


def get(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
    """Answer a get of each of KEYS; return how many were done."""
    find = store.entries.get
    stats = store.stats
    classes = stats.classes
    now = store.now
    done = counted = slab_class = 0
    out.append(_VALUE)  # which begins the answer to a hit, and so stands before each; it is taken away at the end
    for key in keys:
        item = find(key)
        if item is None:
            if store.flushed or not is_plain(key):
                break
            stats.get_misses += 1
            counted += 1
            out[-1] = out[-1][:-6] + _END_VALUE
        else:
            if item.exptime and item.exptime <= now:
                break
            if (item.time != now or item.state != SEEN) and not see(item, now):
                break
            if item.slab_class != slab_class:
                classes[slab_class].get_hits += done - counted
                counted = done
                slab_class = item.slab_class
            out.append(key)
            out.append(item.head)
            out.append(item.block)
            out.append(_END_VALUE)
        done += 1
    out[-1] = out[-1][:-6]
    classes[slab_class].get_hits += done - counted
    stats.cmd_get += done
    return done


def gets(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
    """Answer a gets of each of KEYS; return how many were done."""
    if tail:
        return 0
    find = store.entries.get
    stats = store.stats
    classes = stats.classes
    now = store.now
    done = counted = slab_class = 0
    head = bare_head = b""
    out.append(_VALUE)  # as in get
    for key in keys:
        item = find(key)
        if item is None or (item.exptime and item.exptime <= now):
            break
        if (item.time != now or item.state != SEEN) and not see(item, now):
            break
        if item.slab_class != slab_class:
            classes[slab_class].get_hits += done - counted
            counted = done
            slab_class = item.slab_class
        if item.head is not head:
            head = item.head
            bare_head = head[:-2]
        out.append(key)
        out.append(bare_head)
        out.append(b" %d\r\n" % item.cas)
        out.append(item.block)
        out.append(_END_VALUE)
        done += 1
    out[-1] = out[-1][:-6]
    classes[slab_class].get_hits += done - counted
    stats.cmd_get += done
    return done


def meta_get(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
    """Answer an mg of each of KEYS with the flags in TAIL; return how many were done."""
    find = store.entries.get
    stats = store.stats
    classes = stats.classes
    now = store.now
    value_only = tail == b"v"
    flags = tail.split(b" ")
    done = counted = slab_class = 0
    for key in keys:
        item = find(key)
        if item is None:
            if not value_only or store.flushed or not is_plain(key):
                break
            stats.get_misses += 1
            counted += 1
            out.append(replies.EN)
        else:
            if item.state & UNUSUAL or (item.exptime and item.exptime <= now):
                break
            if value_only:
                out.append(va_lines.get(item.head) or va_line(item.head))
                out.append(item.block)
            elif not answer_flags(item, key, now, flags, out):
                break
            if item.time != now or item.state != SEEN:
                see(item, now)
            if item.slab_class != slab_class:
                classes[slab_class].get_hits += done - counted
                counted = done
                slab_class = item.slab_class
        done += 1
    classes[slab_class].get_hits += done - counted
    stats.cmd_get += done
    return done


def answer_flags(item: Item, key: bytes, now: int, flags: list[bytes], out: list[bytes]) -> bool:
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
    find = store.entries.get
    stats = store.stats
    classes = stats.classes
    now = store.now
    expires = store.expires(int(tail))
    done = counted = slab_class = 0
    for key in keys:
        item = find(key)
        if item is None or (item.exptime and item.exptime <= now):
            break
        if (item.time != now or item.state != SEEN) and not see(item, now):
            break
        item.exptime = expires
        if item.slab_class != slab_class:
            classes[slab_class].touch_hits += done - counted
            counted = done
            slab_class = item.slab_class
        done += 1
    classes[slab_class].touch_hits += done - counted
    stats.cmd_touch += done
    out.append(replies.TOUCHED * done)
    return done


def get_many(store: MemoryStore, keys: list[bytes], out: list[bytes]) -> bool:
    """Answer a get of several KEYS; False if one of them is unusual, and nothing counted or answered."""
    find = store.entries.get
    stats = store.stats
    now = store.now
    hits: dict[int, int] = {}
    parts: list[bytes] = []
    done = counted = slab_class = misses = 0
    for key in keys:
        item = find(key)
        if item is None:
            if store.flushed or not is_plain(key):
                return False
            misses += 1
            continue
        if item.exptime and item.exptime <= now:
            return False
        if (item.time != now or item.state != SEEN) and not see(item, now):
            return False
        if item.slab_class != slab_class:
            hits[slab_class] = hits.get(slab_class, 0) + done - counted
            counted = done
            slab_class = item.slab_class
        parts.append(_VALUE)
        parts.append(key)
        parts.append(item.head)
        parts.append(item.block)
        done += 1
    hits[slab_class] = hits.get(slab_class, 0) + done - counted
    for slab_class, number in hits.items():
        stats.classes[slab_class].get_hits += number
    stats.cmd_get += len(keys)
    stats.get_misses += misses
    out += parts
    out.append(_END)
    return True
