from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mclite.replay.combinations.cover import rows
from mclite.replay.combinations.generate import CHAPTER, scenario
from mclite.replay.combinations.measure import faults, measure, report, row_of
from mclite.replay.combinations.table import Table
from mclite.replay.combinations.tables import TABLES
from mclite.replay.scenario.lint import load_all
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import Scenario


@pytest.fixture(scope="module")
def committed() -> list[Scenario]:
    return [one for one in load_all(default_root())[0] if one.chapter == CHAPTER]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_row_is_read_back_from_its_talk(table: Table) -> None:
    for row in rows(table):
        assert row_of(table, "\n".join(scenario(table, row).talk)) == row


def test_nothing_is_missing(committed: list[Scenario]) -> None:
    assert list(faults(committed, default_root())) == []
    wanted, shown = zip(*(line.split()[-2:] for line in list(report(committed))[1:]), strict=True)
    assert wanted == shown


def test_what_falls_is_a_fault(committed: list[Scenario]) -> None:
    fewer = [one for one in committed if "q" not in one.slug.split("-") or one.file != f"{CHAPTER}/md.toml"]
    (fault,) = faults(fewer, default_root())
    assert fault.file == f"{CHAPTER}/md.toml"
    assert "combinations are missing, such as" in fault.problem
    assert " with " in fault.problem


def test_a_scenario_that_says_something_else_does_not_count(committed: list[Scenario]) -> None:
    moved = [replace(one, file=one.file.replace("ms.toml", "md.toml")) for one in committed]
    (missing,) = (shown.missing for shown in measure(moved) if shown.table.name == "ms")
    assert missing


def test_a_suite_without_combinations_has_none(tmp_path: Path) -> None:
    assert list(faults([], tmp_path)) == []


@pytest.mark.parametrize("source", ["> get {key}\n< END", "# the request\n> mg {key}\n< EN"])
def test_other_talks_are_no_row(source: str) -> None:
    assert row_of(TABLES[1], source) is None
