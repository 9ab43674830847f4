"""A server's clock that is moved: stopped at the start, in jumps of whole seconds, or named as one that cannot be."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from mclite.replay.play.clock import PHASE, DebugClock
from mclite.replay.play.transport import Address, Unreachable

Serve = Callable[[Callable[[socket.socket], None]], Address]


@pytest.fixture
def said() -> list[bytes]:
    """The lines that the server was sent."""
    return []


@pytest.fixture
def clock(serve: Serve, said: list[bytes]) -> DebugClock:
    def handler(peer: socket.socket) -> None:
        for line in peer.makefile("rb"):
            said.append(line)
            peer.sendall(b"OK\r\n")

    return DebugClock(serve(handler))


def test_it_is_stopped_at_once_at_the_time_of_this_machine(clock: DebugClock, said: list[bytes]) -> None:
    assert said == [b"debugtime p\r\n"]
    assert time.time() - 60 < clock.now <= time.time()


def test_it_moves_when_a_second_is_full(clock: DebugClock, said: list[bytes]) -> None:
    """A scenario begins at three tenths of a second, so that seven tenths later the server's clock ticks."""
    start = clock.now
    clock.advance(0.5)
    assert (clock.now, said[1:]) == (start, [])
    clock.advance(1 - PHASE - 0.4)
    assert (clock.now, said[1:]) == (start + 1, [b"debugtime 1\r\n"])
    clock.advance(100)
    assert (clock.now, said[2:]) == (start + 101, [b"debugtime 100\r\n"])


def test_each_scenario_begins_at_the_same_place_in_a_second(clock: DebugClock, said: list[bytes]) -> None:
    start = clock.now
    for _ in range(3):
        clock.begin()
        clock.advance(0.6)
    assert (clock.now, said[1:]) == (start, [])
    clock.begin()
    clock.advance(0.8)
    assert said[1:] == [b"debugtime 1\r\n"]


@pytest.mark.parametrize("answer", [b"ERROR\r\n", b"", b"OK\r\nOK\r\n", b"x" * 100])
def test_a_server_without_a_clock_to_move_is_named(serve: Serve, answer: bytes) -> None:
    def handler(peer: socket.socket) -> None:
        peer.recv(100)
        peer.sendall(answer)

    with pytest.raises(Unreachable, match="does not move its clock") as raised:
        DebugClock(serve(handler))
    assert len(str(raised.value)) < 200
