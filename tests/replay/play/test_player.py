"""The player against honest answers and against wrong ones; the hostile targets are in test_hostile.py."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from waiting import SECONDS_MAX

from mclite.replay.play.outcome import Keys, Patience, Result
from mclite.replay.play.player import Player
from mclite.replay.play.transport import Address
from mclite.replay.scenario.talk import Delivery, Talk
from mclite.replay.scenario.versions import parse_version

Scripted = Callable[..., Address]
Serve = Callable[[Callable[[socket.socket], None]], Address]
NEW = parse_version("1.6.45")


def play(
    address: Address, talk: str, *, barrier: bytes | None = None, delivery: Delivery = "whole", seconds: float = 30
) -> Result:
    player = Player(address, Keys("m1"), patience=Patience(seconds), barrier=barrier, delivery=delivery)
    return player.play(Talk(talk).script(NEW))


def test_a_match_is_transcribed(scripted: Scripted) -> None:
    address = scripted({b"get m1_0001": b"VALUE m1_0001 0 2\r\nhi\r\nEND\r\n"})
    result = play(address, "> get {key}\n< VALUE {key} {flags:uint} 2\n< hi\n< END\n")
    assert result.outcome == "match"
    assert [event[:3] for event in result.events] == [
        ("A", ">", b"get m1_0001\r\n"),
        ("A", "<", b"VALUE m1_0001 0 2\r\n"),
        ("A", "<", b"hi\r\n"),
        ("A", "<", b"END\r\n"),
        ("A", ">", b"version\r\n"),
        ("A", "<", b"VERSION "),
        ("A", "<", b"1.6.45\r\n"),
    ]
    assert result.values == {"key": b"m1_0001", "flags": b"0"}


@pytest.mark.parametrize(
    ("answer", "reason", "got"),
    [
        (b"OK\r\nOK\r\n", "the server had sent more", b"OK\r\n"),
        (b"OK\r\n\r\n", "the server had sent more", b"\r\n"),
    ],
)
def test_an_unread_answer_is_named_desync(scripted: Scripted, answer: bytes, reason: str, got: bytes) -> None:
    result = play(scripted({b"x": answer}), "> x\n< OK\n", barrier=b"VERSION 1.6.45\r\n")
    assert (result.outcome, result.step, result.got) == ("desync", None, got)
    assert result.reason is not None
    assert reason in result.reason


def test_a_request_that_swallows_the_barrier_is_named_desync(serve: Serve) -> None:
    def swallow(connection: socket.socket) -> None:
        while connection.recv(100):
            pass

    result = play(serve(swallow), "> x noreply\n", seconds=0.3)
    assert (result.outcome, result.got) == ("desync", b"")
    assert "got no answer" in (result.reason or "")


def test_the_barrier_is_on_every_open_connection(scripted: Scripted) -> None:
    address = scripted({b"x": b"OK\r\n"})
    result = play(address, "> x\n< OK\nB> x\nC> x\nC< OK\nC close\n")
    assert (result.outcome, result.conn) == ("desync", "B")
    assert play(address, "> x\n< OK\nB> x\nB drain\nC> x\nC< OK\n").outcome == "match"


def test_another_version_in_the_barrier_is_out_of_step(scripted: Scripted) -> None:
    result = play(scripted({b"x": b"OK\r\n"}, b"VERSION 9\r\n"), "> x\n< OK\n", barrier=b"VERSION 1.6.45\r\n")
    assert (result.outcome, result.at) == ("desync", 8)


def quitting(connection: socket.socket) -> None:
    with connection.makefile("rb") as lines:
        for line in lines:
            if line == b"quit\r\n":
                return
            connection.sendall(b"BYE\r\n" if line == b"bye\r\n" else b"VERSION 1\r\n")
            if line == b"bye\r\n":
                return


def test_closed(serve: Serve) -> None:
    address = serve(quitting)
    assert play(address, "> quit\nclosed\n").outcome == "match"
    assert play(address, "> quit\nclosed\n> version\n< VERSION 1\n").outcome == "match"
    result = play(address, "> bye\nclosed\n")
    assert (result.outcome, result.got) == ("mismatch", b"BYE\r\n")
    result = play(address, "> version\n< VERSION 1\nclosed\n", seconds=0.3)
    assert (result.outcome, result.step) == ("timeout", 3)
    result = play(address, "> quit\n< OK\n")
    assert (result.outcome, result.got) == ("closed", b"")
    assert play(address, "> quit\n").outcome == "closed"


def test_silence(scripted: Scripted) -> None:
    address = scripted({b"x": b"OK\r\n"})
    assert play(address, "> y\nsilence 0.05\n").outcome == "match"
    result = play(address, "> x\nsilence 600\n")
    assert (result.outcome, result.got, result.at) == ("mismatch", b"OK\r\n", 0)


def test_half_close_is_read_to_the_end(serve: Serve) -> None:
    def until_end(connection: socket.socket) -> None:
        data = b""
        while piece := connection.recv(1000):
            data += piece
        connection.sendall(b"%d bytes\r\n" % len(data))

    assert play(serve(until_end), "> hello\nshut\n< 7 bytes\nclosed\n").outcome == "match"


@pytest.mark.parametrize(
    ("delivery", "pieces"),
    [
        ("whole", [b"a\r\nbc\r\n"]),
        ("lines", [b"a\r\n", b"bc\r\n"]),
        ("bytes", [b"a", b"\r", b"\n", b"b", b"c", b"\r", b"\n"]),
    ],
)
def test_deliveries(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch, delivery: Delivery, pieces: list[bytes]
) -> None:
    sent: list[bytes] = []
    monkeypatch.setattr("mclite.replay.play.transport.Connection.send", _recording(sent))
    play(scripted(), "> a\n> bc\nclose\n", delivery=delivery)
    assert sent == pieces


def _recording(sent: list[bytes]) -> Callable[..., bool]:
    def send(self: object, data: bytes, deadline: float) -> bool:
        sent.append(data)
        return True

    return send


def test_chop_cuts_what_is_sent_later(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    monkeypatch.setattr("mclite.replay.play.transport.Connection.send", _recording(sent))
    play(scripted(), "> abc\nchop 2\n> de\nchop 0\n> f\nclose\n")
    assert sent == [b"abc\r\n", b"de", b"\r\n", b"f\r\n"]


def test_large_values_both_ways_at_once(serve: Serve) -> None:
    def echo(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            connection.sendall(data)

    result = play(serve(echo), "> {x*3000000}\n< {x*3000000}\nclose\n", seconds=SECONDS_MAX)
    assert result.outcome == "match"
    assert all(len(event[2]) < 1000 for event in result.events)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = play(Address("tcp", "127.0.0.1", port), "> x\n< OK\n")
    assert result.outcome == "died"
    assert "cannot be connected to" in (result.reason or "")


def test_a_clock_is_moved_instead_of_waited_for(serve: Serve) -> None:
    from mclite.replay.play.clock import DebugClock

    said: list[bytes] = []

    def server(connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            for line in lines:
                said.append(line.strip())
                connection.sendall(b"VERSION 1\r\n" if line == b"version\r\n" else b"OK\r\n")

    address = serve(server)
    clock = DebugClock(address)
    player = Player(address, Keys("m1"), patience=Patience(SECONDS_MAX), clock=clock)
    script = Talk("> at {time}\n< OK\nwait 100\n> at {time}\n< OK\nwait 1.5\n> x\n< OK\n").script(NEW)
    assert player.play(script).outcome == "match"
    moves = [line for line in said if line.startswith(b"debugtime")]
    assert moves == [b"debugtime p", b"debugtime 100", b"debugtime 1"]
    first, second = (int(line.split()[1]) for line in said if line.startswith(b"at"))
    assert second - first == 100


def test_patience_shrinks_with_a_target_that_never_answers() -> None:
    patience = Patience(2.0)
    for _ in range(100):
        patience.spend()
    assert patience.seconds == pytest.approx(0.05)


@pytest.mark.parametrize(("seconds", "outcome"), [(0.06, "mismatch"), (0.7, "match")])
def test_a_failure_after_a_wait_that_was_late_is_played_once_more(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, seconds: float, outcome: str
) -> None:
    answers = [b"NO\r\n", b"YES\r\n"]

    def handler(peer: socket.socket) -> None:
        answer = answers.pop(0)
        while peer.recv(65536):
            peer.sendall(answer)

    clock = SimpleNamespace(now=time.monotonic())
    clock.monotonic = lambda: clock.now
    clock.sleep = lambda _: setattr(clock, "now", clock.now + seconds)
    monkeypatch.setattr("mclite.replay.play.player.time", clock)
    player = Player(serve(handler), Keys("m1"), patience=Patience(SECONDS_MAX))
    assert player.play(Talk("wait 0.06\n> x\n< YES\ndrain\n").script(NEW)).outcome == outcome


@pytest.mark.parametrize(
    ("answers", "talk", "clause"),
    [
        (
            {b"decr k 1": b"14514\r\n", b"get k": b"VALUE k 1 6\r\n14514\r\nEND\r\n"},
            "> decr k 1\n< 14514\n> get k\n< VALUE k 1 6\n< 14514\\x20\n< END",
            "announces 6 bytes",
        ),
        ({b"get k": b"END\r\nEND\r\n"}, "> get k\n< END", "out of step"),
        ({b"delete k noreply": b"DELETED\r\n", b"get k": b"END\r\n"}, "> delete k noreply\n> get k\n< END", "too many"),
        ({b"get k": b"VALUE j 0 1\r\n1\r\nEND\r\n"}, "> get k\n< END", "another request"),
        ({b"touch k 0": b"", b"get k": b"END\r\n"}, "> touch k 0\n> get k\n< NOT_FOUND\n< END", "too few"),
    ],
)
def test_broken_framing_is_told(scripted: Scripted, answers: dict[bytes, bytes], talk: str, clause: str) -> None:
    result = play(scripted(answers), talk, barrier=b"VERSION 1.6.45\r\n")
    assert result.outcome != "match"
    assert clause in (result.framing or "")
    assert not any(event[2] == b"VERSION 1.6.45\r\n" for event in result.events)


def test_a_wrong_answer_that_is_framed_says_nothing_of_framing(scripted: Scripted) -> None:
    address = scripted({b"incr k 1": b"NOT_FOUND\r\n", b"get k": b"VALUE k 0 2\r\nhi\r\nEND\r\n"})
    for talk in ("> incr k 1\n< 5", "> get k\n< END", "> get k\n< VALUE k 0 2\n< ho\n< END"):
        result = play(address, talk, barrier=b"VERSION 1.6.45\r\n")
        assert (result.outcome, result.framing) == ("mismatch", None)
