"""What JUnit XML says beside pytest's own: verdicts, causes and reasons."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from suite_run import PASSES, WRONG, Suite, spawn


def parts(path: Path) -> tuple[list[str], dict[str, str]]:
    """Return what the run says, and what the case of the wrong answer does."""
    root = ET.parse(path).getroot()
    whole = [f"{one.get('name')}: {one.get('value')}" for one in root.iterfind("testsuite/properties/property")]
    case = next(one for one in root.iter("testcase") if one.get("name") == "wrong")
    return whole, {str(one.get("name")): str(one.get("value")) for one in case.iterfind("properties/property")}


def test_a_run_says_its_causes_and_a_case_its_own(suite: Suite, toy: str, tmp_path: Path) -> None:
    run = suite(PASSES + WRONG, *spawn(toy), "--junit-xml", str(tmp_path / "junit.xml"))
    assert run.code == 1, run.out
    whole, case = parts(tmp_path / "junit.xml")
    cause = next(text for text in whole if text.startswith("cause on "))
    assert "delete: a miss, not a hit (1 scenario)" in cause
    assert "Something that the toy does not do: answered NOT_FOUND" in cause
    assert "delete {key}  want DELETED" in cause
    assert "replay: pytest conformance/chapter/file.toml::wrong" in cause
    assert (case["verdict"], case["level"], case["cause"]) == ("fail", "must", "delete: a miss, not a hit")
    assert case["happened"] == "answered NOT_FOUND"
    assert "known because" not in case


def test_what_a_baseline_knows_shows_its_reason(suite: Suite, toy: str, tmp_path: Path) -> None:
    known = '[[cause]]\ncause = "delete: a miss, not a hit"\nreason = "nothing is ever deleted"\n'
    options = (*spawn(toy), "--baseline", "known.toml", "--junit-xml", str(tmp_path / "junit.xml"))
    assert suite(PASSES + WRONG, *options, files={"known.toml": known}).code == 0
    whole, case = parts(tmp_path / "junit.xml")
    assert any(text.endswith("baseline: nothing is ever deleted (1)") for text in whole)
    assert (case["baseline"], case["known because"]) == ("expected", "nothing is ever deleted")
