"""The fast path in Python: one request at a time, taken from the buffer.

A part of the buffer is split into lines, and each line into the verb and the rest. A function that answers a request
returns None for one that it leaves to the slow path, and has then changed nothing. A line ends at CR LF here, so a lone
LF is a part of a word: no number and no flag has one in it, and ODD_KEY marks the items whose keys do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mclite.protocol import replies
from mclite.protocol.parser import KEY_MAX, Request
from mclite.protocol.replies import ANSWER_MAX, TURN_BYTES
from mclite.store.item import ACTIVE, BINARY_KEY, FETCHED, ODD_KEY, STALE, WON, Item, head_of
from mclite.store.memory import MemoryStore
from mclite.store.slabs import item_size

_CRLF: Final = b"\r\n"
_VALUE: Final = b"VALUE "
_END: Final = replies.END
_SEEN: Final = FETCHED | ACTIVE
"""state of a common item that was fetched"""
_UNUSUAL: Final = STALE | WON | BINARY_KEY | ODD_KEY

_WINDOW: Final = 4096
"""bytes that are split into lines together, and again behind each request that the slow path carries out"""
_FORMS_MAX: Final = 4096
_FORM_DIGITS: Final = 7
"""digits of flags, exptime and bytes in the line of a set or ms"""
_EXPTIME_DIGITS: Final = 9
_NUMBER_DIGITS: Final = 18
"""digits of two numbers whose sum fits in 64 bits"""
_OPAQUE_MAX: Final = 32


class Form:
    """What follows the key in the line of a set or ms, read once for all requests that have it.

    `size` is the length of the data block with its CR LF, `total` the item's size as memcached counts it, without its
    key, both in bytes; `answer` is empty for noreply or q.
    """

    __slots__ = ("answer", "exptime", "head", "size", "total")

    def __init__(self, flags: int, exptime: int, length: int, answer: bytes) -> None:
        self.head = head_of(flags, length)
        self.exptime = exptime
        self.size = length + 2
        self.total = item_size(0, length, flags)
        self.answer = answer


class FastPath:
    """Carries out the common requests on `store`. Instance.refresh says whether requests may take this path at all."""

    __slots__ = ("_store",)

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def serve(self, buffer: bytes, position: int, turns: int, out: list[bytes]) -> tuple[int, int]:
        """Carry out requests of `buffer` from `position` on, for up to `turns` turns; append their answers to `out`.

        Return the position of the first request that is left, and the turns that are left (-R). A request takes a
        turn, and one more for each TURN_BYTES of its answer.
        """
        store = self._store
        find = store.entries.get
        stats = store.stats
        now = store.now
        length = len(buffer)
        while position < length and turns > 0:
            lines = buffer[position : position + _WINDOW].split(_CRLF)
            lines.pop()  # which does not end here
            if not lines:
                end = buffer.find(_CRLF, position)
                if end < 0:
                    break
                lines.append(buffer[position:end])
            ahead = iter(lines)
            for line in ahead:
                verb, _, rest = line.partition(b" ")
                end = position + len(line) + 2
                # The hit of one key is carried out here, since a call would cost as much as a fifth of it.
                if verb == b"get" and (item := find(rest)) is not None:
                    if item.exptime and item.exptime <= now:
                        return position, turns
                    if (item.state != _SEEN or item.time != now) and not _see(item, now):
                        return position, turns
                    stats.cmd_get += 1
                    stats.classes[item.slab_class].get_hits += 1
                    block = item.block
                    out += (_VALUE, rest, item.head, block, _END)
                    if len(block) > TURN_BYTES:
                        turns -= len(block) // TURN_BYTES
                elif (forms := _forms.get(verb)) is not None:
                    key, _, tail = rest.partition(b" ")
                    form = forms.get(tail) or _read_form(verb, tail)
                    if form is None:
                        return position, turns
                    data = next(ahead, None)
                    if data is not None and len(data) + 2 == form.size:
                        block = data + _CRLF
                        end += form.size
                    else:
                        lines.clear()  # a CR LF in the data was taken for a line's end: split again behind them
                        block = buffer[end : end + form.size]
                        end += form.size
                        if end > length or block[-2:] != _CRLF:
                            return position, turns
                    if not _put(store, key, block, form):
                        return position, turns
                    out.append(form.answer)
                else:
                    carry_out = _BY_VERB.get(verb)
                    if carry_out is None or (answer := carry_out(store, rest)) is None:
                        return position, turns
                    out.append(answer)
                    if len(answer) > TURN_BYTES:
                        turns -= len(answer) // TURN_BYTES
                position = end
                turns -= 1
                if turns <= 0:
                    return position, 0
        return position, turns

    def store_late(self, request: Request, block: bytes) -> bytes | None:
        """Carry out a set or ms whose `block`, with its CR LF, arrived after its line; return the answer.

        None if it is unusual. The slow path copies a data block twice more. A request with an exptime is left to it:
        the time counts from the arrival of the line.
        """
        verb, key, tail = request.command.name, request.args[0], b" ".join(request.args[1:])
        forms = _forms.get(verb)
        form = None if forms is None else forms.get(tail) or _read_form(verb, tail)
        if form is None or form.exptime or len(block) != form.size or block[-2:] != _CRLF:
            return None
        return form.answer if _put(self._store, key, block, form) else None


def _is_plain(key: bytes) -> bool:
    """Return whether `key`, under which there is no item, is one that the slow path would look up."""
    return 0 < len(key) <= KEY_MAX and b" " not in key and b"\n" not in key and key != b"noreply"


def _see(item: Item, now: int) -> bool:
    """Note that `item` was fetched at Unix time `now`; False, and nothing noted, if its key is odd."""
    if item.state & ODD_KEY:
        return False
    item.state |= _SEEN
    item.time = now
    return True


def _get(store: MemoryStore, rest: bytes) -> bytes | None:
    """Answer a get of several keys, or of one that is not found: first all are looked up, then all are counted."""
    stats = store.stats
    if b" " not in rest:
        if store.flushed or rest in store.entries or not _is_plain(rest):
            return None
        stats.cmd_get += 1
        stats.get_misses += 1
        return _END
    keys = rest.split(b" ")
    items = list(map(store.entries.get, keys))
    now = store.now
    parts: list[bytes] = []
    size = 0
    for key, item in zip(keys, items, strict=True):
        if item is None:
            if store.flushed or not _is_plain(key):
                return None
        elif item.state & ODD_KEY or (item.exptime and item.exptime <= now):
            return None
        else:
            size += len(item.block)
            parts += (_VALUE, key, item.head, item.block)
    if size > ANSWER_MAX:
        return None
    stats.cmd_get += len(keys)
    for item in items:
        if item is None:
            stats.get_misses += 1
        else:
            item.state |= _SEEN
            item.time = now
            stats.classes[item.slab_class].get_hits += 1
    return b"".join(parts) + _END


def _gets(store: MemoryStore, key: bytes) -> bytes | None:
    item = store.entries.get(key)
    now = store.now
    if item is None or (item.exptime and item.exptime <= now):
        return None
    if (item.state != _SEEN or item.time != now) and not _see(item, now):
        return None
    stats = store.stats
    stats.cmd_get += 1
    stats.classes[item.slab_class].get_hits += 1
    return b"VALUE %b%b %d\r\n%bEND\r\n" % (key, item.head[:-2], item.cas, item.block)


def _meta_get(store: MemoryStore, rest: bytes) -> bytes | None:
    key, _, tail = rest.partition(b" ")
    item = store.entries.get(key)
    stats = store.stats
    if item is None:
        if tail != b"v" or store.flushed or not _is_plain(key):
            return None
        stats.cmd_get += 1
        stats.get_misses += 1
        return replies.EN
    now = store.now
    if item.state & _UNUSUAL or (item.exptime and item.exptime <= now):
        return None
    if tail == b"v":
        answer: bytes | None = b"VA %d\r\n%b" % (len(item.block) - 2, item.block)
    else:
        answer = _with_flags(key, item, tail.split(b" ") if tail else [], now)
        if answer is None:
            return None
    item.state |= _SEEN
    item.time = now
    stats.cmd_get += 1
    stats.classes[item.slab_class].get_hits += 1
    return answer


def _with_flags(key: bytes, item: Item, flags: list[bytes], now: int) -> bytes | None:
    """Return the answer to an mg with `flags` out of v, k, f, s, t, c and O; None if there are others, or one twice."""
    line, data = (b"VA %d" % item.size, _CRLF + item.block) if b"v" in flags else (b"HD", _CRLF)
    if len({flag[:1] for flag in flags}) != len(flags):
        return None
    for flag in flags:
        if flag == b"k":
            line += b" k" + key
        elif flag == b"f":
            line += b" f%d" % item.flags
        elif flag == b"s":
            line += b" s%d" % item.size
        elif flag == b"t":
            line += b" t%d" % (item.exptime - now if item.exptime else -1)
        elif flag == b"c":
            line += b" c%d" % item.cas
        elif flag[:1] == b"O" and len(flag) < _OPAQUE_MAX and b"\n" not in flag:
            line += b" " + flag
        elif flag != b"v":
            return None
    return line + data


def _no_op(store: MemoryStore, rest: bytes) -> bytes | None:
    return None if rest else replies.MN


def _touch(store: MemoryStore, rest: bytes) -> bytes | None:
    key, _, exptime = rest.partition(b" ")
    item = store.entries.get(key)
    now = store.now
    if item is None or not exptime.isdigit() or len(exptime) > _EXPTIME_DIGITS:
        return None
    if item.exptime and item.exptime <= now:
        return None
    if (item.state != _SEEN or item.time != now) and not _see(item, now):
        return None
    item.exptime = store.expires(int(exptime)) if exptime != b"0" else 0
    stats = store.stats
    stats.cmd_touch += 1
    stats.classes[item.slab_class].touch_hits += 1
    return replies.TOUCHED


def _increment(store: MemoryStore, rest: bytes) -> bytes | None:
    """Add to the number that an item holds, if it is a plain one and keeps its length."""
    key, _, delta = rest.partition(b" ")
    item = store.entries.get(key)
    if item is None or item.exptime or item.state & ODD_KEY or not delta.isdigit() or len(delta) > _NUMBER_DIGITS:
        return None
    number = item.block[:-2]
    if not number.isdigit() or len(number) > _NUMBER_DIGITS:
        return None
    block = b"%d\r\n" % (int(number) + int(delta))
    if len(block) != len(item.block):
        return None
    item.block = block
    store.last_cas = item.cas = store.last_cas + 1
    item.time = store.now
    store.stats.classes[item.slab_class].incr_hits += 1
    return block


def _delete(store: MemoryStore, key: bytes) -> bytes | None:
    item = store.entries.get(key)
    if item is None:
        if store.flushed or not _is_plain(key):
            return None
        store.stats.delete_misses += 1
        return replies.NOT_FOUND
    if item.state & ODD_KEY or (item.exptime and item.exptime <= store.now):
        return None
    del store.entries[key]
    size = store.size_of(key, item)
    store.used -= size
    counters = store.stats.classes[item.slab_class]
    counters.delete_hits += 1
    counters.held -= 1
    counters.held_bytes -= size
    return replies.DELETED


_BY_VERB: Final[dict[bytes, Callable[[MemoryStore, bytes], bytes | None]]] = {
    b"get": _get,
    b"gets": _gets,
    b"mg": _meta_get,
    b"mn": _no_op,
    b"touch": _touch,
    b"incr": _increment,
    b"delete": _delete,
}
"""functions that carry out a request without a data block: they take what follows the verb, and return the answer"""

_forms: Final[dict[bytes, dict[bytes, Form]]] = {b"set": {}, b"ms": {}}
"""the verbs with a data block, and the forms read before, by what follows the key"""


def _read_form(verb: bytes, tail: bytes) -> Form | None:
    """Read "<flags> <exptime> <bytes> [noreply]" or for ms "<datalen> [F<flags>] [T<exptime>] [q]"; None if unusual."""
    numbers = tail.split(b" ")
    if verb == b"set":
        answer = replies.STORED
        if numbers[3:] == [b"noreply"]:
            answer = b""
            numbers.pop()
    else:
        length, *flags = numbers
        tokens = {flag[:1]: flag[1:] for flag in flags}
        numbers = [tokens.pop(b"F", b"0"), tokens.pop(b"T", b"0"), length]
        answer = b"" if b"q" in flags else replies.HD
        if len({flag[:1] for flag in flags}) != len(flags) or tokens not in ({}, {b"q": b""}):
            return None
    if len(numbers) != 3 or not all(number.isdigit() and len(number) <= _FORM_DIGITS for number in numbers):
        return None
    form = Form(int(numbers[0]), int(numbers[1]), int(numbers[2]), answer)
    if len(_forms[verb]) >= _FORMS_MAX:
        _forms[verb].clear()
    _forms[verb][tail] = form
    return form


def _put(store: MemoryStore, key: bytes, block: bytes, form: Form) -> bool:
    """Hold `block` under `key`; False, and nothing done, if something about it is unusual."""
    item = store.entries.get(key)
    if (
        item is None
        or item.head is not form.head
        or item.exptime
        or item.state & ODD_KEY
        or store.used + len(key) + form.total > store.maxbytes
    ):
        item = _make_place(store, key, item, form)
        if item is None:
            return False
    else:
        item.state = ACTIVE  # as in _make_place
    item.block = block
    item.exptime = store.expires(form.exptime) if form.exptime else 0
    store.last_cas = item.cas = store.last_cas + 1
    item.time = store.now
    stats = store.stats
    stats.total_items += 1
    stats.classes[item.slab_class].cmd_set += 1
    return True


def _make_place(store: MemoryStore, key: bytes, item: Item | None, form: Form) -> Item | None:
    """Make an item of the size of `form`, out of `item` if there is one under `key`; None if that is unusual."""
    if item is None:
        if store.flushed or not _is_plain(key):
            return None
    elif item.state & ODD_KEY or (item.exptime and item.exptime <= store.now):
        return None
    total = len(key) + form.total
    slab_class = store.slabs.class_of(total)
    if slab_class == 0:
        return None
    if store.used + total > store.maxbytes > 0:
        if not store.evict or not store.make_room(total):
            return None
        item = store.entries.get(key)
    counters = store.stats.classes[slab_class]
    if item is None:
        store.entries[key] = item = Item.__new__(Item)
        item.state = 0
        store.used += total
        counters.held += 1
        counters.held_bytes += total
    else:
        item.state = ACTIVE  # it keeps its place in the store: so the LRU spares it once, as it would a new item
        if item.head is not form.head:
            size = store.size_of(key, item)
            store.used += total - size
            left = store.stats.classes[item.slab_class]
            left.held -= 1
            left.held_bytes -= size
            counters.held += 1
            counters.held_bytes += total
    item.head = form.head
    item.slab_class = slab_class
    return item
