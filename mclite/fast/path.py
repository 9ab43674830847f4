"""The fast path in Python: runs of requests, and the choice between the ways a request can take.

Requests that follow one another with the same verb, and the same words behind the key, are a run. A run is taken apart
by one `split` at what stands between its keys, and then costs one short loop (fetching.py, storing.py). A piece that is
no key, because something else follows or because data look like a request, is found under no key, and ends the run.
"""

from __future__ import annotations

from typing import Final

from mclite.fast.alone import BY_VERB
from mclite.fast.fetching import get, get_many, gets, meta_get, touch
from mclite.fast.storing import delete, forms_of, increment, put, read_form, store_late, store_run
from mclite.protocol import replies
from mclite.protocol.parser import Request
from mclite.store.memory import MemoryStore

_ALONE_MAX: Final = 512
"""Bytes of a buffer that is looked at for a request that is alone in it (alone.py)."""

_WINDOW: Final = 4096
"""Bytes that are looked at for a run, so that requests of many kinds in a long buffer are not split for nothing."""
_CRLF: Final = b"\r\n"

_BY_VERB: Final = {
    b"get": get,
    b"gets": gets,
    b"mg": meta_get,
    b"incr": increment,
    b"delete": delete,
    b"touch": touch,
}
"""What carries out a run on some keys, all with the same words behind the key, and says how many it could."""


class FastPath:
    """The common requests on STORE. Whether a server's requests may come here at all is said by Instance.refresh."""

    __slots__ = ("_store",)

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def alone(self, data: bytes) -> bytes | None:
        """Answer DATA, if it is exactly one request of a common form; None, and nothing done, if it is not."""
        if len(data) >= _ALONE_MAX:
            return None
        words = data.split(b" ", 2)
        carry_out = BY_VERB.get(words[0])
        return None if carry_out is None else carry_out(self._store, words)

    def store_late(self, request: Request, block: bytes, out: list[bytes], largest: int) -> bool:
        """Carry out a set or ms whose BLOCK, with its CR LF, did not come with its line; False if it is unusual."""
        return store_late(self._store, request, block, out, largest)

    def serve(
        self, buffer: bytes, position: int, turns: int, out: list[bytes], largest: int = 1 << 30
    ) -> tuple[int, int]:
        """Carry out up to TURNS requests of BUFFER from POSITION on, and append their answers to OUT.

        Return where it stopped, and how many turns are left.

        Data longer than LARGEST is left to the slow path, which notes that there are items of its length: how much
        memory the answers of one turn may take depends on that. Only whole requests are taken; the last one may still
        be coming.
        """
        store = self._store
        length = len(buffer)
        while turns > 0 and position < length:
            window = buffer[position : position + _WINDOW] if position or length > _WINDOW else buffer
            line, line_end, rest = window.partition(_CRLF)
            if not line_end:
                window = buffer[position:]
                line, line_end, rest = window.partition(_CRLF)
                if not line_end:
                    return position, turns
            words = line.split(b" ", 2)
            if len(words) == 1:
                if line != b"mn":
                    return position, turns
                out.append(replies.MN)
                turns -= 1
                position += 4
                continue
            verb = words[0]
            tail = words[2] if len(words) == 3 else b""
            carry_out = _BY_VERB.get(verb)
            if carry_out is None:
                forms = forms_of.get(verb)
                form = None if forms is None else forms.get(tail) or read_form(verb, tail)
                if form is None or form.size > largest:
                    return position, turns
                start = len(line) + 2
                size = form.size + 2
                if len(rest) < size:
                    rest = buffer[position + start : position + start + size]
                verb += b" "
                if len(rest) > size and rest.startswith(verb, size):
                    between = _CRLF + verb
                    pieces = window[len(verb) :].split(between, turns - 1)
                    # If the last is cut off, or followed by something else, then its data are of no length.
                    last = pieces.pop()
                    if last.endswith(_CRLF):
                        pieces.append(last[:-2])
                    done = store_run(store, pieces, form, largest, out)
                    if not done:
                        return position, turns
                    position += sum(map(len, pieces if done == len(pieces) else pieces[:done])) + done * len(between)
                else:
                    block = rest if len(rest) == size else rest[:size]
                    if len(block) < size or not block.endswith(_CRLF):
                        return position, turns
                    if not put(store, words[1], block, form, store.expires(form.exptime)):
                        return position, turns
                    if form.answer:
                        out.append(form.answer)
                    done = 1
                    position += start + size
            elif tail and verb == b"get":
                keys = line.split(b" ")[1:]
                done = len(keys)
                if done > turns or not get_many(store, keys, out):
                    return position, turns
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
                    return position, turns
                position += sum(map(len, keys if done == len(keys) else keys[:done])) + done * len(between)
            else:
                done = carry_out(store, [words[1]], tail, out)
                if not done:
                    return position, turns
                position += len(line) + 2
            turns -= done
        return position, turns
