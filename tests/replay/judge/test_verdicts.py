from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from mclite.replay.judge.verdicts import VERDICTS, Verdict, fails, judge
from mclite.replay.play.outcome import Outcome
from mclite.replay.scenario.scenario import Level

SCHEMA = json.loads((Path(__file__).resolve().parents[3] / "conformance" / "schema" / "results.json").read_text())
WRONG: list[Outcome] = ["mismatch", "desync", "timeout", "closed", "too-much"]


@pytest.mark.parametrize(
    ("level", "right", "wrong"), [("must", "pass", "fail"), ("should", "pass", "warn"), ("observed", "same", "differs")]
)
def test_levels(level: Level, right: Verdict, wrong: Verdict) -> None:
    assert judge(level, "match") == right
    assert {judge(level, outcome) for outcome in WRONG} == {wrong}
    assert judge(level, "died") == "target-died"
    assert judge(level, "malformed") == "suite-error"
    with pytest.raises(ValueError, match="was not played"):
        judge(level, "not-run")


@pytest.mark.parametrize(("gate", "more"), [("must", set()), ("should", {"warn"}), ("observed", {"warn", "differs"})])
def test_the_gate_is_the_lowest_level_that_fails_a_run(gate: Level, more: set[Verdict]) -> None:
    assert {verdict for verdict in VERDICTS if fails(verdict, gate)} == {"fail", "suite-error", "target-died"} | more


def test_what_fails_a_run() -> None:
    assert {verdict for verdict in VERDICTS if fails(verdict)} == {"fail", "suite-error", "target-died"}
    assert {verdict for verdict in VERDICTS if fails(verdict, strict=True)} == {
        "fail",
        "suite-error",
        "target-died",
        "warn",
        "known",
    }


def test_the_schema_knows_the_same_words() -> None:
    assert set(VERDICTS) == set(get_args(Verdict)) == set(SCHEMA["$defs"]["verdict"]["enum"])
    assert set(get_args(Outcome)) == set(SCHEMA["$defs"]["outcome"]["enum"])


@pytest.mark.parametrize("level", ["must", "should", "observed"])
def test_broken_framing_fails_at_every_level(level: Level) -> None:
    assert judge(level, "mismatch", "one response too many") == "fail"
    assert judge(level, "match", None) != "fail"
