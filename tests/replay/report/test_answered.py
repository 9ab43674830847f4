"""Which requests two runs answer otherwise, whatever the verdicts are."""

from __future__ import annotations

from typing import Any

from mclite.replay.judge.exchanges import Pair
from mclite.replay.report.answered import head, headline, rows


def run(name: str, version: str, *scenarios: tuple[str, list[list[str]]], **fields: Any) -> dict[str, Any]:
    """Return the parts of results that are compared: the id of each scenario and its transcript."""
    return {
        "target": {"name": name, "version": version},
        "scenarios": [
            {"id": id_, "title": id_, "verdict": "pass", "requires": [], "transcript": number, "talk": "", **fields}
            for number, (id_, _) in enumerate(scenarios)
        ],
        "transcripts": [[[*event, 1.5] for event in events] for _, events in scenarios],
    }


def ask(request: str, answer: str) -> list[list[str]]:
    return [["A", ">", f"{request}\\r\\n"], ["A", "<", f"{answer}\\r\\n"]]


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
    new = run("a", "1", ("x/y/a", ask("mn", "ERROR")), ("x/y/c", ask("mn", "ERROR")))
    new["scenarios"][0]["transcript"] = None
    assert rows(old, new) == []
    assert headline(old, new, []) == "The answers to 0 scenarios are the same."


def test_one_of_several_right_answers_is_a_matter_of_chance_unless_the_talk_has_guards() -> None:
    either = {"talk": "> lru_crawler crawl all\n<| OK\n<| BUSY"}
    old = run("a", "1", ("x/y/a", ask("lru_crawler crawl all", "OK")), **either)
    new = run("a", "1", ("x/y/a", ask("lru_crawler crawl all", "BUSY")), **either)
    assert rows(old, new) == []
    new["scenarios"][0]["verdict"] = "fail"
    assert len(rows(old, new)) == 1
    guarded = {"talk": "> lru_crawler crawl all\n<| OK\n<|[1.6.40..] BUSY"}
    old, new = (run("a", "1", ("x/y/a", ask("lru_crawler crawl all", said)), **guarded) for said in ("OK", "BUSY"))
    assert len(rows(old, new)) == 1
