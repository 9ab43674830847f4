"""What changed between two runs."""

from __future__ import annotations

from typing import Any

import pytest
from made_results import typed

from mclite.replay.report import changes
from mclite.replay.results import diff
from mclite.replay.results.document import Results


def run(*scenarios: dict[str, Any], make: Any, complete: bool = True) -> Results:
    """Make a run with exactly these scenarios; the rest of a scenario is that of a made-up one."""
    results: dict[str, Any] = make(size=1)
    base = results["scenarios"][0] | {"level": "must"}
    results["scenarios"] = [base | {"id": f"s/s/{number}"} | scenario for number, scenario in enumerate(scenarios)]
    results["run"]["complete"] = complete
    return typed(results)


FAIL = {"verdict": "fail", "outcome": "mismatch", "fingerprint": "aaaa", "want": "STORED", "got": "<b>"}


def beside(same: bool | None) -> dict[str, Any]:
    return {"reference": {"outcome": "match", "transcript": None, "same": same}}


AGREES, DIFFERS = beside(True), beside(False)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ({}, {}, None),
        ({}, FAIL, "regressed"),
        ({}, {"verdict": "warn", "level": "should"}, "regressed"),
        ({}, {"verdict": "unsupported"}, "regressed"),
        ({}, {"verdict": "target-died"}, "regressed"),
        ({}, {"verdict": "suite-error"}, "regressed"),
        ({}, {"verdict": "skipped"}, "changed"),
        ({}, {"verdict": "blocked"}, "changed"),
        (FAIL, {}, "fixed"),
        ({"verdict": "unsupported"}, {}, "fixed"),
        (FAIL, FAIL, None),
        (FAIL, FAIL | {"got": "other"}, None),
        (FAIL, FAIL | {"fingerprint": "bbbb"}, "changed"),
        (FAIL | {"fingerprint": None}, FAIL | {"outcome": "timeout"}, "changed"),
        (FAIL, {"verdict": "unsupported"}, "changed"),
        ({"verdict": "skipped"}, FAIL, "changed"),
        ({"verdict": "same", "level": "observed"}, {"verdict": "differs", "level": "observed"}, "changed"),
        (AGREES, DIFFERS, "changed"),
        (DIFFERS, AGREES, "changed"),
        (FAIL | AGREES, FAIL | DIFFERS, "changed"),
        (AGREES, {}, None),
        (DIFFERS, beside(None), None),
        ({"milliseconds": 1}, {"milliseconds": 2}, None),
    ],
)
def test_kinds(make: Any, old: dict[str, Any], new: dict[str, Any], kind: str | None) -> None:
    found = diff.compare(run(old, make=make), run(new, make=make))
    assert [name for name, changes in found.changes.items() if changes] == ([kind] if kind else [])
    assert found.failed() == (kind == "regressed")


def test_added_and_removed(make: Any) -> None:
    old, new = run({"id": "a/a/a"}, {"id": "b/b/b"}, make=make), run({"id": "b/b/b"}, {"id": "c/c/c"}, make=make)
    found = diff.compare(old, new)
    assert [change.scenario.id for change in found.changes["added"]] == ["c/c/c"]
    assert [change.scenario.id for change in found.changes["removed"]] == ["a/a/a"]
    assert not found.failed()
    assert found.failed(strict=True), "a right answer is gone"


def test_an_incomplete_run_is_no_proof_that_nothing_regressed(make: Any) -> None:
    old, new = run({"id": "a/a/a"}, {"id": "b/b/b"}, make=make), run({"id": "b/b/b"}, make=make, complete=False)
    found = diff.compare(old, new)
    assert found.failed()
    for said in (changes.text(found), changes.to_markdown(found), changes.to_html(found)):
        assert "The new run is incomplete" in said
    assert not diff.compare(new, new).failed()


def test_what_changed_beside_a_reference_is_said_and_is_no_right_answer_gone(make: Any) -> None:
    found = diff.compare(run(AGREES, make=make), run(DIFFERS, make=make))
    assert not found.failed(strict=True)
    assert "s/s/0: pass → pass, no longer as the reference answers" in changes.text(found)
    assert "no longer as the reference answers" in changes.to_markdown(found)
    assert "no longer as the reference answers" in changes.to_html(found)


def test_strict_lets_go_what_was_wrong_before(make: Any) -> None:
    old, new = run({"id": "a/a/a"} | FAIL, {"id": "b/b/b"}, make=make), run({"id": "b/b/b"}, make=make)
    assert not diff.compare(old, new).failed(strict=True)


def test_the_three_forms_say_the_same(make: Any) -> None:
    found = diff.compare(run({}, {}, FAIL, make=make), run(FAIL, {}, {}, make=make))
    assert found.headline.endswith(": 1 regressed, 1 fixed.")
    text, markdown, html = changes.text(found), changes.to_markdown(found), changes.to_html(found)
    assert "regressed (1): were right, now wrong or no longer supported\n  s/s/0: pass → fail\n" in text
    assert "## regressed (1)" in markdown
    assert "pass → fail" in markdown
    assert "Regressed <small>1</small>" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html.replace(f"<b>{found.changes['fixed'][0].scenario.title}</b>", "")
    assert "<script" not in html


def test_unlike_judges_are_named(make: Any) -> None:
    found = diff.compare(typed(make()), typed(make("b", judged_as="1.6.9")))
    assert found.headline.startswith("memcached 1.6.45 (judged as memcached 1.6.45) → b (judged as memcached 1.6.9): ")


def test_nothing_changed_is_said(make: Any) -> None:
    found = diff.compare(typed(make()), typed(make()))
    assert changes.text(found) == "memcached 1.6.45: nothing changed.\n"
