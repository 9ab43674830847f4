"""The fast path's requests that change items: set, ms, incr, delete."""

from __future__ import annotations

from typing import Final

from mclite.protocol import replies
from mclite.protocol.parser import KEY_MAX, Request
from mclite.store.item import ACTIVE, Item, head_of
from mclite.store.memory import MemoryStore
from mclite.store.slabs import item_size

_UINT64_DIGITS_SAFE: Final = 18
_CACHED_MAX: Final = 4096
_CRLF: Final = b"\r\n"


class Form:
    """What stands behind the key in the line of a set or ms, read once for all lines that have it.

    `ending` is that as it was sent, from the space to the CR LF; `total` is item_size, without the key.
    """

    __slots__ = ("answer", "ending", "exptime", "head", "size", "total", "verb")

    def __init__(self, verb: bytes, tail: bytes, flags: int, exptime: int, size: int, answer: bytes) -> None:
        self.verb = verb
        self.ending = b" %b\r\n" % tail
        self.head = head_of(flags, size)
        self.exptime = exptime
        self.size = size
        self.total = item_size(0, size, flags)
        self.answer = answer


forms_of: Final[dict[bytes, dict[bytes, Form]]] = {b"set": {}, b"ms": {}}
"""by the verb, then by what stands behind the key"""
_sizes: Final[dict[bytes, int]] = {}
_numbers: Final[dict[bytes, int]] = {}
"""what the data blocks that incr has made say"""


def read_form(verb: bytes, tail: bytes) -> Form | None:
    """Read TAIL, "<flags> <exptime> <bytes> [noreply]" or for ms "<datalen> [F<flags>] [T<exptime>] [q]".

    Return None if it is unusual.
    """
    tokens = tail.split(b" ")
    answer = replies.STORED
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
    form = Form(verb, tail, flags, exptime, length, answer)
    if len(forms_of[verb]) < _CACHED_MAX:
        forms_of[verb][tail] = form
    return form


def _size_without_key(item: Item) -> int:
    """Return the bytes that ITEM takes, as memcached counts them, without its key; noted for all with its head."""
    size = item_size(0, item.size, item.flags)
    if len(_sizes) < _CACHED_MAX:
        _sizes[item.head] = size
    return size


def is_plain(key: bytes) -> bool:
    """Is KEY, which is not held, a key, and no end of a run?"""
    return 0 < len(key) <= KEY_MAX and b" " not in key and b"\n" not in key


def store_late(store: MemoryStore, request: Request, block: bytes, out: list[bytes], largest: int) -> bool:
    """Carry out a set or ms whose BLOCK, with its CR LF, did not come with its line; False if it is unusual.

    A large one is so copied neither for its data alone nor for its CR LF once more. One that is to expire is left to
    the slow path: its time counts from when its line came.
    """
    verb = request.command.name
    key, *words = request.args
    forms = forms_of.get(verb)
    tail = b" ".join(words)
    form = None if forms is None else forms.get(tail) or read_form(verb, tail)
    if form is None or form.exptime or form.size > largest or not block.endswith(_CRLF):
        return False
    if not put(store, key, block, form, 0):
        return False
    if form.answer:
        out.append(form.answer)
    return True


def store_run(store: MemoryStore, pieces: list[bytes], form: Form, largest: int, out: list[bytes]) -> int:
    """Carry out sets or ms; PIECES are what stands between the verb of each and its last CR LF, FORM is the first's."""
    verb, ending, size, answer = form.verb, form.ending, form.size, form.answer
    expires = store.expires(form.exptime)
    done = 0
    for piece in pieces:
        key, found, data = piece.partition(ending)
        if not found:
            key, _, data = piece.partition(b" ")
            tail, _, data = data.partition(_CRLF)
            other = forms_of[verb].get(tail) or read_form(verb, tail)
            if other is None or other.size > largest:
                break
            form = other
            ending, size, answer = form.ending, form.size, form.answer
            expires = store.expires(form.exptime)
        if len(data) != size or not put(store, key, data + _CRLF, form, expires):
            break
        if answer:
            out.append(answer)
        done += 1
    return done


def put(store: MemoryStore, key: bytes, block: bytes, form: Form, expires: int) -> bool:
    """Hold BLOCK under KEY until EXPIRES; False, and nothing done, if something about it is unusual."""
    items = store.entries
    item = items.get(key)
    if item is None:
        if store.flushed or not is_plain(key):
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
        items[key] = item = Item(b"", 0, 0, 0, 0, 0)  # filled in below
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


def increment(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
    """Add the number in TAIL to each of KEYS that is a plain number and keeps its length; return how many were done."""
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
        number = _numbers.pop(block, None)
        if number is None:
            data = block[:-2]
            if not data.isdigit() or len(data) > _UINT64_DIGITS_SAFE or (data[0] == 48 and len(data) > 1):
                break
            number = int(data)
        number += delta
        text = b"%d\r\n" % number
        if len(text) != len(block):
            break
        if len(_numbers) >= _CACHED_MAX:
            _numbers.clear()
        _numbers[text] = number
        item.block = text
        store.last_cas = item.cas = store.last_cas + 1
        item.time = now
        classes[item.slab_class].incr_hits += 1
        out.append(text)
        done += 1
    return done


def delete(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
    """Delete each of KEYS; return how many were done."""
    if tail:
        return 0
    items = store.entries
    stats = store.stats
    classes = stats.classes
    now = store.now
    done = freed = 0
    for key in keys:
        item = items.get(key)
        if item is None:
            if store.flushed or key == b"noreply" or not is_plain(key):
                break
            stats.delete_misses += 1
            out.append(replies.NOT_FOUND)
        else:
            if key == b"noreply" or (item.exptime and item.exptime <= now):
                break
            del items[key]
            freed += len(key) + (_sizes.get(item.head) or _size_without_key(item))
            classes[item.slab_class].delete_hits += 1
            out.append(replies.DELETED)
        done += 1
    store.used -= freed
    return done
