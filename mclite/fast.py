"""The fast path: the common forms of the common commands, on the memory engine.

What it does is said by session.py, protocol/parser.py and the handlers; this is the same once more, for speed. It
begins at a place in the buffer where a request begins, carries out requests for as long as it knows their form, and
says where it stopped; the slow path does the next one, and then it is asked again. The rule that keeps it true: it
changes nothing before it is sure that the request is one of its own, and whatever is rare - an option, an error, a
watcher, an item that has expired, a full memory - it leaves to the slow path. tests/test_fast.py runs every case
through both and compares the bytes, the items and the counters.
"""

from __future__ import annotations

from typing import Final

from mclite.protocol import replies
from mclite.protocol.parser import KEY_MAX
from mclite.store.item import ACTIVE, BINARY_KEY, FETCHED, STALE, WON, Item, head_of
from mclite.store.memory import MemoryStore

_SEEN: Final = FETCHED | ACTIVE
_RUN_MAX: Final = 64
"""Gets that are taken apart at once."""
_RUN_BYTES_MAX: Final = _RUN_MAX * (KEY_MAX + 6)
_UINT64_DIGITS_SAFE: Final = 18
_UNUSUAL: Final = STALE | WON | BINARY_KEY

_STORED: Final = replies.STORED
_END: Final = replies.END
_VALUE: Final = b"VALUE "
_HD: Final = replies.HD
_EN: Final = replies.EN


def serve(store: MemoryStore, buffer: bytes, position: int, turns: int, out: list[bytes]) -> int:
    """Carry out up to TURNS requests of BUFFER from POSITION on, append their answers to OUT; return where it stopped.

    Only whole requests are taken; the last one may still be coming. Whether a server's requests may come here at all
    is said by Instance.refresh.
    """
    items = store.entries
    classes = store.stats.classes
    stats = store.stats
    now = store.now
    find = buffer.find
    length = len(buffer)
    for _ in range(turns):
        end = find(b"\r\n", position)
        if end < 0:
            return position
        if buffer.startswith(b"get ", position):
            start = position + 4
            if end + 2 < length and buffer.startswith(b"\r\nget ", end):
                # A run of gets: split at what stands between their keys. What is no such key is not found, and stops.
                keys = buffer[start : start + _RUN_BYTES_MAX].split(b"\r\nget ", _RUN_MAX)
                last = keys.pop()
                if last.endswith(b"\r\n") and start + _RUN_BYTES_MAX >= length:
                    keys.append(last[:-2])
                hits = 0
                for key in keys:
                    item = items.get(key)
                    if item is None or item.exptime:
                        break
                    if item.time != now or item.state & _SEEN != _SEEN:
                        item.state |= _SEEN
                        item.time = now
                    classes[item.slab_class].get_hits += 1
                    out += (_VALUE, key, item.head, item.block, _END)
                    hits += 1
                    position += len(key) + 6
                stats.cmd_get += hits
                if hits:
                    continue
            key = buffer[start:end]
            item = items.get(key)
            if item is None:
                if store.flushed or b" " in key or b"\n" in key or not 0 < end - start <= KEY_MAX:
                    return position
                stats.get_misses += 1
                out.append(_END)
            else:
                if item.exptime and item.exptime <= now:
                    return position
                if item.time != now or item.state & _SEEN != _SEEN:
                    item.state |= _SEEN
                    item.time = now
                classes[item.slab_class].get_hits += 1
                out += (_VALUE, key, item.head, item.block, _END)
            stats.cmd_get += 1
            position = end + 2
            continue
        tokens = buffer[position:end].split(b" ")
        verb = tokens[0]
        count = len(tokens)
        if verb == b"set" and count == 5:
            position = _set(store, tokens[1], tokens[2], tokens[3], tokens[4], buffer, position, end, out, _STORED)
        elif verb == b"mg" and count > 1:
            position = _meta_get(store, tokens, position, end, out)
        elif verb == b"ms" and count == 3:
            position = _set(store, tokens[1], b"0", b"0", tokens[2], buffer, position, end, out, _HD)
        elif verb == b"gets" and count == 2:
            item = items.get(tokens[1])
            if item is None or (item.exptime and item.exptime <= now):
                return position
            if item.time != now or item.state & _SEEN != _SEEN:
                item.state |= _SEEN
                item.time = now
            classes[item.slab_class].get_hits += 1
            stats.cmd_get += 1
            out += (_VALUE, tokens[1], item.head[:-2], b" %d\r\n" % item.cas, item.block, _END)
            position = end + 2
        elif verb == b"incr" and count == 3:
            position = _increment(store, tokens[1], tokens[2], position, end, out)
        elif verb == b"delete" and count == 2:
            key = tokens[1]
            item = items.get(key)
            if item is None:
                if store.flushed or b"\n" in key or key == b"noreply" or not 0 < len(key) <= KEY_MAX:
                    return position
                stats.delete_misses += 1
                out.append(replies.NOT_FOUND)
            else:
                if (item.exptime and item.exptime <= now) or key == b"noreply":
                    return position
                store.delete(key, item)
                classes[item.slab_class].delete_hits += 1
                out.append(replies.DELETED)
            position = end + 2
        elif verb == b"touch" and count == 3 and tokens[2].isdigit() and len(tokens[2]) < 10:
            item = items.get(tokens[1])
            if item is None or (item.exptime and item.exptime <= now):
                return position
            item.exptime = store.expires(int(tokens[2]))
            if item.time != now or item.state & _SEEN != _SEEN:
                item.state |= _SEEN
                item.time = now
            stats.cmd_touch += 1
            classes[item.slab_class].touch_hits += 1
            out.append(replies.TOUCHED)
            position = end + 2
        elif verb == b"mn" and count == 1:
            out.append(replies.MN)
            position = end + 2
        else:
            return position
        if position < 0:
            return ~position
    return position


