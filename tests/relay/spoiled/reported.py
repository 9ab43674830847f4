"""More faults, each as somebody reported it of a server, a proxy or a managed cache: `source` is the report.

`FAULTS` holds these and those of faults.py.
"""

from __future__ import annotations

import re
from dataclasses import replace

from spoiled.faults import FAULTS, fault
from spoiled.relay import Link, Request, Value, values

__all__ = ["FAULTS"]

_GET = (b"get", b"gets", b"gat", b"gats")
_STORE = (b"set", b"add", b"replace", b"append", b"prepend", b"cas")
_MONTH = 30 * 24 * 3600


def _item(key: bytes, link: Link) -> Value | None:
    """Return the item with this key, if there is one."""
    found, _ = values(link.ask(Request(b"gets " + key)))
    return found[0] if found else None


# fmt: off
# -- framing


@fault("set-noreply-answered", "set and add with noreply are answered",
       "set|add", "answers what asks for no answer", "storage/noreply storage/set storage/add",
       "dragonflydb/dragonfly#1203")
def _(request: Request, link: Link) -> bytes:
    if request.noreply and request.verb in (b"set", b"add") and request.data is not None:
        return link.ask(Request(b" ".join(request.words[:-1]), request.data))
    return link.ask(request)


@fault("noreply-error-answered", "incr with noreply is answered when the item is no number",
       "incr", "answers what asks for no answer",
       "arithmetic storage/noreply", "memcached/memcached#1312")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    if request.verb == b"incr" and request.noreply and len(request.words) == 4:
        item = _item(request.word(1), link)
        if item is not None and not item.data.strip().isdigit():
            return answer + b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"
    return answer


@fault("delete-noreply-refused", "delete with noreply is refused, with an answer",
       "delete", "answers what asks for no answer",
       "deletion", "memcached/memcached#1312")
def _(request: Request, link: Link) -> bytes:
    if request.verb == b"delete" and request.noreply:
        return b"CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n"
    return link.ask(request)


@fault("cas-before-length", "gets puts the cas unique before the length",
       "gets|gats", "announced length and data differ", "storage/cas retrieval/cas-unique retrieval/gets",
       "twitter/finagle#32")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    if request.verb not in (b"gets", b"gats"):
        return answer
    found, rest = values(answer)
    lines = (b"VALUE %s %s %s %d\r\n%s\r\n" % (one.key, one.flags, one.cas, len(one.data), one.data) for one in found)
    return b"".join(lines) + rest


@fault("line-ends-inside", "a CR LF inside a value becomes LF, and the old length is announced",
       "get|gets|gat|gats|set|append|prepend", "announced length and data differ",
       "storage/bytes storage/set storage/data-block retrieval/get", "facebook/mcrouter#75")
def _(request: Request, link: Link) -> bytes:
    if request.verb not in _GET:
        return link.ask(request)
    found, rest = values(link.ask(request))
    spoiled = (replace(one, data=one.data.replace(b"\r\n", b"\n"), announced=len(one.data)) for one in found)
    return b"".join(one.raw for one in spoiled) + rest


# -- retrieval


@fault("miss-is-not-found", "get of a missing key answers NOT_FOUND",
       "get|gets|delete", "NOT_FOUND, not END", "retrieval/get deletion", "pelikan-io/pelikan#150")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    return b"NOT_FOUND\r\n" if request.verb == b"get" and answer == b"END\r\n" else answer


@fault("gets-refused", "gets is answered with a SERVER_ERROR",
       "gets", "SERVER_ERROR|refuses", "storage/cas retrieval/gets retrieval/cas-unique",
       "cnblogs/EnyimMemcachedCore#178")
def _(request: Request, link: Link) -> bytes:
    if request.verb == b"gets" and len(request.words) > 1:
        return b"SERVER_ERROR unexpected result mc_res_unknown (0) for get\r\n"
    return link.ask(request)


@fault("many-keys-refused", "a get of more than 24 keys answers ERROR",
       "get|gets", "ERROR", "retrieval/many-keys retrieval/get", "memcached/memcached#849")
def _(request: Request, link: Link) -> bytes:
    return b"ERROR\r\n" if request.verb in (b"get", b"gets") and len(request.words) > 25 else link.ask(request)


@fault("flags-kept", "set of an item that has flags keeps them",
       "set|get|gets", "other flags", "storage/flags storage/set", "dragonflydb/dragonfly#2777")
def _(request: Request, link: Link) -> bytes:
    if request.verb == b"set" and request.data is not None:
        item = _item(request.word(1), link)
        if item is not None and item.flags != b"0":
            return link.ask(request.but(w2=item.flags))
    return link.ask(request)


