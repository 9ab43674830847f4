"""What servers and proxies were seen to do, or easily do: each spoils one thing of what a real memcached answers.

A fault says which command a run has to name, and the words with which it has to say what is wrong. `source` is a public
report of it, as project#number; many have none of their own.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from spoiled.relay import Link, Request, Value, values

Answer = Callable[[Request, Link], bytes]
Write = Callable[[list[bytes]], bytes]

_GET = (b"get", b"gets", b"gat", b"gats")
_STORE = (b"set", b"add", b"replace", b"append", b"prepend", b"cas")
_META = (b"mg", b"ms", b"md", b"ma")
_TOP = 2**64
_MONTH = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong."""

    name: str
    what: str  #: in one line
    commands: str  #: that may be named, with bars between
    shows: str  #: a regular expression: how the run says what is wrong
    scenarios: str  #: what the ids begin with that the short run plays
    how: Answer
    source: str | None = None
    at_once: Write = b"".join
    everywhere: Callable[[bytes], bytes] = bytes  #: for what the relay cannot part

    def unread(self, part: bytes) -> bytes:
        """Return what is sent to the client of bytes that the relay cannot part."""
        return self.everywhere(part)

    def answer(self, request: Request, link: Link) -> bytes:
        """Return the spoiled answer to a request."""
        return self.how(request, link)

    def write(self, answers: list[bytes]) -> bytes:
        """Return what is sent to the client at once."""
        return self.at_once(answers)


FAULTS: dict[str, Fault] = {}


def fault(
    name: str, what: str, commands: str, shows: str, scenarios: str, source: str | None = None
) -> Callable[[Answer], Answer]:
    """Put a fault into the list."""

    def add(how: Answer) -> Answer:
        FAULTS[name] = Fault(name, what, commands, shows, scenarios, how, source)
        return how

    return add


def _values(request: Request, link: Link, change: Callable[[Value], Value]) -> bytes:
    """Answer with each value changed."""
    found, rest = values(link.ask(request))
    return b"".join(change(value).raw for value in found) + rest


# fmt: off
# -- framing


@fault("length-too-long", "a value loses its last byte, and its old length is announced",
       "get|gets|gat|gats", "announced length and data differ", "storage/set retrieval/get", "alibaba/ApsaraCache#19")
def _(request: Request, link: Link) -> bytes:
    cut = lambda value: replace(value, data=value.data[:-1], announced=len(value.data))  # noqa: E731
    return _values(request, link, cut) if request.verb in _GET else link.ask(request)


@fault("decr-keeps-length", "a number that decr made shorter is announced with the length that it had",
       "get|gets|decr", "announced length and data differ", "arithmetic", "alibaba/ApsaraCache#19")
def _(request: Request, link: Link) -> bytes:
    def shorten(value: Value) -> Value:
        number = value.data.rstrip(b" ")
        padded = number.isdigit() and number != value.data
        return replace(value, data=number, announced=len(value.data)) if padded else value

    return _values(request, link, shorten) if request.verb in _GET else link.ask(request)


@fault("noreply-answered", "delete and touch with noreply are answered",
       "delete|touch", "answers what asks for no answer", "deletion touch", "Netflix/dynomite#67")
def _(request: Request, link: Link) -> bytes:
    if request.noreply and request.verb in (b"delete", b"touch"):
        return link.ask(Request(b" ".join(request.words[:-1])))
    return link.ask(request)


@fault("bare-lf", "the lines of incr, decr and touch end in LF alone",
       "incr|decr|touch", "LF|line end", "arithmetic/incr touch/touch", "tidwall/pogocache#39")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    return answer.replace(b"\r\n", b"\n") if request.verb in (b"incr", b"decr", b"touch") else answer


@fault("end-lost", "a get that finds something is not closed by END",
       "get", "no END|wrong number of responses|stops in the middle|no answer", "storage/set")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    return answer.removesuffix(b"END\r\n") if request.verb == b"get" and answer != b"END\r\n" else answer


@fault("stats-end-lost", "stats is not closed by END",
       "stats", "no answer|END|stops in the middle|wrong number", "stats_general/forms")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    return answer.removesuffix(b"END\r\n") if request.line == b"stats" else answer


@fault("answered-twice", "delete of an item is answered twice",
       "delete", "wrong number of responses|answer", "deletion")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    return answer * 2 if request.verb == b"delete" and answer == b"DELETED\r\n" else answer


@fault("last-byte-late", "the last byte of an answer to incr waits for the next answer",
       "incr", "stops in the middle|no answer", "arithmetic/incr")
def _(request: Request, link: Link) -> bytes:
    answer, link.kept = link.kept + link.ask(request), b""
    if request.verb == b"incr" and answer:
        answer, link.kept = answer[:-1], answer[-1:]
    return answer


