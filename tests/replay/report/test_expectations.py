"""Deviations beside a baseline, counted, named and in order."""

from __future__ import annotations

from typing import Any

import pytest
from made_results import typed

from mclite.replay.report import expectations


def marked(make: Any, **numbers: int) -> dict[str, Any]:
    """Make results in which so many scenarios are marked so by a baseline."""
    results: dict[str, Any] = make(size=60)
    words = [word for word, number in numbers.items() for _ in range(number)]
    for word, one in zip(words, results["scenarios"], strict=False):
        one |= {"verdict": "differs", "level": "observed", "baseline": word}
    return results


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({}, None),
        ({"fixed": 1}, None),
        ({"expected": 1}, "1 answer is expected"),
        ({"new": 2}, "2 answers are new"),
        ({"new": 1, "changed": 2}, "1 answer is new and 2 have changed"),
        ({"expected": 12, "changed": 1, "new": 2}, "2 answers are new, 1 has changed and 12 are expected"),
    ],
)
def test_numbers_in_words(make: Any, numbers: dict[str, int], said: str | None) -> None:
    results = typed(marked(make, **numbers))
    assert expectations.said(results) == said
    assert expectations.news(results) == numbers.get("new", 0) + numbers.get("changed", 0)


def test_commands_that_are_not_offered_count(make: Any) -> None:
    results = make(size=10)
    results["offers"][0] |= {"state": "not-offered", "baseline": "expected"}
    assert expectations.counts(typed(results)) == {"expected": 1}


def test_what_is_new_comes_before_what_changed_and_nothing_that_is_expected(make: Any) -> None:
    results = typed(marked(make, expected=2, changed=2, new=1))
    assert [one.baseline for one in expectations.deviations(results)] == ["new", "changed", "changed"]


def test_without_a_baseline_the_gate_says_what_deviates(make: Any) -> None:
    results = make(size=60)
    first, second = results["scenarios"][:2]
    first |= {"verdict": "differs", "level": "observed"}
    second |= {"verdict": "suite-error"}
    assert [one.id for one in expectations.deviations(typed(results))] == [second["id"]]
    results["run"]["gate"] = "observed"
    assert {one.id for one in expectations.deviations(typed(results))} == {first["id"], second["id"]}
