"""Faults of connections and framing: line ends, pieces, pipelines, hanging up, several clients."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

import mclite.server.connection
from faulty.fault import Fault, How, both
from faulty.points import (
    after,
    around,
    batches,
    before,
    errors,
    exchange,
    incoming,
    lines,
    outgoing,
    patch,
    reply,
    requests,
    swap,
    then,
    value,
    while_called,
    within,
)
from mclite.core.session import Session
from mclite.protocol.parser import BadRequest
from mclite.server.connection import Connection
from mclite.testing.wire import first_request

ERRORS = (b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR")


def loses_a_byte(edge: int) -> How:
    """Lose the byte at each `edge` of a read buffer of so many bytes."""
    return incoming(lambda session, data: data[: edge - 1] + data[edge:] if len(data) > edge else data)


def _one_request(session: Session, data: bytes) -> bytes:
    first = first_request(data) if session.state == "conn_read" else None
    return data[: first[1]] if first else data


def _forget_piece(session: Session, data: bytes) -> bytes:
    return b"" if session.state == "conn_read" and b"\n" not in data else data


def _ends_line(session: Session, data: bytes) -> bytes:
    return data + b"\r\n" if session.state == "conn_read" and data and b"\n" not in data else data


def _until_error(session: Session, found: list[bytes], ask: Any) -> bytes:
    out = b""
    for request in found:
        answer = ask(request)
        out += answer
        if answer.startswith(ERRORS):
            break
    return out


def _hang_up(prefixes: tuple[bytes, ...]) -> How:
    """Close the connection after an answer that begins with one of `prefixes`."""

    def change(session: Session, answer: bytes) -> bytes:
        if answer.startswith(prefixes):
            session.closed = True
            session._half = True
        return answer

    return outgoing(change)


def _swallow_after_unknown() -> How:
    """Take the line after an unknown command that looks like a storage command for its data block."""
    pending = [False]

    def change(line: bytes, request: Any) -> Any:
        if pending[0]:
            pending[0] = False
            return BadRequest(b"")
        if isinstance(request, BadRequest) and request.error == b"ERROR\r\n":
            pending[0] = line.rstrip(b"\r").split(b" ")[-1].isdigit() and line.count(b" ") >= 4
        return request

    return requests(change)


def _late_answers() -> How:
    """Answer a little later, and not at all once the client sends no more."""

    def make(inner: Any) -> Any:
        def received(self: Connection, data: bytes) -> None:
            def go() -> None:
                if not self.transport.is_closing():
                    inner(self, data)

            asyncio.get_running_loop().call_later(0.002, go)

        return received

    return patch(Connection, "data_received", make)


def _one_at_a_time() -> How:
    """Serve a connection only when those that were opened before it are closed."""

    def data_received(inner: Any) -> Any:
        def received(self: Connection, data: bytes) -> None:
            server = self._server
            if any(other.session.number < self.session.number for other in server.connections):
                asyncio.get_running_loop().call_later(0.02, received, self, data)
            elif not self.transport.is_closing():
                inner(self, data)

        return received

    return patch(Connection, "data_received", data_received)


def _block_for_all() -> How:
    """Serve nobody else while a client is in the middle of a data block."""

    def data_received(inner: Any) -> Any:
        def received(self: Connection, data: bytes) -> None:
            others = self._server.connections - {self}
            if any(other.session.state == "conn_nread" for other in others):
                asyncio.get_running_loop().call_later(0.02, received, self, data)
            elif not self.transport.is_closing():
                inner(self, data)

        return received

    return patch(Connection, "data_received", data_received)


def _shared_buffer() -> How:
    """Keep the piece of a line that one connection left, and put it before what comes on any."""
    left = [b""]

    def change(session: Session, data: bytes) -> bytes:
        if session.state != "conn_read":
            return data
        data, left[0] = left[0] + data, b""
        if data and b"\n" not in data:
            left[0] = data
            return b""
        return data

    return incoming(change)


def _read_cache() -> How:
    """Let each connection go on seeing the answer to a get that it saw first."""
    seen: WeakKeyDictionary[Session, dict[bytes, bytes]] = WeakKeyDictionary()
    mine = b"set add replace append prepend cas incr decr touch delete mg ms md ma flush_all".decode()

    def forget(session: Session, request: Any, answer: bytes) -> bytes:
        seen.pop(session, None)
        return answer

    def get(inner: Any, session: Session, request: Any) -> bytes:
        return seen.setdefault(session, {}).setdefault(b" ".join(request.args), inner())

    return both(around("get", get), exchange(mine, forget))


def _word(line: bytes) -> bytes:
    return line.split(b" ", 1)[0].rstrip(b"\r")


def _by_beginning(line: bytes) -> bytes:
    word = _word(line)
    if len(word) > 2 and word not in (b"get", b"gets"):
        for verb in (b"version", b"delete", b"verbosity", b"gets"):
            if verb.startswith(word):
                return verb + line[len(word) :]
    return line


def _by_ending(line: bytes) -> bytes:
    word = _word(line)
    if word not in (b"get", b"gets"):
        for verb in (b"version", b"gets", b"get", b"set", b"delete"):
            if word.startswith(verb):
                return verb + line[len(word) :]
    return line


def _stores_rest(self: Connection, exc: Any) -> None:
    if self.session._missing > 2:
        self.session.receive(b"\0" * (self.session._missing - 2) + b"\r\n")


def _stores_early(inner: Any) -> Any:
    def receive(self: Session, data: bytes) -> bytes:
        late: bytes = self.__dict__.pop("late", b"")
        answer: bytes = inner(self, data.removeprefix(late))
        if self._missing == 2:
            answer += inner(self, b"\r\n")
            self.__dict__["late"] = b"\r\n"
        return answer

    return receive


def _version_first(inner: Any) -> Any:
    def receive(self: Session, data: bytes) -> bytes:
        answer: bytes = inner(self, data)
        lines = answer.split(b"\r\n")
        if not data.endswith(b"\r\nversion\r\n") or not lines[-2].startswith(b"VERSION"):
            return answer
        return b"\r\n".join([lines[-2], *lines[:-2], b""])

    return receive


def _quit_in_data(inner: Any) -> Any:
    def receive(self: Session, data: bytes) -> bytes:
        answer: bytes = inner(self, data)
        if data.startswith(b"set ") and b"\r\nquit\r\n" in data:
            self.closed = self._half = True
        return answer

    return receive


def _no_limit(self: Connection, transport: Any) -> None:
    self._server.settings.max_connections = 100_000


def _drop_oldest(self: Connection, transport: Any) -> None:
    server = self._server
    if len(server.connections) >= server.settings.max_connections:
        min(server.connections, key=lambda one: one.session.number).transport.abort()


def _count_for_good(self: Connection, transport: Any) -> None:
    server: Any = self._server
    server.opened = getattr(server, "opened", 0) + 1
    if server.opened > server.settings.max_connections and server.settings.max_connections < 100:
        server.settings.max_connections = -1


def _old_activity(self: Connection, data: bytes) -> Iterator[None]:
    before = self.session.last_command_time
    yield
    self.session.last_command_time = before


def _say_idle(self: Connection, reason: str) -> None:
    if reason == "idle_timeout":
        self.transport.write(b"SERVER_ERROR idle\r\n")


ROWS = (
    Fault("line-feed-alone", "wire", "ends lines in LF alone", outgoing(lambda s, data: data.replace(b"\r\n", b"\n"))),
    Fault("line-feed-after-errors", "errors wire", "ends error lines in LF alone",
          errors(lambda text: text.replace(b"\r\n", b"\n"))),
    Fault("line-feed-after-end", "wire retrieval", "ends END in LF alone", within("get gets", b"END\r\n", b"END\n")),
    Fault("line-feed-after-stats", "stats_general", "ends STAT lines in LF alone", within("stats", b"\r\n", b"\n")),
    Fault("no-end-after-data", "wire retrieval", "sends no CR LF after a data block",
          within("get gets gat gats", b"\r\nEND", b"END")),
    Fault("no-end-after-number", "arithmetic", "sends no CR LF after the number of incr and decr",
          reply("incr decr", lambda answer: answer.rstrip() if answer[:1].isdigit() else answer)),
    Fault("no-end-after-meta-data", "meta_get", "sends no CR LF after the data block of mg",
          reply("mg", lambda answer: answer[:-2] if answer.startswith(b"VA") else answer)),
    Fault("blank-line-after-error", "errors keys", "sends an empty line after an error",
          errors(lambda text: text + b"\r\n"), "memcached 1.6.45, after a get with a key of 251 bytes"),
    Fault("blank-line-after-version", "version", "sends an empty line after VERSION",
          reply("version", lambda answer: answer + b"\r\n")),
    *(Fault(f"lost-byte-{edge}", "wire limits", f"loses the byte at the edge of a read buffer of {edge} bytes",
            loses_a_byte(edge)) for edge in (2048, 16384, 65536)),
    Fault("one-request-a-read", "wire", "serves the first request of each read and drops the rest",
          incoming(_one_request)),
    Fault("piece-dropped", "wire meta_syntax", "drops a piece of a line that came without its end",
          incoming(_forget_piece)),
    Fault("piece-is-a-line", "wire", "takes every read for whole lines", incoming(_ends_line)),
    Fault("piece-shared", "wire", "mixes the unfinished lines of several connections", _shared_buffer()),
    Fault("answers-reversed", "wire meta_syntax", "answers the requests of one read in reverse",
          batches(lambda session, found, ask: b"".join([ask(one) for one in found][::-1]))),
    Fault("answer-once-a-read", "wire", "sends only the last of the answers to one read",
          batches(lambda session, found, ask: [ask(one) for one in found][-1])),
    Fault("pipeline-of-eight", "wire meta_syntax", "answers at most eight requests of one read",
          batches(lambda session, found, ask: b"".join([ask(one) for one in found][:8]))),
    Fault("pipeline-ends-at-error", "wire errors", "drops what follows an error in the same read",
          batches(_until_error)),
    Fault("answer-of-64k", "wire limits", "sends at most 65,536 bytes at once",
          outgoing(lambda session, data: data[:65536])),
    Fault("hang-up-unknown", "errors wire", "hangs up after an unknown command", _hang_up((b"ERROR\r\n",))),
    Fault("hang-up-client-error", "errors wire", "hangs up after a CLIENT_ERROR", _hang_up((b"CLIENT_ERROR",))),
    Fault("hang-up-server-error", "errors limits", "hangs up after an item that is too large",
          _hang_up((b"SERVER_ERROR",))),
    Fault("unknown-silent", "errors", "does not answer unknown commands",
          requests(lambda line, request: request._replace(noreply=True)
                   if isinstance(request, BadRequest) and request.error == b"ERROR\r\n" else request)),
    Fault("unknown-swallows", "errors", "takes the line after an unknown storage command for its data block",
          _swallow_after_unknown()),
    Fault("unknown-client-error", "errors meta_syntax", "answers unknown commands with a CLIENT_ERROR",
          errors(lambda text: b"CLIENT_ERROR unknown command\r\n" if text == b"ERROR\r\n" else text)),
    Fault("unknown-error-text", "errors", "adds a text to the ERROR of an unknown command",
          errors(lambda text: b"ERROR unknown command\r\n" if text == b"ERROR\r\n" else text)),
    Fault("error-for-all", "errors meta_syntax", "answers ERROR for every error of a client",
          errors(lambda text: b"ERROR\r\n" if text.startswith(b"CLIENT_ERROR") else text),
          "memcached before 1.6.40, for some"),
    Fault("server-error-for-all", "errors", "blames itself for every error of a client",
          errors(lambda text: text.replace(b"CLIENT_ERROR", b"SERVER_ERROR"))),
    Fault("client-error-for-all", "errors limits", "blames the client when an item is too large",
          errors(lambda text: text.replace(b"SERVER_ERROR", b"CLIENT_ERROR"))),
    Fault("any-case", "errors stats_general shutdown", "takes commands in upper case",
          lines(lambda line: _word(line).lower() + line[len(_word(line)):])),
    Fault("any-beginning", "errors", "takes the beginning of a command for it", lines(_by_beginning)),
    Fault("any-ending", "errors", "takes a longer word for the command that it begins with", lines(_by_ending)),
    Fault("many-words-fatal", "errors", "hangs up after a line of more than 24 words",
          requests(lambda line, request: BadRequest(b"", hang_up=True) if line.count(b" ") > 24 else request)),
    Fault("quit-says-ok", "quit", "answers quit before it hangs up", reply("quit", lambda answer: b"OK\r\n")),
    Fault("quit-stays", "quit unix tls connections", "does not hang up after quit",
          around("quit", lambda inner, session, request: b"")),
    Fault("quit-loses-answers", "quit", "drops the answers that were due before quit",
          outgoing(lambda session, data: b"" if session.closed and session.close_reason == "normal" else data)),
    Fault("quit-goes-on", "quit", "carries out what follows quit in the same read",
          batches(lambda session, found, ask: b"".join(map(ask, sorted(found, key=lambda one: one == b"quit\r\n"))))),
    Fault("quit-ends-server", "quit connections", "ends the server when one client quits",
          around("quit", lambda inner, session, request: session.instance.on_stop(False) or inner())),
    Fault("half-closed-drops", "wire", "drops the answers that are due when the client sends no more", _late_answers()),
    Fault("one-client-at-a-time", "wire connections", "serves one connection at a time", _one_at_a_time()),
    Fault("slow-client-blocks", "wire connections", "serves nobody while a client sends its data block slowly",
          _block_for_all()),
    Fault("read-cache-a-connection", "connections deletion storage wire",
          "lets a connection see what it saw first, whatever others write", _read_cache()),
    Fault("closed-in-data-stores", "connections wire", "stores what came of a data block when the client hangs up",
          before(Connection, "connection_lost", _stores_rest)),
    Fault("stores-early", "wire", "stores a data block before its CR LF has come", patch(
        Session, "receive", _stores_early)),
    Fault("half-closed-stays", "wire", "does not hang up when the client sends no more",
          patch(Connection, "eof_received", lambda inner: lambda self: True)),
    Fault("reset-ends-server", "wire", "ends when a client resets its connection",
          before(Connection, "connection_lost", lambda self, exc: exc and self._server.instance.on_stop(False))),
    Fault("half-line-ends-server", "wire", "ends when a client hangs up in the middle of a line",
          before(Connection, "connection_lost", lambda self, exc: self.session.state == "conn_waiting"
                 and self._server.instance.on_stop(False))),
    Fault("half-data-ends-server", "wire connections", "ends when a client hangs up in the middle of a data block",
          before(Connection, "connection_lost", lambda self, exc: self.session.state == "conn_nread"
                 and self._server.instance.on_stop(False))),
    Fault("other-transport-ends-server", "tls unix", "ends when a client of TLS or a unix socket hangs up without quit",
          both(after(Connection, "data_received", lambda self, data: setattr(self.session, "spoke", True)),
               before(Connection, "connection_lost", lambda self, exc: self.session.transport != "tcp"
                      and hasattr(self.session, "spoke") and not self.session.closed
                      and self._server.instance.on_stop(False)))),
    Fault("items-of-connection", "quit connections idle", "forgets the items of a client that hangs up without quit",
          before(Connection, "connection_lost", lambda self, exc: None if self.session.closed
                 else self._server.instance.store.flush_all(0))),
    Fault("quit-in-data", "quit", "hangs up when a data block is quit", patch(Session, "receive", _quit_in_data)),
    Fault("version-changes", "version", "answers version in other words the second time", exchange(
        "version", lambda session, request, answer: answer if session.__dict__.setdefault("told", request) is request
        else b"VERSION again\r\n")),
    Fault("version-overtakes", "version errors", "answers version before what came before it", patch(
        Session, "receive", _version_first)),
    Fault("version-bare", "version", "answers version with the number alone",
          reply("version", lambda answer: answer.removeprefix(b"VERSION "))),
    Fault("version-two-lines", "version", "answers version with two lines",
          reply("version", lambda answer: answer + b"END\r\n")),
    Fault("limit-ignored", "connections", "takes more connections than -c allows",
          before(Connection, "connection_made", _no_limit)),
    Fault("limit-silent", "connections", "hangs up on a connection above -c without a word",
          value(mclite.server.connection, "TOO_MANY", b"")),
    Fault("limit-closes-oldest", "connections", "makes room for a new connection by closing the oldest",
          before(Connection, "connection_made", _drop_oldest)),
    Fault("limit-not-counted", "connections", "does not count refused connections",
          after(Connection, "connection_made", lambda self, transport: setattr(
              self._server.instance.stats, "rejected_connections", 0))),
    Fault("limit-for-good", "connections", "still counts the connections that were closed against -c",
          before(Connection, "connection_made", _count_for_good)),
    Fault("idle-forever", "idle", "never closes an idle connection",
          patch(mclite.server.connection.Connection, "close", lambda inner: lambda self, reason: None
                if reason == "idle_timeout" else inner(self, reason))),
    Fault("idle-although-active", "idle", "closes connections that are not idle, too",
          while_called(Connection, "data_received", _old_activity)),
    Fault("idle-not-counted", "idle", "does not count the idle connections that it closed",
          before(Connection, "close", lambda self, reason: setattr(self._server.instance.stats, "idle_kicks", 0))),
    Fault("idle-says-error", "idle", "tells an idle client that it hangs up", before(Connection, "close", _say_idle)),
    Fault("verbosity-unknown", "verbosity meta_syntax", "does not know verbosity",
          swap("verbosity", b"OK\r\n", b"ERROR\r\n")),
    Fault("verbosity-end", "verbosity", "answers verbosity with END", swap("verbosity", b"OK\r\n", b"END\r\n")),
    Fault("verbosity-unset", "verbosity stats_settings", "does not set the verbosity",
          then("verbosity", lambda session, request, answer: setattr(session.instance.settings, "verbosity", 0))),
    Fault("verbosity-loud", "verbosity", "writes its log to the client when verbosity is above 0",
          outgoing(lambda session, data: b"<27 client\r\n" + data
                   if data and session.instance.settings.verbosity > 0 else data)),
)  # fmt: skip
