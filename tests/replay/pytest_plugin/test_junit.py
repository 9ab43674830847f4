"""JUnit XML: what a CI that reads it can group failures by."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from suite_run import PASSES, WRONG, Suite, spawn


def properties(element: ElementTree.Element) -> dict[str, str]:
    return {one.get("name", ""): one.get("value", "") for one in element.findall("properties/property")}


def test_run_and_cases_say_verdict_and_cause(suite: Suite, toy: str, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    run = suite(PASSES + WRONG, *spawn(toy), "--junit-xml", str(path))
    assert run.code == 1, run.out
    (whole,) = ElementTree.parse(path).getroot().findall("testsuite")
    said = properties(whole)
    (verdict,) = (value for name, value in said.items() if name.startswith("verdict of "))
    assert "does not conform" in verdict or "except 1 case" in verdict
    (cause,) = (value for name, value in said.items() if name.startswith("cause on "))
    assert "(1 scenario)" in cause
    cases = {case.get("name"): properties(case) for case in whole.iter("testcase")}
    assert cases["stored"] == {"verdict": "pass", "level": "must"}
    wrong = cases["wrong"]
    assert (wrong["verdict"], wrong["level"]) == ("fail", "must")
    assert wrong["replay"].startswith("pytest conformance/chapter/file.toml::wrong --spawn ")
    assert cause.startswith(wrong["cause"].partition(":")[0])
    assert wrong["happened"] in cause
