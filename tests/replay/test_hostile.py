"""A target that means harm costs bounded time and memory, and ends in the right verdict."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import time
import tracemalloc
from collections.abc import Callable

import pytest
from waiting import SECONDS_MAX

from mclite.replay.play.conversation import LONGEST_LINE
from mclite.replay.play.outcome import Keys, Patience, Result
from mclite.replay.play.player import Player
from mclite.replay.play.transport import Address
from mclite.replay.scenario.talk import Talk
from mclite.replay.scenario.versions import parse_version

Serve = Callable[[Callable[[socket.socket], None]], Address]
NEW = parse_version("1.6.45")

EXACT = "> get {key}\n< VALUE {key} 0 1\n< x\n< END\n"
PATTERN = "> gets {key}\n< VALUE {key} 0 1 {cas:uint}\n< x\n< END\n"
LIST = "> stats\n<* STAT pid {pid:uint}\n< END\n"
LONG = "> get {key}\n< {x*200000}\n"
REST = "> x\n< {:rest}\n"
SILENT = "> set {key} 0 0 1 noreply\n> x\n"
QUIET = "> x\nsilence 0.2\n"
END = "> quit\nclosed\n"


def forever(data: bytes) -> Callable[[socket.socket], None]:
    def handler(connection: socket.socket) -> None:
        connection.recv(10)
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(data)

    return handler


def mute(connection: socket.socket) -> None:
    while connection.recv(1000):
        pass


def trickle(connection: socket.socket) -> None:
    connection.recv(10)
    for byte in b"VALUE m1_0001 0 1\r\nx\r\nEND\r\n" * 100:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


def reset(connection: socket.socket) -> None:
    connection.recv(10)
    connection.sendall(b"VALUE m1")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def deaf(connection: socket.socket) -> None:
    """Read nothing until the client hangs up."""
    poll = select.poll()
    poll.register(connection, select.POLLHUP | select.POLLERR)
    poll.poll(SECONDS_MAX * 1000)


def binary(connection: socket.socket) -> None:
    connection.recv(10)
    connection.sendall(bytes(range(256)) * 10)
    mute(connection)


def huge_length(connection: socket.socket) -> None:
    connection.recv(10)
    connection.sendall(b"VALUE m1_0001 0 9223372036854775808\r\nx\r\nEND\r\n")
    mute(connection)


HOSTILE = {
    "endless x": forever(b"x" * 10_000),
    "endless lines": forever(b"STAT a 1\r\n" * 1000),
    "endless line ends": forever(b"\r\n" * 1000),
    "random": forever(os.urandom(10_000)),
    "mute": mute,
    "trickle": trickle,
    "reset": reset,
    "binary": binary,
    "2^63": huge_length,
}


def play(address: Address, talk: str, seconds: float = 0.3) -> Result:
    return Player(address, Keys("m1"), patience=Patience(seconds)).play(Talk(talk).script(NEW))


@pytest.mark.parametrize("talk", [EXACT, PATTERN, LIST, LONG, REST, SILENT, QUIET, END])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_bounded_and_never_a_match(serve: Serve, hostile: str, talk: str) -> None:
    address = serve(HOSTILE[hostile])
    tracemalloc.start()
    try:
        result = play(address, talk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert result.outcome in ("mismatch", "timeout", "closed", "too-much", "desync"), result
    assert peak < 80e6
    assert len(result.got or b"") <= 300_000
    assert all(len(event[2]) <= LONGEST_LINE * 2 for event in result.events)


def test_an_endless_line_is_too_much(serve: Serve) -> None:
    result = play(serve(HOSTILE["endless x"]), REST, seconds=SECONDS_MAX)
    assert (result.outcome, result.step) == ("too-much", 2)
    assert str(LONGEST_LINE) in (result.reason or "")


def test_one_byte_at_a_time_runs_out_of_time(serve: Serve) -> None:
    result = play(serve(trickle), EXACT)
    assert (result.outcome, result.step) == ("timeout", 2)
    assert b"VALUE m1_0001 0 1".startswith(result.got or b"-")


def test_a_reset_in_the_middle_is_named(serve: Serve) -> None:
    result = play(serve(reset), EXACT, seconds=SECONDS_MAX)
    assert (result.outcome, result.got) == ("closed", b"VALUE m1")
    assert "closed" in (result.reason or "") or "reset" in (result.reason or "")


def test_a_target_that_never_reads_runs_out_of_time(serve: Serve) -> None:
    result = play(serve(deaf), "> {x*12000000}\n< OK\n", seconds=0.2)
    assert result.outcome == "timeout"
    assert "did not read" in (result.reason or "")


def test_a_length_of_two_to_the_63_is_a_wrong_byte_and_no_allocation(serve: Serve) -> None:
    result = play(serve(huge_length), EXACT, seconds=SECONDS_MAX)
    assert (result.outcome, result.at) == ("mismatch", 16)
