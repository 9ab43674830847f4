"""Which requests two runs answer otherwise, whatever the verdicts are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from made_results import make, record, typed

from mclite.replay.judge.exchanges import Pair
from mclite.replay.judge.record import Event, Transcript
from mclite.replay.report.answered import head, headline, rows
from mclite.replay.results.document import Results


def run(name: str, version: str, *scenarios: tuple[str, Transcript], **fields: Any) -> Results:
    """Return results of these scenarios, each with its id and transcript."""
    made = typed(make(name, version, size=0))
    return replace(made, scenarios=tuple(record(id_, transcript=said, **fields) for id_, said in scenarios))


def ask(request: str, answer: str) -> Transcript:
    return Event("A", ">", f"{request}\\r\\n", 1.5), Event("A", "<", f"{answer}\\r\\n", 1.5)


def test_answers_are_compared_and_not_verdicts() -> None:
    old = run("a", "1.6.44", ("x/y/a", ask("incr mabcde00_0001 +1", "6")), ("x/y/b", ask("mn", "MN")))
    new = run("b", "1.6.45", ("x/y/a", ask("incr mfghij01_0009 +1", "ERROR")), ("x/y/b", ask("mn", "MN")))
    found = rows(old, new)
    assert [(row.ids, row.command, row.pairs) for row in found] == [
        (("x/y/a",), "incr", (Pair("A", ("incr key +1",), ("6",), ("ERROR",)),))
    ]
    assert headline(old, new, found) == (
        "1 of 2 scenarios is answered otherwise, in 1 way; none of these in requests as client libraries send them."
    )
    assert head(old, new) == ("request on the wire", "answer of a", "answer of b")
    assert head(old, old) == ("request on the wire", "answer then", "answer now")


def test_what_is_of_one_moment_is_no_difference() -> None:
    old = run("a", "1.6.44", ("x/y/a", ask("gets mabcde00_0001", "VALUE mabcde00_0001 0 1 5")),
              ("x/y/v", ask("version", "VERSION 1.6.44")), ("x/y/s", ask("stats", "STAT pid 17")))  # fmt: skip
    new = run("a", "1.6.45", ("x/y/a", ask("gets mfghij00_0002", "VALUE mfghij00_0002 0 1 99")),
              ("x/y/v", ask("version", "VERSION 1.6.45")), ("x/y/s", ask("stats", "STAT pid 18")))  # fmt: skip
    assert rows(old, new) == []
    assert headline(old, new, []) == "The answers to 3 scenarios are the same."


def test_what_is_not_in_both_runs_is_not_compared() -> None:
    old = run("a", "1", ("x/y/a", ask("mn", "MN")), ("x/y/b", ask("mn", "MN")))
    new = run("a", "1", ("x/y/a", ()), ("x/y/c", ask("mn", "ERROR")))
    assert rows(old, new) == []
    assert headline(old, new, []) == "The answers to 0 scenarios are the same."


def test_one_of_several_right_answers_is_a_matter_of_chance_unless_the_talk_has_guards() -> None:
    either = {"talk": "> lru_crawler crawl all\n<| OK\n<| BUSY"}
    old = run("a", "1", ("x/y/a", ask("lru_crawler crawl all", "OK")), **either)
    new = run("a", "1", ("x/y/a", ask("lru_crawler crawl all", "BUSY")), **either)
    assert rows(old, new) == []
    new = replace(new, scenarios=(replace(new.scenarios[0], verdict="fail"),))
    assert len(rows(old, new)) == 1
    guarded = {"talk": "> lru_crawler crawl all\n<| OK\n<|[1.6.40..] BUSY"}
    old, new = (run("a", "1", ("x/y/a", ask("lru_crawler crawl all", said)), **guarded) for said in ("OK", "BUSY"))
    assert len(rows(old, new)) == 1
