"""What becomes of scenarios on one target; whole runs of pytest are in tests/replay/pytest_plugin."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from suite_run import COUNTS, PASSES, WRONG

from mclite.replay.judge.faults import Faults
from mclite.replay.judge.record import Record
from mclite.replay.run.target_run import TargetRun
from mclite.replay.scenario.scenario import Scenario
from mclite.replay.target.spec import TargetSpec, find_spec

GUARDED = """
[[scenario]]
id = "guarded"
title = "get without a key"
talk = '''
> get
<[..1.6.39] ERROR
<[1.6.40..] CLIENT_ERROR {:rest}
'''
"""
BUILDS_ON = """
[[scenario]]
id = "builds-on"
title = "something that builds on another scenario"
depends = ["NAME"]
talk = '''
> get {key}
< END
'''
"""


def needing(name: str) -> str:
    return PASSES.replace('title = "A', f'requires = ["{name}"]\ntitle = "A', 1)


def examined(run: TargetRun, scenarios: list[Scenario]) -> list[Record]:
    return [run.examine(scenario) for scenario in scenarios]


def test_scenarios_are_played_once_and_judged(
    run: Callable[..., TargetRun], write: Callable[[str], list[Scenario]], running: Callable[..., str]
) -> None:
    target = run(running())
    scenarios = write(PASSES + WRONG)
    made = examined(target, scenarios)
    assert [(one.id, one.verdict, one.outcome) for one in made] == [
        ("chapter/file/stored", "pass", "match"),
        ("chapter/file/no-key", "pass", "match"),
        ("chapter/file/wrong", "fail", "mismatch"),
    ]
    assert examined(target, scenarios) == made
    assert made[2].replay.endswith(f"conformance/chapter/file.toml::wrong --target {target.info.address}")


@pytest.mark.parametrize(
    ("settings", "fields", "words"),
    [
        ({}, {"judged": "1.6.38"}, "--as 1.6.38"),
        ({"delivery": "lines", "chop": 3}, {}, "--deliver lines --chop 3"),
        ({"destructive": True, "transport": "tls"}, {}, "--transport tls --destructive"),
        ({"check": True}, {}, "mclite check h:1 --only chapter/file/stored"),
    ],
)
def test_the_command_that_replays_has_the_options_of_the_run(
    run: Callable[..., TargetRun],
    write: Callable[[str], list[Scenario]],
    settings: dict[str, Any],
    fields: dict[str, str],
    words: str,
) -> None:
    assert words in run("h:1", settings, **fields).replay(write(PASSES)[0])


@pytest.mark.parametrize(
    ("found", "lacks", "verdict", "reason"),
    [
        ((False, "`mg k` was answered `ERROR`"), [], "unsupported", "no meta: `mg k` was answered `ERROR`"),
        ((None, "it could harm"), [], "skipped", "meta was not tried: it could harm"),
        ((True, "EN"), [], "pass", None),
        ((True, "EN"), ["mg", "ms", "md", "ma", "mn", "me"], "unsupported", "meta is declared absent"),
        ((True, "EN"), ["ms"], "pass", None),
        ((True, "EN"), ["get"], "unsupported", "get is declared absent"),  # which it sends
    ],
)
def test_what_a_scenario_needs_decides_before_it_is_played(
    run: Callable[..., TargetRun],
    write: Callable[[str], list[Scenario]],
    running: Callable[..., str],
    found: tuple[bool | None, str],
    lacks: list[str],
    verdict: str,
    reason: str | None,
) -> None:
    target = run(running(), capabilities={"mg": found}, lacks=lacks)
    made = target.examine(write(needing("meta"))[0])
    assert (made.verdict, made.reason) == (verdict, reason)
    assert (made.outcome == "not-run") is (verdict != "pass")


def test_a_scenario_is_blocked_by_the_one_that_it_builds_on(
    run: Callable[..., TargetRun], write: Callable[[str], list[Scenario]], running: Callable[..., str]
) -> None:
    target = run(running())
    made = examined(target, write(BUILDS_ON.replace("NAME", "wrong") + WRONG))
    assert (made[0].verdict, made[0].reason) == ("blocked", "it depends on chapter/file/wrong: fail")
    (missing,) = write(BUILDS_ON.replace("NAME", "none").replace("builds-on", "another"))
    assert target.examine(missing).verdict == "suite-error"


def test_answers_are_compared_with_other_releases(
    run: Callable[..., TargetRun], write: Callable[[str], list[Scenario]], running: Callable[..., str]
) -> None:
    (scenario,) = write(GUARDED)
    made = run(running()).examine(scenario)
    assert made.like == {"1.4.15..1.6.39": False, "1.6.40..1.6.45": True} or set(made.like.values()) == {True, False}
    old = run(running("old"), answer="VERSION 1.6.18\r\n", known="1.6.18", judged="1.6.18").examine(scenario)
    assert old.verdict == "pass"
    assert {releases: not like for releases, like in made.like.items()} == dict(old.like)


def test_of_a_server_that_dies_the_killer_is_found(
    run: Callable[..., TargetRun], write: Callable[[str], list[Scenario]], spec: Callable[..., TargetSpec]
) -> None:
    target = run(spec("die-on-delete"))
    made = examined(target, write(WRONG + PASSES))
    assert [one.verdict for one in made] == ["target-died", "pass", "pass"]
    assert "and again when it was repeated" in (made[0].reason or "")
    assert "exit code 7" in (made[0].reason or "") or "7" in (made[0].reason or "")
    assert target.dead is None


def test_a_server_that_dies_behind_a_scenario_revises_its_record(
    run: Callable[..., TargetRun], write: Callable[[str], list[Scenario]], spec: Callable[..., TargetSpec]
) -> None:
    target = run(spec("die-later"))
    scenarios = write(WRONG + PASSES)
    made = examined(target, scenarios)
    assert made[1].verdict == "pass"  # it was repeated on a server of its own
    assert [one.id for one in target.late] == ["chapter/file/wrong"]
    assert target.late[0].verdict == "target-died"
    assert target.examine(scenarios[0]) == target.late[0]


def test_a_running_target_that_dies_blocks_the_rest(
    run: Callable[..., TargetRun], write: Callable[[str], list[Scenario]], running: Callable[..., str]
) -> None:
    target = run(running("die-on-delete"))
    made = examined(target, write(WRONG + PASSES))
    assert [one.verdict for one in made] == ["target-died", "blocked", "blocked"]
    assert target.dead == "chapter/file/wrong"
    assert (made[1].reason or "").endswith("died while chapter/file/wrong was played")


def test_a_fault_of_the_release_is_known(
    run: Callable[..., TargetRun],
    write: Callable[[str], list[Scenario]],
    running: Callable[..., str],
    tmp_path: Path,
) -> None:
    from mclite.replay.judge import faults

    (scenario,) = write(WRONG)
    address = running()
    fingerprint = run(address).examine(scenario).fingerprint
    (tmp_path / "releases.toml").write_text(
        '[[fault]]\nid = "f"\nreleases = "1.6.45"\nreason = "It forgets."\ndies = false\n'
        f'[fault.answers]\n"chapter/file/wrong" = ["{fingerprint}"]\n'
    )
    known: Faults = faults.read(tmp_path / "releases.toml")
    made = run(address, {"faults": known}).examine(scenario)
    assert made.verdict == "known"
    assert made.fault is not None
    assert made.fault.reason == "It forgets."


def test_what_the_reference_answers_otherwise_is_in_the_record(
    run: Callable[..., TargetRun], write: Callable[[str], list[Scenario]], running: Callable[..., str]
) -> None:
    target, reference = run(running()), run(running("terse"))
    target.reference = reference
    same, differs = examined(target, write(PASSES))
    assert same.reference is not None
    assert same.reference.same is True
    assert (differs.verdict, differs.differs) == ("pass", True)
    assert differs.reference is not None
    assert "no key" in (differs.reference.got or "")


def test_places_for_tests_in_python(
    run: Callable[..., TargetRun], write: Callable[[str], list[Scenario]], running: Callable[..., str]
) -> None:
    target = run(running(), {"destructive": True})
    assert str(target.place()) == target.info.address
    with target.shared():
        assert target.examine(write(PASSES)[0]).verdict == "pass"
    assert target.examine(write(COUNTS)[0]).verdict == "pass"


#: A toy that answers rightly from its NUMBER-th start on.
LATER = """
import pathlib, runpy, sys
count = pathlib.Path({folder!r}) / "starts"
count.write_text(count.read_text() + "x" if count.exists() else "x")
sys.argv = ["toy", sys.argv[1]] + (["wrong-set"] if len(count.read_text()) < {number} else [])
runpy.run_path({toy!r}, run_name="__main__")
"""


@pytest.mark.parametrize(
    ("number", "requires", "verdict"),
    [
        (3, ["no-lru-maintainer", "fresh"], "pass"),
        (9, ["no-lru-maintainer", "fresh"], "fail"),
        (3, ["fresh"], "fail"),
        (1, ["no-lru-maintainer"], "skipped"),
    ],
)
def test_what_a_thread_of_the_server_may_disturb_is_repeated_on_new_servers(
    run: Callable[..., TargetRun],
    write: Callable[[str], list[Scenario]],
    tmp_path: Path,
    number: int,
    requires: list[str],
    verdict: str,
) -> None:
    script = tmp_path / "later.py"
    toy = Path(__file__).parents[1] / "toy_server.py"
    script.write_text(LATER.format(folder=str(tmp_path), number=number + 1, toy=str(toy)))  # the first is the main one
    target = run(find_spec(f"{sys.executable} {script} {{port}}", Path()))
    (stored, *_) = write(PASSES.replace('title = "A', f'requires = {json.dumps(requires)}\ntitle = "A', 1))
    assert target.examine(stored).verdict == verdict
