from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from waiting import SECONDS_MAX

from mclite.replay.play.outcome import Keys, Patience, Result
from mclite.replay.play.player import Player
from mclite.replay.play.transport import Address
from mclite.replay.play.udp import HEADER, Datagrams, unsayable
from mclite.replay.scenario.talk import Talk
from mclite.replay.scenario.versions import parse_version

NEW = parse_version("1.6.45")


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        datagram.bind(("127.0.0.1", 0))
        datagram.settimeout(SECONDS_MAX)
        yield datagram


def soon() -> float:
    """Return a deadline that what is sent makes."""
    return time.monotonic() + SECONDS_MAX


def test_a_request_has_a_header_and_the_answer_is_put_together(peer: socket.socket) -> None:
    client = Datagrams(*peer.getsockname(), raw=False)
    client.send(b"get a\r\n", soon())
    data, address = peer.recvfrom(2000)
    request, number, total, reserved = HEADER.unpack_from(data)
    assert (number, total, reserved, data[8:]) == (0, 1, 0, b"get a\r\n")
    for index, part in ((2, b"D\r\n"), (0, b"VALUE a 0 1\r\n"), (1, b"1\r\nEN")):
        peer.sendto(HEADER.pack(request, index, 3, 0) + part, address)
    assert client.fill(soon())
    assert client.buffer == b"VALUE a 0 1\r\n1\r\nEND\r\n"
    client.close()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda request: b"short", "shorter than its header"),
        (lambda request: HEADER.pack(request ^ 0x4000, 0, 1, 0) + b"END\r\n", "was not sent"),
        (lambda request: HEADER.pack(request, 1, 1, 0) + b"END\r\n", "number 1 of 1"),
        (lambda request: HEADER.pack(request, 0, 0, 0) + b"END\r\n", "number 0 of 0"),
    ],
)
def test_wrong_headers_are_named(peer: socket.socket, answer: object, reason: str) -> None:
    client = Datagrams(*peer.getsockname(), raw=False)
    client.send(b"get a\r\n", soon())
    data, address = peer.recvfrom(2000)
    assert callable(answer)
    peer.sendto(answer(HEADER.unpack_from(data)[0]), address)
    assert not client.fill(soon())
    assert reason in (client.gone or "")
    client.close()


def test_a_lost_datagram_is_nothing_to_read(peer: socket.socket) -> None:
    client = Datagrams(*peer.getsockname(), raw=False)
    client.send(b"get a\r\n", soon())
    data, address = peer.recvfrom(2000)
    peer.sendto(HEADER.pack(HEADER.unpack_from(data)[0], 0, 2, 0) + b"EN", address)
    assert not client.fill(time.monotonic() + 0.1)
    assert not client.over()
    client.close()


def test_raw_shows_the_headers_both_ways(peer: socket.socket) -> None:
    def answer() -> None:
        for said in (b"END\r\n", b"VERSION 1\r\n"):
            data, address = peer.recvfrom(2000)
            peer.sendto(data[:8] + said, address)

    thread = threading.Thread(target=answer)
    thread.start()
    talk = Talk(r">. \x12\x34\0\0\0\x01\0\0get {key}\r\n" + "\n" + r"<. \x12\x34\0\0\0\x01\0\0END\r\n")
    result: Result = Player(
        Address("udp-raw", *peer.getsockname()), Keys("m1"), patience=Patience(SECONDS_MAX), barrier=b"VERSION 1\r\n"
    ).play(talk.script(NEW))
    thread.join(SECONDS_MAX)
    assert result.outcome == "match", result


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        ("> set {key} 0 0 1\n> 1\n< STORED\nwait 1\n> get {key}\n< END", None),
        ("> get a\n> get b\n< END", "pipelines"),
        ("> set {key} 0 0 1\n> 1\n> get {key}\n", "pipelines"),
        ("> {get a\\r\\n*3}\n< END", "a datagram takes"),
        (">. get a\nwait 0\n> b", "in parts"),
        ("> quit\nclosed", "`closed` is about a connection"),
        ("chop 1\n> get a", "`chop` is about a connection"),
        ("> set {key} 0 0 2000\n> {x*2000}\n< STORED", "a datagram takes 1392"),
    ],
)
def test_what_cannot_be_said(talk: str, reason: str | None) -> None:
    said = unsayable(Talk(talk).script(NEW))
    assert said is None if reason is None else reason in (said or "")


@pytest.mark.parametrize(("lost", "outcome"), [(0, "match"), (2, "match"), (3, "timeout")])
def test_a_dialogue_whose_answer_was_lost_is_repeated(peer: socket.socket, lost: int, outcome: str) -> None:
    def answer() -> None:
        for number in range(lost + 2 if lost < 3 else 3):
            data, address = peer.recvfrom(2000)
            if number >= lost:
                peer.sendto(data[:8] + (b"END\r\n" if b"get" in data else b"VERSION 1\r\n"), address)

    server = threading.Thread(target=answer, daemon=True)
    server.start()
    player = Player(Address("udp", *peer.getsockname()), Keys("m1"), patience=Patience(0.2))
    assert player.play(Talk("> get {key}\n< END").script(NEW)).outcome == outcome
    server.join(5)
