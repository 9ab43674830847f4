"""Faults that only some requests show: one flag alone, one transport, one command beside another."""

from __future__ import annotations

from typing import Any

import mclite.handlers.meta
from faulty.fault import Fault, How, both
from faulty.faults.arithmetic import computed
from faulty.faults.meta import Answer, answers
from faulty.faults.statistics import changed
from faulty.items import haunted, storing
from faulty.points import around, errors, exchange, lines, outgoing, patch, reply, requests, swap, then
from mclite.core.session import Session
from mclite.protocol.parser import BadRequest, Request


def _counts_anyway(session: Session, request: Request, answer: bytes) -> None:
    if answer.startswith(b"CLIENT_ERROR"):
        session.instance.store.arithmetic(request.args[0], 1, False)


def _value(change: Any) -> How:
    """Let `change(data)` make the data block of mg."""

    def changed(answer: Answer) -> None:
        if answer.data is not None:
            answer.data = change(answer.data)

    return answers("mg", changed)


def _own_items() -> How:
    """Let mg see only what its own connection has stored."""
    owners: dict[bytes, Any] = {}

    def get(inner: Any, session: Session, request: Request) -> bytes:
        return inner() if owners.get(request.args[0], session) is session else b"EN\r\n"

    return both(
        then("set ms", lambda session, request, answer: owners.setdefault(request.args[0], session)),
        around("mg", get),
    )


def _won_always(answer: Answer) -> None:
    if answer.code in (b"HD", b"VA") and answer.asked == [b"v"]:
        answer.flags.append(b"W")


def _joined_is_text() -> How:
    """Do not count with what append or prepend has made."""
    joined: set[bytes] = set()

    def count(inner: Any, session: Session, request: Request) -> bytes:
        if request.args[:1] and request.args[0] in joined:
            return b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"
        return bytes(inner())

    return both(storing(after=lambda call, item: joined.add(call.key) if call.mode in ("append", "prepend") else None),
                around("incr decr", count))  # fmt: skip


def _noreply_after_q() -> How:
    """Forget noreply on a connection that has used q."""

    def change(session: Session, request: Request, answer: bytes) -> bytes:
        if b"q" in request.args:
            session.__dict__["quiet_used"] = True
        if request.noreply and request.command.name == b"incr" and session.__dict__.get("quiet_used"):
            session._out.append(answer)
        return answer

    return exchange("incr ms", change)


def _over(transport: str, verb: str, answer: bytes) -> How:
    """Answer a command over one `transport` with `answer`."""
    return around(verb, lambda inner, session, request: answer if session.transport == transport else inner())


def _uncounted(transport: str) -> How:
    """Do not count the bytes that come over one `transport`."""

    def make(inner: Any) -> Any:
        def receive(self: Session, data: bytes) -> bytes:
            stats = self.instance.stats
            before = stats.bytes_read
            stats.bytes_read -= len(data)
            answer: bytes = inner(self, data)
            if self.transport == transport:
                stats.bytes_read = before
            else:
                stats.bytes_read += len(data)
            return answer

        return receive

    return patch(Session, "receive", make)


def _refuses_more(self: Session) -> bytes:
    """Hang up, since more of a data block came."""
    self.closed = True
    return b"CLIENT_ERROR bad data chunk\r\n"


def _one_end_less(session: Session, data: bytes) -> bytes:
    return data.replace(b"END\r\n" * 30, b"END\r\n" * 29)


def _half_command_lost(inner: Any) -> Any:
    def receive(self: Session, data: bytes) -> bytes:
        whole = data.rfind(b"\n") + 1
        return bytes(inner(self, data[:whole] if 0 < whole < len(data) and self.state == "conn_read" else data))

    return receive


