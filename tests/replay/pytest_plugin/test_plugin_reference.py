"""Whole runs of pytest with a reference beside the target: what is compared, reported and returned."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest
from suite_run import COUNTS, PASSES, ROOT, WAITS, WRONG, Run, Suite, spawn

WORKERS = pytest.mark.parametrize("workers", [(), ("-n", "2")])
#: A scenario of something that protocol.txt does not speak of.
SILENT = PASSES.replace('id = "no-key"', 'id = "no-key"\nlevel = "observed"')
DELETES = WRONG.replace("< DELETED", "< NOT_FOUND")


def beside(toy: str, *words: str) -> tuple[str, str]:
    return "--reference-spawn", " ".join([toy, *words])


def answers(run: Run) -> dict[str, bool | None]:
    (results,) = run.results.values()
    return {item["id"].rsplit("/", 1)[1]: item["reference"]["same"] for item in results["scenarios"]}


def summary(run: Run) -> dict[str, Any]:
    (results,) = run.results.values()
    schema = json.loads((ROOT / "conformance" / "schema" / "results.json").read_text())
    jsonschema_rs.validate(schema, results, validate_formats=True)
    found: dict[str, Any] = results["summary"]["reference"]
    return found


@WORKERS
def test_the_same(suite: Suite, toy: str, workers: tuple[str, ...]) -> None:
    run = suite(PASSES + COUNTS, *spawn(toy), *beside(toy), *workers, "--strict")
    assert run.code == 0, run.out
    assert answers(run) == {"stored": True, "no-key": True, "pid": True}
    assert summary(run) == {"compared": 3, "differs": 0, "not-compared": 0}
    assert "beside {python}: 0 of 3 differ from the reference" in run.out
    (results,) = run.results.values()
    assert results["run"]["reference"]
    reference = run.record("stored")["reference"]
    transcript = results["transcripts"][reference["transcript"]]
    assert transcript[2][2] == r"STORED\r\n"
    assert reference["outcome"] == "match"
    assert reference["transcript"] != run.record("stored")["transcript"], "each has a transcript of its own"


@WORKERS
def test_differs_where_the_scenario_is_content_with_both(suite: Suite, toy: str, workers: tuple[str, ...]) -> None:
    run = suite(SILENT, *spawn(toy), *beside(toy, "terse"), *workers)
    assert run.code == 0, f"a difference alone does not fail: {run.out}"
    assert run.verdicts == {"stored": "pass", "no-key": "same"}
    assert answers(run) == {"stored": True, "no-key": False}
    reference = run.record("no-key")["reference"]
    assert reference["target"] == r"CLIENT_ERROR bad command line format\r\n"
    assert (reference["got"], reference["step"], reference["outcome"]) == (r"CLIENT_ERROR no key\r\n", 3, "match")
    assert summary(run) == {"compared": 2, "differs": 1, "not-compared": 0}
    assert "1 of 2 differs from the reference" in run.out
    assert r"DIFFERS chapter/file/no-key (same): CLIENT_ERROR bad command line format\r\n, the reference" in run.out
    assert "--reference-spawn" in run.record("no-key")["replay"]
    assert suite(SILENT, *spawn(toy), *beside(toy, "terse"), *workers, "--strict").code == 1


def test_strict_shows_both_answers(suite: Suite, toy: str) -> None:
    run = suite(SILENT, *spawn(toy), *beside(toy, "terse"), "--strict")
    assert "differs from the reference:" in run.out
    assert r"target     CLIENT_ERROR bad command line format\r\n" in run.out
    assert r"reference  CLIENT_ERROR no key\r\n" in run.out


def test_the_reference_is_played_the_script_of_the_target(suite: Suite, toy: str) -> None:
    run = suite(PASSES, *spawn(toy), *beside(toy, "old"))
    assert answers(run) == {"stored": True, "no-key": False}
    reference = run.record("no-key")["reference"]
    assert (reference["outcome"], reference["got"]) == ("mismatch", r"ERROR\r\n")
    assert "to memcached 1.6.45" in run.out


def test_a_wrong_answer_that_both_give_is_no_difference(suite: Suite, toy: str) -> None:
    run = suite(PASSES + WRONG, *spawn(toy), *beside(toy))
    assert (run.code, run.verdicts["wrong"], answers(run)["wrong"]) == (1, "fail", True)


def test_several_targets_have_one_reference(suite: Suite, toy: str, running: Callable[..., str]) -> None:
    run = suite(PASSES, "--target", running(), "--target", running("old"), "--reference", running(), "-n", "2")
    assert run.code == 0, run.out
    assert len(run.results) == 2
    by_version = {results["run"]["as"]: results["summary"]["reference"] for results in run.results.values()}
    assert {version: found["differs"] for version, found in by_version.items()} == {"1.6.45": 0, "1.6.18": 1}


@WORKERS
def test_keys_are_as_short_beside_a_reference_and_of_their_own(
    suite: Suite, toy: str, running: Callable[..., str], workers: tuple[str, ...]
) -> None:
    # The key is new: nobody else who plays to the same reference has it.
    scenario = PASSES.replace("> set {key} 0 0 1", "> get {key:14}\n< END\n> set {key} 0 0 1")
    once = "".join(scenario.replace('"stored"', f'"stored-{n}"').replace('"no-key"', f'"no-key-{n}"') for n in "12")
    words = ["--target", running(), "--target", running("old"), *beside(toy), *workers]
    run = suite(once, *words)
    assert run.code == 0, run.out
    assert {item["verdict"] for made in run.results.values() for item in made["scenarios"]} == {"pass"}
    assert all(
        item["reference"]["same"]
        for made in run.results.values()
        for item in made["scenarios"]
        if "stored" in item["id"]
    )


@pytest.mark.parametrize("delivery", ["bytes", "lines", "pipelined"])
def test_deliveries(suite: Suite, toy: str, delivery: str) -> None:
    run = suite(PASSES, *spawn(toy), *beside(toy, "terse"), "--deliver", delivery)
    assert answers(run) == {"stored": True, "no-key": False}


@WORKERS
def test_waits_overlap_with_those_of_the_reference(suite: Suite, toy: str, workers: tuple[str, ...]) -> None:
    scenarios = PASSES + "".join(WAITS.format(number) for number in range(60))
    run = suite(scenarios, *spawn(toy), *beside(toy), *workers)
    assert run.code == 0, run.out
    assert summary(run)["compared"] == 62
    (results,) = run.results.values()
    assert results["run"]["seconds"] < 60 * 0.7, "120 waits of 0.7 s one after the other would take 84 s"


def test_a_reference_that_is_not_there(suite: Suite, toy: str) -> None:
    run = suite(PASSES, *spawn(toy), "--reference", "127.0.0.1:1")
    assert run.code == 3
    assert "no reference to compare with: 127.0.0.1:1 cannot be connected to" in run.out
    assert run.results == {}


@WORKERS
def test_a_reference_that_does_not_start(suite: Suite, toy: str, workers: tuple[str, ...]) -> None:
    run = suite(PASSES, *spawn(toy), "--reference-spawn", "false {port}", *workers)
    assert run.code == 3
    assert "no reference to compare with: `false " in run.out
    assert "does not listen" in run.out


@WORKERS
def test_a_spawned_reference_that_dies_is_started_again(suite: Suite, toy: str, workers: tuple[str, ...]) -> None:
    run = suite(DELETES + PASSES, *spawn(toy), *beside(toy, "die-on-delete"), *workers)
    assert run.code == 0, run.out
    assert answers(run) == {"wrong": False, "stored": True, "no-key": True}
    reference = run.record("wrong")["reference"]
    assert reference["outcome"] == "died"
    assert "died while this was played, and again when it was repeated: it exited with 7" in reference["reason"]


def test_a_running_reference_that_dies_is_named(suite: Suite, toy: str, running: Callable[..., str]) -> None:
    address = running("die-on-delete")
    stored = PASSES.split("[[scenario]]")[1]  # the other one compares versions, so it is played meanwhile
    run = suite(f"{DELETES}[[scenario]]{stored}", *spawn(toy), "--reference", address)
    assert run.code == 3, run.out
    assert run.verdicts == {"wrong": "pass", "stored": "pass"}
    assert answers(run) == {"wrong": False, "stored": None}
    assert f"the reference {address} died while chapter/file/wrong was played" in run.out
    assert run.record("stored")["reference"]["reason"] == "the target died while chapter/file/wrong was played"


def test_a_reference_that_lacks_something(suite: Suite, toy: str) -> None:
    run = suite(
        PASSES.replace('id = "stored"', 'id = "stored"\nrequires = ["meta"]'), *spawn(toy), *beside(toy, "no-meta")
    )
    assert run.code == 0, run.out
    assert answers(run) == {"stored": None, "no-key": True}
    reason = run.record("stored")["reference"]["reason"]
    assert re.fullmatch(r"no meta: `mg \w+` was answered `ERROR\\r\\n`", reason), reason
    assert summary(run) == {"compared": 1, "differs": 0, "not-compared": 1}
    assert "0 of 1 differ from the reference (1 could not be compared)" in run.out


def test_what_needs_a_server_started_otherwise_needs_a_reference_started_so(suite: Suite, toy: str) -> None:
    scenario = PASSES.replace('id = "stored"', 'id = "stored"\nrequires = ["verbose"]')
    files = {f"{name}.toml": f'name = "{name}"\ncommand = "{toy}"\n' for name in ("plain", "able")}
    files["able.toml"] += '[start.verbose]\nadd = "terse"\n'
    run = suite(scenario, "--spawn", "able.toml", "--reference-spawn", "able.toml", files=files)
    assert (run.code, answers(run)["stored"]) == (0, True)
    run = suite(scenario, "--spawn", "able.toml", "--reference-spawn", "plain.toml", files=files)
    assert answers(run)["stored"] is None
    assert "add [start.verbose] to its target file" in run.record("stored")["reference"]["reason"]
    run = suite(scenario, "--spawn", "plain.toml", "--reference-spawn", "able.toml", files=files)
    assert run.verdicts["stored"] == "skipped"
    assert "reference" not in run.record("stored"), "what the target is not played the reference is not either"


def test_a_server_that_holds_items_is_not_flushed_as_a_reference(
    suite: Suite, toy: str, running: Callable[..., str]
) -> None:
    run = suite(PASSES + COUNTS, *spawn(toy), "--reference", running("items"))
    assert answers(run) == {"stored": True, "no-key": True, "pid": None}
    assert "--destructive" in run.record("pid")["reference"]["reason"]
    assert answers(suite(PASSES + COUNTS, *spawn(toy), "--reference", running(), "-n", "2"))["pid"] is True


def test_one_reference_only(suite: Suite, toy: str) -> None:
    run = suite(PASSES, *spawn(toy), *beside(toy), "--reference", "h:1")
    assert run.code == 2
    assert "there is one reference" in run.out


def test_without_a_reference_nothing_is_said_of_one(suite: Suite, toy: str) -> None:
    run = suite(PASSES, *spawn(toy))
    assert summary(run) is None
    assert " beside " not in run.out
