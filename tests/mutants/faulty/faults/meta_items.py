"""Faults of the meta commands that lie in what they do to items: cas, stale, win, vivify, time to live, modes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mclite.handlers.meta
from faulty.fault import Fault, How, both
from faulty.faults.meta import Answer, answers, flags, token
from faulty.items import living, set_data, set_flags, storing
from faulty.points import around, during, exchange, reply, then
from mclite.protocol.meta import decode_key
from mclite.store.item import FETCHED, STALE, WON, Item


def held(answer_or: Any, request: Any) -> Item | None:
    """Return the item that a meta request is about."""
    key: bytes | None = request.args[0]
    if b"b" in request.args[1:]:
        key = decode_key(request.args[0])
    return living(answer_or.instance.store, key) if key else None


def after(verbs: str, change: Any) -> How:
    """Let `change(session, request, item)` change the item when these commands are through."""

    def effect(session: Any, request: Any, answer: bytes) -> None:
        if (item := held(session, request)) is not None:
            change(session, request, item)

    return then(verbs, effect)


def before(verbs: str, change: Any) -> How:
    """Let `change(session, request, item)` change the item before these commands are carried out."""

    def made(inner: Any, session: Any, request: Any) -> bytes:
        if (item := held(session, request)) is not None:
            change(session, request, item)
        answer: bytes = inner()
        return answer

    return around(verbs, made)


def _lose_ttl_of_longer(inner: Any, session: Any, request: Any) -> bytes:
    old = held(session, request)
    exptime = 0 if old is None else old.exptime
    answer: bytes = inner()
    if old is not None:
        key = decode_key(request.args[0]) if b"b" in request.args[1:] else request.args[0]
        new = session.instance.store._find(key)
        if new is not None and new is not old:
            new.exptime = exptime
    return answer


def _state(bit: int, on: bool) -> Any:
    def change(session: Any, request: Any, item: Item) -> None:
        item.state = item.state | bit if on else item.state & ~bit

    return change


def _drop(*words: bytes) -> Any:
    def change(answer: Answer) -> None:
        answer.flags = [one for one in answer.flags if one not in words]

    return change


def _rename(old: bytes, new: bytes) -> Any:
    def change(answer: Answer) -> None:
        answer.flags = [new if one == old else one for one in answer.flags]

    return change


def _win_first(answer: Answer) -> None:
    answer.flags.sort(key=lambda one: one not in (b"W", b"X", b"Z"))


def _asked(request: Any, letter: bytes) -> bool:
    return any(one[:1] == letter for one in request.args[1:])


def _value_anyway(answer: Answer) -> None:
    if answer.code == b"HD" and not answer.has("v") and (item := living(answer.session.instance.store, answer.key)):
        answer.code, answer.data = b"VA", item.data


def _no_data(answer: Answer) -> bytes | None:
    return answer.to_bytes()[: -len(answer.data) - 2] if answer.data is not None else None


def _hd_for_value(answer: Answer) -> None:
    if answer.code == b"VA":
        answer.code = b"HD"


def _length(by: int) -> How:
    return answers("mg ma", lambda answer: answer.to_bytes().replace(
        b"VA %d" % len(answer.data), b"VA %d" % (len(answer.data) + by), 1) if answer.data is not None
        else None)  # fmt: skip


def _compare(change: Any) -> How:
    """Let `change(number, item)` make the token of C, for an item that is there."""

    def rewritten(inner: Any, session: Any, request: Any) -> bytes:
        item = held(session, request)
        if item is not None:
            for number, one in enumerate(request.args):
                if number and one[:1] == b"C" and one[1:].isdigit():
                    request.args[number] = b"C%d" % change(int(one[1:]), item)
        answer: bytes = inner()
        return answer

    return around("mg md ma", rewritten)


def _vivified(change: Any) -> How:
    """Let `change(store, item)` change what mg made on a miss."""

    def effect(session: Any, request: Any, answer: bytes) -> None:
        item = held(session, request)
        if item is not None and not item.size and b" W" in answer and _asked(request, b"N"):
            change(session.instance.store, item)

    return then("mg", effect)


def _set_after(change: Any) -> How:
    return storing(after=lambda call, item: change(call, item) if call.old else None)


def _keep_won(call: Any, item: Item) -> None:
    item.state |= call.old.state & WON


def _keep_stale(call: Any, item: Item) -> None:
    item.state |= call.old.state & STALE


def _keep_fetched(call: Any, item: Item) -> None:
    item.state |= call.old.state & FETCHED


def _modes(**modes: str) -> How:
    return lambda: mclite.handlers.meta._SET_MODES.update(
        {ord(letter): mode for letter, mode in modes.items()})  # type: ignore[misc]  # fmt: skip


def without(table: Any, letters: str) -> How:
    """Take `letters` out of a table of modes."""

    def how() -> None:
        for letter in letters:
            table.pop(ord(letter), None)

    return how


def _with_number(letter: str, change: Any, verbs: str) -> How:
    first = letter.encode()
    return flags(verbs, lambda tokens: [
        first + b"%d" % change(int(one[1:])) if one[:1] == first and one[1:].isdigit() else one
        for one in tokens])  # fmt: skip


def _made_with_t(session: Any, request: Any) -> Iterator[None]:
    if _asked(request, b"T") and held(session, request) is None:
        session.instance.store.store("add", request.args[0], b"", 0, 0)
    yield


def _won_stays(session: Any, request: Any) -> Iterator[None]:
    item = held(session, request)
    won = item.state & WON if item else 0
    yield
    if item is not None:
        item.state |= won


def _flags_stay(session: Any, request: Any) -> Iterator[None]:
    old = held(session, request)
    yield
    new = held(session, request)
    if old is not None and new is not None and _asked(request, b"x"):
        set_flags(new, old.flags)


def _made_is_missing(inner: Any, session: Any, request: Any) -> bytes:
    old = held(session, request)
    answer: bytes = inner()
    return b"NF\r\n" if old is None and answer[:2] in (b"HD", b"VA") else answer


def _hits(session: Any, request: Any, answer: bytes) -> bytes:
    counts = session.instance.__dict__.setdefault("hits", {})
    key = request.args[0]
    counts[key] = counts.get(key, 0) + 1 if answer[:2] in (b"HD", b"VA") else 0
    return answer.replace(b" h1", b" h%d" % max(counts[key] - 1, 1))


def _inverted(answer: Answer) -> None:
    if not answer.has("C") or not answer.has("v"):
        return
    item = living(answer.session.instance.store, answer.key)
    if answer.code == b"VA":
        answer.code, answer.data = b"HD", None
    elif answer.code == b"HD" and item is not None:
        answer.code, answer.data = b"VA", item.data


def _keep_cas(inner: Any, session: Any, request: Any) -> bytes:
    item = held(session, request)
    cas = item.cas if item else 0
    answer: bytes = inner()
    if item is not None and _asked(request, b"I") and not _asked(request, b"E"):
        item.cas = cas
    return answer


def _count_anyway(session: Any, request: Any, answer: bytes) -> bytes:
    item = held(session, request)
    if answer.startswith(b"EX") and item is not None and item.data.strip().isdigit():
        session.instance.store.arithmetic(request.args[0], 1, False)
    return answer


ROWS = (
    Fault("mg-always-value", "meta_get", "sends the value although no v was sent", answers("mg", _value_anyway)),
    Fault("mg-no-data", "meta_get", "sends VA without the data block", answers("mg", _no_data)),
    Fault("mg-hd-with-data", "meta_get", "answers HD and the data block", answers("mg", _hd_for_value)),
    Fault("mg-length-with-end", "meta_get meta_arithmetic", "counts the CR LF with the length of VA", _length(2)),
    Fault("mg-empty-is-miss", "meta_get", "answers EN for an item of 0 bytes", exchange(
        "mg", lambda session, request, answer: b"EN\r\n" if answer.startswith(b"VA 0") else answer)),
    Fault("mg-h-always-0", "meta_get", "always returns h0", token("h", lambda text: b"0")),
    Fault("mg-h-always-1", "meta_get", "always returns h1", token("h", lambda text: b"1")),
    Fault("mg-h-counts", "meta_get", "returns how often an item was fetched, not whether", exchange("mg", _hits)),
    Fault("mg-h-of-now", "meta_get", "counts the access itself in h", before("mg", lambda session, request, item: (
        session.instance.store.bump(request.args[0], item)))),
    Fault("mg-l-always-0", "meta_get", "always returns l0", token("l", lambda text: b"0")),
    Fault("mg-l-absolute", "meta_get", "returns the last access as a Unix time", answers(
        "mg", lambda answer: setattr(answer, "flags", [
            b"l%d" % (answer.session.instance.store.now - int(one[1:])) if one[:1] == b"l" else one
            for one in answer.flags]))),
    Fault("mg-t-never-0", "meta_get meta_arithmetic", "returns t0 for an item that stays",
          token("t", lambda text: b"0" if text == b"-1" else text)),
    Fault("mg-t-absolute", "meta_get meta_arithmetic", "returns the expiration as a Unix time", answers(
        "mg ma", lambda answer: setattr(answer, "flags", [
            b"t%d" % (answer.session.instance.store.now + int(one[1:])) if one[:1] == b"t" and one != b"t-1" else one
            for one in answer.flags]))),
    Fault("mg-t-late", "meta_get", "returns a time to live that is five seconds too long",
          token("t", lambda text: b"%d" % (int(text) + 5) if int(text) > 0 else text)),
    Fault("mg-t-as-stored", "meta_get", "returns the time to live that was stored, not what is left", both(
        storing(after=lambda call, item: call.store.__dict__.setdefault("ttls", {}).__setitem__(
            call.key, call.exptime - call.store.now if call.exptime else -1)),
        answers("mg", lambda answer: setattr(answer, "flags", [
            b"t%d" % answer.session.instance.store.__dict__.get("ttls", {}).get(answer.key, int(one[1:]))
            if one[:1] == b"t" else one for one in answer.flags])))),
    Fault("mg-s-with-header", "meta_get meta_set", "returns the size of the item with its header", token(
        "s", lambda text: b"%d" % (int(text) + 48))),
    Fault("mg-s-with-end", "meta_get meta_set", "counts the CR LF with the size", token(
        "s", lambda text: b"%d" % (int(text) + 2))),
    Fault("mg-f-always-0", "meta_get meta_syntax", "always returns f0", token("f", lambda text: b"0")),
    Fault("mg-f-16-bits", "meta_get", "cuts the client flags to 16 bits",
          token("f", lambda text: b"%d" % (int(text) & 0xFFFF))),
    Fault("mg-f-hexadecimal", "meta_get", "writes client flags in base 16", token("f", lambda text: b"%x" % int(text))),
    Fault("mg-f-signed", "meta_get", "writes client flags as a signed number",
          token("f", lambda text: b"%d" % (int(text) - (int(text) >> 31 << 32)))),
    Fault("mg-c-always-0", "meta_get meta_set meta_arithmetic", "always returns c0", token("c", lambda text: b"0")),
    Fault("mg-c-one-behind", "meta_get meta_set meta_arithmetic", "returns the cas unique before this one",
          token("c", lambda text: b"%d" % (int(text) - 1))),
    Fault("mg-u-stays-active", "meta_get", "counts an access with u", flags(
        "mg", lambda tokens: [one for one in tokens if one != b"u"])),
    Fault("mg-never-bumps", "meta_get", "never counts mg as an access", flags(
        "mg", lambda tokens: tokens if b"u" in tokens else [*tokens, b"u"])),
    Fault("mg-vivify-no-win", "meta_get", "does not send W to who made the item", answers(
        "mg", lambda answer: _drop(b"W")(answer) if answer.has("N") else None)),
    Fault("mg-vivify-en", "meta_get", "answers EN although it made the item", answers(
        "mg", lambda answer: b"EN\r\n" if b"W" in answer.flags and answer.has("N") else None)),
    Fault("mg-vivify-forever", "meta_get", "lets the item that mg made live for ever",
          _vivified(lambda store, item: setattr(item, "exptime", 0))),
    Fault("mg-vivify-data", "meta_get", "makes an item with data on a miss", storing(
        lambda call: setattr(call, "data", b"0") if call.mode == "add" and not call.data and not call.old else None)),
    Fault("mg-vivify-hit-resets", "meta_get", "makes the item anew although it was there", before(
        "mg", lambda session, request, item: session.instance.store.store("set", request.args[0], b"", 0, 0)
        if _asked(request, b"N") else None)),
    Fault("mg-vivify-sets-ttl", "meta_get", "gives a hit the time to live of N", after(
        "mg", lambda session, request, item: setattr(item, "exptime", session.instance.store.now + 1000)
        if _asked(request, b"N") and not item.state & WON else None)),
    Fault("mg-no-z", "meta_get", "never sends Z", answers("mg", _drop(b"Z"))),
    Fault("mg-no-x", "meta_get meta_delete", "never sends X", answers("mg", _drop(b"X"))),
    Fault("mg-no-w", "meta_get", "never sends W", answers("mg", _drop(b"W"))),
    Fault("mg-win-twice", "meta_get", "lets two clients win", after("mg", _state(WON, False))),
    Fault("mg-win-for-all", "meta_get", "sends W where Z belongs", answers("mg", _rename(b"Z", b"W"))),
    Fault("mg-win-small", "meta_get", "writes w, x and z", answers("mg", lambda answer: setattr(
        answer, "flags", [one.lower() if one in (b"W", b"X", b"Z") else one for one in answer.flags]))),
    Fault("mg-win-first", "meta_get", "puts W, X and Z before what was asked for", answers("mg", _win_first)),
    Fault("mg-stale-no-win", "meta_get meta_delete", "lets nobody win a stale item", answers(
        "mg", lambda answer: _drop(b"W")(answer) if b"X" in answer.flags else None)),
    Fault("mg-stale-is-miss", "meta_get meta_delete", "answers EN for a stale item", answers(
        "mg", lambda answer: b"EN\r\n" if b"X" in answer.flags else None)),
    Fault("mg-stale-once", "meta_get", "forgets that an item is stale when it was fetched",
          after("mg", _state(STALE, False))),
    Fault("mg-won-stays", "meta_get meta_set", "still sends Z when the item was stored anew", _set_after(_keep_won)),
    Fault("mg-stale-stays", "meta_get meta_set", "still sends X when the item was stored anew",
          _set_after(_keep_stale)),
    Fault("mg-hit-stays", "meta_get", "still returns h1 when the item was stored anew", _set_after(_keep_fetched)),
    Fault("mg-recache-always", "meta_get", "always wins with R", _with_number("R", lambda number: 2_000_000_000, "mg")),
    Fault("mg-recache-never", "meta_get", "never wins with R", _with_number("R", lambda number: 0, "mg")),
    Fault("mg-recache-forever", "meta_get", "lets R win an item that never expires", answers(
        "mg", lambda answer: answer.flags.append(b"W") if answer.has("R") and answer.code in (b"HD", b"VA")
        and not {b"W", b"Z"} & set(answer.flags) and (
            item := living(answer.session.instance.store, answer.key)) and not item.exptime else None)),
    Fault("mg-t-forever", "meta_get meta_set meta_arithmetic", "takes T for never", _with_number(
        "T", lambda number: 0, "mg ms ma")),
    Fault("mg-t-on-miss", "meta_get", "makes an item with T on a miss", during("mg", _made_with_t)),
    Fault("mg-compare-inverted", "meta_get", "sends the value when C matches", answers("mg", _inverted)),
    Fault("mg-compare-miss", "meta_get", "answers EN when C matches", answers(
        "mg", lambda answer: b"EN\r\n" if answer.has("C") and answer.has("v") and answer.code == b"HD" else None)),
    Fault("meta-compare-lower", "meta_delete meta_arithmetic", "takes a lower cas unique with C",
          _compare(lambda number, item: item.cas if number < item.cas else number)),
    Fault("meta-compare-higher", "meta_delete meta_arithmetic", "takes a higher cas unique with C",
          _compare(lambda number, item: item.cas if number > item.cas else number)),
    Fault("ms-cas-always-0", "meta_set", "returns c0 when it stored", token("c", lambda text: b"0", "ms")),
    Fault("ms-size-of-data", "meta_set", "returns the size of what was sent, not of the item", exchange(
        "ms", lambda session, request, answer: b" ".join(
            b"s" + request.args[1] if one[:1] == b"s" and one[1:].isdigit() else one
            for one in answer[:-2].split(b" ")) + b"\r\n" if answer.startswith(b"HD") else answer)),
    Fault("ms-mode-e-sets", "meta_set", "replaces an item in mode E", _modes(E="set")),
    Fault("ms-mode-r-sets", "meta_set", "makes an item in mode R", _modes(R="set")),
    Fault("ms-mode-a-sets", "meta_set", "replaces the data in mode A", _modes(A="set")),
    Fault("ms-mode-p-appends", "meta_set", "appends in mode P", _modes(P="append")),
    Fault("ms-mode-a-prepends", "meta_set", "prepends in mode A", _modes(A="prepend")),
    Fault("ms-mode-s-refused", "meta_set", "does not know mode S", without(mclite.handlers.meta._SET_MODES, "S")),
    Fault("ms-mode-any", "meta_set meta_syntax", "takes a mode that it does not know for set", flags(
        "ms", lambda tokens: [b"MS" if one[:1] == b"M" and one[1:2] not in b"EAPRS" else one for one in tokens])),
    Fault("ms-mode-small-refused", "meta_set meta_syntax", "takes modes in small letters", flags(
        "ms ma", lambda tokens: [one.upper() if one[:1] == b"M" else one for one in tokens])),
    Fault("ms-append-ttl", "meta_set", "sets the time to live in modes A and P", _set_after(
        lambda call, item: setattr(item, "exptime", call.exptime) if call.mode in ("append", "prepend") else None)),
    Fault("ms-append-flags", "meta_set", "sets the client flags in modes A and P", _set_after(
        lambda call, item: set_flags(item, call.flags) if call.mode in ("append", "prepend") else None)),
    Fault("ms-append-vivify-t", "meta_set", "takes the time to live of T instead of N for an item that it makes",
          storing(lambda call: setattr(call, "vivify", call.exptime) if call.vivify is not None else None)),
    Fault("ms-append-ignores-compare", "meta_set", "does not compare the cas unique in modes A and P", storing(
        lambda call: setattr(call, "compare", 0) if call.mode in ("append", "prepend") else None)),
    Fault("ms-set-keeps-flags", "meta_set", "keeps the old client flags without F", storing(
        lambda call: setattr(call, "flags", call.flags or call.old.flags) if call.old else None)),
    Fault("ms-f-16-bits", "meta_set", "cuts the token of F to 16 bits",
          _with_number("F", lambda number: number & 0xFFFF, "ms")),
    Fault("ms-invalid-not-stale", "meta_set", "takes an older cas unique with I without marking the item", _set_after(
        lambda call, item: setattr(item, "state", item.state & ~STALE) if call.stale_ok else None)),
    Fault("ms-invalid-refused", "meta_set", "refuses an older cas unique in spite of I", storing(
        lambda call: setattr(call, "stale_ok", False))),
    Fault("ms-invalid-any", "meta_set", "takes any cas unique with I", storing(
        lambda call: setattr(call, "mode", "set") if call.stale_ok and call.mode == "cas" and call.old
        and call.compare > call.old.cas else None)),
    Fault("ms-explicit-cas-plus", "meta_set meta_get meta_arithmetic", "adds one to the cas unique of E",
          _with_number("E", lambda number: number + 1, "mg ms md ma")),
    Fault("ms-explicit-cas-32-bits", "meta_set meta_get meta_arithmetic", "cuts the cas unique of E to 32 bits",
          _with_number("E", lambda number: number & 0xFFFF_FFFF, "mg ms md ma")),
    Fault("md-stale-deletes", "meta_delete", "deletes an item that is to be marked as stale", flags(
        "md", lambda tokens: [one for one in tokens if one != b"I"])),
    Fault("md-stale-keeps-cas", "meta_delete", "keeps the cas unique of an item that is marked as stale",
          around("md", _keep_cas)),
    Fault("md-stale-touches", "meta_delete", "expires an item soon that is marked as stale without T", after(
        "md", lambda session, request, item: setattr(item, "exptime", session.instance.store.now + 30)
        if _asked(request, b"I") and not _asked(request, b"T") else None)),
    Fault("md-stale-empties", "meta_delete", "empties an item that is marked as stale", after(
        "md", lambda session, request, item: set_data(item, b"") if _asked(request, b"I") else None)),
    Fault("md-stale-won", "meta_delete meta_get", "lets nobody win an item that somebody had won before it was stale",
          during("md", _won_stays)),
    Fault("md-empty-keeps-flags", "meta_delete", "keeps the client flags when x removes the value",
          during("md", _flags_stay)),
    Fault("md-empty-deletes", "meta_delete", "deletes the item with its value when x was sent", flags(
        "md", lambda tokens: [one for one in tokens if one not in (b"x", b"I")] if b"x" in tokens else tokens)),
    Fault("md-t-without-i", "meta_delete", "sets the time to live with T instead of deleting", flags(
        "md", lambda tokens: [*tokens, b"I"] if any(one[:1] == b"T" for one in tokens)
        and not {b"I", b"x"} & set(tokens) else tokens)),
    Fault("ma-ttl-of-longer", "meta_arithmetic", "loses the T of a number that gets longer",
          around("ma", _lose_ttl_of_longer), "memcached 1.6.9 to 1.6.45"),
    Fault("ma-delta-0", "meta_arithmetic", "counts by 0 without D", flags(
        "ma", lambda tokens: tokens if any(one[:1] == b"D" for one in tokens) else [*tokens, b"D0"])),
    Fault("ma-initial-counted", "meta_arithmetic", "counts the number that it begins with", storing(
        lambda call: setattr(call, "data", b"%d" % (int(call.data) + 1))
        if call.mode == "add" and call.data.isdigit() and not call.old and call.exptime == 0 else None)),
    Fault("ma-initial-1", "meta_arithmetic", "begins with 1 without J", flags(
        "ma", lambda tokens: tokens if any(one[:1] == b"J" for one in tokens) else [*tokens, b"J1"])),
    Fault("ma-initial-32-bits", "meta_arithmetic", "cuts the token of J to 32 bits",
          _with_number("J", lambda number: number & 0xFFFF_FFFF, "ma")),
    Fault("ma-delta-32-bits", "meta_arithmetic", "cuts the token of D to 32 bits",
          _with_number("D", lambda number: number & 0xFFFF_FFFF, "ma")),
    Fault("ma-initial-alone", "meta_arithmetic", "makes an item with J without N", flags(
        "ma", lambda tokens: [*tokens, b"N0"] if any(one[:1] == b"J" for one in tokens)
        and not any(one[:1] == b"N" for one in tokens) else tokens)),
    Fault("ma-vivify-forever", "meta_arithmetic", "lets the item that ma made live for ever",
          _with_number("N", lambda number: 0, "ma")),
    Fault("ma-vivify-missing", "meta_arithmetic", "answers NF although it made the item",
          around("ma", _made_is_missing)),
    Fault("ma-mode-signs", "meta_arithmetic", "does not know the modes + and -",
          without(mclite.handlers.meta._DECREMENTS, "+-")),
    Fault("ma-mode-letters", "meta_arithmetic", "does not know the modes I and D",
          without(mclite.handlers.meta._DECREMENTS, "ID")),
    Fault("ma-mode-plus-subtracts", "meta_arithmetic", "takes + and - the wrong way round", lambda:
          mclite.handlers.meta._DECREMENTS.update({ord("+"): True, ord("-"): False})),
    Fault("ma-number-without-v", "meta_arithmetic", "sends the number although no v was sent",
          answers("ma", _value_anyway)),
    Fault("ma-classic-answer", "meta_arithmetic", "answers as incr does", reply(
        "ma", lambda answer: answer.split(b"\r\n")[1] + b"\r\n" if answer.startswith(b"VA") else answer)),
    Fault("ma-not-number-miss", "meta_arithmetic", "answers NF for a value that is no number", reply(
        "ma", lambda answer: b"NF\r\n" if b"non-numeric" in answer else answer)),
    Fault("ma-compare-after", "meta_arithmetic", "counts before it compares", exchange("ma", _count_anyway)),
)  # fmt: skip
