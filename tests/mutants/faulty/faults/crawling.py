"""Faults of lru_crawler: what it takes and refuses, which items its dumps list, and how they write them."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from faulty.fault import Fault, How
from faulty.points import exchange, patch, reply, swap
from mclite.core.session import Session
from mclite.handlers.table import HANDLERS
from mclite.store.base import Store

BAD_CLASS = b"BADCLASS invalid class id\r\n"
BAD_FORMAT = b"CLIENT_ERROR bad command line format\r\n"


def dump(what: str, change: Callable[[list[bytes]], list[bytes]], end: bytes | None = None) -> How:
    """Let `change(lines)` make the lines of the items that the dump `what` lists, and `end` the line behind them."""
    line_end, last = (b"\n", b"END\r\n") if what == "metadump" else (b"\r\n", b"EN\r\n")

    def made(session: Session, request: Any, answer: bytes) -> bytes:
        if request.args[:1] != [what.encode()] or not answer.endswith(last) or not answer.startswith(b"OK\r\n"):
            return answer
        found = [line + line_end for line in answer[4 : -len(last)].split(line_end) if line]
        return b"OK\r\n" + b"".join(change(found)) + (last if end is None else end)

    return exchange("lru_crawler", made)


def line(what: str, pattern: bytes, instead: bytes | Callable[[re.Match[bytes]], bytes]) -> How:
    """Put something `instead` of what matches in each line of a dump."""
    wanted = re.compile(pattern)
    return dump(what, lambda lines: [wanted.sub(instead, one) for one in lines])


def asked(what: str, pattern: str, change: Callable[[Callable[[list[bytes]], bytes], list[bytes]], bytes]) -> How:
    """Let `change(ask, args)` answer `lru_crawler WHAT` when the words behind it match; `ask(args)` is right."""
    wanted = re.compile(pattern)

    def how() -> None:
        inner = HANDLERS[b"lru_crawler"]

        def handler(session: Any, request: Any) -> bytes:
            words = b" ".join(request.args[1:]).decode("latin-1")
            if request.args[:1] != [what.encode()] or not wanted.fullmatch(words):
                return bytes(inner(session, request))
            return change(lambda args: bytes(inner(session, request._replace(args=args))), list(request.args))

        HANDLERS[b"lru_crawler"] = handler

    return how


def says(text: bytes) -> Any:
    """Answer `text`."""
    return lambda ask, args: text


def with_class(word: bytes) -> Any:
    """Take another class id."""
    return lambda ask, args: ask([args[0], word])


def _items(visible: Callable[[Any], list[Any]]) -> How:
    """Dump what `visible(store)` returns."""
    return patch(Store, "keys_of", lambda inner: lambda self, classes: iter(visible(self)))


def _hang_up(session: Session, request: Any, answer: bytes) -> bytes:
    if answer.endswith((b"END\r\n", b"EN\r\n")):
        session.closed = True
    return answer


def _relative(found: re.Match[bytes]) -> bytes:
    return b"%b=%d" % (found[1], int(found[2]) - int(time.time()))


DUMPS = ("metadump", "mgdump")
ROWS = (
    Fault("crawl-busy-text", "lru_crawler", "answers OK with a text", exchange(
        "lru_crawler", lambda session, request, answer: b"OK started\r\n"
        if request.args[:1] == [b"crawl"] and answer == b"OK\r\n" else answer)),
    *(Fault(f"crawl-class-{name}", "lru_crawler", f"takes {imitates} for a class to crawl",
            asked("crawl", pattern, with_class(b"1")))
      for name, pattern, imitates in (("zero", "0", "0"), ("64", "64", "64"), ("word", "[a-z]+", "a word"),
                                      ("negative", "-.*", "a negative number"), ("list", ".*,.*", "any list"))),
    Fault("crawl-one-refused", "lru_crawler", "does not take a class id alone",
          asked("crawl", "[0-9]+", says(BAD_CLASS))),
    Fault("crawl-bare", "lru_crawler", "crawls all classes when none is named",
          exchange("lru_crawler", lambda session, request, answer: b"OK\r\n"
                   if request.args == [b"crawl"] else answer)),
    Fault("crawl-other-text", "lru_crawler", "answers CLIENT_ERROR to a class id that does not exist",
          swap("lru_crawler", BAD_CLASS, b"CLIENT_ERROR invalid class id\r\n")),
    *(Fault(f"crawler-{what}-{name}", "lru_crawler", f"{imitates} lru_crawler {what}",
            asked(what, pattern, says(answer)))
      for what in ("sleep", "tocrawl")
      for name, pattern, imitates, answer in (
          ("zero-refused", "0", "does not take 0 in", BAD_FORMAT),
          ("most-refused", "1000000|4294967295", "does not take the largest number in", BAD_FORMAT),
          ("more-taken", "1000001|4294967296", "takes a number that is too large in", b"OK\r\n"),
          ("negative-taken", "-.*", "takes a negative number in", b"OK\r\n"),
          ("word-taken", "[a-z]+", "takes a word in", b"OK\r\n"),
          ("errors-bare", "-.*|[a-z]+", "answers ERROR alone to a bad number in", b"ERROR\r\n"))),
    Fault("crawler-word-taken", "lru_crawler", "takes any word after lru_crawler", exchange(
        "lru_crawler", lambda session, request, answer: b"OK\r\n" if answer == b"ERROR\r\n"
        and request.args[0] not in (b"crawl", b"metadump", b"mgdump", b"sleep", b"tocrawl") else answer)),
    Fault("crawler-disable-refused", "lru_crawler", "does not know lru_crawler disable", exchange(
        "lru_crawler", lambda session, request, answer: b"ERROR\r\n" if request.args == [b"disable"] else answer)),
    Fault("crawler-enable-refused", "lru_crawler", "does not know lru_crawler enable", exchange(
        "lru_crawler", lambda session, request, answer: b"ERROR\r\n" if request.args == [b"enable"] else answer)),
    *(Fault(f"{what}-class-{name}", "lru_crawler", f"takes {imitates} for a class in {what}",
            asked(what, pattern, with_class(b"1")))
      for what in DUMPS
      for name, pattern, imitates in (("zero", "0", "0"), ("64", "64", "64"), ("word", "[bcx]+", "a word"))),
    Fault("metadump-any-case", "lru_crawler", "takes ALL for all in metadump",
          asked("metadump", "ALL", with_class(b"all"))),
    *(Fault(f"{what}-class-ignored", "lru_crawler", f"lists the items of all classes in {what}",
            asked(what, "[0-9]+(,[0-9]+)*", lambda ask, args: answer if (answer := ask(args)).startswith(b"BAD")
                  else ask([args[0], b"all"]))) for what in DUMPS),
    *(Fault(f"{what}-class-empty", "lru_crawler", f"lists nothing when {what} is asked for a class",
            asked(what, "[0-9]+", lambda ask, args: ask([args[0], b"63"]) if args[1] != b"0" else ask(args)))
      for what in DUMPS),
    *(Fault(f"{what}-first-class", "lru_crawler", f"lists the first class of a list only in {what}",
            asked(what, ".*,.*", lambda ask, args: ask([args[0], args[1].split(b",")[0]]))) for what in DUMPS),
    *(Fault(f"{what}-hash-refused", "lru_crawler", f"does not know {what} hash",
            asked(what, "hash", says(BAD_CLASS))) for what in DUMPS),
    *(Fault(f"{what}-hash-empty", "lru_crawler", f"lists nothing in {what} hash",
            asked(what, "hash", with_class(b"63"))) for what in DUMPS),
    *(Fault(f"{what}-one-item", "lru_crawler", f"lists one item at most in {what}",
            dump(what, lambda lines: lines[:1])) for what in DUMPS),
    *(Fault(f"{what}-each-twice", "lru_crawler", f"lists each item twice in {what}",
            dump(what, lambda lines: lines * 2)) for what in DUMPS),
    *(Fault(f"{what}-no-end", "lru_crawler", f"does not end {what}", dump(what, lambda lines: lines, b""))
      for what in DUMPS),
    *(Fault(f"{what}-no-ok", "lru_crawler", f"does not begin {what} with OK", exchange(
        "lru_crawler", lambda session, request, answer, what=what: answer.removeprefix(b"OK\r\n")
        if request.args[:1] == [what.encode()] else answer), "memcached before 1.6.40") for what in DUMPS),
    *(Fault(f"{what}-ok-at-end", "lru_crawler", f"ends {what} with OK", dump(what, lambda lines: lines, b"OK\r\n"))
      for what in DUMPS),
    Fault("dump-hangs-up", "lru_crawler", "hangs up after a dump", exchange("lru_crawler", _hang_up)),
    Fault("dump-expired", "lru_crawler", "lists items that have expired", _items(
        lambda store: list(store.entries.items()))),
    Fault("dump-flushed", "lru_crawler", "lists items that were flushed", _items(
        lambda store: [(key, item) for key, item in store.entries.items()
                       if not item.exptime or item.exptime > store.now])),
    Fault("metadump-colons", "lru_crawler", "writes a colon instead of = in metadump", line("metadump", b"=", b":")),
    Fault("metadump-cr-lf", "lru_crawler", "ends the lines of metadump in CR LF", line("metadump", b"\n", b"\r\n")),
    Fault("metadump-order", "lru_crawler", "writes la before exp in metadump",
          line("metadump", rb"(exp=\S+) (la=\S+)", rb"\2 \1")),
    *(Fault(f"metadump-{name}-missing", "lru_crawler", f"does not write {name} in metadump",
            line("metadump", rb" ?\b%b=\S*" % name.encode(), b""))
      for name in ("key", "exp", "la", "cas", "fetch", "cls", "size", "flags")),
    Fault("metadump-exp-relative", "lru_crawler", "writes the seconds left as exp in metadump",
          line("metadump", rb"(exp)=(\d+)", _relative)),
    Fault("metadump-exp-never", "lru_crawler", "always writes exp=-1 in metadump",
          line("metadump", rb"exp=\d+", b"exp=-1")),
    Fault("metadump-la-relative", "lru_crawler", "writes the seconds since the last access as la in metadump",
          line("metadump", rb"(la)=(\d+)", _relative)),
    Fault("metadump-cas-zero", "lru_crawler", "always writes cas=0 in metadump",
          line("metadump", rb"cas=\d+", b"cas=0")),
    Fault("metadump-fetch-yes", "lru_crawler", "always writes fetch=yes in metadump",
          line("metadump", b"fetch=no", b"fetch=yes")),
    Fault("metadump-fetch-no", "lru_crawler", "always writes fetch=no in metadump",
          line("metadump", b"fetch=yes", b"fetch=no")),
    Fault("metadump-fetch-number", "lru_crawler", "writes fetch as a number in metadump", line(
        "metadump", b"fetch=(yes|no)", lambda found: b"fetch=%d" % (found[1] == b"yes"))),
    Fault("metadump-key-raw", "lru_crawler", "does not encode keys in metadump", line(
        "metadump", rb"^key=(\S+)", lambda found: b"key=" + unquote_to_bytes(found[1]))),
    Fault("metadump-key-high", "lru_crawler", "does not encode bytes above 127 in metadump", line(
        "metadump", rb"%([89A-F][0-9A-F])", lambda found: bytes.fromhex(found[1].decode()))),
    Fault("metadump-key-commas", "lru_crawler", "encodes bytes above 127 only in metadump", line(
        "metadump", rb"%([0-7][0-9A-F])", lambda found: bytes.fromhex(found[1].decode()))),
    Fault("mgdump-key-encoded", "lru_crawler", "encodes keys in mgdump as metadump does", line(
        "mgdump", rb"^mg (\S+)", lambda found: b"mg " + quote_from_bytes(found[1], safe="").encode())),
    Fault("mgdump-key-only", "lru_crawler", "writes the keys alone in mgdump", line("mgdump", b"^mg ", b"")),
    Fault("mgdump-with-flags", "lru_crawler", "writes a v behind each key in mgdump",
          line("mgdump", b"\r\n", b" v\r\n")),
    Fault("mgdump-no-b", "lru_crawler", "does not say that a key is base64 in mgdump",
          line("mgdump", b" b\r\n", b"\r\n")),
    Fault("mgdump-all-base64", "lru_crawler", "writes every key in base64 in mgdump", line(
        "mgdump", rb"^mg (\S+)\r\n", lambda found: b"mg %b b\r\n" % base64.b64encode(found[1]))),
    Fault("mgdump-binary-raw", "lru_crawler", "writes a binary key as it is in mgdump", line(
        "mgdump", rb"^mg (\S+) b\r\n", lambda found: b"mg %b\r\n" % base64.b64decode(found[1]))),
    Fault("mgdump-line-feed", "lru_crawler", "ends the lines of mgdump in LF alone", line("mgdump", b"\r\n", b"\n")),
    Fault("mgdump-end", "lru_crawler", "ends mgdump with END", dump("mgdump", lambda lines: lines, b"END\r\n")),
    Fault("metadump-en", "lru_crawler", "ends metadump with EN", dump("metadump", lambda lines: lines, b"EN\r\n")),
    Fault("crawler-silent", "lru_crawler", "does not answer crawl", reply(
        "lru_crawler", lambda answer: b"" if answer == b"OK\r\n" else answer)),
)  # fmt: skip
