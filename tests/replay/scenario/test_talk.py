from __future__ import annotations

import pytest

from mclite.replay.scenario.talk import Act, AnyOf, Expect, SomeOf, Talk, TalkError, Write
from mclite.replay.scenario.versions import parse_version

NEW, OLD = parse_version("1.6.45"), parse_version("1.6.18")


def test_lines_that_follow_each_other_are_one_write() -> None:
    talk = Talk("> set {key} 0 0 1\n# a comment\n\n>. 1\n> \nB> get {key}\n< STORED\nB< END\n")
    first, second, *_ = talk.script(NEW)
    assert isinstance(first, Write)
    assert isinstance(second, Write)
    assert [(text.source, end) for text, end in first.lines] == [
        ("set {key} 0 0 1", b"\r\n"),
        ("1", b""),
        ("", b"\r\n"),
    ]
    assert second.conn == "B"


def test_wait_parts_a_run() -> None:
    script = Talk("> a\nwait 0\n> b\n< ERROR\n").script(NEW)
    assert [type(op) for op in script] == [Write, Act, Write, Expect]


def test_runs_of_alternatives_and_of_lists() -> None:
    talk = Talk("> stats\n<* STAT pid {pid:uint}\n<* STAT time {:uint}\n< END\n> x\n<| A\n<| B\n< C {pid}\n")
    ops = talk.script(NEW)
    assert [type(op) for op in ops] == [Write, SomeOf, Write, AnyOf, Expect]
    assert isinstance(ops[1], SomeOf)
    assert len(ops[1].wanted) == 2
    assert isinstance(ops[1].until, Expect)
    assert ops[1].until.text.source == "END"


def test_guards_choose_the_steps() -> None:
    talk = Talk(
        "> get\n<[..1.6.39] ERROR\n<[1.6.40..] CLIENT_ERROR {:rest}\nB> x\nB closed [1.6.40..]\nB<[..1.6.39] E\n"
    )
    texts = [op.text.source for op in talk.script(OLD) if isinstance(op, Expect)]
    assert texts == ["ERROR", "E"]
    assert any(isinstance(op, Act) and op.verb == "closed" and op.conn == "B" for op in talk.script(NEW))
    assert talk.variant(OLD) == talk.variant(parse_version("1.6.9")) != talk.variant(NEW)


def test_verbs_and_their_seconds() -> None:
    talk = Talk(
        "> a\nwait 2.5\nsilence 0.2\nclosed 5\nB open\nB chop 3\nB> x\nB drain\nC> y\nC shut\nC close\nD> z\nD reset\n"
    )
    assert talk.seconds(NEW) == pytest.approx(7.7)
    acts = [(op.conn, op.verb, op.number) for op in talk.script(NEW) if isinstance(op, Act)]
    assert ("B", "chop", 3.0) in acts
    assert ("A", "closed", 5.0) in acts


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        ("", 1, "says nothing"),
        ("# only a comment", 1, "says nothing"),
        ("< END", 1, "nothing is sent"),
        ("> get a\n<END", 2, "neither a wire line nor"),
        ("> get a\n= END", 2, "neither a wire line nor"),
        ("> get a\nlinger 3", 2, "neither a wire line nor"),
        ("> get a ", 1, "ends in a space"),
        (">  get a", 1, "two spaces"),
        ("> get {cas}", 1, "has no value yet"),
        ("> get a\n< {key}", 2, "has no value yet"),
        ("> get a\n< {a:uint}\n> {b}", 3, "has no value yet"),
        ("> get a\n< VALUE {:n+1..}", 2, "has no value yet"),
        ("> {cas:uint}", 1, "matches what comes"),
        ("> a\n<. {cas:uint}", 2, "must be exact"),
        ("> a\n< {key:250}", 2, "belongs into a line that is sent"),
        ("> {key:30} {key}\n> {key:30}", 2, "has a value already"),
        ("> a\n<* STAT a", 2, "comes the < line"),
        ("> a\n<* STAT a\n> b\n< END", 2, "comes the < line"),
        ("> a\ndrain\n< END", 3, "was drained"),
        ("> a\nwait", 2, "needs a number"),
        ("> a\nclose 3", 2, "takes no number"),
        ("> a\n<[1.6.x] END", 2, "in its guard"),
        ("> a\n<[2.0..1.0] END", 2, "in its guard"),
        ("> a\n< {x", 2, "never closed"),
        (">[..1.6.39] get a\n< END", 1, "nothing is sent to 1.6"),
        ("> a\n<[..1.6.39] {n:uint}\n> {n}", 3, "has no value yet"),
        ("> a\n<| {n:uint}\n<| ERROR\n> {n}", 4, "has no value yet"),
        ("> a\nrepeat 3\n> b\n< ERROR", 2, "repeat needs an end"),
        ("> a\n< ERROR\nend", 3, "no repeat before this end"),
        ("repeat 2\n> a\nrepeat 2\n< ERROR\nend\nend", 3, "line 1 has no end yet"),
        ("repeat 1\n> a\n< ERROR\nend", 1, "a number from 2 to 1000"),
        ("repeat 1001\n> a\n< ERROR\nend", 1, "a number from 2 to 1000"),
        ("> a\n<~ STORED\n> b", 2, "about several connections"),
        ("> a\n<~ STORED\n<~ STORED", 2, "about several connections"),
        ("> a\nB> a\n<~ {n:uint}\nB<~ 5", 3, "binds no"),
    ],
)
def test_malformed_talks(source: str, line: int, problem: str) -> None:
    with pytest.raises(TalkError, match=problem) as raised:
        Talk(source)
    assert raised.value.line == line


def test_commands_are_the_verbs_and_never_the_data() -> None:
    talk = Talk("> set {key} 0 0 3\n> get\n< STORED\n> ms {key} 2 T0\n> hi\n< HD\n> {mn\\r\\n*3}\n> 12 x\nclose\n")
    assert talk.commands() == ("ms", "set")


def test_what_is_repeated_is_said_again_and_again() -> None:
    once = Talk("> a\n< B {n:uint}\n> c {n}\n< D").script(NEW)
    again = Talk("> x\n< Y\nrepeat 3\n> a\n< B {n:uint}\n> c {n}\n< D\nend\n> z\n< ERROR").script(NEW)
    assert [type(op) for op in again[2:-2]] == [type(op) for op in once] * 3
    assert [op.line for op in again[2:-2]] == [4, 5, 6, 7] * 3


def test_answers_of_several_connections_are_one_pool_a_round() -> None:
    script = Talk("repeat 2\n> a\nB> a\n<~ STORED\nB<~ NOT_STORED\nend").script(NEW)
    answers = [op for op in script if isinstance(op, AnyOf)]
    assert [op.conn for op in answers] == ["A", "B", "A", "B"]
    assert [[item.text.source for item in op.options] for op in answers] == [["STORED", "NOT_STORED"]] * 4
    assert answers[0].pool is answers[1].pool
    assert answers[1].pool is not answers[2].pool
