"""The badge."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from typing import Any

import pytest
from made_results import typed

from mclite.replay.report import badge, summary

SVG = "{http://www.w3.org/2000/svg}"


def test_it_is_svg_and_says_the_verdict(make: Any) -> None:
    results = make()
    root = ElementTree.fromstring(badge.render(typed(results)))
    assert [text.text for text in root.iter(f"{SVG}text")] == ["memcached 1.6.45", "conforms"]
    assert root.find(f"{SVG}title").text == summary.headline(typed(results))  # type: ignore[union-attr]
    assert root.get("role") == "img"


def test_a_target_that_has_a_name_is_called_so(make: Any) -> None:
    results = typed(make("staging"))
    assert badge.subject(results) == "staging: memcached 1.6.45"
    named = replace(results, target=replace(results.target, name=results.target.address))
    assert badge.subject(named) == "memcached 1.6.45"


@pytest.mark.parametrize("fail", [0.02, 0.5])
def test_deviations_are_counted(make: Any, fail: float) -> None:
    results = make(size=400, fail=fail, lacks=())
    must = [one for one in results["scenarios"] if one["level"] == "must"]
    bad = sum(one["verdict"] == "fail" for one in must)
    few, many = f"conforms except {bad} case{'s' * (bad > 1)}", f"{len(must) - bad} of {len(must)} cases"
    assert badge.words(typed(results)) == (few if fail < 0.1 else many)


def test_a_selection_does_not_claim_conformance(make: Any) -> None:
    results = make()
    results["run"]["complete"] = False
    must = sum(one["level"] == "must" and one["verdict"] == "pass" for one in results["scenarios"])
    assert badge.words(typed(results)) == f"in part: {must} of {must} cases"


def test_nothing_judged(make: Any) -> None:
    results = make()
    for one in results["scenarios"]:
        one["verdict"] = "skipped"
    assert badge.words(typed(results)) == "not judged"


def test_nothing_matched(make: Any) -> None:
    results = make()
    for one in results["scenarios"]:
        one |= {"verdict": "differs", "level": "observed"}
    assert badge.words(typed(results)) == "does not conform"


def test_a_hostile_name_stays_text(make: Any) -> None:
    results = make("</title><script>x</script>")
    results["run"]["as"] = "<script>&"
    root = ElementTree.fromstring(badge.render(typed(results)))
    assert root.find(f".//{SVG}script") is None
