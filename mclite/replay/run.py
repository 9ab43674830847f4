"""One process's part of a run against one target: where a scenario plays, what became of it."""

from __future__ import annotations

import pytest

from mclite.replay.capabilities import PROBES, Capability
from mclite.replay.locks import Held
from mclite.replay.player import Player
from mclite.replay.result import Keys, Patience, Result
from mclite.replay.results import Record, record
from mclite.replay.scenario import Scenario, SuiteError, load
from mclite.replay.servers import Server
from mclite.replay.stage import NotPlayed, Settings, Stage, TargetInfo, Venue
from mclite.replay.targets import STARTS, TargetSpec
from mclite.replay.transport import Address
from mclite.replay.verdicts import judge
from mclite.replay.versions import KNOWN, parse_version

#: How long an answer is waited for when a scenario is played as of another version, just to compare.
COMPARE = 0.25


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
        self.stage = Stage(info, settings, spec, main)
        self.dead: str | None = None  # what killed a target that nobody can start again
        self._records: dict[str, Record] = {}
        self._last = "nothing"
        self._playing: set[str] = set()

    # -- one scenario

    def waits(self, scenario: Scenario) -> float:
        """Return how many seconds the scenario waits when it is played, also to compare versions."""
        seconds = 0.0 if self.stage.moves_clock(scenario) else scenario.talk.seconds(self.judged)
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
            with self.stage.venue(scenario) as venue:
                self._playing.add(scenario.id)
                try:
                    result, reason = self._play(scenario, venue)
                finally:
                    self._playing.discard(scenario.id)
                verdict = judge(scenario.level, result.outcome)
                if verdict not in ("target-died", "suite-error"):
                    like = self._compare(scenario, venue, result)
        except NotPlayed as not_played:
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
        if self.settings.transport != "tcp":
            words.append(f"--transport {self.settings.transport}")
        if self.settings.chop:
            words.append(f"--chop {self.settings.chop}")
        if self.settings.destructive:
            words.append("--destructive")
        return " ".join(word for word in words if word)

    def _require(self, scenario: Scenario) -> None:
        """Raise NotPlayed unless everything that the scenario builds on is there."""
        if self.dead is not None:
            raise NotPlayed("blocked", f"the target died while {self.dead} was played")
        for name in scenario.requires:
            if name in PROBES and name not in STARTS:
                found = self.capabilities.get(name)
                if found is not None and not found.present:
                    if name in self.info.declares:
                        raise NotPlayed("fail", f"{name} is declared, but {found.evidence}")
                    raise NotPlayed("unsupported", f"no {name}: {found.evidence}")
            elif name not in STARTS:
                raise NotPlayed("suite-error", f"it requires {name!r}, which nothing can provide")
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
            raise NotPlayed("suite-error", f"it depends on {whole}, which is not there")
        if not found.applies_to(self.judged):
            return
        made = self.examine(found)
        if made["outcome"] != "match":
            raise NotPlayed("blocked", f"it depends on {whole}: {made['verdict']}")

    # -- playing

    def _player(self, venue: Venue, patience: Patience) -> Player:
        return Player(
            venue.address,
            self.keys,
            delivery=self.settings.delivery,
            chop=self.settings.chop,
            patience=patience,
            barrier=self.barrier,
            clock=venue.clock,
        )

    def _play(self, scenario: Scenario, venue: Venue) -> tuple[Result, str | None]:
        """Play it; when the server is dead afterwards, find out who killed it."""
        script = scenario.talk.script(self.judged)
        result = self._player(venue, self.patience).play(script)
        before, self._last = self._last, scenario.id
        if result.outcome in ("match", "mismatch", "malformed") or self.stage.lives(venue):
            if result.outcome == "died":  # it lives, but took no connection just then
                result.outcome = "closed"
            return result, result.reason
        if venue.server is None:
            self.dead = scenario.id
            result.outcome = "died"
            return result, f"the target does not answer any more: {self.stage.epitaph(venue)}"
        said = self.stage.epitaph(venue)
        if "shutdown" in scenario.requires:
            return result, result.reason
        # While others play to the same server the one that kills it is found by itself, when it is repeated.
        was_dead = result.outcome == "died" and len(self._playing) == 1
        second = self._again(scenario, venue)
        if second is None:
            result.outcome = "died"
            return result, f"the server died while this was played, and again when it was repeated: {said}"
        if was_dead:
            result.outcome = "died"
            return result, f"the server was dead when this began; the scenario before it was {before}: {said}"
        return second, second.reason

    def _again(self, scenario: Scenario, venue: Venue) -> Result | None:
        """Play it once more on a new server; return None when that one dies, too."""
        with self.stage.instead(scenario, venue) as other:
            result = self._player(other, self.patience).play(scenario.talk.script(self.judged))
            if result.outcome in ("match", "mismatch") or self.stage.lives(other):
                return result
            return None

    def _compare(self, scenario: Scenario, venue: Venue, result: Result) -> dict[str, bool]:
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
                if venue.server is not None and not venue.server.alive:
                    return {}
                player = self._player(venue, Patience(COMPARE))
                played[variant] = player.play(scenario.talk.script(version)).outcome == "match"
            like[name] = played[variant]
        return like

    def place(self, *requires: str) -> Address:
        """Return the address of a server started as `requires` says, for a test that speaks for itself.

        The test is skipped when there is none such.
        """
        try:
            return self.stage.place(frozenset(requires))
        except NotPlayed as not_played:
            pytest.skip(f"{not_played.verdict}: {not_played.reason}")

    def close(self) -> None:
        """Stop every server that was started for this run."""
        self.stage.close()
