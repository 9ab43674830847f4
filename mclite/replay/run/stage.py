"""Where scenarios play: a target that runs, or servers of our own, each started as its scenarios need it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from mclite.replay.judge.faults import Fault, Faults
from mclite.replay.judge.verdicts import Verdict
from mclite.replay.play.clock import SHORTEST, DebugClock
from mclite.replay.play.outcome import Outcome
from mclite.replay.play.transport import Address, Connection, Unreachable, parse_address
from mclite.replay.play.udp import unsayable
from mclite.replay.scenario import harmless
from mclite.replay.scenario.requirements import STARTS
from mclite.replay.scenario.scenario import Kind, Scenario
from mclite.replay.scenario.talk import Act, Delivery
from mclite.replay.scenario.versions import parse_version
from mclite.replay.target.locks import TargetLock
from mclite.replay.target.servers import Server
from mclite.replay.target.spec import TargetError, TargetSpec

#: A scenario that waits longer than this, in seconds, goes on the timeline.
WAITS = 0.05
#: What is spoken over something else than a TCP stream is started otherwise, too.
TRANSPORTS: frozenset[str] = frozenset({"tls", "unix", "udp"})
#: Seconds that a server which hung up has to show whether it lives; a busy machine needs them.
DEATH_GRACE_SECONDS = 1.0
#: A way to start that only keeps memcached's own thread from freeing and moving items. Who does not say how to do that
#: may have no such thread: what needs it and a server for itself is played all the same, and repeated if it differs.
QUIETED = "no-lru-maintainer"
#: Maximum scenarios whose server died that are repeated at once, each on a server of its own.
REPEATS = 16


@dataclass(slots=True)
class TargetInfo:
    """What is known about a target before the first scenario; it travels to the workers as plain data."""

    slug: str
    name: str
    address: str
    asked: str  #: the options that chose it, e.g. `--target 127.0.0.1:11211`
    answer: str  #: to `version`, as latin-1
    version: str | None
    known: str | None
    judged: str
    prefix: str  #: of the keys of the run
    spawn: str | None = None
    baseline: str | None = None
    empty: bool = False
    capabilities: dict[str, tuple[bool | None, str]] = field(default_factory=dict)
    lacks: list[str] = field(default_factory=list)  #: entries of offers.toml that are declared absent
    required: list[str] = field(default_factory=list)  #: entries of offers.toml that the target must have
    profile: str | None = None
    declared_by: str = ""  #: the options that declare it, e.g. `--lacks incr`

    @property
    def shown(self) -> str:
        """The name for people, with the address of a server that the suite did not start."""
        return self.name if self.spawn is not None or self.name == self.address else f"{self.name} ({self.address})"

    def to_plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


@dataclass(slots=True)
class Settings:
    """How the scenarios are played."""

    root: Path
    delivery: Delivery = "whole"
    chop: int = 0
    strict: bool = False
    destructive: bool = False
    check: bool = False  #: called as `mclite check`
    transport: Kind = "tcp"  #: of the servers that the suite starts
    faults: Faults = field(default_factory=Faults)  #: of the releases themselves


class NotPlayed(Exception):  # noqa: N818  # no error
    """The scenario is not played: the verdict and the reason say why, and the fault of the release if it is known."""

    def __init__(self, verdict: Verdict, reason: str, fault: Fault | None = None) -> None:
        super().__init__(reason)
        self.verdict: Verdict = verdict
        self.reason = reason
        self.fault = fault


@dataclass(slots=True)
class Venue:
    """Where a scenario plays: an address, and the server behind it if it is one of ours."""

    address: Address
    server: Server | None
    once: bool = False  #: the server is stopped afterwards
    clock: DebugClock | None = None  #: moved instead of waited for
    restless: bool = False  #: a thread of the server may free or move items meanwhile


def refusal(scenario: Scenario, empty: bool) -> str | None:
    """Return why `scenario` is not played to a server that the suite did not start; `empty` if it holds no item."""
    if found := harmless.objection(scenario):
        return f"{found}; to a server that the suite did not start only --destructive sends that"
    if scenario.scope == "server" and not empty:
        return "it counts what others do, too, and the server holds data: use an empty one, --spawn, or --destructive"
    return None


class Stage:
    """The places of one target, in one process; safe to be used by several threads."""

    def __init__(self, info: TargetInfo, settings: Settings, spec: TargetSpec | None, main: Server | None) -> None:
        """Use the running target that `info` describes, or servers started after `spec`, of which `main` runs."""
        self.info = info
        self.settings = settings
        self.spec = spec
        self.judged = parse_version(info.judged)
        self.address = parse_address(info.address) if spec is None else None
        self.lock = TargetLock(self.address) if self.address is not None else None
        self._servers: dict[tuple[frozenset[str], bool], Server] = {}
        if main is not None and spec is not None and spec.words() != main.spec.words():
            main.stop(at_once=True)  # it was started before its release was known
        elif main is not None:
            self._servers[main.needs, False] = main
        self._refused: dict[frozenset[str], str] = {}
        self._closed = threading.Event()
        self._guards: dict[tuple[frozenset[str], bool], threading.Lock] = {}
        self._guard = threading.Lock()
        self._alone = threading.Lock()
        self._clocks: dict[Server, DebugClock] = {}
        self._repeating = threading.BoundedSemaphore(REPEATS)

    def moves_clock(self, scenario: Scenario) -> bool:
        """Tell whether the scenario is played where the clock is moved: all it waits for is time to go by."""
        if self.spec is None or "debugtime" not in self.spec.starts or scenario.transport is not None:
            return False
        acts = [op for op in scenario.talk.script(self.judged) if isinstance(op, Act) and op.number]
        waits = [op.number for op in acts if op.verb == "wait"]
        return bool(waits) and max(waits) >= SHORTEST and all(op.verb in ("wait", "chop") for op in acts)

    @contextlib.contextmanager
    def venue(self, scenario: Scenario) -> Iterator[Venue]:
        """Yield a venue where no other scenario interferes, as the scope says."""
        needs = frozenset(name for name in scenario.requires if name in STARTS)
        if scenario.transport in ("tls", "unix"):
            needs |= {scenario.transport}
        if scenario.transport in ("udp", "udp-raw"):
            needs |= {"udp"}
        if self.spec is None:
            with self._running(scenario, needs) as venue:
                yield venue
            return
        restless = {QUIETED, "fresh"} <= needs and QUIETED not in self.spec.starts
        if restless:
            needs -= {QUIETED}
        if not needs & TRANSPORTS:
            needs |= TRANSPORTS & {self.settings.transport}
        if moved := self.moves_clock(scenario):
            needs |= {"debugtime"}
        once = (
            bool(needs & {"fresh", "shutdown"})
            or self.settings.faults.deadly(scenario.id, self.judged) is not None
            or (scenario.scope == "server" and not moved and scenario.seconds(self.judged) > WAITS)
        )
        alone = scenario.scope == "server" and not once
        with self._alone if alone else contextlib.nullcontext():
            server = self._server(needs, alone, once)
            try:
                kind = server.address.kind
                if scenario.transport in ("udp", "udp-raw"):
                    kind = scenario.transport
                elif self.settings.transport == "udp" and "udp" in needs:
                    kind = "udp"
                address = self._fit(scenario, server.address_for(kind))
                if not moved:
                    yield Venue(address, server, once, restless=restless)
                    return
                clock = self._clock(server)
                with clock.guard:
                    yield Venue(address, server, once, clock)
            finally:
                if once:
                    server.stop(at_once=True)

    @contextlib.contextmanager
    def _running(self, scenario: Scenario, needs: frozenset[str]) -> Iterator[Venue]:
        """Use the target that runs already, if it is started as the scenario needs it."""
        assert self.address is not None
        assert self.lock is not None
        address = self.address
        if deadly := self.settings.faults.deadly(scenario.id, self.judged):
            raise NotPlayed("skipped", f"memcached {self.info.judged} ends at it: {deadly.reason}")
        present = {name for name, found in self.info.capabilities.items() if found[0]}
        missing = sorted(needs - {address.kind} - present)
        if scenario.transport in ("udp", "udp-raw") and not missing:
            address = Address(scenario.transport, address.host, address.port)
        if missing:
            ways = " and ".join(f"{name} ({STARTS[name]})" for name in missing)
            raise NotPlayed("skipped", f"it needs a server started otherwise: {ways}; --spawn lets the suite start one")
        address = self._fit(scenario, address)
        if not self.settings.destructive and (reason := refusal(scenario, self.info.empty)):
            raise NotPlayed("skipped", reason)
        with self.lock.shared() if scenario.scope == "key" else self.lock.exclusive():
            yield Venue(address, None)

    @contextlib.contextmanager
    def instead(self, venue: Venue) -> Iterator[Venue]:
        """Give a scenario whose server died one for itself, started alike."""
        assert venue.server is not None
        assert self.spec is not None
        with self._repeating:
            try:
                server = self._start(venue.server.needs)
            except TargetError as error:
                raise NotPlayed("target-died", f"{self.retire(venue)}; it cannot be started again: {error}") from None
            try:
                clock = self._clock(server) if venue.clock is not None else None
                yield Venue(server.address_for(venue.address.kind), server, True, clock)
            finally:
                server.stop(at_once=True)

    def place(self, needs: frozenset[str]) -> Address:
        """Return the address of a server started as `needs` say; raise NotPlayed when there is none."""
        if self.spec is not None:
            return self._server(needs, False, False).address
        assert self.address is not None
        if missing := sorted(needs - {self.address.kind}):
            raise NotPlayed("skipped", f"it needs a server started {STARTS.get(missing[0], missing[0])}")
        return self.address

    def _clock(self, server: Server) -> DebugClock:
        """Return the stopped clock of a server."""
        with self._guard:
            clock = self._clocks.get(server)
            if clock is None:
                try:
                    clock = self._clocks[server] = DebugClock(server.address)
                except Unreachable as error:
                    raise NotPlayed("unsupported", str(error)) from None
            return clock

    def _fit(self, scenario: Scenario, address: Address) -> Address:
        """Return the address, unless the scenario cannot be said over it."""
        if scenario.transport == "tcp" and address.kind != "tcp":
            raise NotPlayed("skipped", f"it is about TCP, and {address} is not")
        if self.settings.delivery != "whole" or self.settings.chop:
            if scenario.deliver == "whole":
                raise NotPlayed("skipped", "it is about how its own writes arrive, so it is only delivered whole")
            if address.kind in ("udp", "udp-raw"):
                raise NotPlayed("skipped", "a datagram is a request, so it is only delivered whole")
        if address.kind == "tls" and "shut" in {step.sigil for step in scenario.talk.steps}:
            raise NotPlayed("skipped", "TLS has no half-closed connection")
        if address.kind == "udp" and (reason := unsayable(scenario.talk.script(self.judged))):
            raise NotPlayed("skipped", reason)
        return address

    def _server(self, needs: frozenset[str], alone: bool, once: bool) -> Server:
        """Return a running server of ours that was started as `needs` say."""
        assert self.spec is not None
        if missing := self.spec.missing(needs):
            raise NotPlayed(
                "skipped",
                f"nothing says how to start it {' and '.join(STARTS[name] for name in missing)}: "
                f"add [start.{missing[0]}] to its target file",
            )
        with self._guard:
            guard = self._guards.setdefault((needs, alone), threading.Lock())
        with guard if not once else contextlib.nullcontext():
            if needs in self._refused:
                raise NotPlayed("unsupported", self._refused[needs])
            found = self._servers.get((needs, alone)) if not once else None
            if found is not None and found.alive:
                return found
            if found is not None:
                found.stop()
            try:
                server = self._start(needs)
            except TargetError as error:
                if not needs - {"fresh"}:
                    raise NotPlayed("target-died", str(error)) from None
                self._refused[needs] = str(error)
                raise NotPlayed("unsupported", str(error)) from None
            if not once:
                self._servers[needs, alone] = server
            return server

    def _start(self, needs: frozenset[str]) -> Server:
        """Start a server, unless the run has ended: scenarios that wait may still be on their way to it."""
        assert self.spec is not None
        if not self._closed.is_set():
            server = Server(self.spec, needs)
            if not self._closed.is_set():
                return server
            server.stop(at_once=True)
        raise NotPlayed("skipped", "the run has ended")

    def lives(self, venue: Venue, outcome: Outcome) -> bool:
        """Tell whether the server still answers; one of ours that hung up is given time to go down."""
        hung_up = outcome in ("closed", "died")
        deadline = time.monotonic() + (DEATH_GRACE_SECONDS if hung_up and venue.server is not None else 0.4)
        while True:
            if venue.server is not None and not venue.server.alive:
                return False
            sign = _answers(venue.address)
            if sign == "answer" or (sign == "silence" and not hung_up):
                time.sleep(0.02)
                return venue.server is None or venue.server.alive
            if time.monotonic() > deadline or (sign == "silence" and venue.server is None):
                return sign == "silence"
            time.sleep(0.05)

    def retire(self, venue: Venue) -> str:
        """Stop using a dead server; return its exit status and last output."""
        if venue.server is None:
            return f"{venue.address} cannot be connected to"
        ended = venue.server.ended() if venue.server.finish() else "it took no connection any more"
        printed = venue.server.printed()
        return ended + (f"; it printed: {printed}" if printed else "")

    def close(self) -> None:
        """Stop every server that was started for this run."""
        self._closed.set()
        if self.lock is not None:
            self.lock.close()
        servers = list(self._servers.values())
        for server in servers:
            server.tell()
        for server in servers:
            server.stop()
        self._servers.clear()


def _answers(address: Address) -> Literal["answer", "silence", "nobody"]:
    """Say whether somebody takes a connection and answers `version`; saying nothing is no sign of death."""
    if address.kind in ("udp", "udp-raw"):
        return "answer"  # nobody can tell
    try:
        connection = Connection(address, 1.0)
    except Unreachable:
        return "nobody"
    try:
        deadline = time.monotonic() + 0.1
        connection.send(b"version\r\n", deadline)
        if connection.fill(deadline):
            return "answer"
        return "nobody" if connection.over() else "silence"
    finally:
        connection.close()
