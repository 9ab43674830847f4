"""Raw mode's own: when an answer is whole, and what happens when it is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mclite.client.transport import Transport
from mclite.shell import raw
from mclite.shell.raw import RawTalk

TalkWith = Callable[..., RawTalk]


class ScriptedTransport(Transport):
    """Answers each line with the next of `answers`, in the parts between `<pause>`; `<close>` is a hang-up.

    `waits` are the seconds that each read was ready to wait.
    """

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers
        self.parts: list[bytes] = []
        self.waits: list[float | None] = []
        self.opened = 0

    def open(self) -> None:
        self.opened += 1

    def send(self, data: bytes) -> bytes:
        self.parts = [part for part in self.answers.pop(0).split(b"<pause>") if part]
        return b""

    def receive(self, timeout: float | None) -> bytes:
        self.waits.append(timeout)
        if self.parts:
            return self.parts.pop(0).replace(b"<close>", b"")
        raise TimeoutError

    def close(self) -> None:
        pass


@pytest.fixture
def transports() -> list[ScriptedTransport]:
    return []


@pytest.fixture
def talk_with(transports: list[ScriptedTransport]) -> TalkWith:
    """Return a function that makes a talk with a server which answers each line with the next of some answers."""

    def begin(answers: list[bytes], seconds: float = 2.0) -> RawTalk:
        transports.append(ScriptedTransport(answers))
        return RawTalk(transports[-1], seconds)

    return begin


def test_a_known_answer_ends_when_it_is_whole(talk_with: TalkWith, transports: list[ScriptedTransport]) -> None:
    talk = talk_with([b"VALUE k 0 5\r\nEN<pause>D\r\n\r<pause>\nEND<pause>\r\n", b"MN\r\n"], 60)
    assert talk.say(b"get k") == b"VALUE k 0 5\r\nEND\r\n\r\nEND\r\n"
    assert talk.say(b"mn") == b"MN\r\n"
    assert transports[0].waits == [60] * 5
    assert transports[0].opened == 1


def test_what_makes_no_sense_is_shown_all_the_same(talk_with: TalkWith, transports: list[ScriptedTransport]) -> None:
    talk = talk_with([b"BANANA\n<pause>more\n"])
    assert talk.say(b"get k") == b"BANANA\nmore\n"
    assert transports[0].waits == [2.0, raw.PAUSE_SECONDS, raw.PAUSE_SECONDS]


def test_an_unknown_command_is_answered_until_a_pause(talk_with: TalkWith, transports: list[ScriptedTransport]) -> None:
    talk = talk_with([b"one\r\n<pause>two\r\n"])
    assert talk.say(b"lru_frobnicate") == b"one\r\ntwo\r\n"
    assert transports[0].waits == [raw.FIRST_SECONDS, raw.PAUSE_SECONDS, raw.PAUSE_SECONDS]


def test_no_answer(talk_with: TalkWith, transports: list[ScriptedTransport]) -> None:
    talk = talk_with([b"", b"", b"MN\r\n"])
    assert talk.say(b"delete k noreply") == b""
    assert talk.say(b"mg k q") == b""
    assert transports[0].waits == [raw.PAUSE_SECONDS] * 2
    assert talk.say(b"mn") == b"MN\r\n"


def test_a_hang_up(talk_with: TalkWith) -> None:
    with pytest.raises(ConnectionError):
        talk_with([b"<close>"]).say(b"get k")
