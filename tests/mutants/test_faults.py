"""A short run of the mutants: ten faults, each in a chapter of its own, are found; a server without one is not."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty.faults import FAULTS
from faulty.judge import Judgement, judge, suite
from faulty.nursery import Nursery
from faulty.tables import SURVIVED, UNEXPLAINED, everything, musts, reasons, sharpest, written
from waiting import SECONDS_MAX

from mclite.replay.scenario.scenario import Scenario

#: Files of scenarios that were written after the last whole run of the mutants, a line each; the next run empties it.
UNJUDGED = Path(__file__).resolve().parent / "unjudged.txt"
TABLES = Path(__file__).resolve().parents[2] / "docs" / "mutants-table.md"
SMOKE = {
    "noreply-answered-delete": "deletion",
    "get-miss-not-found": "retrieval",
    "decr-wraps": "arithmetic",
    "append-prepends": "storage",
    "flush-nothing": "flush_all",
    "touch-no-effect": "touch",
    "lost-byte-16384": "wire",
    "quiet-hides-errors": "meta_get",
    "noop-silent": "meta_noop",
    "md-stale-deletes": "meta_delete",
}


@pytest.fixture(scope="module")
def scenarios() -> list[Scenario]:
    return suite()


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as made:
        yield made


@pytest.mark.parametrize("name", SMOKE)
def test_the_suite_kills_a_fault(name: str, scenarios: list[Scenario], nursery: Nursery) -> None:
    chapter = [scenario for scenario in scenarios if scenario.chapter == SMOKE[name]]
    nursery.fault = name
    made = judge(nursery, chapter, [SMOKE[name]], first=True)
    assert made.killers
    assert not made.broken
    assert not made.dead


def test_a_server_without_a_fault_survives(scenarios: list[Scenario], nursery: Nursery) -> None:
    chapter = [scenario for scenario in scenarios if scenario.chapter in ("deletion", "retrieval", "meta_noop")]
    nursery.fault = None
    made = judge(nursery, chapter)
    assert not made.killers
    assert made.played >= len(chapter) * 0.9


def test_every_fault_can_be_put_in() -> None:
    code = (
        "from faulty.faults import FAULTS\n"
        "for fault in FAULTS.values():\n"
        "    try:\n"
        "        fault.how()\n"
        "    except Exception as error:\n"
        "        print(fault.name, repr(error))\n"
    )
    here = Path(__file__).resolve()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={"PYTHONPATH": f"{here.parent}:{here.parents[2]}"},
        capture_output=True,
        text=True,
        timeout=4 * SECONDS_MAX,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == ""


def test_faults_name_chapters_of_the_suite(scenarios: list[Scenario]) -> None:
    chapters = {scenario.chapter for scenario in scenarios}
    wrong = {name: fault.chapters for name, fault in FAULTS.items() if not set(fault.chapters.split()) <= chapters}
    assert not wrong


def test_there_are_enough_faults() -> None:
    assert len(FAULTS) >= 80


def test_reasons_name_scenarios_of_level_must(scenarios: list[Scenario]) -> None:
    musts = {scenario.id for scenario in scenarios if scenario.level == "must"}
    assert not reasons().keys() - musts


def test_the_table_names_killer_and_survivor(scenarios: list[Scenario]) -> None:
    killed, survived = FAULTS["append-prepends"], FAULTS["get-miss-not-found"]
    text = everything(
        [killed, survived],
        {
            "append-prepends": Judgement({"storage/append/after": "mismatch"}, played=10),
            "get-miss-not-found": Judgement(played=10),
        },
        scenarios,
    )
    assert "| `append-prepends` | puts what is appended before the data | 1 | `storage/append/after` |" in text
    assert "- `get-miss-not-found`: answers NOT_FOUND to get of a missing key" in text
    assert "2 faults are judged. 1 are killed: 1 by scenarios of level must, 0 only by others, 0 by the probe" in text
    assert "1 survived." in text


def test_a_scenario_is_named_beside_the_fault_that_the_fewest_notice(scenarios: list[Scenario]) -> None:
    wide, narrow, all_fail = FAULTS["append-prepends"], FAULTS["decr-wraps"], FAULTS["stats-unknown"]
    one, other, third = [scenario.id for scenario in scenarios if scenario.level == "must"][:3]
    named = sharpest(
        [wide, narrow, all_fail],
        {
            wide.name: Judgement({one: "mismatch", other: "mismatch"}, played=10),
            narrow.name: Judgement({one: "mismatch"}, played=10),
            all_fail.name: Judgement(dict.fromkeys([one, other, third, *map(str, range(97))], "mismatch"), played=120),
        },
        scenarios,
    )
    assert named == {wide.name: [other], narrow.name: [one], all_fail.name: []}


def test_the_committed_tables_have_every_fault_killed_and_every_must_scenario(scenarios: list[Scenario]) -> None:
    """What is missing has not been judged yet: `python tests/mutants run`, then `table --write`."""
    faults, named = written(TABLES)
    assert faults ^ FAULTS.keys() == set()
    unjudged = set(UNJUDGED.read_text(encoding="utf-8").split("\n"))
    assert {name for name in musts(scenarios) if name.rsplit("/", 1)[0] not in unjudged} - named == set()
    text = TABLES.read_text(encoding="utf-8")
    assert SURVIVED not in text
    assert UNEXPLAINED not in text


def test_usage_of_an_unknown_fault() -> None:
    program = Path(__file__).resolve().parent
    done = subprocess.run(
        [sys.executable, str(program), "serve", "--fault", "no-such-fault", "-p", "0"],
        capture_output=True,
        text=True,
        timeout=4 * SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 2
    assert "there is no fault no-such-fault" in done.stderr
