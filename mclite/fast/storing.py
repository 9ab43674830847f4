"""The fast path's requests that change items: set, ms, incr, delete."""

from __future__ import annotations

from typing import Final

from mclite.protocol import replies
from mclite.protocol.parser import KEY_MAX, Request
from mclite.store.item import ACTIVE, ODD_KEY, Item, head_of
from mclite.store.memory import MemoryStore
from mclite.store.slabs import item_size

_UINT64_DIGITS_SAFE: Final = 18
CACHED_MAX: Final = 4096
"""entries of a dict of what was read before"""
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
sizes: Final[dict[bytes, int]] = {}
numbers: Final[dict[bytes, int]] = {}
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
    if len(forms_of[verb]) < CACHED_MAX:
        forms_of[verb][tail] = form
    return form


def size_without_key(item: Item) -> int:
    """Return the bytes that ITEM takes, as memcached counts them, without its key; noted for all with its head."""
    size = item_size(0, item.size, item.flags)
    if len(sizes) < CACHED_MAX:
        sizes[item.head] = size
    return size


def is_plain(key: bytes) -> bool:
    """Is KEY, which is not held, a key, and no end of a run?"""
    return 0 < len(key) <= KEY_MAX and b" " not in key and b"\n" not in key and key != b"noreply"


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
    """Carry out sets or ms; PIECES are what stands between the verb of each and its last CR LF, FORM is the first's.

    Return how many were done. What takes the place of an item of the same form is stored here, the rest by `put`.
    """
    find = store.entries.get
    stats = store.stats
    now = store.now
    verb, ending, size, head, answer = form.verb, form.ending, form.size, form.head, form.answer
    expires = store.expires(form.exptime)
    cas = store.last_cas
    room = store.maxbytes - store.used - form.total if store.maxbytes else KEY_MAX
    done = answered = counted = slab_class = 0
    for piece in pieces:
        key, found, data = piece.partition(ending)
        item = find(key)
        if (
            item is not None
            and item.head is head
            and found
            and len(data) == size
            and not item.exptime
            and not item.state & ODD_KEY
            and len(key) <= room
        ):
            if item.slab_class != slab_class:
                stats.classes[slab_class].cmd_set += done - counted
                stats.total_items += done - counted
                counted = done
                slab_class = item.slab_class
            item.state = ACTIVE
            item.block = data + _CRLF
            item.exptime = expires
            cas += 1
            item.cas = cas
            item.time = now
        else:
            if not found:
                key, _, data = piece.partition(b" ")
                tail, _, data = data.partition(_CRLF)
                other = forms_of[verb].get(tail) or read_form(verb, tail)
                if other is None or other.size > largest:
                    break
                out.append(answer * (done - answered))
                answered = done
                form = other
                ending, size, head, answer = form.ending, form.size, form.head, form.answer
                expires = store.expires(form.exptime)
            store.last_cas = cas
            if len(data) != size or not put(store, key, data + _CRLF, form, expires):
                break
            cas = store.last_cas
            room = store.maxbytes - store.used - form.total if store.maxbytes else KEY_MAX
            counted += 1
        done += 1
    store.last_cas = cas
    stats.classes[slab_class].cmd_set += done - counted
    stats.total_items += done - counted
    out.append(answer * (done - answered))
    return done


def put(store: MemoryStore, key: bytes, block: bytes, form: Form, expires: int) -> bool:
    """Hold BLOCK under KEY until EXPIRES; False, and nothing done, if something about it is unusual."""
    item = store.entries.get(key)
    total = form.total + len(key)
    if (
        item is None
        or item.head is not form.head
        or item.exptime
        or item.state & ODD_KEY
        or store.used + total > store.maxbytes
    ):
        item = _make_place(store, key, item, form, total)
        if item is None:
            return False
    else:
        item.state = ACTIVE  # as in _make_place
    item.block = block
    item.exptime = expires
    store.last_cas = item.cas = store.last_cas + 1
    item.time = store.now
    stats = store.stats
    stats.total_items += 1
    stats.classes[item.slab_class].cmd_set += 1
    return True


def _make_place(store: MemoryStore, key: bytes, item: Item | None, form: Form, total: int) -> Item | None:
    """Make of ITEM, held under KEY, one of TOTAL bytes with the head of FORM, or a new one; None if that is unusual."""
    if item is None:
        if store.flushed or not is_plain(key):
            return None
    elif item.state & ODD_KEY or (item.exptime and item.exptime <= store.now):
        return None
    slab_class = store.slabs.class_of(total)
    if slab_class == 0:
        return None
    if store.used + total > store.maxbytes and store.maxbytes:
        if not store.evict or not store.make_room(total):
            return None
        item = store.entries.get(key)
    if item is None:
        item = Item(b"", 0, 0, 0, 0, 0)
        store.entries[key] = item
        store.used += total
    else:
        if item.head is not form.head:
            store.used += total - store.size_of(key, item)
        item.state = ACTIVE  # in place: the LRU spares it once, as it would an item at its young end
    item.head = form.head
    item.slab_class = slab_class
    return item


def number_of(block: bytes) -> int:
    """Return the number that a data BLOCK with its CR LF is; -1 unless it is a plain one of up to 18 digits."""
    data = block[:-2]
    if not data.isdigit() or len(data) > _UINT64_DIGITS_SAFE or (data[0] == 48 and len(data) > 1):
        return -1
    if len(numbers) >= CACHED_MAX:
        numbers.clear()
    return int(data)


def increment(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
    """Add the number in TAIL to each of KEYS that is a plain number and keeps its length; return how many were done."""
    if not tail.isdigit() or len(tail) > _UINT64_DIGITS_SAFE:
        return 0
    find = store.entries.get
    known = numbers.pop
    classes = store.stats.classes
    now = store.now
    cas = store.last_cas
    delta = int(tail)
    done = counted = slab_class = 0
    for key in keys:
        item = find(key)
        if item is None or item.exptime or item.state & ODD_KEY:
            break
        block = item.block
        number = known(block, -1)
        if number < 0:
            number = number_of(block)
            if number < 0:
                break
        number += delta
        text = b"%d\r\n" % number
        if len(text) != len(block):
            break
        numbers[text] = number
        item.block = text
        cas += 1
        item.cas = cas
        item.time = now
        if item.slab_class != slab_class:
            classes[slab_class].incr_hits += done - counted
            counted = done
            slab_class = item.slab_class
        out.append(text)
        done += 1
    store.last_cas = cas
    classes[slab_class].incr_hits += done - counted
    return done


def delete(store: MemoryStore, keys: list[bytes], tail: bytes, out: list[bytes]) -> int:
    """Delete each of KEYS; return how many were done."""
    if tail:
        return 0
    items = store.entries
    take = items.pop
    stats = store.stats
    classes = stats.classes
    now = store.now
    done = counted = freed = slab_class = size = 0
    head = b""
    for key in keys:
        item = take(key, None)
        if item is None:
            if store.flushed or not is_plain(key):
                break
            stats.delete_misses += 1
            counted += 1
            out.append(replies.NOT_FOUND)
        else:
            if item.state & ODD_KEY or (item.exptime and item.exptime <= now):
                items[key] = item
                break
            if item.head is not head:
                head = item.head
                size = sizes.get(head) or size_without_key(item)
            if item.slab_class != slab_class:
                classes[slab_class].delete_hits += done - counted
                counted = done
                slab_class = item.slab_class
            freed += size + len(key)
            out.append(replies.DELETED)
        done += 1
    classes[slab_class].delete_hits += done - counted
    store.used -= freed
    return done
