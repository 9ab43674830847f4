"""What came is held against another script: each answer that it gives is what asking again gives, too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mclite.replay.judge import likeness
from mclite.replay.play.clock import DebugClock
from mclite.replay.play.outcome import Keys, Patience
from mclite.replay.play.player import Player
from mclite.replay.play.transport import Address
from mclite.replay.scenario.talk import Delivery, Talk
from mclite.replay.scenario.versions import parse_version

Scripted = Callable[..., Address]
OLD, NEW = parse_version("1.6.9"), parse_version("1.6.45")
ANSWERS = {
    b"a": b"ONE\r\nTWO\r\n",
    b"b": b"THREE 3\r\n",
    b"version": b"VERSION 1\r\n",
    b"set m1_0001 0 0 1": b"",
    b"x": b"STORED\r\n",
    b"get m1_0001": b"VALUE m1_0001 0 1\r\nx\r\nEND\r\n",
}


@pytest.mark.parametrize(
    ("talk", "told", "asked"),
    [
        # The same bytes, said in another way.
        ("> a\n< ONE\n<[..1.6.39] TWO\n<[1.6.40..] {:word}\n", True, True),
        ("> a\n< ONE\n<[..1.6.39] TWO\n<|[1.6.40..] TEN\n<|[1.6.40..] TWO\n", True, True),
        (
            (
                "> set {key} 0 0 1\n> x\n< STORED\n> get {key}\n< VALUE {key} 0 1\n"
                "<[..1.6.39] x\n<[1.6.40..] {:rest}\n< END"
            ),
            True,
            True,
        ),
        # Another byte, a line too few, a line too many.
        ("> a\n< ONE\n<[..1.6.39] TWO\n<[1.6.40..] TWO!\n", False, False),
        ("> a\n< ONE\n<[..1.6.39] TWO\n<[1.6.40..] {:uint}\n", False, False),
        ("> a\n< ONE\n<[..1.6.39] TWO\n", False, False),
        ("> a\n< ONE\n< TWO\n<[1.6.40..] MORE\n", False, False),
        ("> a\n< ONE\n< TWO\n<[1.6.40..] {:word}\n", False, False),
        ("> a\n< ONE\n<|[..1.6.39] TWO\n<|[..1.6.39] TEN\n<|[1.6.40..] TEN\n", False, False),
        ("> b\n<[..1.6.39] THREE {n:uint}\n<[1.6.40..] THREE {n:4..}\n", False, False),
        ("> a\n< ONE\n< TWO\n<[1.6.40..] FOUR\n> b\n< THREE 3\n", False, False),
        ("> a\n< ONE\n< TWO\n<[1.6.40..] {:uint}\n> b\n< THREE 3\n", False, False),
        # What else came may have come before or after.
        ("> a\n< ONE\n<[1.6.40..] TWO\n> b\n<[..1.6.39] TWO\n< THREE 3\n", None, True),
        ("> a\n<[..1.6.39] ONE\n<[..1.6.39] TWO\ndrain\n", None, True),
        # Something else is sent, or done.
        (">[..1.6.39] a\n>[1.6.40..] b\n<[..1.6.39] ONE\n<[..1.6.39] TWO\n<[1.6.40..] THREE 3\n", None, True),
        ("> a\n< ONE\n< TWO\nsilence[1.6.40..] 0.01\n", None, True),
        # A list comes in any order.
        ("> a\n<*[..1.6.39] ONE\n<[..1.6.39] TWO\n<[1.6.40..] ONE\n<[1.6.40..] TWO", None, True),
        # What is sent depends on what was heard.
        ("> b\n<[..1.6.39] THREE {n:uint}\n<[1.6.40..] {n:word} 3\n> echo {n}\n< {n}\n", None, True),
    ],
)
def test_what_came_tells_what_asking_tells(scripted: Scripted, talk: str, told: bool | None, asked: bool) -> None:
    answers = ANSWERS | {b"echo 3": b"3\r\n", b"echo THREE": b"THREE\r\n"}
    parsed = Talk(talk)
    player = Player(scripted(answers), Keys("m1"), patience=Patience(5.0))
    played, other = parsed.script(OLD), parsed.script(NEW)
    result = player.play(played)
    assert result.outcome == "match", result.reason
    found = likeness.matches(player, played, result, other)
    assert found == told
    assert found is None or isinstance(found, bool)
    again = Player(player.address, Keys("m1"), patience=Patience(1.0)).play(other)
    assert (again.outcome == "match") == asked


def test_only_what_matched_is_held_against_another_script(scripted: Scripted) -> None:
    talk = Talk("> a\n<[..1.6.39] NONE\n<[1.6.40..] ONE\n< TWO\n")
    player = Player(scripted(ANSWERS), Keys("m1"), patience=Patience(0.2))
    result = player.play(talk.script(OLD))
    assert result.outcome == "mismatch"
    assert likeness.matches(player, talk.script(OLD), result, talk.script(NEW)) is None


@pytest.mark.parametrize("how", ["pipelined", "clock"])
def test_what_reorders_or_moves_time_is_asked(scripted: Scripted, how: str) -> None:
    talk = Talk("> a\n< ONE\n<[..1.6.39] TWO\n<[1.6.40..] {:word}\n")
    delivery: Delivery = "pipelined" if how == "pipelined" else "whole"
    player = Player(scripted(ANSWERS), Keys("m1"), patience=Patience(0.2), delivery=delivery)
    result = player.play(talk.script(OLD))
    assert result.outcome == "match"
    if how == "clock":
        player.clock = object.__new__(DebugClock)
    assert likeness.matches(player, talk.script(OLD), result, talk.script(NEW)) is None


def test_a_dialogue_that_is_not_known_whole_tells_nothing(scripted: Scripted) -> None:
    talk = Talk("> a\n< ONE\n<[..1.6.39] TWO\n<[1.6.40..] {:word}\n")
    player = Player(scripted(ANSWERS), Keys("m1"), patience=Patience(0.2))
    result = player.play(talk.script(OLD))
    result.heard.pop()
    assert likeness.matches(player, talk.script(OLD), result, talk.script(NEW)) is None


def test_which_scripts_send_the_same() -> None:
    def same(talk: str) -> bool:
        parsed = Talk(talk)
        return likeness.same_requests(parsed.script(OLD), parsed.script(NEW))

    assert same("> a\n<[..1.6.39] ONE\n<[1.6.40..] TWO\n")
    assert same("> a\n<[..1.6.39] ONE\n<[1.6.40..] TWO\nwait 0.1\n> b\n< THREE\n")
    assert not same("> a\n< ONE\nwait[..1.6.39] 0.1\n> b\n< THREE\n")
    assert not same("> a\n<*[..1.6.39] ONE\n<[..1.6.39] TWO\n<[1.6.40..] ONE\n")
    assert not same("> a\n<[..1.6.39] ONE\n> b\n<[1.6.40..] ONE\n< THREE\n>[1.6.40..] a\n")
