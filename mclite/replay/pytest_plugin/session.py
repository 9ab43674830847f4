"""A run of the suite in one process: its targets, its timeline, its records and its exit code."""

from __future__ import annotations

import datetime
import json
import shutil
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

import mclite
from mclite.replay import files
from mclite.replay.clients import results as clients
from mclite.replay.judge import baseline, faults
from mclite.replay.judge.baseline import Baseline
from mclite.replay.judge.offers import Offered, matched
from mclite.replay.judge.record import Record
from mclite.replay.judge.verdicts import (
    CONFORMS,
    DEVIATES,
    NOT_WRITTEN,
    NOTHING_JUDGED,
    PLAYED,
    STALE_BASELINE,
    UNREACHABLE,
    USAGE,
)
from mclite.replay.play.outcome import Keys, process_prefix
from mclite.replay.play.timeline import Timeline
from mclite.replay.play.transport import parse_address
from mclite.replay.pytest_plugin.offered import OfferBook
from mclite.replay.pytest_plugin.options import Options
from mclite.replay.pytest_plugin.output import Output
from mclite.replay.results.document import Client, Results, Run, Target
from mclite.replay.results.write import document
from mclite.replay.run.stage import WAITS, Settings, TargetInfo
from mclite.replay.run.target_run import TargetRun
from mclite.replay.scenario.holdings import Holdings
from mclite.replay.scenario.scenario import Level, Scenario
from mclite.replay.scenario.versions import parse_version
from mclite.replay.target.capabilities import Capability
from mclite.replay.target.servers import Server
from mclite.replay.target.spec import Asked


class Item(Protocol):
    """A scenario to be played to the target of this number."""

    scenario: Scenario
    target: int


#: Seconds that a worker waits for the others to be through with what needs the target alone.
OTHERS = 900.0
#: How the name of a file ends in which a worker says what it was asked for.
_CHOSEN = ".chosen"


