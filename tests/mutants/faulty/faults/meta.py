"""Faults of the meta commands that lie in their form: codes, flags, opaque, quiet, keys in base64, arguments."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mclite.handlers.meta
import mclite.protocol.meta
import mclite.protocol.parser
from faulty.fault import Fault, How, both
from faulty.points import arguments, errors, exchange, lines, patch, reply, requests, swap, then, value
from mclite.core.session import Session
from mclite.protocol.parser import BadRequest, Request

META = "mg ms md ma"
OTHERS = {b"ms": 2}
"""How many arguments come before the flags, if it is not the key alone."""


@dataclass(slots=True)
class Answer:
    """An answer to a meta command, taken apart; `asked` are the flags of the request."""

    code: bytes
    flags: list[bytes]
    data: bytes | None
    asked: list[bytes]
    session: Session
    key: bytes

    def to_bytes(self) -> bytes:
        """Put it together again."""
        words = [self.code, *([b"%d" % len(self.data)] if self.data is not None else []), *self.flags]
        return b" ".join(words) + b"\r\n" + (self.data + b"\r\n" if self.data is not None else b"")

    def has(self, letter: str) -> bool:
        """Was this flag sent in the request?"""
        return any(token[:1] == letter.encode() for token in self.asked)


def answers(verbs: str, change: Callable[[Answer], Any]) -> How:
    """Let `change(answer)` change an answer in place, unless it is an error; bytes that it returns are sent instead."""

    def made(session: Session, request: Request, right: bytes) -> bytes:
        if right[:2] not in (b"HD", b"VA", b"EN", b"NF", b"NS", b"EX"):
            return right
        line, _, rest = right.partition(b"\r\n")
        code, *flags = line.split(b" ")
        data = None
        if code == b"VA":
            data, flags = rest[:-2], flags[1:]
        asked = request.args[OTHERS.get(request.command.name, 1) :]
        answer = Answer(code, flags, data, asked, session, request.args[0])
        instead = change(answer)
        return instead if isinstance(instead, bytes) else answer.to_bytes()

    return exchange(verbs, made)


def token(letter: str, change: Callable[[bytes], bytes], verbs: str = META) -> How:
    """Let `change(token)` make what is returned for the flag `letter`, after the letter."""
    first = letter.encode()

    def changed(answer: Answer) -> None:
        answer.flags = [first + change(flag[1:]) if flag[:1] == first else flag for flag in answer.flags]

    return answers(verbs, changed)


def lost(letter: str, verbs: str = META) -> How:
    """Do not return the flag `letter`."""
    first = letter.encode()

    def changed(answer: Answer) -> None:
        answer.flags = [flag for flag in answer.flags if flag[:1] != first]

    return answers(verbs, changed)


def flags(verbs: str, change: Callable[[list[bytes]], list[bytes]]) -> How:
    """Let `change(tokens)` make the flags that these commands read."""
    parts = []
    for verb in verbs.split():
        count = OTHERS.get(verb.encode(), 1)
        parts.append(arguments(verb, lambda args, count=count: args[:count] + change(args[count:])))  # type: ignore[misc]
    return both(*parts)


def ignored(verbs: str, letter: str) -> How:
    """Ignore a flag altogether."""
    first = letter.encode()
    return flags(verbs, lambda tokens: [one for one in tokens if one[:1] != first])


def code(verbs: str, before: bytes, after: bytes) -> How:
    """Answer with the code `after` instead of `before`."""

    def changed(answer: Answer) -> None:
        if answer.code == before:
            answer.code = after

    return answers(verbs, changed)


def _quiet(verbs: str, hides: Callable[[bytes], bool]) -> How:
    """Send nothing, when q was sent, where `hides(answer)`."""
    return exchange(verbs, lambda session, request, answer: b"" if hides(answer)
                    and b"q" in request.args[OTHERS.get(request.command.name, 1):] else answer)  # fmt: skip


def _error(answer: bytes) -> bool:
    return answer.startswith((b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR"))


def _quiet_sticks() -> How:
    def changed(session: Session, request: Request, answer: bytes) -> bytes:
        stuck = session.__dict__.get("quiet", False)
        session.__dict__["quiet"] = b"q" in request.args
        return b"" if stuck and answer[:2] in (b"HD", b"EN", b"NF") else answer

    return exchange(META, changed)


def _sorted(answer: Answer) -> None:
    answer.flags.sort()


def _reversed(answer: Answer) -> None:
    answer.flags.reverse()


def _key_on_miss(answer: Answer) -> None:
    if answer.code in (b"EN", b"NF"):
        answer.flags = []


def _commas(answer: Answer) -> bytes:
    return answer.to_bytes().replace(b" ", b",", max(len(answer.flags), 1))


IGNORED = {
    "mg": "bcCEfhklNOqRstTuv",
    "ms": "bcCEFIkMNOqsT",
    "md": "bCEIkOqTx",
    "ma": "bcCDEJkMNOqtTv",
}


def _hang_up_after_error(session: Session, request: Request, answer: bytes) -> None:
    if answer.startswith(b"CLIENT_ERROR"):
        session.closed = True


def _bump(session: Session, request: Request, answer: bytes) -> None:
    store = session.instance.store
    if (item := store._find(request.args[0])) is not None:
        store.bump(request.args[0], item)


def _absolute_exp(session: Session, request: Request, answer: bytes) -> bytes:
    return re.sub(rb"exp=(\d+)", lambda found: b"exp=%d" % (int(found[1]) + session.instance.store.now), answer)


def _noop_first(inner: Any) -> Any:
    def receive(self: Session, data: bytes) -> bytes:
        answer: bytes = inner(self, data)
        return b"MN\r\n" + answer.replace(b"MN\r\n", b"", 1) if data.endswith(b"\r\nmn\r\n") else answer

    return receive


def _glued(line: bytes) -> bytes:
    """Take a word that begins with the code of a meta command for that command and its key."""
    word = line.split(b" ", 1)[0].rstrip(b"\r")
    return line[:2] + b" " + line[2:] if len(word) > 2 and word[:2] in (b"mg", b"ms", b"md", b"ma", b"me") else line


def _bad_length(line: bytes, request: Request | BadRequest) -> bool:
    words = line.rstrip(b"\r").split(b" ")
    return isinstance(request, BadRequest) and words[0] == b"ms" and len(words) > 1


def _awaits_block() -> How:
    """Take the line after an ms with a bad length for its data block."""
    pending = [False]

    def change(line: bytes, request: Request | BadRequest) -> Request | BadRequest:
        if pending[0]:
            pending[0] = False
            return BadRequest(b"")
        pending[0] = _bad_length(line, request)
        return request

    return requests(change)


def _length_as_zero() -> How:
    """Take a bad length for 0."""

    def change(line: bytes, request: Request | BadRequest) -> Request | BadRequest:
        words = line.rstrip(b"\r").split(b" ")
        if not _bad_length(line, request) or len(words) < 3:
            return request
        return mclite.protocol.parser.parse(b" ".join([*words[:2], b"0", *words[3:]]))

    return requests(change)


ROWS = (
    *(Fault(f"{verb}-ignores-{'cap-' if letter.isupper() else ''}{letter.lower()}",
            {"mg": "meta_get", "ms": "meta_set", "md": "meta_delete", "ma": "meta_arithmetic"}[verb],
            f"ignores the flag {letter} of {verb}", ignored(verb, letter))
      for verb, letters in IGNORED.items() for letter in letters),
    Fault("meta-sorted", "meta_get", "returns flags in alphabetical order", answers(META, _sorted)),
    Fault("meta-reversed", "meta_get", "returns flags in reverse", answers(META, _reversed)),
    Fault("meta-commas", "meta_get", "parts flags by commas", answers(META, _commas)),
    Fault("meta-space-at-end", "meta_get meta_set meta_syntax", "ends the line of an answer with a space", answers(
        META, lambda answer: answer.to_bytes().replace(b"\r\n", b" \r\n", 1))),
    Fault("meta-flags-first-only", "meta_get", "heeds the first flag only", flags("mg", lambda tokens: tokens[:1])),
    Fault("meta-flags-of-request", "meta_get", "returns all flags that were sent", answers(
        META, lambda answer: answer.flags.extend(one for one in answer.asked if one not in answer.flags
                                                 and one[:1] in b"TCMNRDJEFIqvu"))),
    Fault("opaque-lost", "meta_get", "does not return the opaque", lost("O")),
    Fault("opaque-cut-8", "meta_get", "cuts the opaque to 8 bytes", token("O", lambda text: text[:8])),
    Fault("opaque-cut-16", "meta_get", "cuts the opaque to 16 bytes", token("O", lambda text: text[:16])),
    Fault("opaque-cut-31", "meta_get", "cuts the opaque to 31 bytes", token("O", lambda text: text[:31])),
    Fault("opaque-refused-32", "meta_get meta_set", "refuses an opaque of 32 bytes",
          value(mclite.protocol.meta, "OPAQUE_MAX", 31), "memcached 1.6.45"),
    Fault("opaque-any-length", "meta_get", "takes an opaque of any length", value(
        mclite.protocol.meta, "OPAQUE_MAX", 100_000)),
    Fault("opaque-number", "meta_get", "takes the opaque for a number",
          token("O", lambda text: b"%d" % int(text) if text.isdigit() else b"0")),
    Fault("opaque-lower", "meta_get", "returns the opaque in lower case", token("O", bytes.lower)),
    Fault("opaque-bare", "meta_get", "returns the opaque without its letter", answers(
        META, lambda answer: setattr(answer, "flags", [one[1:] if one[:1] == b"O" else one for one in answer.flags]))),
    Fault("opaque-lost-on-miss", "meta_get meta_delete", "returns opaque and key with hits only",
          answers(META, _key_on_miss)),
    Fault("opaque-lost-when-refused", "meta_set meta_delete meta_arithmetic",
          "returns opaque and key with success only", answers(META, lambda answer: setattr(answer, "flags", [])
                                                              if answer.code in (b"NS", b"EX") else None)),
    Fault("key-returned-empty", "meta_get", "returns a k without the key", token("k", lambda text: b"")),
    Fault("key-returned-quoted", "meta_get", "returns the key in quotes", token("k", lambda text: b'"' + text + b'"')),
    Fault("key-returned-raw", "meta_get meta_set", "returns a base64 key decoded", both(
        patch(mclite.handlers.meta, "encode_key", lambda inner: lambda key: key), lost("b"))),
    Fault("key-returned-without-b", "meta_get meta_set", "does not say that the key it returns is base64", lost("b")),
    Fault("base64-not-decoded", "meta_get meta_set", "takes a base64 key as it stands", both(
        patch(mclite.protocol.meta, "decode_key", lambda inner: lambda key: key),
        patch(mclite.handlers.meta, "decode_key", lambda inner: lambda key: key),
        patch(mclite.handlers.meta, "encode_key", lambda inner: lambda key: key))),
    Fault("base64-text-only", "meta_get meta_set", "decodes only base64 keys that are text", patch(
        mclite.protocol.meta, "decode_key", lambda inner: lambda key: (
            made := inner(key)) and (made if made.isascii() and made.isalnum() else None))),
    Fault("base64-lenient", "meta_get meta_set meta_syntax", "decodes what is no base64", patch(
        mclite.protocol.meta, "decode_key", lambda inner: lambda key: inner(key) or b"decoded")),
    Fault("base64-no-padding", "meta_get meta_set", "does not decode padded base64", patch(
        mclite.protocol.meta, "decode_key", lambda inner: lambda key: None if key.endswith(b"=") else inner(key))),
    Fault("quiet-hides-errors", "meta_get meta_set meta_syntax", "hides errors with q", _quiet(META, _error)),
    Fault("quiet-hides-hits", "meta_get", "hides hits of mg with q", _quiet("mg", lambda answer: answer[:2] == b"HD")),
    Fault("quiet-hides-values", "meta_get meta_arithmetic", "hides values with q",
          _quiet("mg ma", lambda answer: answer[:2] == b"VA")),
    Fault("quiet-hides-refusals", "meta_set meta_delete meta_arithmetic", "hides NS, EX and NF with q",
          _quiet("ms md ma", lambda answer: answer[:2] in (b"NS", b"EX", b"NF"))),
    Fault("quiet-keeps-miss", "meta_get", "answers EN with q", exchange(
        "mg", lambda session, request, answer: answer or b"EN\r\n")),
    Fault("quiet-keeps-stored", "meta_set meta_delete meta_arithmetic", "answers HD with q", exchange(
        "ms md ma", lambda session, request, answer: answer or b"HD\r\n")),
    Fault("quiet-delete-keeps-miss", "meta_delete", "hides NF of md with q",
          _quiet("md", lambda answer: answer[:2] == b"NF")),
    Fault("quiet-not-done", "meta_set meta_delete meta_arithmetic", "does not carry out what comes with q",
          requests(lambda line, request: BadRequest(b"") if isinstance(request, Request) and b"q" in request.args
                   and request.command.name in (b"md", b"ma") else request)),
    Fault("quiet-sticks", "meta_get meta_noop", "is quiet for the next command, too", _quiet_sticks()),
    Fault("noop-silent", "meta_noop", "does not answer mn", reply("mn", lambda answer: b"")),
    Fault("noop-unknown", "meta_noop", "does not know mn", reply("mn", lambda answer: b"ERROR\r\n")),
    Fault("noop-end", "meta_noop", "answers mn with EN", reply("mn", lambda answer: b"EN\r\n")),
    Fault("noop-hd", "meta_noop", "answers mn with HD", reply("mn", lambda answer: b"HD\r\n")),
    Fault("noop-overtakes", "meta_noop", "answers mn before what came before it", patch(
        Session, "receive", _noop_first)),
    Fault("noop-with-flags", "meta_noop meta_syntax", "takes no mn with words after it",
          requests(lambda line, request: BadRequest(b"ERROR\r\n") if line.startswith(b"mn ") else request)),
    Fault("noop-counts", "meta_noop", "answers mn with a text", reply("mn", lambda answer: b"MN 0\r\n")),
    Fault("flag-unknown-ignored", "meta_syntax meta_get meta_delete", "ignores flags that it does not know", flags(
        META, lambda tokens: [one for one in tokens if one[0] in mclite.protocol.meta.FLAGS])),
    Fault("flag-twice-taken", "meta_syntax meta_get", "takes a flag twice", flags(
        META, lambda tokens: list({one[:1]: one for one in tokens}.values()))),
    Fault("flag-proxy-refused", "meta_syntax", "refuses the flags P and L", flags(
        META, lambda tokens: [b"?" if one[:1] in b"PL" else one for one in tokens])),
    Fault("flag-proxy-debug-refused", "meta_syntax", "refuses the flags P and L of me", exchange(
        "me", lambda session, request, answer: b"CLIENT_ERROR invalid flag\r\n"
        if any(one[:1] in b"PL" for one in request.args[1:]) else answer)),
    Fault("flag-proxy-returned", "meta_syntax", "returns the flags P and L", answers(
        META, lambda answer: answer.flags.extend(one for one in answer.asked if one[:1] in b"PL"))),
    Fault("flag-path-in-key", "meta_syntax", "puts the token of L before the key", arguments(
        META, lambda args: [next((one[1:] for one in args[1:] if one[:1] == b"L"), b"") + args[0], *args[1:]])),
    Fault("mg-flag-case-ignored", "meta_syntax meta_get", "takes capital flags of mg for small ones", flags(
        "mg", lambda tokens: [one.lower() for one in tokens])),
    Fault("ms-flag-case-ignored", "meta_syntax meta_set", "takes capital flags of ms for small ones", flags(
        "ms", lambda tokens: [one.lower() for one in tokens])),
    Fault("md-flag-case-ignored", "meta_syntax meta_get meta_delete", "takes capital flags of md for small ones", flags(
        "md", lambda tokens: [one.lower() for one in tokens])),
    Fault("meta-code-glued", "meta_syntax", "takes mgkey for mg key", lines(_glued)),
    Fault("meta-code-unknown-is-miss", "meta_syntax", "answers EN to a code that it does not know",
          requests(lambda line, request: BadRequest(b"EN\r\n") if isinstance(request, BadRequest)
                   and line[:1] == b"m" and len(line.split(b" ")[0].rstrip(b"\r")) == 2 else request)),
    Fault("meta-length-awaits", "meta_set", "waits for a data block after a length that is no number", _awaits_block()),
    Fault("meta-length-zero", "meta_set", "takes a length that is no number for 0", _length_as_zero()),
    Fault("meta-length-first", "meta_syntax meta_set", "takes the first number after ms for the length", lines(
        lambda line: re.sub(rb"^ms ([0-9]+) ([0-9]+)", rb"ms \2 \1", line))),
    Fault("meta-length-missing", "meta_set", "answers ERROR to ms without a length", requests(
        lambda line, request: BadRequest(b"ERROR\r\n") if line[:3] == b"ms " and isinstance(request, BadRequest)
        else request)),
    Fault("quiet-set-silent", "meta_set", "answers nothing to ms with q, not even a bad data chunk", requests(
        lambda line, request: request._replace(noreply=True) if isinstance(request, Request)
        and request.command.name == b"ms" and b"q" in request.args[2:] else request)),
    Fault("meta-without-key", "meta_syntax", "takes mg without a key for a miss",
          requests(lambda line, request: BadRequest(b"EN\r\n") if line.rstrip(b"\r ") in (b"mg",) else request)),
    Fault("meta-many-keys", "meta_syntax meta_get", "hangs up when a meta line has many words",
          requests(lambda line, request: BadRequest(b"", hang_up=True) if line[:3] in (b"mg ", b"ms ", b"md ", b"ma ")
                   and line.count(b" ") > 6 else request)),
    Fault("meta-token-taken-as-number", "meta_syntax meta_get meta_set meta_arithmetic",
          "reads a token that is no number as 0", patch(mclite.protocol.meta, "_number", lambda inner: (
              lambda kind, text: inner(kind, text) or 0))),
    Fault("meta-errors-are-misses", "meta_syntax meta_get", "answers EN for errors of meta commands", exchange(
        META, lambda session, request, answer: b"EN\r\n" if answer.startswith(b"CLIENT_ERROR") else answer)),
    Fault("meta-errors-hang-up", "meta_syntax meta_delete", "hangs up after an error of a meta command",
          then(META, _hang_up_after_error)),
    Fault("meta-upper-case-refused", "meta_syntax", "takes MG for mg", requests(
        lambda line, request: mclite.core.session.parse(line[:2].lower() + line[2:])
        if line[:2] in (b"MG", b"MS", b"MD", b"MA", b"MN", b"ME") else request)),
    Fault("meta-classic-apart", "meta_syntax meta_delete", "keeps the items of meta commands apart from the others",
          arguments(
        "mg ms md ma me", lambda args: [args[0] + b"." if len(args[0]) < 250 else args[0], *args[1:]])),
    Fault("meta-error-then-answer", "meta_syntax errors", "answers an error and the miss", errors(
        lambda text: text + b"EN\r\n" if b"flag" in text else text)),
    Fault("meta-miss-nf", "meta_get meta_syntax", "answers a miss of mg with NF", code("mg", b"EN", b"NF")),
    Fault("meta-miss-end", "meta_get", "answers a miss of mg with END", swap("mg", b"EN\r\n", b"END\r\n")),
    Fault("meta-miss-hd", "meta_get", "answers a miss of mg with HD", code("mg", b"EN", b"HD")),
    Fault("meta-hit-ok", "meta_get meta_set", "answers OK instead of HD", code(META, b"HD", b"OK")),
    Fault("meta-set-ns-as-ex", "meta_set", "answers EX instead of NS", code("ms", b"NS", b"EX")),
    Fault("meta-set-ex-as-ns", "meta_set", "answers NS instead of EX", code("ms", b"EX", b"NS")),
    Fault("meta-set-nf-as-ns", "meta_set", "answers NS instead of NF", code("ms", b"NF", b"NS")),
    Fault("meta-delete-miss-en", "meta_delete", "answers a miss of md with EN", code("md", b"NF", b"EN")),
    Fault("meta-delete-ex-as-nf", "meta_delete", "answers NF instead of EX", code("md", b"EX", b"NF")),
    Fault("meta-arithmetic-miss-en", "meta_arithmetic", "answers a miss of ma with EN", code("ma", b"NF", b"EN")),
    Fault("meta-arithmetic-miss-ns", "meta_arithmetic", "answers a miss of ma with NS", code("ma", b"NF", b"NS")),
    Fault("meta-arithmetic-ex-as-ns", "meta_arithmetic", "answers NS instead of EX", code("ma", b"EX", b"NS")),
    Fault("meta-debug-miss-end", "meta_debug", "answers a miss of me with END", swap("me", b"EN\r\n", b"END\r\n")),
    Fault("meta-debug-miss-me", "meta_debug", "answers a miss of me with ME", swap("me", b"EN\r\n", b"ME\r\n")),
    *(Fault(f"meta-debug-{name}", "meta_debug", f"does not tell {name} in me", reply(
        "me", lambda answer, name=name: b" ".join(
            word for word in answer[:-2].split(b" ") if not word.startswith(name.encode() + b"=")) + b"\r\n"))
      for name in ("exp", "la", "cas", "fetch", "cls", "size")),
    Fault("meta-debug-fetches", "meta_debug", "counts me as an access", then("me", _bump)),
    Fault("meta-debug-value", "meta_debug", "sends the value with me", exchange("me", lambda session, request, answer: (
        answer + item.block if (item := session.instance.store._find(request.args[0])) else answer))),
    Fault("meta-debug-exp-absolute", "meta_debug", "tells the expiration of me as a Unix time",
          exchange("me", _absolute_exp)),
    Fault("meta-debug-never-zero", "meta_debug", "tells exp=0 of an item that stays",
          reply("me", lambda answer: answer.replace(b"exp=-1", b"exp=0"))),
    Fault("meta-debug-fetch-number", "meta_debug", "tells fetch as a number", reply(
        "me", lambda answer: answer.replace(b"fetch=yes", b"fetch=1").replace(b"fetch=no", b"fetch=0"))),
    Fault("meta-debug-raw-key", "meta_debug", "returns a base64 key of me decoded",
          patch(mclite.handlers.meta, "encode_key", lambda inner: lambda key: key)),
    Fault("meta-debug-key-lost", "meta_debug", "does not return the key in me", reply(
        "me", lambda answer: b"ME " + answer.split(b" ", 2)[2] if answer.startswith(b"ME ") else answer)),
    Fault("meta-debug-not-decoded", "meta_debug", "does not decode the key of me", ignored("me", "b"),
          "memcached 1.6.45"),
)  # fmt: skip
