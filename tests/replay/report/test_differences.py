"""What tells several servers apart: requests, and the answer of each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from made_results import make, record, typed

from mclite.replay.judge.record import Event, Transcript
from mclite.replay.report import differences, payload
from mclite.replay.results.document import Results


def ask(*said: str) -> Transcript:
    """Return a dialogue: a request, its answer, the next request ..."""
    return tuple(Event("A", "><"[place % 2], f"{text}\\r\\n", 1.5) for place, text in enumerate(said))


def run(name: str, *scenarios: tuple[str, str, Transcript]) -> Results:
    """Return results of these scenarios, each with its id, verdict and transcript."""
    made = typed(make(name, None, size=0))
    return replace(
        made, scenarios=tuple(record(id_, verdict=verdict, transcript=said) for id_, verdict, said in scenarios)
    )


def rows(*runs: Results) -> list[differences.Row]:
    return differences.rows(runs, payload.arrange(runs))


def test_the_first_request_that_is_answered_otherwise_is_a_row() -> None:
    good = ask("set mabcde00_0001 0 0 1\\r\\n1", "STORED", "incr mabcde00_0001 1", "2", "get mabcde00_0001", "2")
    other = ask("set mfghij00_0007 0 0 1\\r\\n1", "STORED", "incr mfghij00_0007 1", "ERROR", "get mfghij00_0007", "1")
    (row,) = rows(run("a", ("i", "pass", good)), run("b", ("i", "fail", other)), run("c", ("i", "pass", good)))
    assert (row.command, row.before, row.request) == ("incr", ("set key 0 0 1", "1"), ("incr key 1",))
    assert [(answer.lines, answer.targets) for answer in row.answers] == [
        (("ERROR",), (("bad", (1,)),)),
        (("2",), (("good", (0, 2)),)),
    ]


def test_what_a_release_is_to_answer_is_told_from_what_another_is_not() -> None:
    runs = [run(name, ("i", verdict, ask("mn", "ERROR"))) for name, verdict in (("a", "pass"), ("b", "fail"))]
    (row,) = rows(*runs, run("c", ("i", "pass", ask("mn", "MN"))))
    assert row.answers[0].targets == (("bad", (1,)), ("good", (0,)))


def test_the_same_request_with_the_same_answers_is_one_row() -> None:
    one = run("a", ("i", "pass", ask("mn", "MN")), ("j", "pass", ask("mn", "MN")))
    other = run("b", ("i", "fail", ask("mn", "ERROR")), ("j", "fail", ask("mn", "ERROR")))
    (row,) = rows(one, other)
    assert [scenario.id for scenario in row.scenarios] == ["i", "j"]


def test_of_a_long_answer_what_all_have_is_left_out() -> None:
    lines = [f"STAT name{number} 1" for number in range(9)]
    one, other = ("\\r\\n".join([*lines, *more, "END"]) for more in ([], ["STAT more 1"]))
    (row,) = rows(run("a", ("s", "pass", ask("stats", one))), run("b", ("s", "fail", ask("stats", other))))
    assert [answer.lines for answer in row.answers] == [("STAT more <n>",), ("(no answer)",)]


def test_who_was_asked_otherwise_is_not_in_the_row() -> None:
    said = {"a": ask("mn", "MN"), "b": ask("mn", "ERROR"), "c": ask("get x", "END")}
    (row,) = rows(*(run(name, ("i", "pass", dialogue)) for name, dialogue in said.items()))
    assert sorted(number for answer in row.answers for _, some in answer.targets for number in some) == [0, 1]


def test_without_dialogues_there_is_nothing_to_compare() -> None:
    assert rows(run("a", ("i", "pass", ())), run("b", ("i", "skipped", ()))) == []


def test_the_odd_ones_are_counted() -> None:
    runs = [run(name, ("i", "pass", ask("mn", "MN")), ("j", "pass", ask("me x", "EN"))) for name in "abc"]
    runs.append(run("d", ("i", "fail", ask("mn", "ERROR")), ("j", "fail", ask("me x", "ERROR"))))
    assert differences.odd_ones(rows(*runs)) == [(3, 2)]
    assert [command for command, _ in differences.by_command(rows(*runs))] == ["mn", "me"]


def test_scenarios_differ_by_kind_of_verdict_or_by_release(fleet: Any) -> None:
    one, two, three = (typed(make(name, size=60)) for name in "abc")
    assert differences.differing([one, two, three], payload.arrange([one])) == []
    changed = replace(two, scenarios=(replace(two.scenarios[0], verdict="fail"), *two.scenarios[1:]))
    order = payload.arrange([one])
    (number,) = differences.differing([one, changed], order)
    assert order[number].id == two.scenarios[0].id
    assert differences.differing([one, replace(two, scenarios=two.scenarios[1:])], order) == []
