"""Results that several machines or shards made of one target, as one results file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mclite.replay.judge.reference import count
from mclite.replay.results import tally
from mclite.replay.results.read import Results, ResultsError, Scenario
from mclite.replay.results.write import conforms, resembles

# Which of two results of one scenario stands: that of a run in which it ran, then the worse one.
_RANK = (
    "target-died",
    "suite-error",
    "fail",
    "warn",
    "differs",
    "known",
    "pass",
    "same",
    "unsupported",
    "blocked",
    "skipped",
)


def merge(shards: Sequence[Results]) -> tuple[Results, list[str]]:
    """Return the shards as one, and a sentence for each scenario on which two of them disagree.

    They are complete when one of them is, or when together they have a result of every scenario that the suite held.
    Raises ResultsError when they are not of one target, one suite and one version judged against.
    """
    first = min(shards, key=lambda shard: str(shard["run"]["started"]))
    for shard in shards:
        _must_agree(first, shard)
    transcripts: list[Any] = []
    found: dict[str, Scenario] = {}
    notes = []
    for shard in shards:
        moved = _append(transcripts, shard["transcripts"])
        for scenario in shard["scenarios"]:
            scenario = _with_transcripts(scenario, moved)
            other = found.get(scenario["id"])
            if other and other["verdict"] != scenario["verdict"]:
                both = sorted((other, scenario), key=lambda one: _RANK.index(one["verdict"]))
                notes.append(f"{scenario['id']} is {both[0]['verdict']} in one and {both[1]['verdict']} in another.")
                found[scenario["id"]] = both[0]
            else:
                found.setdefault(scenario["id"], scenario)
    scenarios = [found[name] for name in sorted(found)]
    held = first["run"].get("held")
    run = first["run"] | {
        "seconds": sum(shard["run"]["seconds"] for shard in shards),
        "complete": any(shard["run"].get("complete", True) for shard in shards) or held == len(scenarios),
        "strict": any(shard["run"].get("strict", False) for shard in shards),
        "lost": sorted({name for shard in shards for name in shard["run"].get("lost", [])} - found.keys()),
    }
    summary = {
        "conforms": conforms(run, scenarios),
        "verdicts": tally.verdict_counts(scenarios),
        "resembles": resembles(scenarios, first["run"]["as"]),
        "reference": count(scenarios),
    }
    merged = first | {"run": run, "summary": summary, "scenarios": scenarios, "transcripts": transcripts}
    tried = {client["name"]: client for shard in shards for client in shard.get("clients", [])}
    if tried:
        merged["clients"] = list(tried.values())
    return _compact(merged), notes


def _must_agree(first: Results, other: Results) -> None:
    for what, part, field in (
        ("target", "target", "name"),
        ("version", "target", "version"),
        ("suite version", "suite", "version"),
        ("version judged against", "run", "as"),
        ("delivery", "run", "delivery"),
        ("transport", "run", "transport"),
        ("reference", "run", "reference"),
        ("number of scenarios in the suite", "run", "held"),
    ):
        one, another = first[part].get(field), other[part].get(field)
        if one != another:
            raise ResultsError(
                f"The results are not of one run: the {what} is {one!r} in one and {another!r} in another."
            )


def _append(transcripts: list[Any], more: Sequence[Any]) -> int:
    moved = len(transcripts)
    transcripts.extend(more)
    return moved


def _with_transcripts(scenario: Scenario, moved: int) -> Scenario:
    """Return the scenario with its transcripts' numbers moved by `moved`."""
    scenario = scenario | {"transcript": _moved(scenario["transcript"], moved)}
    if reference := scenario.get("reference"):
        scenario["reference"] = reference | {"transcript": _moved(reference["transcript"], moved)}
    return scenario


def _moved(index: int | None, by: int) -> int | None:
    return None if index is None else index + by


def _compact(results: Results) -> Results:
    """Return the results with each different transcript once, and none that no scenario names."""
    numbers: dict[str, int] = {}
    kept: list[Any] = []
    old = results["transcripts"]

    def renumber(index: int | None) -> int | None:
        if index is None:
            return None
        name = repr(old[index])
        if name not in numbers:
            numbers[name] = len(kept)
            kept.append(old[index])
        return numbers[name]

    scenarios = []
    for scenario in results["scenarios"]:
        scenario = scenario | {"transcript": renumber(scenario["transcript"])}
        if reference := scenario.get("reference"):
            scenario["reference"] = reference | {"transcript": renumber(reference["transcript"])}
        scenarios.append(scenario)
    return results | {"scenarios": scenarios, "transcripts": kept}
