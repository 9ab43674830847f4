"""`pytest conformance --client DRIVER`: client scenarios as items, played together before the first is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from mclite.replay import files
from mclite.replay.clientcheck import drivers, results, terminal, withheld
from mclite.replay.clientcheck import run as running
from mclite.replay.clientcheck.driver import DriverError
from mclite.replay.clientcheck.run import Record
from mclite.replay.clientcheck.scenario import FOLDER, Scenario, load, load_all, scenario_files
from mclite.replay.judge.verdicts import CONFORMS, DEVIATES, NOT_WRITTEN, NOTHING_JUDGED, UNREACHABLE, USAGE, fails
from mclite.replay.pytest_plugin.options import UsageError
from mclite.replay.scenario.scenario import Level, SuiteError

#: Failures that are shown with their dialogue.
IN_FULL = 10


class ClientFailed(Exception):  # noqa: N818  # the word for what it is
    """The client does not stand the scenario, or its driver does not do what a driver does; the text says how."""


class ClientSuite:
    """The drivers of a run, the items that were chosen, and what came of them."""

    def __init__(self, config: pytest.Config, root: Path) -> None:
        """Read the command line; raise UsageError for a driver that is not there."""
        self.config, self.root = config, root
        self.gate: Level = config.getoption("gate") or "must"
        if config.getoption("target") or config.getoption("spawn"):
            raise UsageError("--client judges a client, --target and --spawn a server: one of them at a time")
        if config.getoption("numprocesses", None):
            raise UsageError("--client plays its scenarios at the same time already: leave -n out")
        try:
            self.drivers = [drivers.find(text) for text in config.getoption("client")]
        except drivers.UnknownDriverError as error:
            raise UsageError(f"--client: {error}") from None
        self.items: list[ClientItem] = []
        self.runs: dict[int, running.Run] = {}
        self.faults: dict[int, str] = {}
        self.page: Path | None = None
        self.unwritten: str | None = None
        self.shown = 0

    def file(self, path: Path, parent: pytest.Collector) -> ClientFile | None:
        """Return the collector of a file with client scenarios, None for another file."""
        if path not in scenario_files(self.root / FOLDER):
            return None
        made: ClientFile = ClientFile.from_parent(parent, path=path)
        made.suite = self
        return made

    def choose(self, items: Iterable[pytest.Item]) -> None:
        """Take note of the items that are to be played."""
        self.items = [item for item in items if isinstance(item, ClientItem)]

    def records(self, number: int, scenario: Scenario) -> list[Record]:
        """Return what came of a scenario with a driver, over each protocol; play all that were chosen first."""
        if number not in self.runs and number not in self.faults:
            name, command = self.drivers[number]
            chosen = [item.scenario for item in self.items if item.number == number]
            try:
                self.runs[number] = asyncio.run(running.check(name, command, chosen))
            except DriverError as error:
                self.faults[number] = f"the driver {name} {error}"
        if number in self.faults:
            raise ClientFailed(self.faults[number])
        return [record for record in self.runs[number].records if record.scenario is scenario]

    def finish(self) -> None:
        """Write the results."""
        if not self.runs or self.config.getoption("no_report"):
            return
        whole = len(load_all(self.root / FOLDER)) * len(self.drivers) == len(self.items)
        from mclite.replay.clientcheck import output  # it needs jinja2

        entries = withheld.load(self.root / FOLDER / "withheld.toml")
        made = [results.document(run, entries, self.gate, complete=whole) for run in self.runs.values()]
        try:
            self.page = output.write(made, self.config.getoption("report_dir"))
        except files.WriteError as error:
            self.unwritten = str(error)

    def exit_code(self, status: int, malformed: bool) -> int:
        """Return the exit code of the run, given pytest's own."""
        if status == pytest.ExitCode.USAGE_ERROR or malformed:
            return USAGE
        if self.faults:
            return UNREACHABLE
        if self.unwritten is not None:
            return NOT_WRITTEN
        if status == pytest.ExitCode.NO_TESTS_COLLECTED:
            return NOTHING_JUDGED
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return status
        codes = [results.exit_code(run.records, self.gate) for run in self.runs.values()]
        return DEVIATES if DEVIATES in codes else NOTHING_JUDGED if NOTHING_JUDGED in codes else CONFORMS

    def summary(self, reporter: Any) -> None:
        """Say the causes and the verdict of each client."""
        for run in self.runs.values():
            reporter.section(f"{run.hello.client} {run.hello.version}", sep="-")
            for line in terminal.summary(results.document(run, [], self.gate)):
                reporter.line(line)
        for sentence in filter(None, (*self.faults.values(), self.unwritten)):
            reporter.line(sentence)
        if self.page is not None:
            reporter.line(f"report: {self.page}")


class ClientFile(pytest.File):
    """A TOML file of client scenarios."""

    suite: ClientSuite

    def collect(self) -> Iterable[pytest.Item]:
        """Yield an item for each scenario and driver."""
        try:
            scenarios = load(self.path)
        except SuiteError as error:
            raise self.CollectError(f"a fault of the suite, not of the client:\n{error}") from None
        several = len(self.suite.drivers) > 1
        for scenario in scenarios:
            slug = scenario.id.partition("/")[2]
            for number, (name, _) in enumerate(self.suite.drivers):
                item: ClientItem = ClientItem.from_parent(self, name=f"{slug}[{name}]" if several else slug)
                item.scenario, item.number, item.suite = scenario, number, self.suite
                item.extra_keyword_matches.update({scenario.level, *scenario.protocols, *scenario.talk.operations})
                item.add_marker(scenario.level)
                yield item


class ClientItem(pytest.Item):
    """A scenario to be played with one driver, over each protocol of its client."""

    scenario: Scenario
    number: int
    suite: ClientSuite

    def runtest(self) -> None:
        """Fail, skip or pass as the verdicts say."""
        records = self.suite.records(self.number, self.scenario)
        failed = [record for record in records if fails(record.verdict, self.suite.gate)]
        if failed:
            raise ClientFailed("\n".join(line for record in failed for line in terminal.failure(record)))
        if not records:
            pytest.skip("the client does not speak the protocol")
        if all(record.verdict == "unsupported" for record in records):
            pytest.skip(f"unsupported: {records[0].played.unsupported}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what is wrong and the dialogue, not a traceback."""
        if not isinstance(excinfo.value, ClientFailed):
            return super().repr_failure(excinfo, style)
        self.suite.shown += 1
        lines = str(excinfo.value).splitlines()
        return "\n".join(lines if self.suite.shown <= IN_FULL else lines[:2])

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the scenario stands."""
        return self.path, self.scenario.line - 1, self.scenario.title
