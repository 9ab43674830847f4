"""A conversation: connections opened when they are needed, bounded reading and a bounded transcript."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from waiting import SECONDS_MAX

from mclite.replay.play import conversation as module
from mclite.replay.play.clock import DebugClock
from mclite.replay.play.conversation import EVENTS, LONGEST_LINE, SHOWN, Conversation
from mclite.replay.play.outcome import Differs, Keys, Patience, Result
from mclite.replay.play.transport import Address, Connection
from mclite.replay.scenario.talk import Delivery, Expect, Talk
from mclite.replay.scenario.versions import parse_version

Serve = Callable[[Callable[[socket.socket], None]], Address]
EXPECT = next(op for op in Talk("> x\n< {:rest}\n").script(parse_version("1.6.45")) if isinstance(op, Expect))


@dataclass
class Manner:
    address: Address
    patience: Patience = field(default_factory=lambda: Patience(SECONDS_MAX))
    delivery: Delivery = "whole"
    chop: int = 0
    clock: DebugClock | None = None
    keys: Keys = field(default_factory=lambda: Keys("m1"))
    barrier: bytes | None = None
    until: float = math.inf


def says(data: bytes) -> Callable[[socket.socket], None]:
    def handler(peer: socket.socket) -> None:
        peer.sendall(data)
        while peer.recv(65536):
            pass

    return handler


@pytest.fixture
def talk_with(serve: Serve) -> Iterator[Callable[..., Conversation]]:
    """Return what begins a conversation with a server that says something to each connection, or does as it is told."""
    talks: list[Conversation] = []

    def begin(server: bytes | Callable[[socket.socket], None], **how: object) -> Conversation:
        address = serve(says(server) if isinstance(server, bytes) else server)
        talks.append(Conversation(Manner(address, **how)))  # type: ignore[arg-type]
        return talks[-1]

    yield begin
    for talk in talks:
        for connection in talk.open.values():
            connection.close()


def test_connections_are_opened_when_they_are_needed(talk_with: Callable[..., Conversation]) -> None:
    talk = talk_with(b"")
    assert talk.open == {}
    first = talk.connection("A")
    assert talk.connection("A") is first
    talk.quiet.add("B")
    assert talk.connection("B") is not first
    assert talk.quiet == set()  # a new connection is asked for the barrier again


@pytest.mark.parametrize(
    ("how", "pieces"),
    [
        ({}, [b"get a\r\nmn\r\n"]),
        ({"delivery": "lines"}, [b"get a\r\n", b"mn\r\n"]),
        ({"delivery": "bytes"}, [bytes([byte]) for byte in b"get a\r\nmn\r\n"]),
        ({"chop": 4}, [b"get ", b"a\r\nm", b"n\r\n"]),
    ],
)
def test_what_is_sent_is_cut_as_the_delivery_says(
    talk_with: Callable[..., Conversation],
    monkeypatch: pytest.MonkeyPatch,
    how: dict[str, object],
    pieces: list[bytes],
) -> None:
    talk = talk_with(b"", **how)
    sent: list[bytes] = []
    monkeypatch.setattr(Connection, "send", lambda self, data, deadline: sent.append(data) is None)
    talk.send("A", b"get a\r\nmn\r\n", 1)
    assert sent == pieces
    talk.chopped["A"] = 7  # `chop` of the scenario itself
    sent.clear()
    talk.send("A", b"get a\r\nmn\r\n", 1)
    assert sent == [b"get a\r\n", b"mn\r\n"]


def test_exact_answers_are_heard_and_leave_the_rest(talk_with: Callable[..., Conversation]) -> None:
    talk = talk_with(b"STORED\r\nEND\r\n")
    connection = talk.connection("A")
    talk.exact(connection, "A", 2, b"STORED\r\n")
    assert [(one.line, one.data) for one in talk.heard] == [(2, b"STORED\r\n")]
    assert [event[:3] for event in talk.events] == [("A", "<", b"STORED\r\n")]
    talk.wait_for(connection, "A", 3, b"END\r\n")
    assert connection.buffer == b"END\r\n"


def test_another_answer_is_shown_to_the_end_of_its_line(talk_with: Callable[..., Conversation]) -> None:
    talk = talk_with(b"STOPPED here\r\nEND\r\n")
    with pytest.raises(Differs) as raised:
        talk.exact(talk.connection("A"), "A", 2, b"STORED\r\n")
    found = raised.value.result
    assert (found.outcome, found.step, found.got, found.at) == ("mismatch", 2, b"STOPPED here\r\n", 3)


def test_silence_and_the_end_are_told_apart(talk_with: Callable[..., Conversation]) -> None:
    talk = talk_with(b"STO", patience=Patience(0.2))
    with pytest.raises(Differs) as raised:
        talk.exact(talk.connection("A"), "A", 2, b"STORED\r\n")
    assert raised.value.result.reason == "nothing more came for 0.2 s"
    assert (raised.value.result.outcome, raised.value.result.got, raised.value.result.at) == ("timeout", b"STO", 3)
    talk = talk_with(lambda peer: peer.sendall(b"STO"))
    with pytest.raises(Differs) as raised:
        talk.exact(talk.connection("A"), "A", 2, b"STORED\r\n")
    assert (raised.value.result.outcome, raised.value.result.got) == ("closed", b"STO")


def test_lines_are_returned_and_not_taken(talk_with: Callable[..., Conversation]) -> None:
    talk = talk_with(b"a\r\nb\r\nc")
    connection = talk.connection("A")
    assert talk.line_of(connection, EXPECT, 2, "two lines") == b"a\r\nb\r\n"
    assert connection.buffer.startswith(b"a\r\nb\r\n")


def test_a_line_without_an_end_is_too_much(talk_with: Callable[..., Conversation]) -> None:
    talk = talk_with(b"x" * (LONGEST_LINE + 100_000))
    with pytest.raises(Differs) as raised:
        talk.line_of(talk.connection("A"), EXPECT, 1, "a line")
    assert raised.value.result.outcome == "too-much"
    assert raised.value.result.got == b"x" * SHOWN


def test_the_transcript_ends_somewhere(talk_with: Callable[..., Conversation]) -> None:
    talk = talk_with(b"")
    for number in range(EVENTS + 100):
        talk.log("A", ">", b"%d" % number)
    assert len(talk.events) == EVENTS + 1
    assert talk.events[-1][1:3] == ("!", f"more than {EVENTS} events")
    other = talk_with(b"")
    other.log("A", "<", b"x" * 100_000)
    assert len(other.events[0][2]) < 1000


def test_what_else_arrived_is_in_the_transcript_behind_the_wrong_answer(
    talk_with: Callable[..., Conversation],
) -> None:
    talk = talk_with(b"WRONG\r\nmore\r\n")
    connection = talk.connection("A")
    while len(connection.buffer) < 13:
        assert connection.fill(talk.deadline())
    talk.show_rest(Result("mismatch", conn="A", got=b"WRONG\r\n", reason="another answer came"))
    assert [event[1:3] for event in talk.events] == [
        ("<", b"WRONG\r\n"),
        ("<", b"more\r\n"),
        ("!", "another answer came"),
    ]
    talk.show_rest(Result("match"))
    assert len(talk.events) == 3


def test_no_answer_is_waited_for_beyond_the_end(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    address = serve(says(b""))
    clock = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    talk = Conversation(Manner(address, Patience(2.0), until=1009.0))
    assert talk.deadline() == 1002.0
    assert talk.deadline(5.0) == 1007.0
    clock[0] = 1008.0
    assert talk.deadline() == 1009.0  # of the whole run
    clock[0] = 1500.0
    assert Conversation(Manner(address, Patience(2.0))).deadline() == 1502.0
    assert talk.elapsed() == 500_000.0