ROWS = (
    Fault("ma-error-counts", "meta_arithmetic", "counts although it refuses a flag of ma", then("ma", _counts_anyway)),
    Fault("md-unseen-by-get", "meta_delete", "still finds in get what md has deleted", haunted("get gets")),
    Fault("mg-value-to-zero", "meta_get", "ends the value of mg at a zero byte",
          _value(lambda data: data.split(b"\0")[0])),
    Fault("mg-value-line", "meta_get", "ends the value of mg at a CR", _value(lambda data: data.split(b"\r")[0])),
    Fault("mg-value-of-64k", "meta_get", "sends 65,536 bytes of a value at most in mg",
          _value(lambda data: data[:65536])),
    Fault("mg-value-of-words", "meta_get", "fills the value of mg up to four bytes, or eight, or twelve",
          _value(lambda data: data + b"\0" * (-len(data) % 4))),
    Fault("mg-key-200", "meta_get", "takes no key of more than 200 bytes in mg", requests(
        lambda line, request: BadRequest(b"CLIENT_ERROR bad command line format\r\n")
        if isinstance(request, Request) and request.command.name == b"mg" and len(request.args[0]) > 200 else request)),
    Fault("mg-own-connection", "meta_get", "does not find with mg what other connections have stored", _own_items()),
    Fault("mg-won-always", "meta_get", "says W with every value of mg", answers("mg", _won_always)),
    Fault("q-ends-noreply", "meta_syntax", "forgets noreply on a connection that has used q", _noreply_after_q()),
    Fault("incr-digit-twice", "arithmetic", "adds twice to a number of one digit", computed(
        lambda number, delta, down: number + 2 * delta if number < 10 and not down else None)),
    Fault("incr-from-zero", "arithmetic", "counts from 0 to 0",
          computed(lambda number, delta, down: 0 if number == 0 and not down else None)),
    Fault("incr-joined", "arithmetic", "does not count with what append has made", _joined_is_text()),
    Fault("stats-pid-empty", "stats_general", "shows the name pid without a number", changed("pid", lambda value: "")),
    Fault("stats-sizes-colons", "stats_general stats_sizes", "writes a colon after each size of stats sizes", exchange(
        "stats", lambda session, request, answer: answer.replace(b" 1\r\n", b": 1\r\n")
        if request.args[:1] == [b"sizes"] else answer)),
    Fault("stats-sizes-always", "stats_general stats_sizes", "says that sizes are tracked when they are not", exchange(
        "stats", lambda session, request, answer: answer.replace(b"disabled", b"enabled")
        if request.args[:1] == [b"sizes"] else answer)),
    Fault("stats-stale-set-not-hit", "stats_general", "does not count a successful ms with I in cas_hits", patch(
        mclite.handlers.meta, "count_cas", lambda inner: lambda session, key, compare, stale_ok=False: inner(
            session, key, compare))),
    *(Fault(f"quit-stays-{transport}", transport, f"does not hang up after quit over {transport}",
            _over(transport, "quit", b"")) for transport in ("unix", "tls")),
    Fault("stats-unix-uncounted", "unix", "does not count the bytes that come over a unix socket", _uncounted("unix")),
    Fault("misbehave-resets", "security", "forgets all items after misbehave",
          then("misbehave", lambda session, request, answer: session.instance.store.flush_all(0))),
    Fault("misbehave-any-case", "security", "takes MISBEHAVE for misbehave", both(
        lines(lambda line: line.lower() if line.lower().startswith(b"misbehave") else line),
        swap("misbehave", b"ERROR\r\n", b"OK\r\n"))),
    Fault("data-in-one-piece", "wire authentication", "takes no data block that does not come at once", patch(
        Session, "receive", lambda inner: lambda self, data: inner(self, data)
        if self.state != "conn_nread" else _refuses_more(self))),
    Fault("auth-in-one-piece", "authentication", "reads the token as far as it has come",
          patch(Session, "receive", lambda inner: lambda self, data: inner(self, data) if data != b"\r\n"
                else b"CLIENT_ERROR authentication failure\r\n")),
    Fault("one-end-of-thirty", "wire meta_syntax", "answers one END less when thirty follow each other",
          outgoing(_one_end_less)),
    Fault("half-command-lost", "wire", "drops half a command behind a whole one", patch(
        Session, "receive", _half_command_lost)),
    Fault("error-with-blank", "errors wire", "answers ERROR with a blank before the line end",
          errors(lambda text: b"ERROR \r\n" if text == b"ERROR\r\n" else text)),
    Fault("verbosity-echo", "verbosity", "answers verbosity with its level",
          reply("verbosity", lambda answer: b"OK 1\r\n" if answer == b"OK\r\n" else answer)),
)  # fmt: skip
