"""Merging the results of shards."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from made_results import typed

from mclite.replay.results import merge
from mclite.replay.results.read import ResultsError
from mclite.replay.results.schema import results_to_json

SCHEMA = json.loads((Path(__file__).parents[3] / "conformance" / "schema" / "results.json").read_text())


def shards(whole: dict[str, Any], number: int) -> list[dict[str, Any]]:
    """Deal the scenarios of a run to shards."""
    out = []
    for part in range(number):
        shard = copy.deepcopy(whole)
        shard["scenarios"] = shard["scenarios"][part::number]
        shard["run"] |= {"complete": False, "id": f"shard{part}", "held": len(whole["scenarios"])}
        out.append(shard)
    return out


def merged_of(parts: list[dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    """Merge shards as they are read of files; return what is written, and the notes."""
    merged, notes = merge.merge([typed(part) for part in parts])
    return results_to_json(merged), notes


def said(results: dict[str, Any]) -> dict[str, Any]:
    """Return the verdict and the dialogue of each scenario."""
    return {
        one["id"]: (one["verdict"], one["transcript"] is not None and results["transcripts"][one["transcript"]])
        for one in results["scenarios"]
    }


def test_shards_together_are_the_whole(make: Any) -> None:
    whole = make(size=90, fail=0.1)
    merged, notes = merged_of(shards(whole, 3))
    jsonschema_rs.validate(SCHEMA, merged)
    assert notes == []
    assert said(merged) == said(whole)
    assert merged["summary"]["verdicts"] == whole["summary"]["verdicts"]
    assert merged["run"]["complete"] is True
    assert merged["run"]["seconds"] == pytest.approx(3 * whole["run"]["seconds"])
    assert len(merged["transcripts"]) <= len(whole["transcripts"])


def test_shards_are_not_complete_while_some_scenario_has_no_result(make: Any) -> None:
    whole = make()
    parts = shards(whole, 3)
    last = whole["scenarios"][2]["id"]
    for shard in parts[:2]:
        shard["run"]["lost"] = [last]
    merged, _ = merged_of(parts[:2])
    assert (merged["run"]["complete"], merged["run"]["lost"]) == (False, [last])
    assert merged["summary"]["conforms"] is False
    merged, _ = merged_of(parts)
    assert (merged["run"]["complete"], merged["run"]["lost"]) == (True, [])
    for shard in parts:
        del shard["run"]["held"]
    assert merged_of(parts)[0]["run"]["complete"] is False, "an older suite does not say what it held"


def test_a_shard_that_is_missing_or_there_twice_is_told(make: Any) -> None:
    parts = shards(make(), 3)
    for number, shard in enumerate(parts, 1):
        shard["run"]["shard"] = f"{number}/3"
    some, notes = merged_of([parts[0], parts[2], parts[2]])
    assert notes == ["Shard 2/3 is missing.", "Shard 3/3 is there 2 times."]
    assert (some["run"]["shard"], some["run"]["complete"]) == ("1,3/3", False)
    jsonschema_rs.validate(SCHEMA, some)
    merged, notes = merged_of([some, parts[1]])
    assert notes == []
    assert (merged["run"]["shard"], merged["run"]["complete"]) == (None, True)
    parts[1]["run"]["shard"] = "2/4"
    with pytest.raises(ResultsError, match=r"The results are not of one run: the shards are 1/3, 2/4\."):
        merged_of(parts[:2])


def test_of_two_results_the_worse_stands_and_is_told(make: Any) -> None:
    one, two = make(size=30), make(size=30)
    first, second = one["scenarios"][0], two["scenarios"][0]
    second |= {"verdict": "fail", "outcome": "mismatch"}
    for pair in ([one, two], [two, one]):
        merged, notes = merged_of(pair)
        assert next(s for s in merged["scenarios"] if s["id"] == first["id"])["verdict"] == "fail"
        assert notes == [f"{first['id']} is fail in one and {first['verdict']} in another."]


def test_what_ran_stands_before_what_was_skipped(make: Any) -> None:
    one, two = make(size=30), make(size=30)
    two["scenarios"][0] |= {"verdict": "skipped", "outcome": "not-run"}
    merged, _ = merged_of([two, one])
    assert merged["summary"]["verdicts"] == one["summary"]["verdicts"]


def test_a_reference_keeps_its_dialogue(make: Any) -> None:
    one, two = shards(make(size=30), 2)
    two["scenarios"][0]["reference"] = {"outcome": "match", "transcript": 3, "same": False}
    wanted = two["transcripts"][3]
    merged, _ = merged_of([one, two])
    (found,) = [s["reference"] for s in merged["scenarios"] if "reference" in s]
    assert merged["transcripts"][found["transcript"]] == wanted
    assert merged["summary"]["reference"] == {"compared": 1, "differs": 1, "not-compared": 0}


def test_shards_beside_one_reference_are_counted_together(make: Any, with_reference: Any) -> None:
    whole = with_reference(make(size=60), unlike=(0, 5, 9), lacks=2)
    merged, _ = merged_of(shards(whole, 3))
    assert merged["summary"]["reference"] == whole["summary"]["reference"]


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ("target", "name"),
        ("target", "version"),
        ("suite", "version"),
        ("run", "as"),
        ("run", "delivery"),
        ("run", "reference"),
        ("run", "held"),
    ],
)
def test_results_of_unlike_runs_are_not_mixed(make: Any, part: str, field: str) -> None:
    one, two = make(), make()
    two[part][field] = "other" if field != "held" else 7
    with pytest.raises(ResultsError, match="are not of one run"):
        merged_of([one, two])


def test_one_that_does_not_conform_makes_the_whole_not_conform(make: Any) -> None:
    one, two = shards(make(fail=0), 2)
    assert merged_of([one, two])[0]["summary"]["conforms"] is True
    two["scenarios"][0]["verdict"] = "warn"
    assert merged_of([one, two])[0]["summary"]["conforms"] is True
    two["run"]["strict"] = True
    assert merged_of([one, two])[0]["summary"]["conforms"] is False
