"""The fast path: the common forms of the common commands, on the memory engine.

What it does is said by session.py, protocol/parser.py and the handlers; this is the same once more, for speed. It
begins at a place in the buffer where a request begins, carries out requests for as long as it knows their form, and
says where it stopped; the slow path does the next one, and then it is asked again. The rule that keeps it true: it
changes nothing before it is sure that the request is one of its own, and whatever is rare - an option, an error, a
watcher, an item that has expired - it leaves to the slow path. tests/test_fast.py runs every case through both and
compares the bytes, the items and the counters.

What makes it fast: requests that follow one another with the same verb, and the same words behind the key, are a run.
A run is taken apart by one `split` at what stands between its keys, and then costs one short loop. A piece that is no
key, because something else follows or because data look like a request, is found under no key, and ends the run.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mclite.protocol import replies
from mclite.protocol.parser import KEY_MAX
from mclite.store.item import ACTIVE, BINARY_KEY, FETCHED, STALE, WON, Item, head_of
from mclite.store.memory import MemoryStore
from mclite.store.slabs import item_size

_SEEN: Final = FETCHED | ACTIVE
_WINDOW: Final = 4096
"""Bytes that are looked at for a run, so that requests of many kinds in a long buffer are not split for nothing."""
_UINT64_DIGITS_SAFE: Final = 18
_UNUSUAL: Final = STALE | WON | BINARY_KEY
_CACHED_MAX: Final = 4096

_STORED: Final = replies.STORED
_END: Final = replies.END
_VALUE: Final = b"VALUE "
_CRLF: Final = b"\r\n"


class _Form(NamedTuple):
    """What stands behind the key in the line of a set or ms, read once for all lines that have it."""

    verb: bytes
    ending: bytes
    """as it was sent, from the space to the CR LF"""
    head: bytes
    exptime: int
    size: int
    total: int
    """item_size, without the key"""
    answer: bytes


_forms: dict[bytes, dict[bytes, _Form]] = {b"set": {}, b"ms": {}}
"""by the verb and by what stands behind the key"""
_va_lines: dict[bytes, bytes] = {}


def _read_form(verb: bytes, tail: bytes) -> _Form | None:
    """Read TAIL, "<flags> <exptime> <bytes> [noreply]" or for ms "<datalen> [F<flags>] [T<exptime>] [q]".

    Return None if it is unusual.
    """
    tokens = tail.split(b" ")
    answer = _STORED
    if verb == b"set":
        if tokens[3:] == [b"noreply"]:
            answer = b""
            tokens.pop()
    else:
        answer = replies.HD
        size, *given = tokens
        tokens = [b"0", b"0", size]
        letters = {flag[:1] for flag in given}
        if len(letters) != len(given):
            return None
        for flag in given:
            if flag == b"q":
                answer = b""
            elif flag[:1] == b"F":
                tokens[0] = flag[1:]
            elif flag[:1] == b"T":
                tokens[1] = flag[1:]
            else:
                return None
    if len(tokens) != 3 or not all(token.isdigit() and len(token) < 8 for token in tokens):
        return None
    flags, exptime, length = map(int, tokens)
    form = _Form(verb, b" %b\r\n" % tail, head_of(flags, length), exptime, length, item_size(0, length, flags), answer)
    if len(_forms[verb]) < _CACHED_MAX:
        _forms[verb][tail] = form
    return form


def _va_line(head: bytes) -> bytes:
    """Return the line "VA <size>" for an item whose VALUE line ends with HEAD."""
    line = b"VA " + head[head.index(b" ", 1) + 1 :]
    if len(_va_lines) < _CACHED_MAX:
        _va_lines[head] = line
    return line


def _is_plain(key: bytes) -> bool:
    """Is KEY, which is not held, a key, and no end of a run?"""
    return 0 < len(key) <= KEY_MAX and b" " not in key and b"\n" not in key


def serve(
    store: MemoryStore, buffer: bytes, position: int, turns: int, out: list[bytes], largest: int = 1 << 30
) -> int:
    """Carry out up to TURNS requests of BUFFER from POSITION on, append their answers to OUT; return where it stopped.

    Data longer than LARGEST is left to the slow path, which notes that there are items of its length: how much memory
    the answers of one turn may take depends on that. Only whole requests are taken; the last one may still be coming.
    Whether a server's requests may come here at all is said by Instance.refresh.
    """
    length = len(buffer)
    while turns > 0 and position < length:
        window = buffer[position : position + _WINDOW] if position or length > _WINDOW else buffer
        line, line_end, rest = window.partition(_CRLF)
        if not line_end:
            window = buffer[position:]
            line, line_end, rest = window.partition(_CRLF)
            if not line_end:
                return position
        words = line.split(b" ", 2)
        if len(words) == 1:
            if line != b"mn":
                return position
            out.append(replies.MN)
            turns -= 1
            position += 4
            continue
        verb = words[0]
        tail = words[2] if len(words) == 3 else b""
        carry_out = _BY_VERB.get(verb)
        if carry_out is None:
            forms = _forms.get(verb)
            form = None if forms is None else forms.get(tail) or _read_form(verb, tail)
            if form is None or form.size > largest:
                return position
            start = len(line) + 2
            size = form.size + 2
            if len(rest) < size:
                rest = buffer[position + start : position + start + size]
            verb += b" "
            if len(rest) > size and rest.startswith(verb, size):
                between = _CRLF + verb
                pieces = window[len(verb) :].split(between, turns)
                pieces.pop()  # it may be cut off, or followed by something else: it begins the next run
                done = _store(store, pieces, form, largest, out)
                if not done:
                    return position
                position += sum(map(len, pieces[:done])) + done * len(between)
            else:
                block = rest if len(rest) == size else rest[:size]
                if len(block) < size or not block.endswith(_CRLF):
                    return position
                if not _put(store, words[1], block, form, store.expires(form.exptime)):
                    return position
                if form.answer:
                    out.append(form.answer)
                done = 1
                position += start + size
        elif tail and verb == b"get":
            keys = line.split(b" ")[1:]
            done = len(keys)
            if done > turns or not _get_many(store, keys, out):
                return position
            position += len(line) + 2
        elif rest and rest.startswith(verb + b" "):
            # A run: its lines differ in the key only, so they are taken apart at what stands between the keys.
            start = len(verb) + 1
            ending = line[start + len(words[1]) :] + _CRLF
            between = ending + verb + b" "
            keys = window[start:].split(between, turns - 1)
            last, whole, _ = keys.pop().partition(ending)
            if whole:
                keys.append(last)
            done = carry_out(store, keys, tail, out)
            if not done:
                return position
            position += sum(map(len, keys[:done])) + done * len(between)
        else:
            done = carry_out(store, [words[1]], tail, out)
            if not done:
                return position
            position += len(line) + 2
        turns -= done
    return position


def _store(store: MemoryStore, pieces: list[bytes], form: _Form, largest: int, out: list[bytes]) -> int:
    """Carry out sets or ms; PIECES are what stands between the verb of each and its last CR LF, FORM is the first's."""
    verb, ending, size, answer = form.verb, form.ending, form.size, form.answer
    expires = store.expires(form.exptime)
    done = 0
    for piece in pieces:
        key, found, data = piece.partition(ending)
        if not found:
            key, _, data = piece.partition(b" ")
            tail, _, data = data.partition(_CRLF)
            other = _forms[verb].get(tail) or _read_form(verb, tail)
            if other is None or other.size > largest:
                break
            form = other
            ending, size, answer = form.ending, form.size, form.answer
            expires = store.expires(form.exptime)
        if len(data) != size or not _put(store, key, data + _CRLF, form, expires):
            break
        if answer:
            out.append(answer)
        done += 1
    return done


