"""A TCP relay before a real memcached: it carries each request on by itself, so that a fault can spoil the answer.

Where the answer does not show its end, an `mn` goes behind the request, whose answer it takes out again. What it cannot
follow (watchers, lines without an end, requests that are sent in pieces) it passes on unread, from then on.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import threading
from dataclasses import dataclass
from typing import Protocol

#: Verbs whose line announces a data block, with the place of its length.
LENGTHS = {b"set": 4, b"add": 4, b"replace": 4, b"append": 4, b"prepend": 4, b"cas": 4, b"ms": 2}
#: Verbs after which the server speaks by itself or hangs up.
_BY_ITSELF = frozenset({b"watch", b"quit", b"shutdown", b"lru_crawler"})
_WITH_KEY = LENGTHS.keys() | {b"get", b"gets", b"gat", b"gats", b"delete", b"incr", b"decr", b"touch", b"mg", b"md"}
#: Bytes of a request with which a scenario counts what memcached has read.
_LARGE = 50_000
#: Requests of one write; who sends more does not read their answers at once.
_MOST = 30
#: Seconds that the rest of a request is waited for; who sends in pieces looks at what happens between them.
_PATIENCE = 0.05
#: Bytes of a line without an end at which memcached may hang up.
_LONGEST = 1024
_MARKED, _MARK = b"MN\r\n", b"mn\r\n"
_VALUE = re.compile(rb"VALUE (\S+) ([0-9]+) ([0-9]+)(?: ([0-9]+))?\r\n")


class Request:
    """One request: its command line, and its data block if it has one."""

    def __init__(self, line: bytes, data: bytes | None = None) -> None:
        """Take the line without its end, and the block without its own."""
        self.line, self.data = line, data
        self.words = [word for word in line.split(b" ") if word] or [b""]
        self.verb = self.words[0]
        self.noreply = self.words[-1] == b"noreply"

    @property
    def raw(self) -> bytes:
        """The bytes on the wire."""
        return self.line + b"\r\n" + (self.data + b"\r\n" if self.data is not None else b"")

    @property
    def keys(self) -> list[bytes]:
        """The keys of a classic retrieval, else the first word behind the verb."""
        if self.verb in (b"gat", b"gats"):
            return self.words[2:]
        return self.words[1:] if self.verb in (b"get", b"gets") else self.words[1:2]

    @property
    def length(self) -> int | None:
        """The bytes of the data block that the line announces; None when it announces none."""
        text = self.word(LENGTHS.get(self.verb, len(self.words)))
        return int(text) if text.isdigit() else None

    def word(self, place: int) -> bytes:
        """Return the word at a place, nothing when there is none."""
        return self.words[place] if place < len(self.words) else b""

    def but(self, **changes: bytes) -> Request:
        """Return the request with other words: `but(verb=b"set", w3=b"0")`."""
        words = list(self.words)
        for name, word in changes.items():
            words[0 if name == "verb" else int(name[1:])] = word
        return Request(b" ".join(words), self.data)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a classic retrieval's answer."""

    key: bytes
    flags: bytes
    data: bytes
    cas: bytes | None
    announced: int | None = None  #: length that is announced when it is not that of the data

    @property
    def raw(self) -> bytes:
        """The bytes on the wire."""
        size = len(self.data) if self.announced is None else self.announced
        cas = b"" if self.cas is None else b" " + self.cas
        return b"VALUE %s %s %d%s\r\n%s\r\n" % (self.key, self.flags, size, cas, self.data)


def values(answer: bytes) -> tuple[list[Value], bytes]:
    """Return the values of an answer, and what is behind them."""
    found, at = [], 0
    while head := _VALUE.match(answer, at):
        data = answer[head.end() : head.end() + int(head[3])]
        found.append(Value(head[1], head[2], data, head[4]))
        at = head.end() + int(head[3]) + 2
    return found, answer[at:]


class Fault(Protocol):
    """What a relay needs of a fault."""

    def answer(self, request: Request, link: Link) -> bytes:
        """Return the answer to a request, for which `link.ask` may be used."""

    def write(self, answers: list[bytes]) -> bytes:
        """Return what is sent to the client at once."""

    def unread(self, part: bytes) -> bytes:
        """Return what is sent to the client of bytes that the relay cannot part."""


class _HungUpError(Exception):
    """The server closed the connection; the text is what it had sent before."""


