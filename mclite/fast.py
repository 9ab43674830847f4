"""The fast path: the common forms of the common commands, on the memory engine.

What it does is said by session.py, protocol/parser.py and the handlers; this is the same once more, for speed. It
begins at a place in the buffer where a request begins, carries out requests for as long as it knows their form, and
says where it stopped; the slow path does the next one, and then it is asked again. The rule that keeps it true: it
changes nothing before it is sure that the request is one of its own, and whatever is rare - an option, an error, a
watcher, an item that has expired, a full memory - it leaves to the slow path. tests/test_fast.py runs every case
through both and compares the bytes, the items and the counters.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mclite.protocol import replies
from mclite.protocol.parser import KEY_MAX
from mclite.store.item import ACTIVE, BINARY_KEY, FETCHED, STALE, WON, Item, head_of
from mclite.store.memory import MemoryStore
from mclite.store.slabs import item_size

_SEEN: Final = FETCHED | ACTIVE
_RUN_MAX: Final = 64
"""Gets that are taken apart at once."""
_RUN_BYTES_MAX: Final = _RUN_MAX * (KEY_MAX + 6)
_UINT64_DIGITS_SAFE: Final = 18
_UNUSUAL: Final = STALE | WON | BINARY_KEY
_CACHED_MAX: Final = 4096

_STORED: Final = replies.STORED
_END: Final = replies.END
_VALUE: Final = b"VALUE "
_CRLF: Final = b"\r\n"


class _Form(NamedTuple):
    """What stands behind the key in the line of a set or ms, read once for all lines that have it."""

    head: bytes
    exptime: int
    size: int
    total: int
    """item_size, without the key"""


_forms: dict[bytes, _Form] = {}
_va_lines: dict[bytes, bytes] = {}


def _read_form(tail: bytes, meta: bool) -> _Form | None:
    """Read TAIL, "<flags> <exptime> <bytes>" or for ms "<datalen>"; None if it is unusual."""
    tokens = tail.split(b" ")
    if meta:
        tokens = [b"0", b"0", *tokens]
    if len(tokens) != 3 or not all(token.isdigit() and len(token) < 8 for token in tokens):
        return None
    flags, exptime, size = map(int, tokens)
    form = _Form(head_of(flags, size), exptime, size, item_size(0, size, flags))
    if len(_forms) < _CACHED_MAX:
        _forms[b"ms " + tail if meta else tail] = form
    return form


def _va_line(head: bytes) -> bytes:
    """Return the line "VA <size>" for an item whose VALUE line ends with HEAD."""
    line = b"VA " + head[head.index(b" ", 1) + 1 :]
    if len(_va_lines) < _CACHED_MAX:
        _va_lines[head] = line
    return line


def serve(
    store: MemoryStore, buffer: bytes, position: int, turns: int, out: list[bytes], largest: int = 1 << 30
) -> int:
    """Carry out up to TURNS requests of BUFFER from POSITION on, append their answers to OUT; return where it stopped.

    Data longer than LARGEST is left to the slow path, which notes that there are items of its length: how much memory
    the answers of one turn may take depends on that. Only whole requests are taken; the last one may still be coming.
    Whether a server's requests may come here at all is said by Instance.refresh.
    """
    items = store.entries
    stats = store.stats
    classes = stats.classes
    now = store.now
    find = buffer.find
    begins = buffer.startswith
    length = len(buffer)
    gets_left = turns
    for _ in range(turns):
        end = find(_CRLF, position)
        if end < 0:
            return position
        if begins(b"get ", position):
            start = position + 4
            if end + 2 < length and begins(b"\r\nget ", end):
                # A run of gets: split at what stands between their keys. What is no such key is not found, and stops.
                keys = buffer[start : start + _RUN_BYTES_MAX].split(b"\r\nget ", min(_RUN_MAX, gets_left))
                last = keys.pop()
                if last.endswith(_CRLF) and start + _RUN_BYTES_MAX >= length:
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
                if hits:
                    stats.cmd_get += hits
                    gets_left -= hits
                    if gets_left <= 0:
                        return position
                    continue
            key = buffer[start:end]
            item = items.get(key)
            if item is None:
                if store.flushed or b"\n" in key:
                    return position
                if b" " in key:
                    keys = key.split(b" ")
                    gets_left -= len(keys)
                    if gets_left < 0 or not _get_many(store, keys, out):
                        return position
                    position = end + 2
                    continue
                if not 0 < end - start <= KEY_MAX:
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
        verb, _, line = buffer[position:end].partition(b" ")
        if verb == b"set" or verb == b"ms":
            key, _, tail = line.partition(b" ")
            meta = verb == b"ms"
            form = _forms.get(b"ms " + tail if meta else tail) or _read_form(tail, meta)
            if form is None:
                return position
            head, exptime, size, total = form
            if size > largest:
                return position
            stop = end + 4 + size
            if buffer[stop - 2 : stop] != _CRLF:
                return position
            total += len(key)
            slab_class = store.slabs.class_of(total)
            if slab_class == 0 or (store.maxbytes and store.used + total > store.maxbytes):
                return position
            item = items.get(key)
            if item is None:
                if store.flushed or b"\n" in key or not 0 < len(key) <= KEY_MAX:
                    return position
                items[key] = item = Item.__new__(Item)
                store.used += total
                item.state = 0
            else:
                if item.exptime and item.exptime <= now:
                    return position
                if item.head is not head:
                    store.used += total - store.size_of(key, item)
                # In place: the LRU spares it once, as it would an item at its young end.
                item.state = ACTIVE
            item.block = buffer[end + 2 : stop]
            item.head = head
            item.exptime = store.expires(exptime) if exptime else 0
            store.last_cas = item.cas = store.last_cas + 1
            item.time = now
            item.slab_class = slab_class
            stats.total_items += 1
            classes[slab_class].cmd_set += 1
            out.append(b"HD\r\n" if meta else _STORED)
            position = stop
            continue
        if verb == b"mg":
            key, _, tail = line.partition(b" ")
            item = items.get(key)
            if item is None or item.state & _UNUSUAL or (item.exptime and item.exptime <= now):
                return position
            if tail == b"v":
                out.append(_va_lines.get(item.head) or _va_line(item.head))
                out.append(item.block)
            elif not _meta_get(item, key, now, tail.split(b" "), out):
                return position
            if item.time != now or item.state & _SEEN != _SEEN:
                item.state |= _SEEN
                item.time = now
            stats.cmd_get += 1
            classes[item.slab_class].get_hits += 1
        elif verb == b"gets":
            item = items.get(line)
            if item is None or (item.exptime and item.exptime <= now):
                return position
            if item.time != now or item.state & _SEEN != _SEEN:
                item.state |= _SEEN
                item.time = now
            classes[item.slab_class].get_hits += 1
            stats.cmd_get += 1
            out += (_VALUE, line, item.head[:-2], b" %d\r\n" % item.cas, item.block, _END)
        elif verb == b"incr":
            if not _increment(store, line, out):
                return position
        elif verb == b"delete":
            item = items.get(line)
            if line == b"noreply":
                return position
            if item is None:
                if store.flushed or b"\n" in line or b" " in line or not 0 < len(line) <= KEY_MAX:
                    return position
                stats.delete_misses += 1
                out.append(replies.NOT_FOUND)
            else:
                if item.exptime and item.exptime <= now:
                    return position
                store.delete(line, item)
                classes[item.slab_class].delete_hits += 1
                out.append(replies.DELETED)
        elif verb == b"touch":
            key, _, exptime_sent = line.partition(b" ")
            item = items.get(key)
            if item is None or (item.exptime and item.exptime <= now):
                return position
            if not exptime_sent.isdigit() or len(exptime_sent) > 9:
                return position
            item.exptime = store.expires(int(exptime_sent))
            if item.time != now or item.state & _SEEN != _SEEN:
                item.state |= _SEEN
                item.time = now
            stats.cmd_touch += 1
            classes[item.slab_class].touch_hits += 1
            out.append(replies.TOUCHED)
        elif verb == b"mn" and not line and end - position == 2:
            out.append(replies.MN)
        else:
            return position
        position = end + 2
    return position


def _get_many(store: MemoryStore, keys: list[bytes], out: list[bytes]) -> bool:
    """Answer a get of several KEYS; False, and nothing done, if one of them is unusual."""
    now = store.now
    stats = store.stats
    found = list(map(store.entries.get, keys))
    for key, item in zip(keys, found, strict=True):
        if item is None:
            if not 0 < len(key) <= KEY_MAX:
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


def _meta_get(item: Item, key: bytes, now: int, flags: list[bytes], out: list[bytes]) -> bool:
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


def _increment(store: MemoryStore, line: bytes, out: list[bytes]) -> bool:
    """Add to a plain number that keeps its length; False, and nothing done, if LINE or the item is unusual."""
    key, _, value = line.partition(b" ")
    item = store.entries.get(key)
    if item is None or item.exptime or not value.isdigit() or len(value) > _UINT64_DIGITS_SAFE:
        return False
    block = item.block
    data = block[:-2]
    if not data.isdigit() or len(data) > _UINT64_DIGITS_SAFE or (data[0] == 48 and len(data) > 1):
        return False
    text = b"%d\r\n" % (int(data) + int(value))
    if len(text) != len(block):
        return False
    item.block = text
    store.last_cas = item.cas = store.last_cas + 1
    item.time = store.now
    store.stats.classes[item.slab_class].incr_hits += 1
    out.append(text)
    return True
