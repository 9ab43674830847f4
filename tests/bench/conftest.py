"""A server in a thread that says what a test tells it to say, for answers that no real server gives."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

Answer = Callable[[bytes], bytes | None]

SET = re.compile(rb"set ([^ ]+) [0-9]+ [0-9]+ ([0-9]+)\r\n")


class Scripted:
    """Stores what `set` brings; every other request line goes to `answer`; None from it hangs up."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.items: dict[bytes, bytes] = {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self.listener.getsockname()
        self.lines = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, sock.makefile("rb") as file, contextlib.suppress(OSError):
            while line := file.readline():
                if match := SET.fullmatch(line):
                    self.items[match[1]] = file.read(int(match[2]) + 2)[:-2]
                    reply: bytes | None = b"STORED\r\n"
                else:
                    self.lines += 1
                    reply = self.answer(line)
                if reply is None:
                    return
                sock.sendall(reply)

    def get(self, line: bytes) -> bytes:
        """Answer `get` and `gets` as the protocol says, and `version`."""
        verb, *keys = line.split()
        if verb == b"version":
            return b"VERSION scripted\r\n"
        unique = b" 7" if verb == b"gets" else b""
        found = [(key, self.items[key]) for key in keys if key in self.items]
        return b"".join(b"VALUE %s 0 %d%s\r\n%s\r\n" % (k, len(v), unique, v) for k, v in found) + b"END\r\n"


@pytest.fixture
def scripted() -> Iterator[Callable[[Answer | None], Scripted]]:
    """Return a function that starts a scripted server; None answers as the protocol says."""
    started: list[Scripted] = []

    def start(answer: Answer | None = None) -> Scripted:
        server = Scripted(answer or (lambda line: server.get(line)))
        started.append(server)
        return server

    yield start
    for server in started:
        server.listener.close()
