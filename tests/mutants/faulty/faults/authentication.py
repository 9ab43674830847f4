"""Faults of authentication by a fake set; they work on the bytes of the connection."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from faulty.fault import Fault, How
from faulty.points import incoming, outgoing, patch
from mclite.core.session import Session

_FAKE = re.compile(rb"set (\S+) (\S+) (\S+) ([0-9]+)\r\n")


@dataclass(slots=True)
class Fake:
    """A fake set that came before authentication; `known` is the first right token, `all` are all of them."""

    session: Session
    key: bytes
    flags: bytes
    exptime: bytes
    token: bytes
    known: bytes
    all: list[bytes]


def _waiting(session: Session) -> bool:
    return getattr(session, "_gate", None) is not None


def _written(key: bytes, token: bytes) -> bytes:
    return b"set %b 0 0 %d\r\n%b\r\n" % (key, len(token), token)


def fake_set(change: Callable[[Fake], bytes | None]) -> How:
    """Let `change(fake)` make the bytes that are received instead of a whole fake set; None leaves them."""

    def changed(session: Session, data: bytes) -> bytes:
        found = _FAKE.match(data) if _waiting(session) and session.state == "conn_read" else None
        if found is None:
            return data
        stop = found.end() + int(found[4])
        if data[stop : stop + 2] != b"\r\n":
            return data
        entries = session.instance.credentials
        fake = Fake(session, found[1], found[2], found[3], data[found.end() : stop], entries[0], entries)
        made = change(fake)
        return data if made is None else made + data[stop + 2 :]

    return incoming(changed)


def good(judge: Callable[[Fake], bool]) -> How:
    """Take a token for right where `judge(fake)`, too."""
    return fake_set(lambda fake: _written(fake.key, fake.known) if judge(fake) else None)


def bad(judge: Callable[[Fake], bool]) -> How:
    """Take a token for wrong where `judge(fake)`, too."""
    return fake_set(lambda fake: _written(fake.key, b"nobody nothing") if judge(fake) else None)


def answered(change: Callable[[Session, bytes, bytes], bytes]) -> How:
    """Let `change(session, data, answer)` make the answer to what is sent before authentication."""

    def make(inner: Callable[[Session, bytes], bytes]) -> Callable[[Session, bytes], bytes]:
        def receive(self: Session, data: bytes) -> bytes:
            waiting = _waiting(self)
            answer = inner(self, data)
            return change(self, data, answer) if waiting else answer

        return receive

    return patch(Session, "receive", make)


def _lets_in(session: Session, data: bytes) -> bytes:
    if _waiting(session):
        token = session.instance.credentials[0]
        session.receive(_written(b"x", token))
    return data


def _hang_up(session: Session, data: bytes, answer: bytes) -> bytes:
    """Hang up when `answer` begins with `data`."""
    if answer.startswith(data):
        session.closed = session._half = True
    return answer


def _lets_in_after(session: Session, data: bytes, answer: bytes) -> bytes:
    if b"CLIENT_ERROR auth" in answer:
        _lets_in(session, b"")
    return answer


def _stores_token(session: Session, data: bytes, answer: bytes) -> bytes:
    if not _waiting(session) and (found := _FAKE.match(data)):
        session.instance.store.store("set", found[1], session.instance.credentials[0], 0, 0)
    return answer


def _carries_out(session: Session, data: bytes, answer: bytes) -> bytes:
    """Do what was refused, on behalf of another connection that nobody sees."""
    if b"unauthenticated" in answer:
        other = Session(session.instance)
        _lets_in(other, b"")
        other.receive(data)
    return answer


def _tells(session: Session, data: bytes, answer: bytes) -> bytes:
    if data.startswith(b"stats") and b"unauthenticated" in answer:
        other = Session(session.instance)
        _lets_in(other, b"")
        return other.receive(data)
    return answer


def _once() -> How:
    def change(session: Session, answer: bytes) -> bytes:
        if session.instance.settings.auth_file is not None and not _waiting(session) and answer != b"STORED\r\n":
            session.instance.__dict__.setdefault("again", set()).add(session.number)
        return answer

    def make(inner: Callable[[Session, bytes], bytes]) -> Callable[[Session, bytes], bytes]:
        def receive(self: Session, data: bytes) -> bytes:
            if self.number in self.instance.__dict__.get("again", ()) and data != b"version\r\n":
                return b"CLIENT_ERROR unauthenticated\r\n"
            return inner(self, data)

        return receive

    def how() -> None:
        patch(Session, "receive", make)()
        outgoing(change)()

    return how


def _every_set(session: Session, data: bytes) -> bytes:
    """Take a set after authentication for another fake set."""
    if session.instance.settings.auth_file is not None and not _waiting(session):
        return _FAKE.sub(lambda found: b"mn\r\nset %b %b %b %b\r\n" % found.groups(), data)
    return data


ROWS = (
    Fault("auth-not-asked", "authentication", "serves without authentication", incoming(
        lambda session, data: data if _FAKE.match(data) else _lets_in(session, data))),
    Fault("auth-any-password", "authentication", "takes any password", good(
        lambda fake: any(fake.token.startswith(one.split(b" ")[0] + b" ") for one in fake.all))),
    Fault("auth-any-user", "authentication", "takes a password whoever the user is", good(
        lambda fake: any(fake.token.partition(b" ")[2] == one.partition(b" ")[2] for one in fake.all))),
    Fault("auth-user-only", "authentication", "takes a username without a password", good(
        lambda fake: any(fake.token == one.split(b" ")[0] for one in fake.all))),
    Fault("auth-prefix", "authentication", "takes the beginning of the password", good(
        lambda fake: b" " in fake.token and any(one.startswith(fake.token) for one in fake.all))),
    Fault("auth-longer", "authentication", "takes a password that goes on", good(
        lambda fake: any(fake.token.startswith(one) for one in fake.all))),
    Fault("auth-any-case", "authentication", "does not tell A from a in usernames and passwords", good(
        lambda fake: any(fake.token.lower() == one.lower() for one in fake.all))),
    Fault("auth-colon", "authentication", "takes user:password", good(
        lambda fake: any(fake.token.replace(b":", b" ", 1) == one for one in fake.all))),
    Fault("auth-stripped", "authentication", "takes spaces around the token", good(
        lambda fake: fake.token.strip() in fake.all)),
    Fault("auth-flags-numbers", "authentication", "refuses a fake set whose flags are no number", bad(
        lambda fake: not (fake.flags + fake.exptime).lstrip(b"-").isdigit())),
    Fault("auth-flags-zero", "authentication", "refuses a fake set whose flags and exptime are not 0", bad(
        lambda fake: (fake.flags, fake.exptime) != (b"0", b"0"))),
    Fault("auth-key-fixed", "authentication", "wants a certain key for the fake set", bad(
        lambda fake: fake.key not in (b"auth", b"mclite", b"key"))),
    Fault("auth-stores-token", "authentication", "stores the token under the key of the fake set",
          answered(_stores_token)),
    Fault("auth-failed-error", "authentication", "answers ERROR when authentication fails", answered(
        lambda session, data, answer: b"ERROR\r\n" if b"CLIENT_ERROR auth" in answer else answer)),
    Fault("auth-failed-not-stored", "authentication", "answers NOT_STORED when authentication fails", answered(
        lambda session, data, answer: b"NOT_STORED\r\n" if b"CLIENT_ERROR auth" in answer else answer)),
    Fault("auth-failed-hang-up", "authentication", "hangs up when authentication fails", answered(
        lambda session, data, answer: _hang_up(session, b"CLIENT_ERROR auth", answer))),
    Fault("auth-failed-lets-in", "authentication", "lets in who failed", answered(_lets_in_after)),
    Fault("auth-says-ok", "authentication", "answers OK when authentication succeeds", answered(
        lambda session, data, answer: answer.replace(b"STORED", b"OK", 1) if not _waiting(session) else answer)),
    Fault("auth-once", "authentication", "asks for authentication again after a command", _once()),
    Fault("auth-eats-sets", "authentication", "loses step at a set after authentication", incoming(_every_set)),
    Fault("auth-done-all-the-same", "authentication", "carries out what it refuses before authentication",
          answered(_carries_out)),
    Fault("auth-silent", "authentication", "does not answer before authentication", answered(
        lambda session, data, answer: b"" if b"unauthenticated" in answer else answer)),
    Fault("auth-tells-stats", "authentication", "tells statistics before authentication", answered(_tells)),
    Fault("auth-hangs-up", "authentication", "hangs up on a command before authentication", answered(
        lambda session, data, answer: _hang_up(session, b"CLIENT_ERROR un", answer))),
    Fault("auth-swallows-next", "authentication", "drops the commands that come with the fake set", answered(
        lambda session, data, answer: b"STORED\r\n" if answer.startswith(b"STORED\r\n") else answer)),
)  # fmt: skip
