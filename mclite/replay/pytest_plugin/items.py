"""Scenarios as pytest items: a TOML file is a collector, each of its scenarios an item a target."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from mclite.replay.judge.record import Record
from mclite.replay.pytest_plugin.session import Session
from mclite.replay.report.evidence import failure_of_record
from mclite.replay.scenario.scenario import Scenario, SuiteError, load

#: So many failures are shown in full by each process; the others in one line, and all of them in the report.
IN_FULL = 25


class ScenarioFailed(Exception):  # noqa: N818  # the word for what it is
    """The target did not answer as the scenario says."""

    def __init__(self, made: Record) -> None:
        super().__init__(made.id)
        self.made = made


class ScenarioFile(pytest.File):
    """A TOML file of scenarios."""

    suite: Session

    @functools.cached_property
    def shown(self) -> str:
        """The file as pytest names it in its output."""
        return os.path.relpath(self.path, self.config.rootpath)

    def collect(self) -> Iterable[pytest.Item]:
        """Yield an item for each scenario and target."""
        try:
            scenarios = load(self.path, self.suite.root)
        except SuiteError as error:
            raise self.CollectError(f"a fault of the suite, not of the target:\n{error}") from None
        self.suite.holdings.add(self.path, scenarios)
        several = len(self.suite.options.targets) > 1
        for scenario in scenarios:
            for index, asked in enumerate(self.suite.options.targets):
                name = f"{scenario.slug}[{asked.label}]" if several else scenario.slug
                yield ScenarioItem.make(self, name, scenario, index)


class ScenarioItem(pytest.Item):
    """A scenario to be played to one target."""

    scenario: Scenario
    target: int
    suite: Session
    made: Record | None = None

    @classmethod
    def make(cls, parent: ScenarioFile, name: str, scenario: Scenario, target: int) -> ScenarioItem:
        """Return the item of a scenario and the number of a target."""
        item: ScenarioItem = cls.from_parent(parent, name=name)
        item.scenario = scenario
        item.target = target
        item.suite = parent.suite
        item.extra_keyword_matches.update({scenario.level, scenario.scope, *scenario.requires, *scenario.commands})
        item.add_marker(scenario.level)
        return item

    def runtest(self) -> None:
        """Play the scenario, or collect it from the timeline; fail, skip or pass as its verdict says."""
        made = self.made = self.suite.examine(self)
        if made.verdict in ("unsupported", "skipped", "blocked"):
            pytest.skip(f"{made.verdict}: {made.reason}")
        if made.fault is not None and not self.suite.fails(self.target, made):
            pytest.xfail(f"{made.reason} (a fault of the release: {made.fault.reason})")
        if made.baseline == "expected":
            pytest.xfail(f"{made.reason} (in the baseline)")
        if self.suite.fails(self.target, made):
            raise ScenarioFailed(made)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the transcript up to the difference, not a traceback."""
        if isinstance(excinfo.value, ScenarioFailed):
            self.suite.shown += 1
            if self.suite.shown > IN_FULL:
                made = excinfo.value.made
                return f"{made.id}: {made.reason} (more in the report; replay: {made.replay})"
            return failure_of_record(excinfo.value.made, self.scenario)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the scenario stands."""
        return self.path, self.scenario.line - 1, self.scenario.title

    @functools.cached_property
    def location(self) -> tuple[str, int | None, str]:
        """The same with the name of the file, which pytest works out anew for every item."""
        assert isinstance(self.parent, ScenarioFile)
        _, line, title = self.reportinfo()
        return self.parent.shown, line, title
