"""Faults of get, gets, gat, gats and touch, and of expiry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import mclite.store.base
from faulty.fault import Fault, How
from faulty.items import set_flags, storing
from faulty.points import (
    arguments,
    around,
    before,
    during,
    exchange,
    patch,
    reply,
    swap,
    then,
    value,
)
from mclite.handlers import retrieval as handlers
from mclite.protocol import replies
from mclite.store.base import Store

GETS = "get gets gat gats"


def items(answer: bytes) -> list[bytes]:
    """Return the items of a VALUE ... END answer, each with its line and data block."""
    found: list[bytes] = []
    rest = answer
    while rest.startswith(b"VALUE "):
        line = rest.partition(b"\r\n")[0]
        length = int(line.split(b" ")[3])
        size = len(line) + 2 + length + 2
        found.append(rest[:size])
        rest = rest[size:]
    return found


def listed(verbs: str, change: Any) -> How:
    """Let `change(items)` make the list of items that is answered."""
    return reply(verbs, lambda answer: b"".join(change(items(answer))) + replies.END
                 if answer.endswith(b"END\r\n") else answer)  # fmt: skip


def _unique(found: list[bytes]) -> list[bytes]:
    return list(dict.fromkeys(found))


def keys(verbs: str, change: Any) -> How:
    """Let `change(keys)` make the keys that are looked for."""
    start = 1 if verbs.startswith("ga") else 0
    return arguments(verbs, lambda args: args[:start] + (change(args[start:]) or args[start:]))


def _stop_at_miss(inner: Any, session: Any, request: Any) -> bytes:
    store = session.instance.store
    present = [store._find(key) is not None for key in request.args]
    answer = items(inner())
    return b"".join(answer[: present.index(False) if False in present else None]) + replies.END


def _empty_for_miss(inner: Any, session: Any, request: Any) -> bytes:
    answer: bytes = inner()
    found = {item.split(b" ")[1]: item for item in items(answer)}
    if not answer.endswith(b"END\r\n"):
        return answer
    return b"".join(found.get(key) or b"VALUE %b 0 0\r\n\r\n" % key for key in request.args) + replies.END


def expires(change: Any) -> How:
    """Let `change(store, exptime, right)` make Unix seconds of an exptime; RIGHT is what it is in truth."""
    return patch(Store, "expires", lambda inner: lambda self, exptime: change(self, exptime, inner(self, exptime)))


def _touch(change: Any) -> How:
    """Let `change(store, item, exptime)` say the exptime that touch, gat and T give an item."""
    return patch(Store, "touch", lambda inner: lambda self, key, item, exptime: inner(
        self, key, item, change(self, item, exptime)))  # fmt: skip


def _slides(inner: Any) -> Any:
    def bump(self: Store, key: bytes, item: Any) -> None:
        if item.exptime:
            item.exptime += 1000
        inner(self, key, item)

    return bump


def _touch_values(session: Any, request: Any, answer: bytes) -> bytes:
    item = session.instance.store._find(request.args[0])
    return answer if item is None else replies.value(request.args[0], item.flags, item.data) + replies.END


def _gat_first_only(inner: Any, session: Any, request: Any) -> bytes:
    store = session.instance.store
    before = {key: item.exptime for key in request.args[2:] if (item := store._find(key))}
    answer: bytes = inner()
    for key, exptime in before.items():
        if item := store._find(key):
            item.exptime = exptime
    return answer


def _new_cas(store: Any, item: Any) -> None:
    item.cas = store.next_cas()


def cas_of(change: Callable[[bytes], bytes], rest: bool = True) -> How:
    """Let `change(cas)` make the cas uniques of gets, of the first item and, with `rest`, of the others."""

    def item(found: bytes) -> bytes:
        line, end, data = found.partition(b"\r\n")
        head, _, cas = line.rpartition(b" ")
        return (head + b" " + change(cas)).rstrip(b" ") + end + data

    return listed("gets", lambda found: list(map(item, found)) if rest else [*found[:1], *map(item, found[1:])])


def _latest_cas(session: Any, request: Any, answer: bytes) -> bytes:
    lines = []
    for item in items(answer):
        line, end, data = item.partition(b"\r\n")
        lines.append(line.rpartition(b" ")[0] + b" %d" % session.instance.store.last_cas + end + data)
    return b"".join(lines) + replies.END if lines else answer


def _first_key_everywhere(found: list[bytes]) -> list[bytes]:
    return [b"VALUE " + found[0].split(b" ")[1] + b" " + item.split(b" ", 2)[2] for item in found]


def _empties(session: Any, request: Any, answer: bytes) -> None:
    if answer == b"TOUCHED\r\n":
        session.instance.store.store("set", request.args[0], b"", 0, 0)


def _loses_flags(session: Any, request: Any, answer: bytes) -> None:
    if (item := session.instance.store._find(request.args[0])) is not None:
        set_flags(item, 0)


def _untouched(session: Any, request: Any) -> Iterator[None]:
    store = session.instance.store
    found = {key: item.exptime for key in request.args[1:] if (item := store._find(key))}
    yield
    for key, exptime in found.items():
        if item := store._find(key):
            item.exptime = exptime


def _makes_missing(session: Any, request: Any, answer: bytes) -> None:
    for key in request.args[1:]:
        session.instance.store.store("add", key, b"", 0, 0)


def _new_cas_for_all(session: Any, request: Any, answer: bytes) -> None:
    for key in request.args[1:]:
        if item := session.instance.store._find(key):
            _new_cas(session.instance.store, item)


ROWS = (
    Fault("get-miss-not-found", "retrieval", "answers NOT_FOUND to get of a missing key",
          swap(GETS, b"END\r\n", b"NOT_FOUND\r\n")),
    Fault("get-miss-silent", "retrieval", "answers nothing to get of a missing key", swap("get gets", b"END\r\n", b"")),
    Fault("get-miss-error", "retrieval", "answers a missing key with SERVER_ERROR",
          swap("get gets", b"END\r\n", b"SERVER_ERROR not found\r\n")),
    Fault("get-miss-empty", "retrieval storage", "answers a missing key with an empty item",
          around("get", _empty_for_miss)),
    Fault("get-no-end", "retrieval", "sends no END after items",
          reply("get gets", lambda answer: answer if answer == b"END\r\n" else answer.removesuffix(b"END\r\n"))),
    Fault("get-end-for-each", "retrieval", "sends END after each item",
          reply("get gets", lambda answer: b"END\r\n".join([*items(answer), b""]) or answer)),
    Fault("get-first-only", "retrieval", "looks for the first key only", keys("get gets", lambda keys: keys[:1])),
    Fault("get-second-dropped", "retrieval", "drops the second key of several",
          keys("get gets", lambda keys: keys[:1] + keys[2:])),
    Fault("get-last-dropped", "retrieval", "drops the last key of several",
          keys("get gets", lambda keys: keys[:-1] if len(keys) > 1 else keys)),
    Fault("get-24-keys", "retrieval", "looks for the first 24 keys only", keys("get gets", lambda keys: keys[:24])),
    Fault("get-repeated-once", "retrieval", "sends an item once, whose key is asked for twice",
          listed("get gets", _unique)),
    Fault("get-reversed", "retrieval", "sends the items in reverse", listed("get gets", lambda found: found[::-1])),
    Fault("get-stops-at-miss", "retrieval", "stops at the first missing key", around("get gets", _stop_at_miss)),
    Fault("get-first-key", "retrieval", "writes the first key in every VALUE line",
          listed("get gets", _first_key_everywhere)),
    Fault("get-with-cas", "retrieval storage", "sends cas uniques to get, too",
          around("get", lambda inner, session, request: handlers.gets(
              session, request))),
    Fault("get-deletes", "retrieval storage", "forgets an item that was fetched",
          patch(Store, "bump", lambda inner: lambda self, key, item: self._drop(key, item)
                if self._find(key) is item else None)),
    Fault("get-changes-cas", "retrieval", "changes the cas unique when an item is fetched",
          before(Store, "bump", lambda self, key, item: _new_cas(self, item))),
    Fault("get-item-twice", "retrieval", "sends the last item of several twice",
          listed("get gets", lambda found: found + found[-1:] if len(found) > 1 else found)),
    Fault("get-all-or-nothing", "retrieval", "sends nothing when one of the keys is missing",
          around("get gets", lambda inner, session, request: (
              lambda answer: answer if len(items(answer)) == len(request.args) else b"END\r\n")(inner()))),
    Fault("gets-without-cas", "retrieval", "sends no cas uniques to gets",
          around("gets", lambda inner, session, request: handlers.get(
              session, request))),
    Fault("gets-cas-of-store", "retrieval storage", "sends the latest cas unique of all items",
          exchange("gets", _latest_cas)),
    Fault("gets-cas-zero", "retrieval storage", "sends the cas unique 0", cas_of(lambda cas: b"0")),
    Fault("gets-cas-hexadecimal", "retrieval", "writes cas uniques in base 16", cas_of(lambda cas: b"0x%x" % int(cas))),
    Fault("gets-first-cas-only", "retrieval", "sends cas uniques for the first key only",
          cas_of(lambda cas: b"", rest=False)),
    Fault("exptime-30-days-relative", "expiration", "takes every exptime for seconds from now",
          value(mclite.store.base, "RELATIVE_MAX", 1 << 40)),
    Fault("exptime-30-days-absolute", "expiration", "takes thirty days, to the second, for a Unix time",
          value(mclite.store.base, "RELATIVE_MAX", 60 * 60 * 24 * 30 - 1)),
    Fault("exptime-absolute-day", "expiration", "takes more than a day for a Unix time",
          value(mclite.store.base, "RELATIVE_MAX", 60 * 60 * 24)),
    Fault("exptime-absolute-year", "expiration", "takes up to a year for seconds from now",
          value(mclite.store.base, "RELATIVE_MAX", 60 * 60 * 24 * 365)),
    Fault("exptime-absolute-at-once", "expiration meta_set", "lets an item with a Unix time expire at once", expires(
        lambda store, sent, right: 1 if sent > 60 * 60 * 24 * 30 else right)),
    Fault("exptime-overflows", "expiration", "lets an item expire at once whose Unix time is more than ten years ahead",
          expires(lambda store, sent, right: 1 if right > store.now + 10 * 365 * 86400 else right)),
    Fault("exptime-absolute-soon", "expiration", "keeps an item with a Unix time for an hour at most", expires(
        lambda store, sent, right: 1 if right > store.now + 3600 and sent > 60 * 60 * 24 * 30 else right)),
    Fault("exptime-always-absolute", "expiration", "takes every exptime for a Unix time",
          value(mclite.store.base, "RELATIVE_MAX", 0)),
    Fault("exptime-negative-forever", "expiration", "keeps an item with a negative exptime for ever",
          expires(lambda store, sent, right: 0 if sent < 0 else right)),
    Fault("exptime-negative-unsigned", "expiration", "takes a negative exptime for a large unsigned one",
          expires(lambda store, sent, right: sent & 0xFFFF_FFFF if sent < 0 else right)),
    Fault("exptime-past-forever", "expiration", "keeps an item whose Unix time is past",
          expires(lambda store, sent, right: 0 if 60 * 60 * 24 * 30 < sent <= store.now else right)),
    Fault("exptime-zero-at-once", "expiration", "lets an item with exptime 0 expire at once",
          expires(lambda store, sent, right: right or 1)),
    Fault("exptime-ignored", "expiration", "lets no item expire", expires(lambda store, sent, right: 0)),
    Fault("exptime-relative-ignored", "expiration", "lets items expire at a Unix time only", expires(
        lambda store, sent, right: 0 if 0 < sent <= 60 * 60 * 24 * 30 else right)),
    Fault("exptime-absolute-ignored", "expiration touch", "keeps items with a Unix time for ever", expires(
        lambda store, sent, right: 0 if sent > 60 * 60 * 24 * 30 else right)),
    Fault("exptime-milliseconds", "expiration", "takes exptime for milliseconds", expires(
        lambda store, sent, right: store.now + sent // 1000 + 1 if 0 < sent <= 60 * 60 * 24 * 30 else right)),
    Fault("exptime-minutes", "expiration", "takes exptime for minutes", expires(
        lambda store, sent, right: store.now + sent * 60 if 0 < sent <= 60 * 60 * 24 * 30 else right)),
    Fault("exptime-late", "expiration", "keeps items five seconds too long", expires(
        lambda store, sent, right: right + 5 if right > store.now else right)),
    Fault("exptime-early", "expiration", "drops items two seconds too early", expires(
        lambda store, sent, right: right - 2 if right > store.now else right)),
    Fault("exptime-16-bits", "expiration meta_get", "cuts exptime to 16 bits", expires(
        lambda store, sent, right: store.now + (sent & 0xFFFF) if 0xFFFF < sent <= 60 * 60 * 24 * 30 else right)),
    Fault("exptime-at-most-a-day", "expiration meta_arithmetic", "lets no item live longer than a day", expires(
        lambda store, sent, right: min(right, store.now + 86400) if right else store.now + 86400)),
    Fault("exptime-slides", "expiration", "lets an item live longer when it is fetched", patch(Store, "bump", _slides)),
    Fault("exptime-of-first", "expiration storage", "keeps the exptime with which a key was stored first",
          storing(lambda call: setattr(call, "exptime", call.old.exptime) if call.old else None)),
    Fault("touch-no-effect", "touch gat meta_get", "does not set the exptime in touch, gat and T",
          _touch(lambda store, item, new: item.exptime)),
    Fault("touch-longer-only", "touch gat", "does not let touch make a life shorter",
          _touch(lambda store, item, new: 0 if 0 in (new, item.exptime) else max(new, item.exptime))),
    Fault("touch-shorter-only", "touch gat", "does not let touch make a life longer",
          _touch(lambda store, item, new: min(new or 1 << 40, item.exptime or 1 << 40) % (1 << 40))),
    Fault("touch-never-kept", "touch gat", "does not give a time to an item that had none",
          _touch(lambda store, item, new: new if item.exptime else 0)),
    Fault("touch-adds", "touch gat", "adds to the time that is left", _touch(
        lambda store, item, new: item.exptime + new - store.now if item.exptime > 1 and new > store.now else new)),
    Fault("touch-zero-ignored", "touch gat", "ignores a touch with exptime 0",
          _touch(lambda store, item, new: new or item.exptime)),
    Fault("touch-negative-ignored", "touch gat", "ignores a touch with a negative exptime",
          _touch(lambda store, item, new: item.exptime if new == 1 else new)),
    Fault("touch-absolute-ignored", "touch gat", "ignores a touch with a Unix time", arguments(
        "touch gat gats", lambda args: [b"1000" if part.isdigit() and int(part) > 2592000 else part for part in args])),
    Fault("touch-says-ok", "touch", "answers OK instead of TOUCHED", swap("touch", b"TOUCHED\r\n", b"OK\r\n")),
    Fault("touch-says-stored", "touch", "answers STORED instead of TOUCHED",
          swap("touch", b"TOUCHED\r\n", b"STORED\r\n")),
    Fault("touch-missing", "touch", "answers TOUCHED for a missing key",
          swap("touch", b"NOT_FOUND\r\n", b"TOUCHED\r\n")),
    Fault("touch-missing-end", "touch", "answers END for a missing key", swap("touch", b"NOT_FOUND\r\n", b"END\r\n")),
    Fault("touch-sends-item", "touch", "sends the item that was touched", exchange("touch", _touch_values)),
    Fault("touch-changes-cas", "touch retrieval gat", "changes the cas unique when an item is touched",
          before(Store, "touch", lambda self, key, item, exptime: _new_cas(self, item))),
    Fault("touch-empties", "touch", "empties the item that is touched", then("touch", _empties)),
    Fault("touch-loses-flags", "touch storage", "sets flags to 0 when an item is touched",
          then("touch", _loses_flags)),
    Fault("gat-no-touch", "gat", "fetches with gat without setting the exptime", during("gat gats", _untouched)),
    Fault("gat-touches-first", "gat", "sets the exptime of the first key only", around("gat gats", _gat_first_only)),
    Fault("gat-first-only", "gat", "looks for the first key only", keys("gat gats", lambda keys: keys[:1])),
    Fault("gat-reversed", "gat", "sends the items in reverse", listed("gat gats", lambda found: found[::-1])),
    Fault("gat-touched", "gat", "answers TOUCHED instead of END",
          reply("gat gats", lambda answer: answer.replace(b"END\r\n", b"TOUCHED\r\n"))),
    Fault("gat-creates", "gat", "makes an empty item for a missing key", then("gat gats", _makes_missing)),
    Fault("gat-with-cas", "gat", "sends cas uniques to gat, too", around(
        "gat", lambda inner, session, request: handlers.gats(
            session, request))),
    Fault("gats-without-cas", "gat", "sends no cas uniques to gats", around(
        "gats", lambda inner, session, request: handlers.gat(
            session, request))),
    Fault("gat-unknown", "gat", "does not know gat and gats", reply("gat gats", lambda answer: b"ERROR\r\n")),
    Fault("gat-changes-cas", "gat retrieval", "changes the cas unique in gat", then("gat gats", _new_cas_for_all)),
    Fault("gat-loses-data", "gat", "sends no data block to gat",
          listed("gat gats", lambda found: [one.split(b"\r\n")[0] + b"\r\n" for one in found])),
)  # fmt: skip
