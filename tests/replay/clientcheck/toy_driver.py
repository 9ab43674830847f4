"""A driver with a client of its own: a right one for text, or with the one fault that its argument names."""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "conformance" / "client_side" / "drivers"))
from driver import item, items, run, statistics, version

FAULT = sys.argv[1] if len(sys.argv) > 1 else ""
_BAD = re.compile(rb"[\x00-\x20\x7f]")


class Wrong(Exception):  # noqa: N818
    """The server said something else than asked."""


class Driver:
    def open(self, host: str, port: int, protocol: str, timeout: float) -> None:
        self.place, self.timeout = (host, port), timeout
        self.sock: socket.socket | None = None
        self.buffer = b""

    def close(self) -> None:
        if self.sock is not None:
            self.sock.close()
        self.sock, self.buffer = None, b""

    def _send(self, data: bytes) -> None:
        if self.sock is None:
            self.sock = socket.create_connection(self.place, self.timeout)
        if FAULT != "keeps-bytes":
            self.sock.setblocking(False)
            try:
                if self.sock.recv(1 << 16) or True:  # unasked, or closed
                    self.close()
                    self.sock = socket.create_connection(self.place, self.timeout)
            except BlockingIOError:
                pass
        self.sock.settimeout(None if FAULT == "waits-for-ever" else self.timeout)
        self.deadline = time.monotonic() + self.timeout
        self.sock.sendall(data)

    def _more(self) -> None:
        assert self.sock is not None
        data = self.sock.recv(1 << 20)
        if not data or (time.monotonic() > self.deadline and FAULT != "waits-for-ever"):
            raise Wrong("the connection ended, or time is over")
        self.buffer += data
        if len(self.buffer) > 16 << 20:
            raise Wrong("too much")

    def _line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            self._more()
            if b"\n" not in self.buffer and len(self.buffer) > 8192:
                raise Wrong("a line without end")
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        if line.startswith((b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR")):
            raise Wrong(line.decode("latin-1"))
        return line

    def _block(self, size: int) -> bytes:
        if FAULT == "reads-to-end":
            while b"\r\nEND\r\n" not in self.buffer:
                self._more()
            size = self.buffer.index(b"\r\nEND\r\n")
        while len(self.buffer) < size + 2:
            self._more()
        data, end, self.buffer = self.buffer[:size], self.buffer[size : size + 2], self.buffer[size + 2 :]
        if end != b"\r\n":
            raise Wrong("the length lies")
        return data

    def _checked(self, key: bytes) -> bytes:
        if FAULT != "any-key" and (not 0 < len(key) <= 250 or _BAD.search(key)):
            raise ValueError("no key")
        return key

    def _do(self, what: Any) -> Any:
        try:
            return what()
        except (OSError, Wrong, ValueError, AssertionError):
            if FAULT == "dies":
                os._exit(7)
            if FAULT != "keeps-bytes":
                self.close()
            raise

    def _one(self, data: bytes, words: tuple[bytes, ...]) -> bytes:
        def work() -> bytes:
            self._send(data)
            line = self._line()
            if line not in words and not (b"NUMBER" in words and line.rstrip().isdigit()):
                if FAULT == "keeps-bytes":
                    return line
                raise Wrong(line.decode("latin-1"))
            return line

        found: bytes = self._do(work)
        return found

    def set(self, key: bytes, value: bytes, exptime: Any = 0, flags: int = 0) -> Any:
        line = b"set %s %d %d %d\r\n%s\r\n" % (self._checked(key), flags, exptime, len(value), value)
        try:
            return self._one(line, (b"STORED", b"NOT_STORED")) == b"STORED"
        except Wrong:
            if FAULT == "always-true":
                return True
            raise

    def get(self, key: bytes) -> Any:
        return item(self._fetch([key]).get(key))

    def get_many(self, keys: list[bytes]) -> Any:
        found = self._fetch(keys)
        if FAULT == "by-order":
            found = dict(zip(keys, found.values(), strict=False))
        return items((key, item(value)) for key, value in found.items())

    def _fetch(self, keys: list[bytes]) -> dict[bytes, bytes]:
        def work() -> dict[bytes, bytes]:
            self._send(b"get %s\r\n" % b" ".join(self._checked(key) for key in keys))
            found: dict[bytes, bytes] = {}
            while (line := self._line()) != b"END":
                words = line.split(b" ")
                if FAULT == "keeps-bytes" and words[0] != b"VALUE":
                    return found
                if words[0] != b"VALUE" or len(words) != 4 or int(words[3]) > 1 << 24:
                    raise Wrong(line.decode("latin-1"))
                key = words[1] if FAULT in ("by-order", "any-key") or len(keys) > 1 else keys[0]
                if FAULT == "" and words[1] not in keys:
                    raise Wrong("another key")
                found[key] = self._block(int(words[3]))
                if FAULT == "reads-to-end":
                    self.buffer = self.buffer.removeprefix(b"END\r\n")
                    return found
            return found

        made: dict[bytes, bytes] = self._do(work)
        return made

    def delete(self, key: bytes) -> Any:
        return self._one(b"delete %s\r\n" % self._checked(key), (b"DELETED", b"NOT_FOUND")) == b"DELETED"

    def incr(self, key: bytes, by: int = 1) -> Any:
        line = self._one(b"incr %s %d\r\n" % (self._checked(key), by), (b"NOT_FOUND", b"NUMBER"))
        return None if line == b"NOT_FOUND" else str(int(line)) if line.strip().isdigit() else {"odd": repr(line)}

    def version(self) -> Any:
        def work() -> bytes:
            self._send(b"version\r\n")
            return self._line()

        return version(self._do(work).removeprefix(b"VERSION "))

    def stats(self) -> Any:
        def work() -> list[tuple[bytes, bytes]]:
            self._send(b"stats\r\n")
            pairs = []
            while (line := self._line()) != b"END":
                _, name, *value = line.split(b" ", 2)
                pairs.append((name, b" ".join(value)))
            return pairs

        return statistics(self._do(work))


run({"client": f"toy {FAULT}".strip(), "version": "1", "protocols": ["text"]}, Driver())
