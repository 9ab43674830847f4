"""One process's part of a run against one target: where a scenario plays, what became of it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mclite.replay.capabilities import PROBES, Capability
from mclite.replay.locks import Held, TargetLock
from mclite.replay.player import Player
from mclite.replay.result import Keys, Patience, Result
from mclite.replay.results import Record, record
from mclite.replay.scenario import Scenario, SuiteError, load
from mclite.replay.servers import Server
from mclite.replay.talk import Delivery
from mclite.replay.targets import STARTS, TargetError, TargetSpec
from mclite.replay.transport import Address, Connection, Unreachable, parse_address
from mclite.replay.udp import unsayable
from mclite.replay.verdicts import Verdict, judge
from mclite.replay.versions import KNOWN, parse_version

#: A scenario that waits longer than this, in seconds, goes on the timeline.
WAITS = 0.05
#: How long an answer is waited for when a scenario is played as of another version, just to compare.
COMPARE = 0.25
_UDP = ("udp", "udp-raw")


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
    capabilities: dict[str, tuple[bool, str]] = field(default_factory=dict)
    declares: list[str] = field(default_factory=list)

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


class _NotPlayed(Exception):  # noqa: N818  # no error
    """The scenario is not played: the verdict and the reason say why."""

    def __init__(self, verdict: Verdict, reason: str) -> None:
        super().__init__(reason)
        self.verdict: Verdict = verdict
        self.reason = reason


@dataclass(slots=True)
class _Venue:
    """Where a scenario plays: an address, and the server behind it if it is one of ours."""

    address: Address
    server: Server | None
    once: bool = False  #: the server is stopped afterwards


class TargetRun:
    """Plays scenarios to one target, in one process; safe to be called by several threads."""

    def __init__(self, info: TargetInfo, settings: Settings, spec: TargetSpec | None, main: Server | None) -> None:
        """Play to the running target that `info` describes, or to servers started after `spec`."""
        self.info = info
        self.settings = settings
        self.spec = spec
        self.judged = parse_version(info.judged)
        self.keys = Keys(info.prefix)
        self.patience = Patience()
        self.barrier = info.answer.encode("latin-1")
        self.capabilities = {name: Capability(*found) for name, found in info.capabilities.items()}
        self.address = parse_address(info.address) if spec is None else None
        self.lock = TargetLock(self.address) if self.address is not None else None
        self.dead: str | None = None  # what killed a target that nobody can start again
        self._servers: dict[tuple[frozenset[str], bool], Server] = {}
        if main is not None:
            self._servers[frozenset(), False] = main
        self._refused: dict[frozenset[str], str] = {}
        self._guards: dict[tuple[frozenset[str], bool], threading.Lock] = {}
        self._guard = threading.Lock()
        self._alone = threading.Lock()
        self._records: dict[str, Record] = {}
        self._last = "nothing"

    # -- one scenario

    def waits(self, scenario: Scenario) -> float:
        """Return how many seconds the scenario waits when it is played, also to compare versions."""
        seconds = scenario.talk.seconds(self.judged)
        return seconds + COMPARE if scenario.talk.guards and scenario.scope == "key" else seconds

    def examine(self, scenario: Scenario) -> Record:
        """Play a scenario, once a run, and return its record."""
        found = self._records.get(scenario.id)
        if found is not None:
            return found
        result = Result("not-run")
        like: dict[str, bool] = {}
        reason: str | None
        try:
            self._require(scenario)
            with self._venue(scenario) as venue:
                result, reason = self._play(scenario, venue)
                verdict = judge(scenario.level, result.outcome)
                if verdict not in ("target-died", "suite-error"):
                    like = self._compare(scenario, venue, result)
        except _NotPlayed as not_played:
            verdict, reason = not_played.verdict, not_played.reason
        except Held as held:
            verdict, reason = "blocked", str(held)
        made = record(scenario, result, verdict, reason, self.replay(scenario))
        if like:
            made["like"] = like
        self._records[scenario.id] = made
        return made

    def replay(self, scenario: Scenario) -> str:
        """Return the command that plays just this scenario again."""
        if self.settings.check:
            words = ["mclite check", self.info.asked.removeprefix("--target "), f"--only {scenario.id}"]
        else:
            words = [f"pytest conformance/{scenario.file}::{scenario.slug}", self.info.asked]
        if self.info.judged != (self.info.known or KNOWN[-1]):
            words.append(f"--as {self.info.judged}")
        if self.settings.delivery != "whole":
            words.append(f"--deliver {self.settings.delivery}")
        if self.settings.chop:
            words.append(f"--chop {self.settings.chop}")
        if self.settings.destructive:
            words.append("--destructive")
        return " ".join(word for word in words if word)

    def _require(self, scenario: Scenario) -> None:
        """Raise _NotPlayed unless everything that the scenario builds on is there."""
        if self.dead is not None:
            raise _NotPlayed("blocked", f"the target died while {self.dead} was played")
        for name in scenario.requires:
            if name in PROBES:
                found = self.capabilities.get(name)
                if found is not None and not found.present:
                    if name in self.info.declares:
                        raise _NotPlayed("fail", f"{name} is declared, but {found.evidence}")
                    raise _NotPlayed("unsupported", f"no {name}: {found.evidence}")
            elif name not in STARTS:
                raise _NotPlayed("suite-error", f"it requires {name!r}, which nothing can provide")
        for name in scenario.depends:
            self._require_passed(scenario, name)

    def _require_passed(self, scenario: Scenario, name: str) -> None:
        whole = name if "/" in name else f"{scenario.id.rsplit('/', 1)[0]}/{name}"
        path = self.settings.root / f"{whole.rsplit('/', 1)[0]}.toml"
        try:
            found = next((item for item in load(path, self.settings.root) if item.id == whole), None)
        except SuiteError:
            found = None
        if found is None:
            raise _NotPlayed("suite-error", f"it depends on {whole}, which is not there")
        if not found.applies_to(self.judged):
            return
        made = self.examine(found)
        if made["outcome"] != "match":
            raise _NotPlayed("blocked", f"it depends on {whole}: {made['verdict']}")

    # -- where it plays

    @contextlib.contextmanager
    def _venue(self, scenario: Scenario) -> Iterator[_Venue]:
        """Give the scenario a place that nobody disturbs, as its scope says."""
        needs = frozenset(name for name in scenario.requires if name in STARTS)
        if scenario.transport in ("tls", "unix"):
            needs |= {scenario.transport}
        if scenario.transport in ("udp", "udp-raw"):
            needs |= {"udp"}
        if self.spec is None:
            with self._running(scenario, needs) as venue:
                yield venue
            return
        once = bool(needs & {"fresh", "shutdown"}) or (
            scenario.scope == "server" and scenario.talk.seconds(self.judged) > WAITS
        )
        alone = scenario.scope == "server" and not once
        with self._alone if alone else contextlib.nullcontext():
            server = self._server(needs, alone, once)
            try:
                kind = server.address.kind
                if scenario.transport in ("udp", "udp-raw"):
                    kind = scenario.transport
                yield _Venue(self._fit(scenario, server.address_for(kind)), server, once)
            finally:
                if once:
                    server.stop()

    @contextlib.contextmanager
    def _running(self, scenario: Scenario, needs: frozenset[str]) -> Iterator[_Venue]:
        """Use the target that runs already, if it is started as the scenario needs it."""
        assert self.address is not None
        assert self.lock is not None
        address = self.address
        missing = sorted(needs - {address.kind})
        if missing == ["udp"] and self.info.capabilities.get("udp", (False, ""))[0]:
            missing = []
        if scenario.transport in ("udp", "udp-raw") and not missing:
            address = Address(scenario.transport, address.host, address.port)
        if missing:
            ways = " and ".join(f"{name} ({STARTS[name]})" for name in missing)
            raise _NotPlayed(
                "skipped", f"it needs a server started otherwise: {ways}; --spawn lets the suite start one"
            )
        address = self._fit(scenario, address)
        if scenario.scope == "key":
            with self.lock.shared():
                yield _Venue(address, None)
            return
        if not (self.info.empty or self.settings.destructive):
            raise _NotPlayed(
                "skipped",
                "it changes or counts what other clients see, and the server holds data: "
                "use an empty server, --spawn, or --destructive",
            )
        with self.lock.exclusive():
            yield _Venue(address, None)

    def _fit(self, scenario: Scenario, address: Address) -> Address:
        """Return the address, unless the scenario cannot be said over it."""
        if scenario.transport == "tcp" and address.kind != "tcp":
            raise _NotPlayed("skipped", f"it is about TCP, and {address} is not")
        if address.kind == "udp" and (reason := unsayable(scenario.talk.script(self.judged))):
            raise _NotPlayed("skipped", reason)
        return address

    def _server(self, needs: frozenset[str], alone: bool, once: bool) -> Server:
        """Return a running server of ours that was started as `needs` say."""
        assert self.spec is not None
        if missing := self.spec.missing(needs):
            raise _NotPlayed(
                "skipped",
                f"nothing says how to start it {' and '.join(STARTS[name] for name in missing)}: "
                f"add [start.{missing[0]}] to its target file",
            )
        with self._guard:
            guard = self._guards.setdefault((needs, alone), threading.Lock())
        with guard if not once else contextlib.nullcontext():
            if needs in self._refused:
                raise _NotPlayed("unsupported", self._refused[needs])
            found = self._servers.get((needs, alone)) if not once else None
            if found is not None and found.alive:
                return found
            if found is not None:
                found.stop()
            try:
                server = Server(self.spec, needs)
            except TargetError as error:
                if not needs - {"fresh"}:
                    raise _NotPlayed("target-died", str(error)) from None
                self._refused[needs] = str(error)
                raise _NotPlayed("unsupported", str(error)) from None
            if not once:
                self._servers[needs, alone] = server
            return server

    # -- playing

    def _player(self, address: Address, patience: Patience) -> Player:
        return Player(
            address,
            self.keys,
            delivery=self.settings.delivery,
            chop=self.settings.chop,
            patience=patience,
            barrier=self.barrier,
        )

    def _play(self, scenario: Scenario, venue: _Venue) -> tuple[Result, str | None]:
        """Play it; when the server is dead afterwards, find out who killed it."""
        script = scenario.talk.script(self.judged)
        result = self._player(venue.address, self.patience).play(script)
        before, self._last = self._last, scenario.id
        if result.outcome in ("match", "mismatch", "malformed") or self._lives(venue):
            if result.outcome == "died":  # it lives, but took no connection just then
                result.outcome = "closed"
            return result, result.reason
        if venue.server is None:
            self.dead = scenario.id
            result.outcome = "died"
            return result, f"the target does not answer any more: {self._epitaph(venue)}"
        said = self._epitaph(venue)
        if "shutdown" in scenario.requires:
            return result, result.reason
        was_dead = result.outcome == "died"
        second = self._again(scenario, venue)
        if second is None:
            result.outcome = "died"
            return result, f"the server died while this was played, and again when it was repeated: {said}"
        if was_dead:
            result.outcome = "died"
            return result, f"the server was dead when this began; the scenario before it was {before}: {said}"
        return second, second.reason

    def _again(self, scenario: Scenario, venue: _Venue) -> Result | None:
        """Play it once more on a new server; return None when that one dies, too."""
        assert venue.server is not None
        assert self.spec is not None
        if venue.once:
            venue.server.stop()
            server = Server(self.spec, venue.server.needs)
        else:
            server = self._server(venue.server.needs, scenario.scope == "server", False)
        try:
            kind = venue.address.kind
            venue = _Venue(server.address_for(kind), server, venue.once)
            result = self._player(venue.address, self.patience).play(scenario.talk.script(self.judged))
            if result.outcome in ("match", "mismatch") or self._lives(venue):
                return result
            return None
        finally:
            if venue.once:
                server.stop()

    def _lives(self, venue: _Venue) -> bool:
        """Tell whether the server still takes connections; one that is going down is given time to go."""
        for pause in (0.02, 0.3):
            if venue.server is not None and not venue.server.alive:
                return False
            try:
                if venue.address.kind not in _UDP:
                    Connection(venue.address, 1.0).close()
            except Unreachable:
                time.sleep(pause)
                continue
            if venue.server is None:
                return True
            time.sleep(pause)
            return venue.server.alive
        return False

    def _epitaph(self, venue: _Venue) -> str:
        if venue.server is None:
            return f"{venue.address} cannot be connected to"
        printed = venue.server.printed()
        return venue.server.ended() + (f"; it printed: {printed}" if printed else "")

    def _compare(self, scenario: Scenario, venue: _Venue, result: Result) -> dict[str, bool]:
        """Play a scenario with guards as of the other versions, too: which does the target answer like?"""
        like: dict[str, bool] = {}
        if not scenario.talk.guards:
            return like
        played = {scenario.talk.variant(self.judged): result.outcome == "match"}
        for name in KNOWN:
            version = parse_version(name)
            if not scenario.applies_to(version):
                continue
            variant = scenario.talk.variant(version)
            if variant not in played:
                if not self._up(venue):
                    return {}
                player = self._player(venue.address, Patience(COMPARE))
                played[variant] = player.play(scenario.talk.script(version)).outcome == "match"
            like[name] = played[variant]
        return like

    def _up(self, venue: _Venue) -> bool:
        return venue.server is None or venue.server.alive

    def close(self) -> None:
        """Stop every server that was started for this run."""
        for server in list(self._servers.values()):
            server.stop()
        self._servers.clear()