class Link:
    """One client's connection to the server."""

    def __init__(
        self, client: socket.socket, server: socket.socket, fault: Fault | None, memory: dict[bytes, float]
    ) -> None:
        """Join a client and its server; `memory` is what all links of the relay know."""
        self.client, self.server = client, server
        self.fault, self.memory = fault, memory
        self.kept = b""  #: for faults that hold something back

    def ask(self, request: Request) -> bytes:
        """Send a request on, and return its whole answer."""
        marked = not _readable(request)
        self.server.sendall(request.raw + (_MARK if marked else b""))
        answer = b""
        while not (answer.endswith(_MARKED) if marked else _ended(answer)):
            part = self.server.recv(1 << 20)
            if not part:
                raise _HungUpError(answer)
            answer += part
        return answer.removesuffix(_MARKED) if marked else answer

    def run(self) -> None:
        """Carry requests and answers until one side hangs up."""
        buffer, fault = b"", self.fault
        while True:
            ready, _, _ = select.select([self.client, self.server], [], [], _PATIENCE if buffer else None)
            if self.server in ready or not ready:
                return self._pump(buffer)
            part = self.client.recv(1 << 20)
            buffer += part
            if not part:
                return self._pump(buffer, ended=True)
            requests, rest = cut(buffer)
            if _unreadable(requests, rest):
                return self._pump(buffer)
            answers: list[bytes] = []
            try:
                for request in requests:
                    answers.append(fault.answer(request, self) if fault else self.ask(request))
            except _HungUpError as error:
                self.client.sendall(b"".join(answers) + error.args[0])
                return None
            if answers:
                self.client.sendall(fault.write(answers) if fault else b"".join(answers))
            buffer = rest

    def _pump(self, buffer: bytes, *, ended: bool = False) -> None:
        """Pass on unread what both sides send."""
        self.server.sendall(buffer)
        if ended:
            self.server.shutdown(socket.SHUT_WR)
        waiting = [self.server] if ended else [self.client, self.server]
        while True:
            for side in select.select(waiting, [], [])[0]:
                part = side.recv(1 << 20)
                if side is self.server:
                    if not part:
                        return
                    self.client.sendall(self.fault.unread(part) if self.fault else part)
                elif part:
                    self.server.sendall(part)
                else:
                    self.server.shutdown(socket.SHUT_WR)
                    waiting = [self.server]


def _readable(request: Request) -> bool:
    """Tell whether an answer shows where it ends: then nothing is put behind the request that memcached would count."""
    if request.verb in _WITH_KEY and any(len(word) > 250 for word in request.words):
        return False  # an empty line follows the error since 1.6.40
    if request.verb in (b"mg", b"ms", b"md", b"ma") and any(word[:1] == b"q" for word in request.words[2:]):
        return False
    return not request.noreply and (request.verb not in LENGTHS or request.data is not None)


def _ended(answer: bytes) -> bool:
    """Tell whether an answer is whole."""
    if answer.startswith((b"STAT ", b"ITEM ", b"PREFIX ")):
        return answer.endswith(b"END\r\n")
    if answer.startswith(b"VA "):
        line, _, rest = answer.partition(b"\r\n")
        return len(rest) >= int(line.split(b" ")[1]) + 2
    if answer.startswith(b"VALUE "):
        return values(answer)[1].endswith(b"\r\n")
    return answer.endswith(b"\r\n")


def cut(buffer: bytes) -> tuple[list[Request], bytes]:
    """Return the whole requests that some bytes begin with, and the rest."""
    requests: list[Request] = []
    while (end := buffer.find(b"\n")) >= 0 and buffer[:1] != b"\x80":
        request = Request(buffer[:end].removesuffix(b"\r"))
        if request.length is not None:
            end += request.length + 2
            if len(buffer) <= end:
                break
            request.data = buffer[end - request.length - 1 : end - 1]
        if not buffer[: end + 1].endswith(b"\r\n"):
            break
        requests.append(request)
        buffer = buffer[end + 1 :]
    return requests, buffer


def _unreadable(requests: list[Request], rest: bytes) -> bool:
    """Tell whether bytes are passed on unread: nobody knows which answers they get, or they cannot be parted."""
    verbs = {request.verb for request in requests}
    together = len(requests) > 1 and any(len(word) > 250 for request in requests for word in request.words)
    return bool(
        verbs & _BY_ITSELF
        or together  # since 1.6.40 an error throws away the answers before it
        or len(requests) > _MOST
        or any(len(request.raw) > _LARGE and not _readable(request) for request in requests)
        or rest[:1] == b"\x80"
        or (b"\n" in rest and not _waits(rest))
        or (b"\n" not in rest and len(rest) > _LONGEST)
    )


def _waits(rest: bytes) -> bool:
    """Tell whether a data block may be still to come."""
    line, _, block = rest.partition(b"\n")
    length = Request(line.removesuffix(b"\r")).length
    return length is not None and len(block) < length + 2


class Relay:
    """Listens on a free port of 127.0.0.1, and carries each connection to the server at `port`."""

    def __init__(self, port: int, fault: Fault | None = None) -> None:
        """Listen and begin; `fault` spoils what passes."""
        self.fault = fault
        self._server = port
        self._memory: dict[bytes, float] = {}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self._server)) as server:
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Link(client, server, self.fault, self._memory).run()

    def stop(self) -> None:
        """Take no more connections; those that are open end with their clients."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
