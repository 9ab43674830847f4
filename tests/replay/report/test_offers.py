"""What a target offers, for people: on the terminal, in Markdown and on the page."""

from __future__ import annotations

from typing import Any

from made_results import make, offer, typed

from mclite.replay.report import html, markdown, offers
from mclite.replay.results.document import Results


def results(*found: dict[str, Any]) -> Results:
    return typed(make(size=220, lacks=()) | {"offers": list(found)})


ABSENT = (
    offer("get"),
    offer("incr", "not-offered"),
    offer("decr", "not-offered"),
    offer("touch", "not-offered", evidence="`touch k 0` got no answer"),
    offer("stats-sizes", "not-offered", kind="option"),
)


def test_those_that_are_refused_alike_are_one_line() -> None:
    lines = offers.lines(results(*ABSENT))
    assert lines[0] == "Not offered (4):"
    assert lines[1:3] == ["  incr, decr, stats-sizes: answered ERROR", r"    `incr k` was answered `ERROR\r\n`"]
    assert lines[3:5] == ["  touch: got no answer", "    `touch k 0` got no answer"]
    assert lines[5] == "  if they need not be there: --lacks incr,decr,touch,stats-sizes"
    assert offers.said(results(*ABSENT)) == "3 of 4 commands and stats-sizes"


def test_what_is_required_is_not_said_to_be_dispensable() -> None:
    lines = offers.lines(results(offer("incr", "not-offered", required=True)))
    assert not any("--lacks" in line for line in lines)
    lines = offers.lines(results(offer("watch", "not-tried", required=True, evidence="`watch` could change")))
    assert lines[1] == "  watch: required, and not tried"


def test_members_of_a_group_are_named_by_it() -> None:
    meta = [offer(name, "not-offered") for name in ("mg", "ms", "md", "ma", "mn", "me")]
    assert offers.lines(results(*meta, offer("incr", "not-offered")))[-1].endswith("--lacks meta,incr")


def test_nothing_is_said_where_all_is_offered() -> None:
    assert offers.lines(results(offer("get"))) == []
    assert offers.said(results(offer("get"))) is None
    assert offers.part(results(offer("get"))) is None
    assert offers.caveats(results(offer("get"))) == []
    assert offers.lines(results()) == []


def test_what_is_declared_is_told() -> None:
    run = results(offer("get"), offer("incr", "declared"), offer("touch", "answers"), offer("watch", "not-tried"))
    assert offers.part(run) == "2 of 3 commands"
    assert offers.caveats(run) == [
        "Declared absent: incr.",
        "Declared absent, but answers: touch.",
        "Not tried, so that nothing is said of it: watch.",
    ]


def test_what_the_baseline_expects_is_no_failure() -> None:
    run = results(offer("incr", "not-offered", baseline="expected", baseline_reason="later"))
    assert offers.failing(run) == []
    assert offers.caveats(run) == ["Not offered, as the baseline says: incr."]
    assert [one.name for one in offers.failing(results(offer("incr", "not-offered", baseline="new")))] == ["incr"]


def test_the_list_is_at_the_top_of_markdown_and_page() -> None:
    text = markdown.render([results(*ABSENT)])
    assert text.index("Not offered (4):") < text.index("## Counts")
    assert "| <code>incr</code> |" in text
    page = html.render([results(*ABSENT)])
    assert page.index('id="offers"') < page.index('id="support"')
    assert '<a href="#offers">Not offered</a>' in page
    assert "incr: `incr k` was answered `ERROR" in page
    assert 'id="offers"' not in html.render([results(offer("get"))])
