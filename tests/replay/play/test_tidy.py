"""A large talk leaves nothing behind in a server that the suite did not start."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from waiting import SECONDS_MAX, free_port

from mclite.replay.play.outcome import Keys, Patience
from mclite.replay.play.player import Player
from mclite.replay.play.tidy import BULKY, delete
from mclite.replay.play.transport import Address
from mclite.replay.scenario.talk import Talk
from mclite.replay.scenario.versions import parse_version
from mclite.testing import ServerThread

NEW = parse_version("1.6.45")
TALK = "> set {key} 0 0 %d\n> {a*%d}\n< %s\n> set {key2} 0 0 1\n> x\n< STORED\n"


def left(server: ServerThread, size: int, *, answer: str = "STORED", tidies: bool = True) -> int:
    """Play a talk that stores two items, one of `size` bytes; return how many items the server then holds."""
    address = Address("tcp", server.host, server.port)
    player = Player(address, Keys(), patience=Patience(SECONDS_MAX), tidies=tidies)
    player.play(Talk(TALK % (size, size, answer)).script(NEW))
    with server.client() as client:
        return int(client.stats()["curr_items"])


def test_what_a_large_talk_stored_is_deleted(mclite_server: ServerThread) -> None:
    assert left(mclite_server, BULKY) == 0


def test_what_a_large_talk_stored_that_differs_is_deleted(mclite_server: ServerThread) -> None:
    assert left(mclite_server, BULKY, answer="EXISTS") == 0


def test_a_small_talk_costs_no_round_trip(mclite_server: ServerThread) -> None:
    assert left(mclite_server, BULKY // 2) == 2


def test_a_server_that_the_suite_started_is_not_tidied(mclite_server: ServerThread) -> None:
    assert left(mclite_server, BULKY, tidies=False) == 2


def test_a_server_that_does_not_answer_is_not_waited_for_again(serve: Callable[..., Address]) -> None:
    def silent(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    began = time.monotonic()
    delete(serve(silent), [b"m1_0001"], 0.2)
    assert time.monotonic() - began >= 0.2


def test_a_server_that_is_gone_is_left_alone() -> None:
    delete(Address("tcp", "127.0.0.1", free_port()), [b"m1_0001"], 0.2)
