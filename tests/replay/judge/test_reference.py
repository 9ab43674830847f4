"""A reference beside the target: whether two answers differ where it matters."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from mclite.replay.judge.reference import Beside, Difference, compared, difference
from mclite.replay.play.outcome import Keys, Patience, Result
from mclite.replay.play.player import Player
from mclite.replay.play.transport import Address
from mclite.replay.scenario.talk import Talk
from mclite.replay.scenario.versions import parse_version

NEW = parse_version("1.6.45")
Scripted = Callable[..., Address]


def play(address: Address, talk: str, prefix: str) -> Result:
    return Player(address, Keys(prefix), patience=Patience(0.5)).play(Talk(talk).script(NEW))


@pytest.fixture
def beside(scripted: Scripted) -> Callable[..., Difference | None]:
    """Play a talk to two servers that answer as told, and compare them."""

    def compare(
        talk: str,
        target: dict[bytes, bytes],
        reference: dict[bytes, bytes],
        versions: tuple[bytes, bytes] | None = None,
    ) -> Difference | None:
        ours, theirs = versions or (b"1.6.45", b"1.6.45")
        first = play(scripted(target, b"VERSION %s\r\n" % ours), talk, "m1")
        second = play(scripted(reference, b"VERSION %s\r\n" % theirs), talk, "m2")
        return difference(first, second, ours, theirs)

    return compare


@pytest.mark.parametrize(
    ("line", "ours", "theirs"),
    [
        ("CLIENT_ERROR {:rest}", b"CLIENT_ERROR no", b"CLIENT_ERROR no"),
        ("{key} 0", b"m1_0001 0", b"m2_0001 0"),
        ("{:rest}", b"is m1_0001", b"is m2_0001"),
        ("{:rest}", b"is " + base64.b64encode(b"m1_0001"), b"is " + base64.b64encode(b"m2_0001")),
        ("{cas:uint}", b"17", b"3"),
        ("STAT pid {:uint}", b"STAT pid 17", b"STAT pid 3"),
        ("STAT {:/.*/}", b"STAT uptime 17", b"STAT uptime 3"),
        ("{:1..100}", b"99", b"98"),
        ("{:-300..-298}", b"-299", b"-300"),
        ("ts={:/[0-9.]+/}", b"ts=12.5", b"ts=13.25"),
        ("ME {:rest}", b"ME k exp=10 la=1 cas=7 size=63", b"ME k exp=9 la=0 cas=12 size=63"),
        ("{:rest}", b"at 1795457846", b"at 1795457847"),
        ("{:rest}", b"tcp:127.0.0.1:4711", b"tcp:127.0.0.1:11211"),
        ("{:rest}", b"unix:/tmp/mclite-server-a1/s", b"unix:/tmp/mclite-server-b2/s"),
        ("END", b"ERROR", b"ERROR"),
        ("END", b"ERROR 17 m1_0001", b"ERROR 17 m2_0001"),
    ],
)
def test_what_means_the_same(beside: Callable[..., Difference | None], line: str, ours: bytes, theirs: bytes) -> None:
    talk = f"> get {{key}}\n< {line}"
    assert beside(talk, {b"get m1_0001": ours + b"\r\n"}, {b"get m2_0001": theirs + b"\r\n"}) is None


@pytest.mark.parametrize(
    ("line", "ours", "theirs"),
    [
        ("CLIENT_ERROR {:rest}", b"CLIENT_ERROR no", b"CLIENT_ERROR bad"),
        ("CLIENT_ERROR {:/.*/}", b"CLIENT_ERROR no", b"CLIENT_ERROR no "),
        ("{:word}", b"yes", b"no"),
        ("{:-1..}", b"-1", b"100"),
        ("{cas:uint}", b"17", b"0"),
        ("ME {:rest}", b"ME k exp=-1 size=63", b"ME k exp=9 size=63"),
        ("ME {:rest}", b"ME k exp=-1 size=63", b"ME k exp=-1 size=64"),
        ("STAT {:/.*/}", b"STAT evictions on", b"STAT evictions off"),
        ("{:rest}", b"is m1_0001", b"is m3_0001"),
        ("END", b"END", b"ERROR"),
        ("END", b"ERROR", b"END"),
        ("END", b"ERROR", b"NO"),
    ],
)
def test_what_differs(beside: Callable[..., Difference | None], line: str, ours: bytes, theirs: bytes) -> None:
    found = beside(f"> get {{key}}\n< {line}", {b"get m1_0001": ours + b"\r\n"}, {b"get m2_0001": theirs + b"\r\n"})
    assert found == Difference(2, ours + b"\r\n", theirs + b"\r\n")


def test_cas_uniques_are_mapped_one_to_one(beside: Callable[..., Difference | None]) -> None:
    talk = "> gets a\n< {cas:uint}\n> gets b\n< {cas2:uint}"
    target = {b"gets a": b"7\r\n", b"gets b": b"8\r\n"}
    assert beside(talk, target, {b"gets a": b"3\r\n", b"gets b": b"9\r\n"}) is None
    found = beside(talk, target, {b"gets a": b"3\r\n", b"gets b": b"3\r\n"})
    assert found == Difference(4, b"8\r\n", b"3\r\n")


def test_a_server_may_say_its_own_version(beside: Callable[..., Difference | None]) -> None:
    talk = "> stats\n<* STAT version {:rest}\n< END"
    target, reference = ({b"stats": b"STAT version %s\r\nEND\r\n" % version} for version in (b"1.6.45", b"1.6.18"))
    assert beside(talk, target, reference, (b"1.6.45", b"1.6.18")) is None
    assert beside(talk, target, reference, (b"1.6.45", b"1.6.9")) is not None


def test_a_list_may_come_in_any_order_with_other_lines(beside: Callable[..., Difference | None]) -> None:
    talk = "> stats\n<* STAT a {:word}\n<* STAT b {:word}\n< END"
    target = {b"stats": b"STAT b y\r\nSTAT c z\r\nSTAT a x\r\nEND\r\n"}
    assert beside(talk, target, {b"stats": b"STAT a x\r\nSTAT b y\r\nEND\r\n"}) is None
    found = beside(talk, target, {b"stats": b"STAT a x\r\nSTAT b yy\r\nEND\r\n"})
    assert found == Difference(3, b"STAT b y\r\n", b"STAT b yy\r\n")
    found = beside(talk, target, {b"stats": b"STAT b y\r\nEND\r\n"})
    assert found == Difference(2, b"STAT a x\r\n", b"END\r\n")


def test_which_of_several_allowed_answers_came(beside: Callable[..., Difference | None]) -> None:
    talk = "> get a\n<| OK\n<| BUSY\n> get b\n< OK"
    target = {b"get a": b"OK\r\n", b"get b": b"OK\r\n"}
    assert beside(talk, target, target) is None
    found = beside(talk, target, {b"get a": b"BUSY\r\n", b"get b": b"OK\r\n"})
    assert found == Difference(2, b"OK\r\n", b"BUSY\r\n")


def test_an_answer_too_many_is_a_difference(beside: Callable[..., Difference | None]) -> None:
    talk = "> get a\n< END"
    assert beside(talk, {b"get a": b"END\r\n"}, {b"get a": b"END\r\n\r\n"}) == Difference(None, None, b"\r\n")
    assert beside(talk, {b"get a": b"END\r\n\r\n"}, {b"get a": b"END\r\n\r\n"}) is None


def test_what_was_not_played_is_not_compared() -> None:
    made = compared(Result("match"), Result("not-run"), "no meta", (b"1", b"2"))
    assert (made.same, made.reason, made.transcript) == (None, "no meta", ())


def test_what_goes_wrong_in_the_thread_is_raised() -> None:
    def fail() -> tuple[Result, str | None]:
        raise OSError("too many open files")

    with pytest.raises(OSError, match="too many"):
        Beside(fail, at_once=True).answer()
