"""What a server offers, asked once before a run: a request for each command and option, and the answer as evidence.

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
from mclite.replay.scenario.offers import Offer, documented
from mclite.replay.scenario.wire import brief


@dataclass(frozen=True, slots=True)
class Capability:
    """What the probe found, and the evidence for it."""

    present: bool | None  #: None: not tried
    evidence: str


#: A clock that can be moved is nothing that is documented; the suite moves it where it is told that there is one.
CLOCK = Offer(
    "debugtime",
    "option",
    (),
    "debugtime",
    ask=b"debugtime r\r\n",
    offered=re.compile(rb"OK\r\n"),
    refused=re.compile(rb"CLIENT_ERROR"),
)
#: A word that is no command of any server.
UNKNOWN = b"bogus"

#: What a server was built with: the setting that `stats settings` lists of such builds only.
BUILDS: dict[str, str] = {"proxy-build": "proxy_enabled", "tls-build": "ssl_enabled"}

#: The most bytes read of an answer, and how long it is waited for, in seconds.
READ, WAIT = 8192, 1.0
#: Number of requests without an answer after which others are waited for `SHORT` seconds, or three times the longest
#: answer so far.
SILENT, SHORT = 3, 0.1
#: Seconds that a server which hung up has to show whether it lives.
DEATH_GRACE_SECONDS = 0.5


class DiedError(Exception):
    """The server ended at a request of the probe; `found` is what was found until then, the request included."""

    def __init__(self, request: str, found: dict[str, Capability]) -> None:
        super().__init__(f"it ended at `{request}`")
        self.found = found


class _Asker:
    """Asks one server, each request on a connection of its own."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.silent = 0
        self.longest = 0.0

    def ask(self, request: bytes) -> tuple[bytes, bool]:
        """Return the answer, and whether the server hung up; raise Unreachable when it is not there."""
        wait = WAIT if self.silent < SILENT else min(WAIT, max(SHORT, 3 * self.longest))
        began = time.monotonic()
        answer, closed = _ask(self.address, request, wait)
        if answer or closed:
            self.longest = max(self.longest, time.monotonic() - began)
        else:
            self.silent += 1
        return answer, closed

    def lives(self) -> bool:
        """Tell whether a server that hung up takes connections still; one that ends needs a moment for it."""
        deadline = time.monotonic() + DEATH_GRACE_SECONDS
        try:
            while not _ask(self.address, b"version\r\n", WAIT)[0] and time.monotonic() < deadline:
                time.sleep(0.02)
        except Unreachable:
            return False
        return True


def probe(
    address: Address, key: bytes, offers: Iterable[Offer] | None = None, harmful: bool = False
) -> dict[str, Capability]:
    """Ask the target for each command and option; raise Unreachable when it is not there, DiedError when it ends.

    Args:
        address: of the target
        key: with which the keys of the requests begin; one of the run
        offers: what is asked for; default: everything that is documented, and a clock that can be moved
        harmful: requests that could change or reveal what others keep there are sent, too
    """
    asker = _Asker(address)
    unknown = _as_to(UNKNOWN, asker.ask(UNKNOWN + b"\r\n")[0])
    found: dict[str, Capability] = {}
    for offer in (*documented().entries.values(), CLOCK) if offers is None else offers:
        request = offer.request(key)
        if request is None:
            found[offer.name] = Capability(None, f"asking for `{offer.name}` would end the server, if it has it")
            continue
        shown = " ".join(line for line in request.decode().split("\r\n") if line)
        if not harmful and harmless.objection_to(request + offer.tidy(key), key):
            evidence = f"`{shown}` could change or reveal what others keep there, so only --destructive sends it"
            found[offer.name] = Capability(None, evidence)
            continue
        answer, closed = asker.ask(request + offer.tidy(key))
        if closed and not answer and not offer.closes and not asker.lives():
            found[offer.name] = Capability(True, f"`{shown}` ended the server")
            raise DiedError(shown, found)
        present = _is_there(offer, answer, closed, unknown)
        found[offer.name] = Capability(present, f"`{shown}` {_said(answer, closed)}")
    return found


def _is_there(offer: Offer, answer: bytes, closed: bool, unknown: bytes) -> bool:
    """Tell whether a server has what it was asked for. A wrong answer is one of a server that has it.

    `unknown` is how it answers a word that it cannot know, with the word taken out.
    """
    if offer.offered is not None and offer.offered.match(answer):
        return True
    if not answer:
        return offer.closes and closed
    refused = answer.startswith(b"ERROR") or _as_to(offer.sends.encode(), answer) == unknown
    return not refused and not (offer.refused is not None and offer.refused.match(answer))


def _as_to(word: bytes, answer: bytes) -> bytes:
    """Return the first line of an answer to `word` without the word."""
    return answer.split(b"\n", 1)[0].replace(word.split(b" ")[0], b"")


def _said(answer: bytes, closed: bool) -> str:
    if not answer:
        return "closes the connection" if closed else "got no answer"
    first = answer.split(b"\n", 1)[0] + b"\n" if b"\n" in answer else answer
    return f"was answered `{brief(first, 100, 0)}`"


def probe_builds(address: Address) -> dict[str, Capability]:
    """Ask the target for its settings, and with them for what it was built with; raise Unreachable if it is gone."""
    answer, _ = _ask(address, b"stats settings\r\n", WAIT, b"END\r\n")
    found: dict[str, Capability] = {}
    for name, setting in BUILDS.items():
        present = re.search(rb"^STAT %s " % setting.encode(), answer, re.MULTILINE) is not None
        found[name] = Capability(present, f"`stats settings` lists {'' if present else 'no '}`{setting}`")
    return found


def _ask(address: Address, request: bytes, wait: float, last: bytes = b"\n") -> tuple[bytes, bool]:
    """Return what is answered until `last` comes, or a line that is no part of a list of statistics.

    And whether the server hung up.
    """
    connection = connect(address, 2.0)
    deadline = time.monotonic() + wait
    try:
        connection.send(request, deadline)
        answer = b""
        while last not in answer and len(answer) < READ and connection.fill(deadline):
            answer = _asked_for(request, bytes(connection.buffer))
            if b"\n" in answer and answer[:5] != b"STAT ":
                break
        return answer[:READ], connection.over()
    finally:
        connection.close()


def _asked_for(request: bytes, received: bytes) -> bytes:
    """Return what is received without an answer to a first command that asks for none, which some servers give."""
    quiet = request.split(b"\r\n", 1)[0].endswith(b" noreply")
    return received.removeprefix(b"STORED\r\n") if quiet else received


def ask_version(address: Address, wait: float = 2.0) -> bytes:
    """Return the line with which the target answers `version`; raise Unreachable when none comes."""
    answer, _ = _ask(address, b"version\r\n", wait)
    if not answer.endswith(b"\n") or len(answer) > 1000:
        said = f": it sends `{brief(answer, 60, 0)}`" if answer else ""
        raise Unreachable(f"{address} accepts a connection but does not answer `version` with a line{said}")
    return answer
