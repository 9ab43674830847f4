"""The fast path's shortest way: a buffer that holds one whole request, as it does when clients wait for each answer.

Each function here takes the buffer as its first two spaces split it - verb, key, the rest with its CR LF - and returns
the answer; None, and nothing done, if that is not exactly one request of a form that it knows, on an item that is held.
The rule that keeps it true: no key under which one of these finds an item has a space or LF in it (ODD_KEY marks those
that have), so what was looked up was the key, and ended where the line did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mclite.fast.fetching import SEEN, UNUSUAL, answer_flags, see, va_line, va_lines
from mclite.fast.storing import (
    CACHED_MAX,
    Form,
    forms_of,
    is_plain,
    number_of,
    numbers,
    put,
    size_without_key,
    sizes,
)
from mclite.protocol import replies
from mclite.store.item import ODD_KEY
from mclite.store.memory import MemoryStore

_CRLF: Final = b"\r\n"
_VALUE: Final = b"VALUE "
_END: Final = replies.END

_sets: Final = forms_of[b"set"]
_metas: Final = forms_of[b"ms"]
_words: Final[dict[bytes, int]] = {}
"""numbers of up to nine digits that ended a line, by themselves and their CR LF"""


def _read_word(word: bytes) -> int:
    """Read WORD, digits and a CR LF; -1 if it is anything else."""
    digits = word[:-2]
    if not digits.isdigit() or len(digits) > 9 or word[-2:] != _CRLF:
        return -1
    if len(_words) < CACHED_MAX:
        _words[word] = int(digits)
    return int(digits)


def _get(store: MemoryStore, words: list[bytes]) -> bytes | None:
    """Answer a get or gets."""
    if len(words) != 2:
        return None
    key, ending, more = words[1].partition(_CRLF)
    if not ending or more:
        return None
    item = store.entries.get(key)
    stats = store.stats
    if item is None:
        if store.flushed or not is_plain(key):
            return None
        stats.cmd_get += 1
        stats.get_misses += 1
        return _END
    now = store.now
    if item.exptime and item.exptime <= now:
        return None
    if (item.time != now or item.state != SEEN) and not see(item, now):
        return None
    stats.cmd_get += 1
    stats.classes[item.slab_class].get_hits += 1
    if words[0] == b"gets":
        return b"VALUE %b%b %d\r\n%bEND\r\n" % (key, item.head[:-2], item.cas, item.block)
    return b"".join((_VALUE, key, item.head, item.block, _END))


def _meta_get(store: MemoryStore, words: list[bytes]) -> bytes | None:
    if len(words) != 3:
        return None
    _, key, tail = words
    item = store.entries.get(key)
    if item is None or tail[-2:] != _CRLF:
        return None
    now = store.now
    if item.state & UNUSUAL or (item.exptime and item.exptime <= now):
        return None
    if tail == b"v\r\n":
        answer = (va_lines.get(item.head) or va_line(item.head)) + item.block
    else:
        out: list[bytes] = []
        if not answer_flags(item, key, now, tail[:-2].split(b" "), out):
            return None
        answer = b"".join(out)
    if item.time != now or item.state != SEEN:
        see(item, now)
    stats = store.stats
    stats.cmd_get += 1
    stats.classes[item.slab_class].get_hits += 1
    return answer


def _touch(store: MemoryStore, words: list[bytes]) -> bytes | None:
    if len(words) != 3:
        return None
    _, key, tail = words
    item = store.entries.get(key)
    exptime = _words.get(tail, -1)
    if item is None or (exptime < 0 and (exptime := _read_word(tail)) < 0):
        return None
    now = store.now
    if item.exptime and item.exptime <= now:
        return None
    if (item.time != now or item.state != SEEN) and not see(item, now):
        return None
    item.exptime = store.expires(exptime) if exptime else 0
    stats = store.stats
    stats.cmd_touch += 1
    stats.classes[item.slab_class].touch_hits += 1
    return replies.TOUCHED


def _increment(store: MemoryStore, words: list[bytes]) -> bytes | None:
    if len(words) != 3:
        return None
    _, key, tail = words
    item = store.entries.get(key)
    delta = _words.get(tail, -1)
    if item is None or (delta < 0 and (delta := _read_word(tail)) < 0):
        return None
    block = item.block
    number = numbers.pop(block, -1)
    if number < 0 and (number := number_of(block)) < 0:
        return None
    number += delta
    text = b"%d\r\n" % number
    if item.exptime or item.state & ODD_KEY or len(text) != len(block):
        return None
    numbers[text] = number
    item.block = text
    store.last_cas = item.cas = store.last_cas + 1
    item.time = store.now
    store.stats.classes[item.slab_class].incr_hits += 1
    return text


def _delete(store: MemoryStore, words: list[bytes]) -> bytes | None:
    if len(words) != 2:
        return None
    key, ending, more = words[1].partition(_CRLF)
    if not ending or more:
        return None
    item = store.entries.pop(key, None)
    if item is None:
        return None
    if item.state & ODD_KEY or (item.exptime and item.exptime <= store.now):
        store.entries[key] = item
        return None
    store.used -= len(key) + (sizes.get(item.head) or size_without_key(item))
    store.stats.classes[item.slab_class].delete_hits += 1
    return replies.DELETED


def _set(store: MemoryStore, words: list[bytes]) -> bytes | None:
    return _store(store, words, _sets)


def _meta_set(store: MemoryStore, words: list[bytes]) -> bytes | None:
    return _store(store, words, _metas)


def _store(store: MemoryStore, words: list[bytes], forms: dict[bytes, Form]) -> bytes | None:
    if len(words) != 3:
        return None
    _, key, rest = words
    tail, _, block = rest.partition(_CRLF)
    form = forms.get(tail)
    if form is None or len(block) != form.size + 2 or block[-2:] != _CRLF:
        return None
    if not put(store, key, block, form, store.expires(form.exptime) if form.exptime else 0):
        return None
    return form.answer


BY_VERB: Final[dict[bytes, Callable[[MemoryStore, list[bytes]], bytes | None]]] = {
    b"get": _get,
    b"gets": _get,
    b"mg": _meta_get,
    b"touch": _touch,
    b"incr": _increment,
    b"delete": _delete,
    b"set": _set,
    b"ms": _meta_set,
}
"""what carries out a request that is alone"""