def _put(store: MemoryStore, key: bytes, block: bytes, form: _Form, expires: int) -> bool:
    """Hold BLOCK under KEY until EXPIRES; False, and nothing done, if something about it is unusual."""
    items = store.entries
    item = items.get(key)
    if item is None:
        if store.flushed or not _is_plain(key):
            return False
    elif item.exptime and item.exptime <= store.now:
        return False
    head = form.head
    total = form.total + len(key)
    if item is None or item.head is not head:
        slab_class = store.slabs.class_of(total)
        if slab_class == 0:
            return False
    else:
        slab_class = item.slab_class
    if store.used + total > store.maxbytes and store.maxbytes:
        if not store.evict or not store.make_room(total):
            return False
        item = items.get(key)
    if item is None:
        items[key] = item = Item.__new__(Item)
        item.state = 0
        store.used += total
    else:
        if item.head is not head:
            store.used += total - store.size_of(key, item)
        item.state = ACTIVE  # in place: the LRU spares it once, as it would an item at its young end
    item.block = block
    item.head = head
    item.exptime = expires
    store.last_cas = item.cas = store.last_cas + 1
    item.time = store.now
    item.slab_class = slab_class
    stats = store.stats
    stats.total_items += 1
    stats.classes[slab_class].cmd_set += 1
    return True


def _get(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
    items = store.entries
    stats = store.stats
    classes = stats.classes
    now = store.now
    done = 0
    for key in keys:
        item = items.get(key)
        if item is None:
            if store.flushed or not _is_plain(key):
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


def _gets(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
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


def _meta_get(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
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
            if not value_only or store.flushed or not _is_plain(key):
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


def _increment(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
    if not tail.isdigit() or len(tail) > _UINT64_DIGITS_SAFE:
        return 0
    items = store.entries
    classes = store.stats.classes
    now = store.now
    delta = int(tail)
    done = 0
    for key in keys:
        item = items.get(key)
        if item is None or item.exptime:
            break
        block = item.block
        data = block[:-2]
        if not data.isdigit() or len(data) > _UINT64_DIGITS_SAFE or (data[0] == 48 and len(data) > 1):
            break
        text = b"%d\r\n" % (int(data) + delta)
        if len(text) != len(block):
            break
        item.block = text
        store.last_cas = item.cas = store.last_cas + 1
        item.time = now
        classes[item.slab_class].incr_hits += 1
        out.append(text)
        done += 1
    return done


def _delete(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
    if tail:
        return 0
    items = store.entries
    stats = store.stats
    classes = stats.classes
    now = store.now
    done = 0
    for key in keys:
        item = items.get(key)
        if item is None:
            if store.flushed or key == b"noreply" or not _is_plain(key):
                break
            stats.delete_misses += 1
            out.append(replies.NOT_FOUND)
        else:
            if key == b"noreply" or (item.exptime and item.exptime <= now):
                break
            del items[key]
            store.used -= item_size(len(key), len(item.block) - 2, item.flags)
            classes[item.slab_class].delete_hits += 1
            out.append(replies.DELETED)
        done += 1
    return done


def _touch(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
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


def _get_many(store: MemoryStore, keys: list[bytes], out: list[bytes]) -> bool:
    """Answer a get of several KEYS; False, and nothing done, if one of them is unusual."""
    now = store.now
    stats = store.stats
    found = list(map(store.entries.get, keys))
    for key, item in zip(keys, found, strict=True):
        if item is None:
            if store.flushed or not _is_plain(key):
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


_BY_VERB: Final = {
    b"get": _get,
    b"gets": _gets,
    b"mg": _meta_get,
    b"incr": _increment,
    b"delete": _delete,
    b"touch": _touch,
}
"""What carries out a run on some keys, all with the same words behind the key, and says how many it could."""
