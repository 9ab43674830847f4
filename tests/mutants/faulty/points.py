"""The points of mclite at which a fault takes hold: request lines, requests, answers, the bytes of a connection.

Each function returns a How. Names of commands are given in one string, `"get gets"`; `"*"` means all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import mclite.core.session
from faulty.fault import How
from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.handlers.table import CHECKS, HANDLERS
from mclite.protocol.parser import BadRequest, Request
from mclite.testing.wire import first_request

Line = bytes


def slow_path() -> None:
    """Let every request take the slow path, which is the specification: the faults are put there."""
    Instance.refresh = lambda self: None  # type: ignore[method-assign]


def patch(owner: Any, name: str, make: Callable[[Any], Any]) -> How:
    """Replace the attribute `name` of `owner` by what `make` makes of it."""

    def how() -> None:
        setattr(owner, name, make(getattr(owner, name)))

    return how


def value(owner: Any, name: str, new: Any) -> How:
    """Give the attribute `name` of `owner` a `new` value."""
    return patch(owner, name, lambda old: new)


def _names(verbs: str) -> list[bytes]:
    return [*HANDLERS, *CHECKS] if verbs == "*" else verbs.encode().split()


def exchange(verbs: str, change: Callable[[Session, Request, bytes], bytes]) -> How:
    """Let `change(session, request, answer)` make the answer to these commands, where memcached's would be ANSWER."""

    def handler(inner: Any) -> Any:
        return lambda session, request: change(session, request, inner(session, request))

    def check(inner: Any) -> Any:
        def wrapped(session: Session, request: Request) -> Any:
            block = inner(session, request)
            if isinstance(block, bytes):
                return change(session, request, block)
            return lambda data: change(session, request, block(data))

        return wrapped

    def how() -> None:
        for verb in _names(verbs):
            if verb in HANDLERS:
                HANDLERS[verb] = handler(HANDLERS[verb])
            else:
                CHECKS[verb] = check(CHECKS[verb])

    return how


def reply(verbs: str, change: Callable[[bytes], bytes]) -> How:
    """Let `change(answer)` make the answer to these commands."""
    return exchange(verbs, lambda session, request, answer: change(answer))


def swap(verbs: str, before: bytes, after: bytes) -> How:
    """Answer `after`, to these commands, where `before` would be the whole answer."""
    return reply(verbs, lambda answer: after if answer == before else answer)


def within(verbs: str, before: bytes, after: bytes) -> How:
    """Write `after`, in the answers to these commands, where `before` stands."""
    return reply(verbs, lambda answer: answer.replace(before, after))


def around(verbs: str, run: Callable[[Callable[[], bytes], Session, Request], bytes]) -> How:
    """Let `run(inner, session, request)` carry out these commands, all without data block; `inner()` is right."""

    def make(inner: Any) -> Any:
        return lambda session, request: run(lambda: inner(session, request), session, request)

    def how() -> None:
        for verb in _names(verbs):
            HANDLERS[verb] = make(HANDLERS[verb])

    return how


def then(verbs: str, effect: Callable[[Session, Request, bytes], object]) -> How:
    """Answer these commands right, and then have `effect(session, request, answer)`."""

    def change(session: Session, request: Request, answer: bytes) -> bytes:
        effect(session, request, answer)
        return answer

    return exchange(verbs, change)


def during(verbs: str, body: Callable[[Session, Request], Iterator[None]]) -> How:
    """Carry these commands, none of which has a data block, out where `body(session, request)` yields."""

    def run(inner: Callable[[], bytes], session: Session, request: Request) -> bytes:
        with contextmanager(body)(session, request):
            return inner()

    return around(verbs, run)


def before(owner: Any, name: str, effect: Callable[..., object]) -> How:
    """Have `effect(self, ...)` before each call of the method `name` of `owner`."""

    def make(inner: Any) -> Any:
        def called(self: Any, *args: Any, **named: Any) -> Any:
            effect(self, *args, **named)
            return inner(self, *args, **named)

        return called

    return patch(owner, name, make)


def after(owner: Any, name: str, effect: Callable[..., object]) -> How:
    """Have `effect(self, ...)` after each call of the method `name` of `owner`."""

    def make(inner: Any) -> Any:
        def called(self: Any, *args: Any, **named: Any) -> Any:
            made = inner(self, *args, **named)
            effect(self, *args, **named)
            return made

        return called

    return patch(owner, name, make)


def while_called(owner: Any, name: str, body: Callable[..., Iterator[None]]) -> How:
    """Call the method `name` of `owner` where `body(self, ...)` yields."""

    def make(inner: Any) -> Any:
        def called(self: Any, *args: Any, **named: Any) -> Any:
            with contextmanager(body)(self, *args, **named):
                return inner(self, *args, **named)

        return called

    return patch(owner, name, make)


def add(owner: Any, name: str, amount: int) -> None:
    """Move a counter."""
    setattr(owner, name, getattr(owner, name) + amount)


def requests(change: Callable[[Line, Request | BadRequest], Request | BadRequest]) -> How:
    """Let `change(line, request)` make the request of a line."""
    return patch(mclite.core.session, "parse", lambda inner: lambda line: change(line, inner(line)))


def lines(change: Callable[[Line], Line]) -> How:
    """Let `change(line)` make the command line that is read."""
    return patch(mclite.core.session, "parse", lambda inner: lambda line: inner(change(line)))


def arguments(verbs: str, change: Callable[[list[bytes]], list[bytes]]) -> How:
    """Let `change(args)` make the arguments of these commands."""
    names = set(_names(verbs))

    def changed(line: Line, request: Request | BadRequest) -> Request | BadRequest:
        if isinstance(request, BadRequest) or request.command.name not in names:
            return request
        return request._replace(args=change(list(request.args)))

    return requests(changed)


def errors(change: Callable[[bytes], bytes]) -> How:
    """Let `change(error)` make every error line, whoever finds the error."""

    def of(answer: bytes) -> bytes:
        return change(answer) if answer.startswith((b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR")) else answer

    def how() -> None:
        reply("*", of)()
        requests(lambda line, request: request._replace(error=of(request.error))
                 if isinstance(request, BadRequest) else request)()  # fmt: skip

    return how


def incoming(change: Callable[[Session, bytes], bytes]) -> How:
    """Let `change(session, data)` make the bytes that a connection receives at once."""
    return patch(Session, "receive", lambda inner: lambda self, data: inner(self, change(self, data)))


def outgoing(change: Callable[[Session, bytes], bytes]) -> How:
    """Let `change(session, data)` make the bytes that answer what a connection received at once."""
    return patch(Session, "receive", lambda inner: lambda self, data: change(self, inner(self, data)))


def batches(change: Callable[[Session, list[bytes], Callable[[bytes], bytes]], bytes]) -> How:
    """Let `change(session, requests, ask)` answer the whole requests that arrived at once; `ask(request)` is right.

    It is not asked when anything is half received, before or after.
    """

    def make(inner: Any) -> Any:
        def receive(self: Session, data: bytes) -> bytes:
            found: list[bytes] = []
            rest = data
            while self.state == "conn_read" and (first := first_request(rest)):
                found.append(rest[: first[1]])
                rest = rest[first[1] :]
            if rest or len(found) < 2:
                return bytes(inner(self, data))
            return change(self, found, lambda request: inner(self, request))

        return receive

    return patch(Session, "receive", make)