@fault("cas-negative", "cas uniques are negative",
       "gets|gats", "VALUE with another cas unique", "storage/cas retrieval/cas-unique retrieval/gets",
       "carrotdata/carrot-cache#332")
def _(request: Request, link: Link) -> bytes:
    if request.verb == b"cas" and request.word(5)[:1] == b"-" and request.data is not None:
        return link.ask(request.but(w5=request.word(5)[1:]))
    if request.verb not in (b"gets", b"gats"):
        return link.ask(request)
    found, rest = values(link.ask(request))
    return b"".join(replace(one, cas=b"-%s" % one.cas).raw for one in found) + rest


# -- deletion, arithmetic, touch, time


@fault("delete-is-end", "delete of an item answers END",
       "delete", "END, not DELETED", "deletion", "twitter-archive/kestrel#79")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    return b"END\r\n" if request.verb == b"delete" and answer == b"DELETED\r\n" else answer


@fault("incr-is-ascii", "incr answers with the codes of the digits",
       "incr", "another number", "arithmetic/incr", "hazelcast/hazelcast#19644")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    if request.verb == b"incr" and re.fullmatch(rb"[0-9]+\r\n", answer):
        return b"".join(b"%d" % code for code in answer[:-2]) + b"\r\n"
    return answer


@fault("incr-negative", "incr by a negative number subtracts",
       "incr", "accepts what has to be refused", "arithmetic", "lericson/pylibmc#73")
def _(request: Request, link: Link) -> bytes:
    if request.verb == b"incr" and re.fullmatch(rb"-[0-9]+", request.word(2)):
        return link.ask(request.but(verb=b"decr", w2=request.word(2)[1:]))
    return link.ask(request)


@fault("unix-time-ignored", "an exptime that is a Unix time is taken for seconds from now",
       "set|add|get", "a hit, not a miss", "expiration/absolute expiration/relative", "dragonflydb/dragonfly#3418")
def _(request: Request, link: Link) -> bytes:
    exptime = request.word(3)
    if request.verb in _STORE and request.data is not None and exptime.isdigit() and int(exptime) > _MONTH:
        return link.ask(request.but(w3=b"0"))
    return link.ask(request)


@fault("touch-negative-refused", "touch with a negative exptime is refused",
       "touch", "refuses|ERROR|a hit, not a miss", "touch expiration", "twitter/twemproxy#344")
def _(request: Request, link: Link) -> bytes:
    if request.verb == b"touch" and request.word(2)[:1] == b"-":
        return b"" if request.noreply else b"ERROR\r\n"
    return link.ask(request)


# -- meta commands


@fault("ms-size-unasked", "ms answers with a size that nobody asked for",
       "ms", "a flag s that nobody asked for", "meta_set/store meta_set/return-flags meta_set/modes",
       "memcached/memcached#1045")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    if request.verb != b"ms" or request.data is None or not answer.startswith(b"HD"):
        return answer
    asked = any(word[:1] == b"s" for word in request.words[3:])
    return answer if asked else answer.replace(b"\r\n", b" s%d\r\n" % len(request.data))


@fault("mg-bare-refused", "mg without a flag is refused",
       "mg", "CLIENT_ERROR|refuses", "meta_get/hit-and-miss meta_get/return-flags", "memcached/memcached#906")
def _(request: Request, link: Link) -> bytes:
    if request.verb == b"mg" and len(request.words) == 2:
        return b"CLIENT_ERROR bad command line format\r\n"
    return link.ask(request)


@fault("ms-cas-zero", "ms returns 0 for the cas unique of what it stored",
       "ms", "cas|flag c", "meta_set meta_get/cas", "memcached/memcached#845")
def _(request: Request, link: Link) -> bytes:
    answer = link.ask(request)
    return re.sub(rb" c[0-9]+", b" c0", answer) if request.verb == b"ms" and answer.startswith(b"HD") else answer


@fault("md-cas-refused", "md with the item's own cas unique answers EX",
       "md", "EX", "meta_delete", "memcached/memcached#844")
def _(request: Request, link: Link) -> bytes:
    flags = request.words[2:]
    compares = request.verb == b"md" and any(re.fullmatch(rb"C[0-9]+", word) for word in flags)
    if not compares or b"b" in flags or _item(request.word(1), link) is None:
        return link.ask(request)
    asked = (b"k" + request.word(1) if word == b"k" else word for word in flags if word[:1] in (b"O", b"k"))
    return b" ".join([b"EX", *asked]) + b"\r\n"
