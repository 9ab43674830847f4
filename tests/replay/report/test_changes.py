"""What changed between two runs, in each form."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from made_results import typed

from mclite.replay.judge.exchanges import Pair
from mclite.replay.report import answered, changes
from mclite.replay.report.answers_table import Row
from mclite.replay.results import diff

FAIL = {"verdict": "fail", "outcome": "mismatch", "reason": "it said <b>", "want": "STORED", "got": "<b>"}
#: The request of one scenario that is answered otherwise.
ROW = Row(("a/b/c",), "a title", "get", True, (), (), (Pair("A", ("get k",), ("END",), ("ERROR",)),))


def difference(make: Any, **names: str) -> diff.Difference:
    """Make two runs of three scenarios: one regressed, one fixed, one the same."""
    runs = []
    for verdicts in (({}, FAIL, {}), (FAIL, {}, {})):
        results: dict[str, Any] = make(size=1, **names)
        base = results["scenarios"][0] | {"level": "must", "title": "a | title"}
        results["scenarios"] = [base | {"id": f"s/s/{number}"} | verdict for number, verdict in enumerate(verdicts)]
        runs.append(typed(results))
    return diff.compare(*runs)


def test_text_names_what_changed_and_why(make: Any) -> None:
    text = changes.text(difference(make))
    assert text.count("\n") == len(text.splitlines())
    assert "regressed (1): " in text
    assert "  s/s/0: pass → fail\n    it said <b>\n" in text
    assert "fixed (1): " in text
    assert "  s/s/1: fail → pass\n" in text
    assert "s/s/2" not in text


def test_markdown_escapes_what_is_shown(make: Any) -> None:
    text = changes.to_markdown(difference(make))
    assert text.startswith("# What changed\n\n")
    assert "## regressed (1)\n\n" in text
    row = next(line for line in text.splitlines() if "s/s/0" in line)
    assert row.count(" | ") == 2, "the title's bar ends no cell"
    assert "<code>it said &#60;b&#62;</code>" in row
    assert not any("it said" in line for line in text.splitlines() if "s/s/1" in line)


def test_html_runs_no_script_and_escapes(make: Any) -> None:
    tags: list[str] = []

    class Page(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            tags.append(tag)

    page = changes.to_html(difference(make))
    Page().feed(page)
    assert "script" not in tags
    assert "it said &lt;b&gt;" in page
    assert "it said <b>" not in page


def test_requests_that_are_answered_otherwise_follow(make: Any) -> None:
    found = difference(make)
    sentence = answered.headline(found.old, found.new, [ROW])
    for shown in (changes.text(found, [ROW]), changes.to_markdown(found, [ROW]), changes.to_html(found, [ROW])):
        assert sentence in shown
        assert "get k" in shown
    assert sentence not in changes.text(found)
    assert answered.headline(found.old, found.new, []) in changes.text(found, [])
