"""One process's part of a run against one target: where a scenario plays, what became of it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from mclite.replay.judge import likeness
from mclite.replay.judge.baseline import WRONG
from mclite.replay.judge.faults import Fault
from mclite.replay.judge.record import Comparison, Record, record
from mclite.replay.judge.reference import Beside, compared
from mclite.replay.judge.verdicts import judge
from mclite.replay.play.outcome import Keys, Patience, Result
from mclite.replay.play.player import Player
from mclite.replay.play.transport import Address
from mclite.replay.run.stage import WAITS, NotPlayed, Settings, Stage, TargetInfo, Venue
from mclite.replay.scenario import needs
from mclite.replay.scenario.offers import documented
from mclite.replay.scenario.requirements import BUILDS, STARTS
from mclite.replay.scenario.scenario import Scenario, SuiteError, load
from mclite.replay.scenario.versions import KNOWN, parse_version, written
from mclite.replay.target.capabilities import Capability
from mclite.replay.target.locks import Held
from mclite.replay.target.servers import Server
from mclite.replay.target.spec import TargetSpec

#: How long an answer is waited for when a scenario is played as of another version, just to compare.
COMPARE = 0.25
#: What nobody asked for, as in results of another suite, is there.
_THERE = Capability(True, "")
#: Number of retries before a difference from the reference is reported.
RETRIES = 2


@dataclass(slots=True)
class _Usage:
    """Scenarios that used one server."""

    now: int = 0  #: number of scenarios that are being played
    began: int = 0  #: number of scenarios that have begun
    last: str | None = None  #: id of the scenario that ended last


class TargetRun:
    """Plays scenarios to one target, in one process; safe to be called by several threads."""

    def __init__(
        self,
        info: TargetInfo,
        keys: Keys,
        settings: Settings,
        spec: TargetSpec | None,
        main: Server | None,
    ) -> None:
        """Play with `keys` to the running target that `info` describes, or to servers started after `spec`."""
        self.info = info
        self.settings = settings
        self.spec = spec = spec.of_release(info.known) if spec is not None else None
        self.judged = parse_version(info.judged)
        self.keys = keys
        self.patience = Patience()
        self.barrier = info.answer.encode("latin-1")
        self.capabilities = {name: Capability(*found) for name, found in info.capabilities.items()}
        self.stage = Stage(info, settings, spec, main)
        self.reference: TargetRun | None = None  # every scenario also goes there
        self.beside = ""  #: the option that chose it
        self.dead: str | None = None  # id of the scenario that killed a target which cannot be restarted
        self.late: list[Record] = []  # records revised because the server died after the scenario
        self._records: dict[str, Record] = {}
        self._usage: dict[Server, _Usage] = {}
        self._guard = threading.Lock()

    # -- one scenario

    def waits(self, scenario: Scenario) -> float:
        """Return how many seconds the scenario waits when it is played, also to compare versions."""
        seconds = 0.0 if self.stage.moves_clock(scenario) else scenario.seconds(self.judged)
        if scenario.scope == "key" and self._asks_again(scenario):
            seconds += COMPARE
        return max(seconds, self.reference.waits(scenario)) if self.reference is not None else seconds

    def examine(self, scenario: Scenario) -> Record:
        """Play a scenario, once a run, and return its record."""
        found = self._records.get(scenario.id)
        if found is not None:
            return found
        result = Result("not-run")
        like: dict[str, bool] = {}
        fault: Fault | None = None
        beside: Beside | None = None
        reason: str | None
        try:
            self._require(scenario)
            with self.stage.venue(scenario) as venue:
                beside = self._beside(scenario)
                result, reason = self._play(scenario, venue)
                verdict = judge(scenario.level, result.outcome, result.framing)
                if verdict not in ("target-died", "suite-error"):
                    like = self._compare(scenario, venue, result)
        except NotPlayed as not_played:
            verdict, reason, fault = not_played.verdict, not_played.reason, not_played.fault
        except Held as held:
            verdict, reason = "blocked", str(held)
        made = record(scenario, result, verdict, reason, self.replay(scenario), self.judged)
        if verdict in WRONG:
            fault = self.settings.faults.find(scenario.id, made.fingerprint, self.judged)
        if fault is not None:
            made = replace(made, verdict="known", fault=fault.known)
        # Not before the target is free again: who holds one server never waits for another.
        if beside is not None and self.reference is not None:
            made = replace(made, reference=self._with_reference(scenario, result, beside, self.reference))
        made = replace(made, like=like)
        self._records[scenario.id] = made
        return made

    @property
    def version(self) -> bytes:
        """What the target calls its version."""
        return self.barrier.removeprefix(b"VERSION ").strip()

    def _beside(self, scenario: Scenario) -> Beside | None:
        """Return how the reference answers to the scenario, if there is a reference."""
        if (reference := self.reference) is None:
            return None
        return Beside(lambda: reference.answer(scenario), self.waits(scenario) > WAITS)

    def _with_reference(self, scenario: Scenario, result: Result, beside: Beside, reference: TargetRun) -> Comparison:
        """Return what the record says of the reference; a difference that does not reproduce is dropped."""
        versions = (self.version, reference.version)
        made = compared(result, *beside.answer(), versions)
        for _ in range(RETRIES if result.outcome == "match" else 0):
            if made.same is not False:
                break
            again = self._beside(scenario)
            ours = self.answer(scenario)[0]
            other = compared(ours, *again.answer(), versions) if again is not None else made
            if other.same is None:
                break
            if other.same or other.step != made.step:
                reason = "the answers differed, but not in the same way when the scenario was repeated"
                made = replace(made, same=True, step=None, target=None, got=None, reason=reason)
        return made

    def answer(self, scenario: Scenario) -> tuple[Result, str | None]:
        """Play a scenario to this target as the reference, which is not judged; return the result and the reason."""
        try:
            self._require_capabilities(scenario)
            with self.stage.venue(scenario) as venue:
                return self._play(scenario, venue)
        except NotPlayed as not_played:
            return Result("not-run"), not_played.reason
        except Held as held:
            return Result("not-run"), str(held)

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
        words += [self.info.declared_by, self.beside]
        return " ".join(word for word in words if word)

    def _require(self, scenario: Scenario) -> None:
        """Raise NotPlayed unless everything that the scenario builds on is there."""
        self._require_capabilities(scenario)
        for name in scenario.depends:
            self._require_passed(scenario, name)

    def _require_capabilities(self, scenario: Scenario) -> None:
        """Raise NotPlayed unless the target is there and can do what the scenario requires."""
        if self.dead is not None:
            raise NotPlayed("blocked", f"the target died while {self.dead} was played")
        needed = needs.needs(scenario.talk.source, self.judged)
        for name in sorted(needed, key=lambda name: self.capabilities.get(name, _THERE).present is not False):
            self._require_offer(name, (name,))
        for name in scenario.requires:
            if name in STARTS:
                continue
            if name not in BUILDS and name not in documented():
                raise NotPlayed("suite-error", f"it requires {name!r}, which nothing can provide")
            members = () if name in BUILDS else documented().members(name)
            if not needed.intersection(members):
                self._require_offer(name, members)

    def _require_offer(self, name: str, members: Sequence[str]) -> None:
        """Raise NotPlayed unless the target has one of the entries for which a name stands; of a build none does."""
        wanted = [member for member in members if member not in self.info.lacks]
        if members and not wanted:
            raise NotPlayed("unsupported", f"{name} is declared absent")
        there = [self.capabilities[one] for one in wanted or (name,) if one in self.capabilities]
        if not there or any(found.present for found in there):
            return
        if untried := next((found for found in there if found.present is None), None):
            raise NotPlayed("skipped", f"{name} was not tried: {untried.evidence}")
        faults = (self.settings.faults.lacking(member, self.judged) for member in wanted)
        if fault := next(filter(None, faults), None):
            raise NotPlayed("known", f"no {name}: {there[0].evidence}", fault)
        raise NotPlayed("unsupported", f"no {name}: {there[0].evidence}")

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
        if made.outcome != "match":
            raise NotPlayed("blocked", f"it depends on {whole}: {made.verdict}")

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
            tidies=venue.server is None,
        )

    def _play(self, scenario: Scenario, venue: Venue) -> tuple[Result, str | None]:
        """Play it; when the server is dead afterwards, find out who killed it."""
        with self._alone(scenario, venue) as (before, alone):
            result = self._player(venue, self.patience).play(scenario.talk.script(self.judged))
        if result.outcome in ("match", "mismatch", "malformed") or self.stage.lives(venue, result.outcome):
            if result.outcome == "died":  # it lives, but took no connection just then
                result.outcome = "closed"
            result = self._undisturbed(scenario, venue, result)
            return result, result.reason
        said = self.stage.retire(venue)
        if venue.server is None:
            self.dead = scenario.id
            result.outcome = "died"
            return result, f"the target does not answer any more: {said}"
        if "shutdown" in scenario.requires:
            return result, result.reason
        if self.settings.faults.deadly(scenario.id, self.judged) is not None:
            result.outcome = "died"  # it had a server of its own
            return result, f"the server died while this was played: {said}"
        # Everybody whose server died is repeated on one of its own: the one that kills it is found by itself.
        second = self._again(scenario, venue)
        if second is None:
            result.outcome = "died"
            return result, f"the server died while this was played, and again when it was repeated: {said}"
        if alone() and before is not None:
            self._blame(before, f"the server died after this was played, and not of what was played next: {said}")
        elif alone():
            result.outcome = "died"
            return result, f"the server died while this was played, though not when it was repeated: {said}"
        return second, second.reason

    @contextlib.contextmanager
    def _alone(self, scenario: Scenario, venue: Venue) -> Iterator[tuple[str | None, Callable[[], bool]]]:
        """Yield the previous scenario on this server, and whether this one ran alone."""
        if venue.server is None:
            yield None, lambda: False
            return
        with self._guard:
            usage = self._usage.setdefault(venue.server, _Usage())
            before, empty = usage.last, usage.now == 0
            usage.now += 1
            usage.began += 1
            number = usage.began
        alone = False
        try:
            yield before, lambda: alone
        finally:
            with self._guard:
                usage.now -= 1
                usage.last = scenario.id
                alone = empty and usage.began == number

    def _blame(self, name: str, reason: str) -> None:
        """Let the scenario that was the last on a server have killed it."""
        made = self._records.get(name)
        if made is not None and made.verdict != "target-died":
            made = self._records[name] = replace(made, verdict="target-died", reason=reason)
            self.late.append(made)

    def _undisturbed(self, scenario: Scenario, venue: Venue, result: Result) -> Result:
        """Return the result, or that of a repeat on a new server if the first one may have disturbed it."""
        for _ in range(RETRIES if venue.restless else 0):
            if result.outcome == "match":
                break
            result = self._again(scenario, venue) or result
        return result

    def _again(self, scenario: Scenario, venue: Venue) -> Result | None:
        """Play it once more on a new server; return None when that one dies, too."""
        with self.stage.instead(venue) as other:
            result = self._player(other, self.patience).play(scenario.talk.script(self.judged))
            if result.outcome in ("match", "mismatch") or self.stage.lives(other, result.outcome):
                return result
            return None

    def _asks_again(self, scenario: Scenario) -> bool:
        """Tell whether the scripts of other versions send something else, so that they have to be played to compare."""
        talk = scenario.talk
        if not talk.guards:
            return False
        scripts = [talk.script(version) for version, *_ in talk.variants().values()]
        return any(not likeness.same_requests(talk.script(self.judged), script) for script in scripts)

    def _compare(self, scenario: Scenario, venue: Venue, result: Result) -> dict[str, bool]:
        """Hold a scenario with guards against the other releases, too: which of them does the target answer like?

        What was answered is enough where they send the same; else it is played as of them.
        """
        like: dict[str, bool] = {}
        if not scenario.talk.guards:
            return like
        script = scenario.talk.script(self.judged)
        played = {scenario.talk.variant(self.judged): result.outcome == "match"}
        for variant, releases in scenario.talk.variants().items():
            concerned = [version for version in releases if scenario.applies_to(version)]
            if not concerned:
                continue
            if variant not in played:
                if venue.server is not None and not venue.server.alive:
                    return {}
                player = self._player(venue, Patience(COMPARE))
                other = scenario.talk.script(concerned[0])
                told = likeness.matches(player, script, result, other)
                played[variant] = told if told is not None else player.play(other).outcome == "match"
            like[written(concerned)] = played[variant]
        return like

    def place(self, *requires: str) -> Address:
        """Return the address of a server started as `requires` says; raise NotPlayed when there is none."""
        return self.stage.place(frozenset(requires))

    def shared(self) -> contextlib.AbstractContextManager[None]:
        """Hold the target together with others, so that no worker plays meanwhile what needs it alone."""
        return self.stage.lock.shared() if self.stage.lock is not None else contextlib.nullcontext()

    def close(self) -> None:
        """Stop every server that was started for this run."""
        self.stage.close()