@fault("answers-swapped", "the first two answers to requests of one write change places",
       ".*", "an answer to another request|not the data|not .*|another",
       "wire/pipelining", "RevenueCat/meta-memcache-py#30")
def _(request: Request, link: Link) -> bytes:
    return link.ask(request)


FAULTS["answers-swapped"] = replace(
    FAULTS["answers-swapped"], at_once=lambda answers: b"".join([*answers[1:2], *answers[:1], *answers[2:]])
)


# -- retrieval


@fault("another-key", "get answers with the value of another key",
       "get", "an answer to another request|other key", "storage/set retrieval/get")
def _(request: Request, link: Link) -> bytes:
    other = lambda value: replace(value, key=b"other_key")  # noqa: E731
    return _values(request, link, other) if request.verb == b"get" else link.ask(request)


@fault("multiget-loses-last", "a get of several keys leaves out the last value",
       "get|gets", "END, not VALUE|a miss, not a hit|nothing, not VALUE|value.* missing", "retrieval/get")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    if request.verb not in (b"get", b"gets") or len(request.keys) < 2:
        return answer
    found, rest = values(answer)
    return b"".join(value.raw for value in found[:-1]) + rest


@fault("multiget-twice", "a get of several keys answers with the first value twice",
       "get|gets", "VALUE, not END|a hit, not a miss|twice|too many|other key", "retrieval/get retrieval/many")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    if request.verb not in (b"get", b"gets") or len(request.keys) < 2:
        return answer
    found, rest = values(answer)
    return b"".join(value.raw for value in found[:1] + found) + rest


@fault("value-cut", "values are cut at 512 KiB",
       "get|gets|gat|gats|set", "another length|other data", "limits/item-size")
def _(request: Request, link: Link) -> bytes:
    cut = lambda value: replace(value, data=value.data[: 512 * 1024])  # noqa: E731
    return _values(request, link, cut) if request.verb in _GET else link.ask(request)


@fault("flags-31-bits", "flags keep 31 bits",
       "get|gets|gat|gats|set|mg|ms", "other flags", "storage/flags storage/set")
def _(request: Request, link: Link) -> bytes:
    if request.verb in _STORE and request.word(2).isdigit() and int(request.word(2)) < 2**32:
        return link.ask(request.but(w2=b"%d" % (int(request.word(2)) & 0x7FFFFFFF)))
    return link.ask(request)


@fault("flags-16-bits", "flags keep 16 bits",
       "get|gets|gat|gats|set|mg|ms", "other flags", "storage/flags storage/set")
def _(request: Request, link: Link) -> bytes:
    if request.verb in _STORE and request.word(2).isdigit() and int(request.word(2)) < 2**32:
        return link.ask(request.but(w2=b"%d" % (int(request.word(2)) & 0xFFFF)))
    return link.ask(request)


@fault("version-without-space", "the answer to version has no space",
       "version", "VERSION|other|closing", "version/version deletion/delete")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    return answer.replace(b"VERSION ", b"VERSION", 1) if request.verb == b"version" else answer


FAULTS["version-without-space"] = replace(
    FAULTS["version-without-space"], everywhere=lambda part: part.replace(b"VERSION ", b"VERSION")
)


# -- storage, cas


@fault("add-overwrites", "add stores even when the item is there",
       "add", "STORED, not NOT_STORED", "storage/add")
def _(request: Request, link: Link) -> bytes:
    return (
        link.ask(request.but(verb=b"set")) if request.verb == b"add" and request.data is not None else link.ask(request)
    )


@fault("replace-creates", "replace stores even when there is no item",
       "replace", "STORED, not NOT_STORED", "storage/replace")
def _(request: Request, link: Link) -> bytes:
    if request.verb == b"replace" and request.data is not None:
        return link.ask(request.but(verb=b"set"))
    return link.ask(request)


@fault("append-before", "append puts the data before the item's",
       "append", "other data", "storage/append storage/prepend")
def _(request: Request, link: Link) -> bytes:
    if request.verb == b"append" and request.data is not None:
        return link.ask(request.but(verb=b"prepend"))
    return link.ask(request)


@fault("cas-zero", "the cas unique of every item is 0",
       "gets|gats|cas", "cas unique|number|EXISTS", "storage/cas retrieval/cas-unique", "dragonflydb/dragonfly#5257")
def _(request: Request, link: Link) -> bytes:
    zero = lambda value: replace(value, cas=value.cas and b"0")  # noqa: E731
    return _values(request, link, zero) if request.verb in _GET else link.ask(request)


@fault("cas-not-unique", "the cas unique does not change when the item does",
       "gets|gats|cas|set", "cas unique", "storage/cas retrieval/cas-unique", "dragonflydb/dragonfly#5033")
