"""Faults that a single look does not find: wrong from the second time on, or beside what the probes ask for."""

from __future__ import annotations

import re
from collections.abc import Callable

from faulty.fault import Fault, How
from faulty.faults.statistics import changed
from faulty.points import around, exchange, lines, requests, swap, then
from mclite.core.session import Session
from mclite.protocol.parser import BadRequest, Request


def again(verbs: str, change: Callable[[bytes], bytes]) -> How:
    """Let `change(answer)` make the answers to these commands, but for the first that the server gives."""

    def made(session: Session, request: Request, answer: bytes) -> bytes:
        told = session.instance.__dict__.setdefault("told", set())
        if request.command.name in told:
            return change(answer)
        told.add(request.command.name)
        return answer

    return exchange(verbs, made)


def _line_says(pattern: bytes, answer: bytes) -> How:
    """Answer the lines that match with `answer`, whatever they say."""
    wanted = re.compile(pattern)
    return requests(lambda line, request: BadRequest(answer) if wanted.fullmatch(line.rstrip(b"\r")) else request)


def _flush_after_ok(session: Session, request: Request, answer: bytes) -> None:
    if answer == b"OK\r\n":
        session.instance.store.flush_all(0)


ROWS = (
    Fault("noop-counted", "meta_noop", "counts in its answers to mn, from the second one on",
          again("mn", lambda answer: b"MN 2\r\n")),
    Fault("noop-any-ending", "meta_noop", "takes mnx for mn", lines(
        lambda line: b"mn" if re.fullmatch(rb"mn[a-z]+\r?", line) else line)),
    Fault("gat-miss-later", "gat", "answers NOT_FOUND to gat of a missing key, from the second time on",
          again("gat gats", lambda answer: b"NOT_FOUND\r\n" if answer == b"END\r\n" else answer)),
    Fault("gets-unique-once", "retrieval", "gives a cas unique with the first gets only",
          again("gets", lambda answer: re.sub(rb"^(VALUE \S+ \d+ \d+) \d+", rb"\1", answer))),
    Fault("verbosity-once", "verbosity meta_syntax", "answers END to verbosity, from the second time on",
          again("verbosity", lambda answer: b"END\r\n" if answer == b"OK\r\n" else answer)),
    Fault("meta-debug-without-key", "meta_debug", "takes me without a key for a miss", _line_says(rb"me *", b"EN\r\n")),
    Fault("meta-debug-long-key", "meta_debug", "takes a key of 251 bytes for a miss in me",
          _line_says(rb"me \S{251}", b"EN\r\n")),
    Fault("lru-bare", "lru", "answers OK to lru alone", _line_says(rb"lru *", b"OK\r\n")),
    Fault("lru-any-word", "lru", "answers OK to lru with a word that it does not know",
          _line_says(rb"lru (?!tune|mode|temp_ttl).*", b"OK\r\n")),
    Fault("lru-any-case", "lru", "takes LRU for lru",
          lines(lambda line: b"lru" + line[3:] if line[:4] == b"LRU " else line)),
    Fault("lru-error-hangs-up", "lru", "hangs up after an error of lru", then(
        "lru", lambda session, request, answer: setattr(session, "closed", answer.startswith(b"ERROR")))),
    Fault("lru-no-fractions", "lru", "takes whole numbers only in lru tune", around(
        "lru", lambda inner, session, request: b"ERROR\r\n" if b"." in b"".join(request.args) else inner())),
    Fault("temporary-none", "lru", "counts no item in number_temp",
          changed(r"items:\d+:number_temp", lambda value: "0", "items")),
    Fault("temporary-all", "lru", "counts every item in number_temp",
          changed(r"items:\d+:number_temp", lambda value: "1", "items")),
    Fault("crawler-bare", "lru_crawler", "answers OK to lru_crawler alone", _line_says(rb"lru_crawler *", b"OK\r\n")),
    Fault("crawler-any-case", "lru_crawler", "takes LRU_CRAWLER for lru_crawler",
          lines(lambda line: b"lru_crawler" + line[11:] if line[:11] == b"LRU_CRAWLER" else line)),
    Fault("slabs-done", "slabs", "answers DONE when a page was moved", swap("slabs", b"OK\r\n", b"DONE\r\n")),
    Fault("slabs-flushes", "slabs", "forgets all items when a page is moved", then("slabs", _flush_after_ok)),
    Fault("memlimit-64-refused", "cache_memlimit eviction", "does not take the limit that it has already", around(
        "cache_memlimit", lambda inner, session, request: b"ERROR\r\n" if request.args[:1] == [b"64"] else inner())),
)  # fmt: skip
