"""Runs of `--shard`: together they are the whole run, and each says which part it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from suite_run import COUNTS, PASSES, ROOT, WAITS, WRONG, Run, Suite, spawn

from mclite.cli import main

SCENARIOS = PASSES + WRONG + COUNTS + "".join(WAITS.format(number) for number in range(3))


def of(run: Run, part: int, parts: int) -> dict[str, Any]:
    """Return the results of a part."""
    (name,) = (name for name in run.results if name.endswith(f"-shard-{part}-of-{parts}"))
    return run.results[name]


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_the_merged_shards_are_the_whole_run(suite: Suite, toy: str, tmp_path: Path, workers: tuple[str, ...]) -> None:
    whole = suite(SCENARIOS, *spawn(toy))
    first = suite(SCENARIOS, *spawn(toy), "--shard", "1/2", "--report-dir", "reports", *workers)
    second = suite(SCENARIOS, *spawn(toy), "--shard", "2/2", "--report-dir", "reports", *workers, keep=True)
    assert {whole.code, first.code, second.code} <= {0, 1}
    assert 1 in (first.code, second.code), "one of them has the wrong answer"
    parts = [of(second, part, 2) for part in (1, 2)]
    schema = json.loads((ROOT / "conformance" / "schema" / "results.json").read_text())
    for number, part in enumerate(parts, 1):
        jsonschema_rs.validate(schema, part)
        assert (part["run"]["shard"], part["run"]["complete"], part["run"]["lost"]) == (f"{number}/2", False, [])
    ids = [{one["id"] for one in part["scenarios"]} for part in parts]
    assert not ids[0] & ids[1]
    assert abs(len(ids[0]) - len(ids[1])) <= 3

    files = [str(path) for path in (tmp_path / "reports").glob("*.json")]
    assert main(["report", "merge", *files, "-o", str(tmp_path / "all.json")]) == 0
    merged = json.loads((tmp_path / "all.json").read_text())
    (all_of_it,) = whole.results.values()
    jsonschema_rs.validate(schema, merged)
    assert (merged["run"]["complete"], merged["run"].get("shard")) == (True, None)
    assert merged["summary"] == all_of_it["summary"]
    for key in ("id", "verdict", "outcome", "want", "fingerprint"):
        assert [one[key] for one in merged["scenarios"]] == [one[key] for one in all_of_it["scenarios"]]


def test_the_parts_are_the_same_on_each_machine(suite: Suite, toy: str) -> None:
    twice = [suite(SCENARIOS, *spawn(toy), "--shard", "2/3", "--report-dir", "reports") for _ in range(2)]
    ids = [[one["id"] for one in of(run, 2, 3)["scenarios"]] for run in twice]
    assert ids[0] == ids[1] != []


def test_a_part_of_which_nothing_is_left_ran_nothing(suite: Suite, toy: str) -> None:
    run = suite(PASSES, *spawn(toy), "--shard", "3/3")
    assert run.code == 4, run.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--shard", "4/3"), "usage: --shard: '4/3' is no shard: 2/3 is the second of three, of 999 at most"),
        (
            ("--shard", "1/2", "--baseline", "b.toml", "--update-baseline"),
            "usage: --shard deals a run on a server to several machines, and --update-baseline needs a whole run",
        ),
    ],
)
def test_what_cannot_be_is_refused(suite: Suite, toy: str, options: tuple[str, ...], said: str) -> None:
    run = suite(PASSES, *spawn(toy), *options)
    assert run.code == 2
    assert said in run.out
    assert "Traceback" not in run.out