class Session:
    """The suite at `root`, played as `options` say, by this process or by its workers."""

    def __init__(self, config: pytest.Config, root: Path, options: Options) -> None:
        """Prepare; nothing is started yet."""
        self.config = config
        self.root = root
        self.options = options
        self.infos: list[TargetInfo] = []
        self.reference: TargetInfo | None = None
        self.runs: list[TargetRun] = []
        self.records: list[dict[str, Record]] = []
        self.clients: list[dict[str, Client]] = []
        self.offers: list[OfferBook] = []
        self.folder: Path | None = None
        self.holdings = Holdings(root)
        self.chosen: list[set[str]] = [set() for _ in options.targets]
        self.shown = 0
        self.output = Output(options)
        self.documents: list[Results] = []
        self.stale: list[str] = []
        self.malformed = False
        self._began = time.monotonic()
        self._started = datetime.datetime.now(datetime.UTC)
        self._worker = ""
        self._timeline: Timeline[Item, Record] | None = None
        self._baselines: list[Baseline | None] = []
        self._alone: set[Item] = set()
        self._waiting: list[Item] = []
        self._references: dict[str, TargetRun] = {}  # by the version that they are judged as

    # -- playing

    @property
    def asked(self) -> list[Asked]:
        """Every server that was asked for: the targets, and behind them the reference if there is one."""
        return [*self.options.targets, *([self.options.reference] if self.options.reference else [])]

    def use(self, infos: list[TargetInfo], servers: list[Server | None], worker: str) -> None:
        """Use these targets, and behind them the reference if there is one; a worker takes keys of its own."""
        beside = servers[-1]
        if self.options.reference is not None:
            self.reference, infos, servers = infos[-1], infos[:-1], servers[:-1]
            theirs = Keys(process_prefix(self.reference.prefix, worker))  # of all who play to it
        self.infos = infos
        self._worker = worker
        settings = self._settings()
        for info, server, asked in zip(infos, servers, self.options.targets, strict=True):
            run = TargetRun(info, Keys(process_prefix(info.prefix, worker)), settings, asked.spec, server)
            if self.options.reference is not None and self.reference is not None:
                if info.judged not in self._references:
                    twin = replace(self.reference, judged=info.judged)
                    main = beside if not self._references else None
                    self._references[info.judged] = TargetRun(twin, theirs, settings, self.options.reference.spec, main)
                run.reference, run.beside = self._references[info.judged], self.options.reference.option
            self.runs.append(run)
            self._baselines.append(self._read_baseline(info))
            self.offers.append(OfferBook(info, settings.faults, self._baselines[-1]))
            self.records.append({})
            self.clients.append({})

    def _settings(self) -> Settings:
        return Settings(
            self.root,
            self.options.deliver,
            self.options.chop,
            self.options.strict,
            self.options.destructive,
            self.options.check,
            self.options.transport,
            faults.read(self.root / faults.FILE),
        )

    def _read_baseline(self, info: TargetInfo) -> Baseline | None:
        """Return the baseline that was asked for."""
        path = self.options.baseline
        if path is None:
            return None
        info.baseline = str(path)
        return baseline.read(path) if path.is_file() else Baseline()

    def concerns(self, item: Item) -> bool:
        """Tell whether the scenario is about the version that its target is judged as."""
        return item.scenario.applies_to(parse_version(self.infos[item.target].judged))

    def rank(self, item: pytest.Item) -> tuple[int, int]:
        """Return where the item comes: first what needs a running target alone, last what waits."""
        target = getattr(item, "target", None)
        if hasattr(item, "offer"):
            return -1, 0
        if not isinstance(target, int) or not hasattr(item, "scenario"):
            return 2, 0
        if self._needs_alone(item):  # type: ignore[arg-type]  # checked by what it has
            return 0, target
        return (3 if self.runs[target].waits(item.scenario) > WAITS else 1), target

    def _needs_alone(self, item: Item) -> bool:
        beside = self.options.reference
        runs = self.options.targets[item.target].spec is None or (beside is not None and beside.spec is None)
        return item.scenario.scope == "server" and runs

    def choose(self, items: Iterable[Item]) -> None:
        """Take note of the scenarios that pytest selected; a worker leaves a note, for it may not live to tell."""
        for item in items:
            self.chosen[item.target].add(item.scenario.id)
        if self._worker and self.folder is not None:
            files.write(json.dumps([sorted(ids) for ids in self.chosen]), self.folder / f"{self._worker}{_CHOSEN}")

    def plan(self, items: list[Item]) -> None:
        """Take note of this process's items; begin with those that wait when nothing is in their way."""
        self._alone = {item for item in items if self._needs_alone(item)}
        self._waiting = [
            item for item in items if item not in self._alone and self.runs[item.target].waits(item.scenario) > WAITS
        ]
        self._begin_waiting()

    def _begin_waiting(self, block: bool = False) -> None:
        """Start the timeline, unless some worker still needs a target alone."""
        if self._timeline is not None or not self._waiting or self._alone:
            return
        deadline = time.monotonic() + OTHERS
        while not self._others_done():
            if not block or time.monotonic() > deadline:
                return
            time.sleep(0.02)
        self._timeline = Timeline(lambda item: self.runs[item.target].examine(item.scenario))
        self._timeline.start((self.runs[item.target].waits(item.scenario), item) for item in self._waiting)

    def _others_done(self) -> bool:
        """Tell whether every worker is through with what needs a target alone; say so for this one."""
        worker: dict[str, Any] | None = getattr(self.config, "workerinput", None)
        if worker is None or self.folder is None or all(asked.spec for asked in self.asked):
            return True
        (self.folder / f"{self._worker}.through").touch()
        return len(list(self.folder.glob("*.through"))) >= int(worker["workercount"])

    def examine(self, item: Item) -> Record:
        """Return the record of an item: play it, or wait for its end on the timeline."""
        self._begin_waiting(block=item in self._waiting)
        run = self.runs[item.target]
        try:
            if self._timeline is not None and item in self._timeline:
                return self._marked(item.target, self._timeline.result(item))
            return self._marked(item.target, run.examine(item.scenario))
        finally:
            self._alone.discard(item)
            if not self._alone:
                self._others_done()

    def late(self, target: int) -> list[Record]:
        """Return the records revised since the last time, because the server died after the scenario."""
        found, self.runs[target].late = self.runs[target].late, []
        return [self._marked(target, made) for made in found]

    def gate(self, target: int) -> Level:
        """Return the gate of a target: that of the command line, or of its target file, or `must`."""
        spec = self.options.targets[target].spec
        return self.options.gate or (spec.gate if spec is not None else "must")

    def fails(self, target: int, made: Record) -> bool:
        """Tell whether the record fails the run; while a baseline is written, only a death does."""
        if self.options.update_baseline and made.verdict != "target-died":
            return False
        strict = self.options.strict
        return made.fails(self.gate(target), strict) or (strict and made.differs)

    def fails_offer(self, made: Offered) -> bool:
        """Tell whether what is not offered fails the run; while a baseline is written, nothing does."""
        return not self.options.update_baseline and made.fails_run(self.options.strict)

    def _marked(self, target: int, made: Record) -> Record:
        """Return the record with what the baseline says of it."""
        known = self._baselines[target]
        return known.marked(made) if known is not None else made

    def close(self) -> None:
        """Stop every server of this process."""
        for run in (*self.runs, *self._references.values()):
            run.close()
        if self.folder is not None and not self._worker:
            for note in self.folder.glob(f"*{_CHOSEN}"):
                for ids, noted in zip(self.chosen, json.loads(note.read_text()), strict=True):
                    ids.update(noted)
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- the end

    @property
    def lost_reference(self) -> str | None:
        """The scenario at which a reference died that nobody can start again."""
        beside = self.options.reference
        if beside is None or beside.spec is not None:
            return None
        everything = (made for records in self.records for made in records.values())
        return next((made.id for made in everything if made.reference and made.reference.outcome == "died"), None)

    def gather(self, target: int, made: Record) -> None:
        """Take in the record of a scenario."""
        self.records[target][made.id] = made

    def gather_client(self, target: int, found: Client) -> None:
        """Take in what a client library did in one check."""
        clients.gather(self.clients[target], found)

    def finish(self) -> None:
        """Write the results of each target for which scenarios were played, and its page."""
        for index, (info, records) in enumerate(zip(self.infos, self.records, strict=True)):
            asked = self.offers[index].asked
            if not records and not self.clients[index] and not asked:
                continue
            held = self.holdings.ids(parse_version(info.judged))
            complete = held == records.keys() | asked
            self._settle_baseline(index, complete)
            made = self._document(index, complete, len(held.difference(self.offers[index].causes)))
            self.documents.append(made)
            if self.options.no_report:
                continue
            if not (complete or self.options.report_dir):
                why = "no report is written of a part of the suite, unless --report-dir says where"
                self.output.problems.append(why)
            elif made.clients or any(record.verdict in PLAYED for record in made.scenarios):
                self.output.results(made, info, self.reference)
        self.output.index(all(made.run.complete for made in self.documents))

    def _settle_baseline(self, index: int, complete: bool) -> None:
        """Write the baseline when that was asked for; else find its entries that match no scenario."""
        known, records = self._baselines[index], self.records[index]
        if known is None:
            return
        if self.options.update_baseline:
            if not matched(records.values()):
                self.output.problems.append(f"{self.options.baseline} is not written: nothing that was judged matched")
                return
            offered = self.offers[index]
            name = self.infos[index].name
            updated = self.output.baseline(known, records.values(), offered.reported, name, complete)
            if updated is not None:
                self.records[index] = {name: updated.marked(made) for name, made in records.items()}
                offered.mark(updated)
        elif complete:
            self.stale = known.stale(records.values(), self.offers[index].causes)
            self.output.problems += self.stale

    def _document(self, index: int, complete: bool, held: int) -> Results:
        info, records = self.infos[index], self.records[index]
        run = Run(
            id=info.prefix,
            started=self._started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            seconds=round(time.monotonic() - self._began, 3),
            judged=info.judged,
            delivery=self.options.deliver,
            transport=parse_address(info.address).kind,
            complete=complete,
            held=held,
            lost=tuple(sorted(self.chosen[index] - records.keys())),
            strict=self.options.strict,
            destructive=self.options.destructive,
            gate=self.gate(index),
            baseline=info.baseline,
            reference=self.reference.shown if self.reference is not None else None,
            shard=str(self.options.shard) if self.options.shard is not None else None,
        )
        target = Target(
            name=info.name,
            address=info.address,
            version=info.version,
            known_version=info.known,
            spawn=info.spawn,
            capabilities={name: Capability(*found) for name, found in info.capabilities.items()},
        )
        found = clients.explained(self.clients[index], records)
        return document(run, target, records.values(), mclite.__version__, found, self.offers[index].reported)

    def exit_code(self, exitstatus: int, failed: int) -> int:
        """Return the exit code of the run, given pytest's own and how many items failed."""
        if exitstatus == pytest.ExitCode.USAGE_ERROR or self.malformed:
            return USAGE
        if exitstatus == pytest.ExitCode.INTERRUPTED and 0 < (self.config.getoption("maxfail") or 0) <= failed:
            exitstatus = pytest.ExitCode.TESTS_FAILED  # so pytest-xdist stops at the first failures
        if exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR) or not self.infos:
            return NOTHING_JUDGED if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED else exitstatus
        everything = [made for records in self.records for made in records.values()]
        if any(made.died for made in everything) or self.lost_reference is not None:
            return UNREACHABLE
        if self.output.failed:
            return NOT_WRITTEN
        if failed or exitstatus == pytest.ExitCode.TESTS_FAILED or any(made.run.lost for made in self.documents):
            return DEVIATES
        fixed = any(one.baseline == "fixed" for book in self.offers for one in book.reported)
        if self.stale or fixed or any(made.baseline == "fixed" for made in everything):
            return STALE_BASELINE
        judged = [records.values() for records in self.records if records]
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED or not all(map(matched, judged)):
            return NOTHING_JUDGED
        return CONFORMS