def _(request: Request, link: Link) -> bytes:
    if request.verb == b"cas" and request.word(5) == b"1" and request.data is not None:
        found, _ = values(link.ask(Request(b"gets " + request.word(1))))
        return link.ask(request.but(w5=found[0].cas or b"1")) if found else link.ask(request)
    one = lambda value: replace(value, cas=value.cas and b"1")  # noqa: E731
    return _values(request, link, one) if request.verb in _GET else link.ask(request)


@fault("cas-ignored", "cas stores whatever its unique is",
       "cas", "STORED, not EXISTS", "storage/cas")
def _(request: Request, link: Link) -> bytes:
    if request.verb == b"cas" and request.word(5).isdigit() and request.data is not None:
        found, _ = values(link.ask(Request(b"gets " + request.word(1))))
        return link.ask(request.but(w5=found[0].cas or b"1")) if found else link.ask(request)
    return link.ask(request)


@fault("key-251", "a key of 251 bytes or more is cut to 250",
       "get|gets|set|.*", "accepts what has to be refused|a miss|a hit", "keys/length")
def _(request: Request, link: Link) -> bytes:
    if request.verb in (*_STORE, b"get", b"gets", b"delete", b"incr", b"decr", b"touch"):
        return link.ask(Request(b" ".join(word[:250] for word in request.words), request.data))
    return link.ask(request)


# -- deletion, arithmetic, touch, time


@fault("delete-missing", "delete of a missing key answers DELETED",
       "delete", "a hit, not a miss|DELETED, not NOT_FOUND", "deletion")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    return answer.replace(b"NOT_FOUND", b"DELETED") if request.verb == b"delete" else answer


@fault("incr-saturates", "incr stays at the largest number instead of beginning again at 0",
       "incr", "another number", "arithmetic")
def _(request: Request, link: Link) -> bytes:
    amount = request.word(2)
    if request.verb == b"incr" and amount.isdigit() and int(amount) < _TOP:
        found, _ = values(link.ask(Request(b"get " + request.word(1))))
        if found and found[0].data.isdigit() and int(found[0].data) + int(amount) >= _TOP:
            amount = b"%d" % (_TOP - 1 - int(found[0].data))
            return link.ask(request.but(w2=amount))
    return link.ask(request)


@fault("decr-below-zero", "decr below 0 begins again at the largest number",
       "decr", "another number|number", "arithmetic", "memcached/memcached#1105")
def _(request: Request, link: Link) -> bytes:
    amount = request.word(2)
    if request.verb == b"decr" and amount.isdigit() and int(amount) < _TOP:
        found, _ = values(link.ask(Request(b"get " + request.word(1))))
        if found and found[0].data.isdigit() and int(found[0].data) < int(amount):
            return link.ask(request.but(verb=b"incr", w2=b"%d" % (_TOP - int(amount))))
    return link.ask(request)


@fault("ttl-milliseconds", "an exptime is taken for milliseconds",
       "set|.*", "a miss, not a hit", "expiration/relative expiration/absolute")
def _(request: Request, link: Link) -> bytes:
    if request.verb in _STORE and request.word(3).isdigit() and 0 < int(request.word(3)) <= _MONTH:
        link.memory[request.word(1)] = time.monotonic() + int(request.word(3)) / 1000
    for key in request.keys if request.verb not in _STORE else ():
        if (end := link.memory.get(key)) is not None and end < time.monotonic():
            link.memory.pop(key, None)
            link.ask(Request(b"delete " + key))
    return link.ask(request)


@fault("ttl-negative-kept", "an item with a negative exptime stays for ever",
       "set|.*", "a hit, not a miss", "expiration/never", "lericson/pylibmc#24")
def _(request: Request, link: Link) -> bytes:
    if request.verb in _STORE and re.fullmatch(rb"-[0-9]+", request.word(3)) and request.data is not None:
        return link.ask(request.but(w3=b"0"))
    return link.ask(request)


@fault("touch-stored", "touch answers STORED",
       "touch", "STORED, not TOUCHED", "touch")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    return answer.replace(b"TOUCHED", b"STORED") if request.verb == b"touch" else answer


@fault("gat-without-touch", "gat and gats leave the time to live as it is",
       "gat|gats", "a hit, not a miss|a miss, not a hit|other", "gat/gat touch/touch")
def _(request: Request, link: Link) -> bytes:
    if request.verb in (b"gat", b"gats") and len(request.words) > 2:
        return link.ask(Request(b" ".join([b"get" + request.verb[3:], *request.words[2:]])))
    return link.ask(request)


@fault("flush-delay-ignored", "flush_all with a delay flushes at once",
       "flush_all", "a miss, not a hit",
       "flush_all/delay/ok flush_all/delay/still-there flush_all/delay/negative retrieval/get", "cybozu/yrmcds#4")
