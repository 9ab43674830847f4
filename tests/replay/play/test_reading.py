"""Reading what a talk expects: lines, patterns, alternatives, lists, answers in any order, races."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from mclite.replay.play.outcome import Keys, Patience, Result
from mclite.replay.play.player import Player
from mclite.replay.play.transport import Address
from mclite.replay.scenario.talk import Talk
from mclite.replay.scenario.versions import parse_version

Scripted = Callable[..., Address]
Serve = Callable[[Callable[[socket.socket], None]], Address]
NEW = parse_version("1.6.45")


def play(address: Address, talk: str, *, barrier: bytes | None = None, seconds: float = 30) -> Result:
    player = Player(address, Keys("m1"), patience=Patience(seconds), barrier=barrier)
    return player.play(Talk(talk).script(NEW))


def test_a_pattern_may_end_in_lf_alone(scripted: Scripted) -> None:
    address = scripted({b"x": b"ts=1.5 gid=7 type=a\nEND\r\n", b"y": b"gid=8\r\n"})
    result = play(address, "> x\n<. ts={:word} gid={gid:uint} {:rest}\\n\n< END\n")
    assert (result.outcome, result.values) == ("match", {"gid": b"7"})
    result = play(address, "> y\n<. gid={gid:uint}\\n\n")
    assert (result.outcome, result.want, result.at) == ("mismatch", r"gid={gid:uint}\n", 5)


@pytest.mark.parametrize(
    ("answer", "expected", "want", "got", "at"),
    [
        (b"STORE\r\n", "STORED", r"STORED\r\n", b"STORE\r\n", 5),
        (b"STORED\n", "STORED", r"STORED\r\n", b"STORED\n", 6),
        (b"STORED \r\n", "STORED", r"STORED\r\n", b"STORED \r\n", 6),
        (b"VALUE a 0 07\r\n", "VALUE a 0 {n:uint}", r"VALUE a 0 {n:uint}\r\n", b"VALUE a 0 07\r\n", 11),
        (b"VALXE a 0 7\r\n", "VALUE a 0 {n:uint}", r"VALUE a 0 {n:uint}\r\n", b"VALXE a 0 7\r\n", 3),
        (b"VALUE a 0 7\n", "VALUE a 0 {n:uint}", r"VALUE a 0 {n:uint}\r\n", b"VALUE a 0 7\n", 11),
    ],
)
def test_the_first_wrong_byte(scripted: Scripted, answer: bytes, expected: str, want: str, got: bytes, at: int) -> None:
    result = play(scripted({b"x": answer}), f"> x\n< {expected}\n")
    assert (result.outcome, result.step, result.want, result.got, result.at) == ("mismatch", 2, want, got, at)


def test_an_exact_line_fails_at_once_though_the_rest_never_comes(scripted: Scripted) -> None:
    result = play(scripted({b"x": b"SX"}), "> x\n< STORED\n", seconds=600)  # else the test would not end
    assert (result.outcome, result.got, result.at) == ("mismatch", b"SX", 1)


def test_alternatives(scripted: Scripted) -> None:
    address = scripted({b"x": b"B 7\r\n", b"y": b"D\r\n"})
    talk = "> {}\n<| A\n<| B {{n:uint}}\n"
    assert play(address, talk.format("x")).values == {"n": b"7"}
    result = play(address, talk.format("y"))
    assert (result.outcome, result.want, result.got) == ("mismatch", "A or B {n:uint}", b"D\r\n")


def test_lists_in_any_order(scripted: Scripted) -> None:
    address = scripted({b"stats": b"STAT c 3\r\nSTAT a 1\r\nSTAT b 2\r\nEND\r\n"})
    result = play(address, "> stats\n<* STAT a {a:uint}\n<* STAT c {c:uint}\n< END\n")
    assert result.values == {"a": b"1", "c": b"3"}
    result = play(address, "> stats\n<* STAT a 1\n<* STAT d {:uint}\n<* STAT e 1\n< END\n")
    assert (result.outcome, result.step, result.want, result.got) == (
        "mismatch",
        3,
        r"STAT d {:uint}\r\n",
        b"END\r\n",
    )
    assert result.reason == "the list ended without this line and 1 more"


ANY_ORDER = "> get a b c\n<& VALUE a 0 1\\r\\n1\n<& VALUE b 0 2 {cas:uint}\\r\\n22\n<& VALUE c 0 1\\r\\n1\n< END"
A, B, C = b"VALUE a 0 1\r\n1\r\n", b"VALUE b 0 2 7\r\n22\r\n", b"VALUE c 0 1\r\n1\r\n"


@pytest.mark.parametrize("order", [(A, B, C), (C, B, A), (B, A, C)])
def test_answers_in_any_order(scripted: Scripted, order: tuple[bytes, ...]) -> None:
    result = play(scripted({b"get a b c": b"".join(order) + b"END\r\n"}), ANY_ORDER)
    assert (result.outcome, result.values) == ("match", {"cas": b"7"})
    assert [heard.line for heard in result.heard] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        (A + C + b"END\r\n", b"END\r\n"),
        (A + A + B + C + b"END\r\n", b"VALUE a 0 1\r\n"),
        (A + B + C + A + b"END\r\n", b"VALUE a 0 1\r\n"),
        (A + b"\r\n" + B + C + b"END\r\n", b"\r\n"),
        (A + b"VALUE b 0 2 7\r\n23\r\n" + C + b"END\r\n", b"VALUE b 0 2 7\r\n23\r\n"),
        (b"VALUE a 0 1\r\n2\r\n" + B + C + b"END\r\n", b"VALUE a 0 1\r\n2\r\n"),
        (b"END\r\n", b"END\r\n"),
    ],
)
def test_in_any_order_nothing_is_missing_and_nothing_is_between(scripted: Scripted, answer: bytes, got: bytes) -> None:
    result = play(scripted({b"get a b c": answer}), ANY_ORDER, seconds=30)
    assert (result.outcome, result.got) == ("mismatch", got)
    assert result.at is not None


RACE = "B> add k\nC> add k\nD> add k\nB<~ STORED\nC<~ NOT_STORED\nD<~ NOT_STORED"


def race(serve: Serve, answers: list[bytes]) -> Result:
    """Play a race to a server whose connections are answered one of `answers` each."""
    left = iter(answers)

    def answer(connection: socket.socket) -> None:
        mine = next(left, b"")
        for line in connection.makefile("rb"):
            connection.sendall(b"VERSION 1\r\n" if line == b"version\r\n" else mine)

    return play(serve(answer), RACE)


@pytest.mark.parametrize("winner", range(3))
def test_one_of_several_connections_wins(serve: Serve, winner: int) -> None:
    answers = [b"NOT_STORED\r\n"] * 3
    answers[winner] = b"STORED\r\n"
    assert race(serve, answers).outcome == "match"


def test_two_winners_are_one_too_many(serve: Serve) -> None:
    result = race(serve, [b"STORED\r\n", b"NOT_STORED\r\n", b"STORED\r\n"])
    assert (result.outcome, result.conn, result.want) == ("mismatch", "D", "NOT_STORED")


def test_no_winner_is_one_too_few(serve: Serve) -> None:
    result = race(serve, [b"NOT_STORED\r\n"] * 3)
    assert (result.outcome, result.conn, result.want) == ("mismatch", "D", "STORED")
