"""Raw mode's own: when an answer is whole, and what happens when it is none."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from mclite.client.transport import Address, SocketTransport
from mclite.shell.raw import RawTalk


@pytest.fixture
def talk_with() -> Iterator[Callable[..., RawTalk]]:
    """Return a function that starts a server which answers each line it reads with the next of some answers."""
    listeners, talks = [], []

    def begin(answers: list[bytes], seconds: float = 2.0) -> RawTalk:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with sock, sock.makefile("rb") as file:
                for answer in answers:
                    file.readline()
                    for part in answer.split(b"<pause>"):
                        sock.sendall(part)
                        time.sleep(0.05)

        threading.Thread(target=serve, daemon=True).start()
        address = Address("127.0.0.1", listener.getsockname()[1], 2.0)
        talk = RawTalk(SocketTransport(address, seconds), seconds)
        talks.append(talk)
        return talk

    yield begin
    for talk in talks:
        talk.close()
    for listener in listeners:
        listener.close()


def test_a_known_answer_ends_when_it_is_whole(talk_with: Callable[[list[bytes]], RawTalk]) -> None:
    talk = talk_with([b"VALUE k 0 5\r\nEN<pause>D\r\n\r<pause>\nEND<pause>\r\n", b"MN\r\n"], 60)
    began = time.monotonic()
    assert talk.say(b"get k") == b"VALUE k 0 5\r\nEND\r\n\r\nEND\r\n"
    assert talk.say(b"mn") == b"MN\r\n"
    assert time.monotonic() - began < 30


def test_what_makes_no_sense_is_shown_all_the_same(talk_with: Callable[[list[bytes]], RawTalk]) -> None:
    talk = talk_with([b"BANANA\n<pause>more\n"])
    assert talk.say(b"get k") == b"BANANA\nmore\n"


def test_an_unknown_command_is_answered_until_a_pause(talk_with: Callable[[list[bytes]], RawTalk]) -> None:
    talk = talk_with([b"one\r\n<pause>two\r\n"])
    assert talk.say(b"lru_frobnicate") == b"one\r\ntwo\r\n"


def test_no_answer(talk_with: Callable[[list[bytes]], RawTalk]) -> None:
    talk = talk_with([b"", b"", b"MN\r\n"])
    assert talk.say(b"delete k noreply") == b""
    assert talk.say(b"mg k q") == b""
    assert talk.say(b"mn") == b"MN\r\n"


def test_a_hang_up(talk_with: Callable[[list[bytes]], RawTalk]) -> None:
    with pytest.raises(ConnectionError):
        talk_with([b""]).say(b"get k")