def _(request: Request, link: Link) -> bytes:
    if request.verb == b"flush_all" and request.word(1).isdigit():
        return link.ask(Request(b" ".join([b"flush_all", *request.words[2:]])))
    return link.ask(request)


# -- meta commands


@fault("mn-silent", "mn is not answered",
       "mn", "no answer", "meta_noop")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    return b"" if request.verb == b"mn" else answer


@fault("meta-order", "the flags of an answer come in the order of the alphabet",
       "mg|ms|md|ma", "order|other words|more words", "meta_get/return-flags")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    line, end, rest = answer.partition(b"\r\n")
    place = 2 if line.startswith(b"VA ") else 1
    words = line.split(b" ")
    if request.verb not in _META or len(words) < place + 2:
        return answer
    return b" ".join([*words[:place], *sorted(words[place:])]) + end + rest


def _without(flag: bytes, request: Request, link: Link) -> bytes:
    """Answer a meta command without a flag."""
    answer = link.ask(request)
    line, end, rest = answer.partition(b"\r\n")
    words = line.split(b" ")
    if request.verb not in _META:
        return answer
    return b" ".join([words[0], *(word for word in words[1:] if not word.startswith(flag))]) + end + rest


@fault("opaque-lost", "answers to meta commands have no opaque",
       "mg|ms|md|ma", "opaque|fewer words|flag O", "meta_get/opaque", "memcached/memcached#880")
def _(request: Request, link: Link) -> bytes:
    return _without(b"O", request, link)


@fault("meta-key-lost", "answers to meta commands have no key",
       "mg|ms|md|ma", "flag k|fewer words|key", "meta_get/return-flags meta_get/base64")
def _(request: Request, link: Link) -> bytes:
    return _without(b"k", request, link)


@fault("base64-decoded", "a key in base64 is returned decoded",
       "mg|ms|md|ma", "flag b|flag k", "meta_get/base64")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    line, end, rest = answer.partition(b"\r\n")
    words = line.split(b" ")
    if request.verb not in _META or b"b" not in words:
        return answer
    plain = [b"k" + base64.b64decode(word[1:]) if word[:1] == b"k" else word for word in words if word != b"b"]
    return b" ".join(plain) + end + rest


@fault("quiet-miss-answered", "mg with q answers a miss",
       "mg", "answers what asks for no answer|EN", "meta_get/quiet")
def _(request: Request, link: Link) -> bytes:
    if request.verb == b"mg" and b"q" in request.words[2:]:
        return link.ask(Request(b" ".join(word for word in request.words if word != b"q")))
    return link.ask(request)


@fault("miss-is-hd", "mg of a missing key answers HD",
       "mg", "a hit, not a miss|HD, not EN", "meta_get/hit-and-miss")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    return b"HD\r\n" if request.verb == b"mg" and answer == b"EN\r\n" else answer


@fault("ms-any-mode", "ms takes a mode that does not exist for set",
       "ms", "accepts what has to be refused", "meta_set/modes")
def _(request: Request, link: Link) -> bytes:
    if request.verb == b"ms" and request.data is not None:
        known = b"EAPRSeaprs"
        wrong = lambda word: word[:1] == b"M" and word[1:2] not in {bytes([mode]) for mode in known}  # noqa: E731
        words = [*request.words[:3], *(word for word in request.words[3:] if not wrong(word))]
        return link.ask(Request(b" ".join(words), request.data))
    return link.ask(request)


@fault("ma-decr-below-zero", "ma in mode D begins again at the largest number",
       "ma", "another number|VA with other|other", "meta_arithmetic/counting meta_arithmetic/modes")
def _(request: Request, link: Link) -> bytes:
    words = request.words[2:]
    if request.verb != b"ma" or not {b"MD", b"MDECR", b"M-"} & set(words) or b"b" in words:
        return link.ask(request)
    amount = next((int(word[1:]) for word in words if word[:1] == b"D" and word[1:].isdigit()), 1)
    found, _ = values(link.ask(Request(b"get " + request.word(1))))
    if not found or not found[0].data.isdigit() or int(found[0].data) >= amount:
        return link.ask(request)
    kept = [word for word in words if word not in (b"MD", b"MDECR", b"M-") and word[:1] != b"D"]
    return link.ask(Request(b" ".join([b"ma", request.word(1), *kept, b"MI", b"D%d" % (_TOP - amount)])))


@fault("md-invalidate-ignored", "md with I deletes the item",
       "md", "EN, not|a miss, not a hit", "meta_delete/invalidate meta_delete/delete")
def _(request: Request, link: Link) -> bytes:
    if request.verb == b"md":
        return link.ask(Request(b" ".join(word for word in request.words if word != b"I" and word[:1] != b"T")))
    return link.ask(request)