def _set(
    store: MemoryStore,
    key: bytes,
    flags: bytes,
    exptime: bytes,
    length: bytes,
    buffer: bytes,
    position: int,
    end: int,
    out: list[bytes],
    answer: bytes,
) -> int:
    """Store an item and return where the next request begins; if this one is unusual, ~POSITION."""
    if not length.isdigit() or len(length) > 7 or not 0 < len(key) <= KEY_MAX:
        return ~position
    size = int(length)
    start = end + 2
    stop = start + size + 2
    block = buffer[start:stop]
    if len(block) != size + 2 or not block.endswith(b"\r\n"):
        return ~position
    if flags == b"0":
        client_flags = 0
        total = 59 + len(key) + size  # item_size
    elif flags.isdigit() and len(flags) < 10:
        client_flags = int(flags)
        total = 59 + len(key) + size + (4 if client_flags else 0)
    else:
        return ~position
    if exptime == b"0":
        expires = 0
    elif exptime.isdigit() and len(exptime) < 10:
        expires = store.expires(int(exptime))
    else:
        return ~position
    items = store.entries
    slab_class = store.slabs.class_of(total)
    if slab_class == 0:
        return ~position
    item = items.get(key)
    if item is None:
        if store.flushed or (store.maxbytes and store.used + total > store.maxbytes):
            return ~position
        item = Item.__new__(Item)
        items[key] = item
        store.used += total
        item.state = 0
    else:
        if item.exptime and item.exptime <= store.now:
            return ~position
        # In place: the LRU spares it once, as it would an item at its young end.
        grown = total - store.size_of(key, item)
        if grown and store.maxbytes and store.used + grown > store.maxbytes:
            return ~position
        store.used += grown
        item.state = ACTIVE
    item.block = block
    item.head = head_of(client_flags, size)
    item.exptime = expires
    store.last_cas = item.cas = store.last_cas + 1
    item.time = store.now
    item.slab_class = slab_class
    stats = store.stats
    stats.total_items += 1
    stats.classes[slab_class].cmd_set += 1
    out.append(answer)
    return stop


def _meta_get(store: MemoryStore, tokens: list[bytes], position: int, end: int, out: list[bytes]) -> int:
    """Answer an mg with flags out of v, k, f, s, t, c and O; return where the next request begins, or ~POSITION."""
    key = tokens[1]
    item = store.entries.get(key)
    if item is None or item.state & _UNUSUAL or (item.exptime and item.exptime <= store.now):
        return ~position
    now = store.now
    with_value = False
    if len(tokens) == 3 and tokens[2] == b"v":
        out += (b"VA ", item.head[item.head.index(b" ", 1) + 1 :], item.block)
    else:
        returned = b""
        seen = set()
        for token in tokens[2:]:
            if token in seen:
                return ~position
            seen.add(token)
            if token == b"v":
                with_value = True
            elif token == b"k":
                returned += b" k" + key
            elif token == b"f":
                returned += b" f%d" % item.flags
            elif token == b"s":
                returned += b" s%d" % (len(item.block) - 2)
            elif token == b"t":
                returned += b" t%d" % (item.exptime - now if item.exptime else -1)
            elif token == b"c":
                returned += b" c%d" % item.cas
            elif token[:1] == b"O" and len(token) < 32 and b"O" not in seen:
                seen.add(b"O")
                returned += b" " + token
            else:
                return ~position
        if len(tokens) > 9:
            return ~position
        if with_value:
            out += (b"VA %d" % (len(item.block) - 2), returned, b"\r\n", item.block)
        else:
            out += (b"HD", returned, b"\r\n")
    if item.time != now or item.state & _SEEN != _SEEN:
        item.state |= _SEEN
        item.time = now
    stats = store.stats
    stats.cmd_get += 1
    stats.classes[item.slab_class].get_hits += 1
    return end + 2


def _increment(store: MemoryStore, key: bytes, value: bytes, position: int, end: int, out: list[bytes]) -> int:
    """Add to a plain number that keeps its length; return where the next request begins, or ~POSITION."""
    item = store.entries.get(key)
    if item is None or item.exptime or not value.isdigit() or len(value) > _UINT64_DIGITS_SAFE:
        return ~position
    block = item.block
    data = block[:-2]
    if not data.isdigit() or len(data) > _UINT64_DIGITS_SAFE or (data[0] == 48 and len(data) > 1):
        return ~position
    text = b"%d\r\n" % (int(data) + int(value))
    if len(text) != len(block):
        return ~position
    item.block = text
    store.last_cas = item.cas = store.last_cas + 1
    item.time = store.now
    store.stats.classes[item.slab_class].incr_hits += 1
    out.append(text)
    return end + 2
