"""A table of requests that are answered otherwise: for a terminal, as Markdown, as a page."""

from __future__ import annotations

from dataclasses import replace

from mclite.replay.judge.exchanges import REST, Pair
from mclite.replay.report.answers_table import Row, cells, group, names, shown, text, to_html, to_markdown

PLUS = Row(
    ("arithmetic/arguments/plus",),
    "incr with a plus",
    "incr",
    usual=False,
    needs=(),
    before=("set key 0 0 1", "5"),
    pairs=(Pair("A", ("incr key +1",), ("6",), ("CLIENT_ERROR <b>",)),),
)
GET = replace(PLUS, ids=("x/y/get",), command="get", usual=True, before=(), pairs=(Pair("A", ("get key",), (), ("",)),))


def test_lines_that_both_answers_share_are_left_out_if_there_are_many() -> None:
    then = ("VALUE a 0 1", "a", "VALUE b 0 1", "b", "END")
    assert shown(Pair("A", (), then, then[:2] + then[4:])) == Pair("A", (), (REST, *then[2:4], REST), (REST, REST))
    few = Pair("A", (), ("STORED", "ERROR"), ("STORED",))
    assert shown(few) == few


def test_of_a_list_only_what_the_other_lacks_is_shown() -> None:
    pair = shown(Pair("A", (), ("STAT a 1", REST, "END"), ("STAT b 1", "STAT c 1", "END")))
    assert pair.then == (REST, "STAT a 1", REST)


def test_rows_are_grouped_and_in_order() -> None:
    more = [replace(PLUS, ids=(f"arithmetic/other/{number}",)) for number in range(3)]
    rows = group([replace(PLUS, command="shutdown", ids=("a/b/c",)), PLUS, *more, GET])
    assert [(row.command, len(row.ids)) for row in rows] == [("get", 1), ("incr", 4), ("shutdown", 1)]
    assert names(rows[1].ids) == "arithmetic/arguments/plus, arithmetic/other/0 and 2 more"


def test_requests_of_a_row_begin_at_the_same_height() -> None:
    pairs = (Pair("A", ("a", "b"), ("1",), ("1", "2", "3")), Pair("B", ("c",), ("4",), ("5",)))
    request, then, now = cells(replace(PLUS, pairs=pairs))
    assert request == ["A: a", "A: b", "", "B: c"]
    assert then == ["1", "", "", "4"]
    assert now == ["1", "2", "3", "5"]


def test_text_is_a_table_of_three_columns() -> None:
    lines = text("What changed", [GET, replace(PLUS, needs=("with TLS",), notes=("A fault.",))], width=90).splitlines()
    assert lines[0] == "What changed"
    assert "As client libraries send them (1)" in lines
    assert "get key                        (no answer)                    (an empty line)" in lines
    assert "  # on a server with TLS" in lines
    assert "  # after set key 0 0 1 ⏎ 5" in lines
    assert "  # A fault." in lines
    assert "incr key +1                    6                              CLIENT_ERROR <b>" in lines
    assert all(len(line) <= 90 for line in lines)


def test_a_hostile_answer_stays_text_in_markdown_and_html() -> None:
    made = to_markdown("What | changed", [PLUS])
    assert "<code>CLIENT&#95;ERROR &#60;b&#62;</code>" in made
    assert made.startswith("# What &#124; changed\n\n## incr (1)\n\n| request on the wire | answer then |")
    page = to_html("a title", "What <changed>", [PLUS, GET])
    assert "CLIENT_ERROR &lt;b&gt;" in page
    assert "<h1>What &lt;changed&gt;</h1>" in page
    assert "<script" not in page


def test_long_lines_are_cut() -> None:
    long = replace(PLUS, pairs=(Pair("A", ("get " + "x" * 500,), ("END",), ("ERROR",)),))
    assert "(504 characters)" in "".join(cells(long)[0])
