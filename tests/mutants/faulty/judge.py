"""Plays the suite to a server with a fault and says which scenarios it fails: the suite is the only judge."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from faulty.nursery import Nursery, NurseryError, nursed
from mclite.protocol.replies import RELEASE
from mclite.replay.judge.record import Record
from mclite.replay.play.outcome import Keys, Patience, Result, process_prefix
from mclite.replay.play.timeline import Timeline
from mclite.replay.play.transport import Unreachable
from mclite.replay.run.prepare import prepare
from mclite.replay.run.stage import WAITS, Settings, Venue
from mclite.replay.run.target_run import TargetRun
from mclite.replay.scenario.lint import load_all
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import Scenario
from mclite.replay.scenario.versions import parse_version
from mclite.replay.target.spec import Asked, TargetError, find_spec

PATIENCE, TOGETHER = 0.6, 8.0
"""Seconds that an answer is waited for, at first, and while all that waits does so at once."""
PATIENT, CONFIRMED = 3.0, 2
"""Seconds that it is waited for again before it counts as lost; so many failures of what waits are played again."""
SLOW = 3.0
"""Scenarios that really wait longer than this, in seconds, are not played to faults of other chapters."""
UNANSWERED = 4
"""After so many lost answers the fault is found out beyond doubt, and the rest of the suite is left out."""

GOOD = frozenset({"pass", "same"})
BAD = frozenset({"fail", "warn", "differs", "target-died", "skipped", "unsupported"})
"""Skipped is what the server could not be started for; unsupported, what the fault took away."""


@dataclass(slots=True)
class Judgement:
    """What the suite said of one server: `killers` failed, `played` were played, `seconds` it took.

    `killers` gives the outcome for each id; `suite` is the state of what was played. `dead` says why the server did not
    even start; `broken` names exceptions that it told of, and so is a fault of the fault.
    """

    killers: dict[str, str] = field(default_factory=dict)
    played: int = 0
    seconds: float = 0.0
    dead: str = ""
    complete: bool = True
    suite: str = ""
    broken: list[str] = field(default_factory=list)

    def to_plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return dataclasses.asdict(self)


class _Run(TargetRun):
    """A run that judges only; which version a server resembles is not asked."""

    def _compare(self, scenario: Scenario, venue: Venue, result: Result) -> dict[str, bool]:
        return {}


def suite() -> list[Scenario]:
    """Return the scenarios that are about the version that mclite answers as."""
    scenarios, faults = load_all(default_root())
    for fault in faults:
        print(f"left out, malformed: {fault}")
    version = parse_version(RELEASE)
    return [scenario for scenario in scenarios if scenario.applies_to(version)]


def state(chapters: Iterable[str]) -> str:
    """Return what changes when a file of these `chapters` does."""
    found = hashlib.sha256()
    for chapter in sorted(chapters):
        for path in sorted((default_root() / chapter).glob("*.toml")):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def judge(
    nursery: Nursery,
    scenarios: Sequence[Scenario],
    chapters: Collection[str] = (),
    first: bool = False,
    ignored: Collection[str] = (),
) -> Judgement:
    """Play `scenarios` to servers of the `nursery`.

    Those of `chapters` are all played, without any `chapters` all that there are; the others, if none of these failed,
    until one does. With `first` stop at the first that fails. `ignored` ones fail without a fault, and are not played.
    """
    began = time.monotonic()
    made = Judgement()
    nursery.tracebacks.clear()
    with nursed(nursery):
        spec = dataclasses.replace(
            find_spec("mclite", default_root() / "targets"),
            command="mclite -l {host} -p {port}",
        )
        try:
            info, main = prepare(Asked("", spec=spec), RELEASE)
        except (TargetError, Unreachable, NurseryError) as error:
            made.dead = str(error)
            made.killers["(the server does not start)"] = "died"
            made.seconds = round(time.monotonic() - began, 1)
            return made
        run = _Run(info, Keys(process_prefix(info.prefix)), Settings(default_root(), check=True), spec, main)
        run.patience = Patience(PATIENCE)
        wanted = [scenario for scenario in scenarios if scenario.id not in ignored]
        near = [scenario for scenario in wanted if not chapters or scenario.chapter in chapters]
        far = [scenario for scenario in wanted if chapters and scenario.chapter not in chapters]
        parts = (
            (near, first),
            ([scenario for scenario in far if run.waits(scenario) <= SLOW], True),
        )
        try:
            for part, stop in parts:
                if not made.killers:
                    _play(run, made, part, stop)
                elif part:
                    made.complete = False
        finally:
            run.close()
            made.broken = nursery.tracebacks[:3]
    made.seconds = round(time.monotonic() - began, 1)
    return made


def _play(run: TargetRun, made: Judgement, scenarios: list[Scenario], first: bool) -> None:
    """Play `scenarios`, at last those that wait, all of them at once."""
    lock = threading.Lock()

    def examine(scenario: Scenario) -> Record | None:
        if (first and made.killers) or _lost(made) >= UNANSWERED:
            made.complete = False
            return None
        record = run.examine(scenario)
        timing = record.outcome == "timeout" or (run.waits(scenario) > WAITS and len(made.killers) < CONFIRMED)
        if timing and record.verdict in BAD:
            record = _again(run, scenario)
        with lock:
            if record.verdict in BAD:
                made.killers[scenario.id] = record.outcome
            made.played += record.verdict in GOOD or record.verdict in BAD
        return record

    now = [scenario for scenario in scenarios if run.waits(scenario) <= WAITS]
    later = [scenario for scenario in scenarios if run.waits(scenario) > WAITS]
    _each(now, examine)
    if not later or (first and made.killers):
        return
    before, run.patience.seconds = run.patience.seconds, min(TOGETHER, run.patience.seconds * TOGETHER)
    timeline: Timeline[Scenario, Record | None] = Timeline(examine)
    timeline.start((run.waits(scenario), scenario) for scenario in later)
    _each(later, timeline.result)
    run.patience.seconds = before


def _lost(made: Judgement) -> int:
    return sum(outcome == "timeout" for outcome in made.killers.values())


def _again(run: TargetRun, scenario: Scenario) -> Record:
    """Play a scenario again with all patience: the machine may just have been busy."""
    with _guard:
        run._records.pop(scenario.id, None)
        before, run.patience = run.patience, Patience(PATIENT)
        try:
            return run.examine(scenario)
        finally:
            run.patience = before


_guard = threading.Lock()


def _each(scenarios: list[Scenario], examine: Callable[[Scenario], Record | None]) -> None:
    for scenario in scenarios:
        examine(scenario)
