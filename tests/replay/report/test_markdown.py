"""The report as Markdown."""

from __future__ import annotations

import html
import re
from typing import Any

from made_results import typed

from mclite.replay.report import markdown, summary


def test_it_says_what_the_page_says(fleet: Any) -> None:
    runs = [typed(run) for run in fleet(220)]
    text = markdown.render(runs)
    for run in runs:
        assert f"**{markdown.escape(summary.headline(run))}**" in text
    assert len(text) < 64_000


def test_every_row_of_a_table_has_as_many_cells_as_its_head(fleet: Any, hostile: Any) -> None:
    for runs in ([typed(run) for run in fleet(220)], [typed(hostile())]):
        width = None
        for line in markdown.render(runs).splitlines():
            if line.startswith("|"):
                width = line.count("|") if width is None else width
                assert line.count("|") == width
                assert line.endswith("|")
            else:
                width = None


def test_the_support_table_alone(make: Any) -> None:
    lines = markdown.support_table([typed(make(size=220))]).splitlines()
    assert lines[0] == "|  | memcached 1.6.45 |"
    assert "| <code>cas</code> | ✅ supported |" in lines
    assert "| authentication | – not tested |" in lines


def test_hostile_text_stays_text(hostile: Any) -> None:
    text = markdown.render([typed(hostile())])
    elements = set(re.findall(r"<[^>]*>", text))
    assert elements <= {"<code>", "</code>", "<br>"}
    assert "](" not in text


def test_escaping_can_be_undone() -> None:
    for hostile in ("a|b", "`x`", "<b>", "*a* _b_", "[x](y)", "# head", "&amp;", "1. x"):
        escaped = markdown.escape(hostile)
        assert html.unescape(escaped) == hostile
        assert not set("|`<>*_[]#~$!@\\{}^") & set(escaped.replace("&#", ""))
    assert markdown.escape("two\nlines") == "two lines"
    assert len(markdown.escape("a" * 5000)) < 400


def test_only_the_first_deviations_are_named(make: Any) -> None:
    text = markdown.render([typed(make(size=300, fail=0.5))])
    assert re.search(r"^- … and \d+ more$", text, re.MULTILINE)
    assert text.count("  <br>") == markdown.MOST_DEVIATIONS


def test_new_and_changed_come_first_and_what_is_known_has_its_reason(make: Any) -> None:
    results = make(size=220, fail=0.2, lacks=())
    failing = [one for one in results["scenarios"] if one["verdict"] == "fail"]
    for one in failing:
        one |= {"baseline": "expected", "baseline_reason": "cas is not done yet"}
    failing[-1] |= {"baseline": "new", "baseline_reason": None}
    failing[0] |= {"baseline": "changed", "baseline_reason": "it was <odd>"}
    text = markdown.render([typed(results)])
    deviations, known = text[text.index("## Deviations") :].split("## Known of")
    assert [line.rsplit(" ", 1)[1] for line in deviations.splitlines() if line.startswith("- ")] == [
        "(new)",
        "(changed)",
    ]
    assert "The baseline says: it was &#60;odd&#62;" in deviations
    assert f"| baseline: cas is not done yet | {len(failing) - 2} | <code>" in known
    for one in failing:
        assert (markdown.escape(one["id"]) in deviations) == (one["baseline"] != "expected")


def test_what_differs_from_the_reference_is_said_with_both_answers(make: Any, with_reference: Any) -> None:
    run = with_reference(make(size=60))
    text = html.unescape(markdown.render([typed(run)]))
    assert "- Beside memcached 1.6.9, 2 of 56 answers differ; 1 scenario could not be compared." in text
    assert "## memcached 1.6.45 differs from the reference" in text
    first = run["scenarios"][0]["id"]
    assert f"| <code>{first}</code> | <code>STORED\\r\\n</code> | <code>STORE\\r\\n</code> |" in text
    many = with_reference(make(size=60), unlike=tuple(range(25)))
    assert "… and 5 more" in markdown.render([typed(many)])
    assert "reference" not in markdown.render([typed(make(size=60))])
