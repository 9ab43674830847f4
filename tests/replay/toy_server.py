"""A toy memcached in one file: set, get, gets, delete, stats, version; what it does wrong is chosen by words.

Usage: toy_server.py PORT [WORD]... with these words: `wrong-set` answers STORE for STORED, `no-meta` knows no mn,
`die-on-delete` ends at a delete of a scenario, `die-on-incr` at any incr, `old` claims and behaves as 1.6.18, `items`
says that it holds items, `terse` has shorter error texts, `die-later` ends at the first get behind a delete of
a scenario.
"""

from __future__ import annotations

import os
import socketserver
import sys
import threading

WORDS = frozenset(sys.argv[2:])
VERSION = b"1.6.18" if "old" in WORDS else b"1.6.45"
ITEMS: dict[bytes, tuple[bytes, bytes, int]] = {}
GUARD = threading.Lock()
DELETED = threading.Event()


class Connection(socketserver.StreamRequestHandler):
    """Answers one client."""

    def handle(self) -> None:
        """Answer line by line."""
        for line in self.rfile:
            words = line.split()
            if words == [b"quit"]:
                return
            with GUARD:
                answer = self.answer(words)
            if b"noreply" not in words:
                self.wfile.write(answer)

    def answer(self, words: list[bytes]) -> bytes:
        """Return the answer to one command."""
        match words:
            case [b"version"]:
                return b"VERSION " + VERSION + b"\r\n"
            case [b"mn"] if "no-meta" not in WORDS:
                return b"MN\r\n"
            case [b"set", key, flags, _, length, *_]:
                data = self.rfile.read(int(length) + 2)[:-2]
                ITEMS[key] = (flags, data, len(ITEMS) + 1)
                return b"STORE\r\n" if "wrong-set" in WORDS else b"STORED\r\n"
            case [b"get"] if "terse" in WORDS:
                return b"CLIENT_ERROR no key\r\n"
            case [b"get"]:
                return b"ERROR\r\n" if "old" in WORDS else b"CLIENT_ERROR bad command line format\r\n"
            case [b"get" | b"gets" as verb, *keys]:
                if "die-later" in WORDS and DELETED.is_set():
                    os._exit(7)
                out = b""
                for key in keys:
                    if key in ITEMS:
                        flags, data, unique = ITEMS[key]
                        cas = b" %d" % unique if verb == b"gets" else b""
                        out += b"VALUE %s %s %d%s\r\n%s\r\n" % (key, flags, len(data), cas, data)
                return out + b"END\r\n"
            case [b"delete", key, *_]:
                if "die-on-delete" in WORDS and b"_probe" not in key:
                    os._exit(7)
                if b"_probe" not in key:
                    DELETED.set()
                return b"DELETED\r\n" if ITEMS.pop(key, None) else b"NOT_FOUND\r\n"
            case [b"incr", *_] if "die-on-incr" in WORDS:
                os._exit(7)
            case [b"flush_all"]:
                ITEMS.clear()
                return b"OK\r\n"
            case [b"stats"]:
                held = len(ITEMS) + ("items" in WORDS)
                return b"STAT pid %d\r\nSTAT curr_items %d\r\nEND\r\n" % (os.getpid(), held)
            case _:
                return b"ERROR\r\n"


class Server(socketserver.ThreadingTCPServer):
    """Listens on one port."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256  # scenarios that wait connect all at once; 5 would lose some of them


if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1])), Connection) as server:
        server.serve_forever()
