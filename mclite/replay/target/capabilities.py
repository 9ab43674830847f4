"""What a server can do, probed once: a request, and the answer that shows that it is there.

A server that the suite did not start is asked only what harmless.py allows, whatever it makes of the request: some
releases take the word in `flush_all mclite` for 0 and flush. What cannot be asked so is `not tried`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

from mclite.replay.play.transport import Address, Unreachable, connect
from mclite.replay.scenario import harmless
from mclite.replay.scenario.wire import brief


@dataclass(frozen=True, slots=True)
class Capability:
    """What the probe found, and the evidence for it."""

    present: bool | None  #: None: not tried
    evidence: str


#: name: (what is sent, `{key}` being a fresh key; the answer when it is there). The item of one probe may still be
#: there when the next one asks, which does not wait until its delete was carried out.
PROBES: dict[str, tuple[bytes, bytes]] = {
    "meta": (b"mn\r\n", rb"MN\r\n"),
    "meta-debug": (b"me {key}\r\n", rb"(EN|ME )"),
    "cas": (
        b"set {key} 0 0 1 noreply\r\n1\r\ngets {key}\r\ndelete {key} noreply\r\n",
        rb"VALUE \S+ 0 1 [0-9]+\r\n",
    ),
    "touch": (b"touch {key} 0\r\n", rb"(NOT_FOUND|TOUCHED)\r\n"),
    "gat": (b"gat 0 {key}\r\n", rb"(END\r\n|VALUE )"),
    "verbosity": (b"verbosity 0\r\n", rb"OK\r\n"),
    "flush": (b"flush_all mclite\r\n", rb"(?!.*not allowed)(CLIENT_ERROR |OK\r\n)"),
    "stats": (b"stats\r\n", rb"STAT "),
    "stats-settings": (b"stats settings\r\n", rb"STAT "),
    "stats-items": (b"stats items\r\n", rb"(STAT |END)"),
    "stats-slabs": (b"stats slabs\r\n", rb"(STAT |END)"),
    "stats-sizes": (b"stats sizes\r\n", rb"(STAT |END)"),
    "stats-conns": (b"stats conns\r\n", rb"(STAT |END)"),
    "slabs": (b"slabs reassign 1 1\r\n", rb"(SAME|BADCLASS|NOSPARE|NOTFULL|BUSY|UNSAFE)\b"),
    "lru": (b"lru tune 100 100 1 1\r\n", rb"(?!ERROR\r)(ERROR|CLIENT_ERROR|OK)"),
    "lru-crawler": (b"lru_crawler metadump mclite\r\n", rb"(BADCLASS|ERROR: |CLIENT_ERROR|BUSY)"),
    "watch": (b"watch\r\n", rb"OK\r\n"),
    "cache-memlimit": (b"cache_memlimit 1\r\n", rb"MEMLIMIT_TOO_SMALL\b"),
    "debugtime": (b"debugtime r\r\n", rb"OK\r\n"),
}

#: What a server was built with: the setting that `stats settings` lists of such builds only.
BUILDS: dict[str, str] = {"proxy-build": "proxy_enabled", "tls-build": "ssl_enabled"}

#: The most bytes read of an answer, and how long it is waited for, in seconds.
READ, WAIT = 8192, 1.0


def probe(
    address: Address, key: bytes, names: Iterable[str] = tuple(PROBES), harmful: bool = False
) -> dict[str, Capability]:
    """Ask the target for each capability on a connection of its own; raise Unreachable when it is not there.

    `key` is one of the run; `harmful` requests are sent, too, if that is true. After three probes without an answer
    the others are not waited for.
    """
    found: dict[str, Capability] = {}
    silent = 0
    for name in names:
        request, pattern = PROBES[name]
        request = request.replace(b"{key}", key)
        shown = " ".join(line for line in request.decode().split("\r\n") if line)
        if not harmful and harmless.objection_to(request, key):
            evidence = f"`{shown}` could change or reveal what others keep there, so only --destructive sends it"
            found[name] = Capability(None, evidence)
            continue
        answer = _ask(address, request, WAIT if silent < 3 else 0.1)
        silent += not answer
        first = answer.split(b"\n", 1)[0] + b"\n" if b"\n" in answer else answer
        said = f"was answered `{brief(first, 100, 0)}`" if answer else "got no answer"
        found[name] = Capability(bool(re.match(pattern, answer)), f"`{shown}` {said}")
    return found


def probe_builds(address: Address) -> dict[str, Capability]:
    """Ask the target for its settings, and with them for what it was built with; raise Unreachable if it is gone."""
    answer = _ask(address, b"stats settings\r\n", WAIT, b"END\r\n")
    found: dict[str, Capability] = {}
    for name, setting in BUILDS.items():
        present = re.search(rb"^STAT %s " % setting.encode(), answer, re.MULTILINE) is not None
        found[name] = Capability(present, f"`stats settings` lists {'' if present else 'no '}`{setting}`")
    return found


def _ask(address: Address, request: bytes, wait: float, last: bytes = b"\n") -> bytes:
    """Return what is answered until `last` comes, or a line that is no part of a list of statistics."""
    connection = connect(address, 2.0)
    deadline = time.monotonic() + wait
    try:
        connection.send(request, deadline)
        while last not in connection.buffer and len(connection.buffer) < READ:
            if not connection.fill(deadline) or (b"\n" in connection.buffer and connection.buffer[:5] != b"STAT "):
                break
        return bytes(connection.buffer[:READ])
    finally:
        connection.close()


def ask_version(address: Address, wait: float = 2.0) -> bytes:
    """Return the line with which the target answers `version`; raise Unreachable when none comes."""
    answer = _ask(address, b"version\r\n", wait)
    if not answer.endswith(b"\n") or len(answer) > 1000:
        said = f": it sends `{brief(answer, 60, 0)}`" if answer else ""
        raise Unreachable(f"{address} accepts a connection but does not answer `version` with a line{said}")
    return answer
