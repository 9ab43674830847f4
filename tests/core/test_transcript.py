"""What -vv tells: as memcached 1.6.45 does, each line of which was seen of it."""

from __future__ import annotations

import pytest

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.core.settings import Settings
from mclite.core.transcript import answers_shown, shown


def talk(*requests: bytes, verbosity: int = 2) -> list[str]:
    """Return what is told while `requests` are carried out on a connection."""
    told: list[str] = []
    instance = Instance(Settings(listen="127.0.0.1"))
    instance.settings.verbosity = verbosity
    instance.log = told.append
    instance.refresh()
    session = Session(instance)
    instance.connected(session)
    for request in requests:
        session.receive(request)
    instance.disconnected(session)
    return told


def test_connections_and_requests() -> None:
    assert talk(
        b"set a 0 0 3\r\nabc\r\n", b"get a b\r\n", b"bad\r\n", b"set a 0 0 3 noreply\r\nabc\r\n", b"mn\r\n"
    ) == [
        "<1 new auto-negotiating client connection",
        "1: Client using the ascii protocol",
        "<1 set a 0 0 3",
        ">1 STORED",
        "<1 get a b",
        ">1 sending key a",
        ">1 END",
        "<1 bad",
        ">1 ERROR",
        "<1 set a 0 0 3 noreply",
        "<1 mn",
        ">1 MN",
        "<1 connection closed.",
    ]


def test_the_binary_protocol() -> None:
    assert talk(b"\x80\x0a" + bytes(22)) == [
        "<1 new auto-negotiating client connection",
        "1: Client using the binary protocol",
        "<1 connection closed.",
    ]


def test_it_is_told_from_when_it_is_asked_for() -> None:
    assert talk(b"get a\r\nverbosity 2\r\nget b\r\nverbosity 1\r\nget c\r\n", verbosity=0) == [
        "<1 get b",
        "<1 verbosity 1",
    ]
    assert talk(b"get a\r\n", verbosity=1) == []


def test_nothing_is_told_without_a_log() -> None:
    instance = Instance()
    instance.settings.verbosity = 2
    instance.refresh()
    assert Session(instance).receive(b"mn\r\n") == b"MN\r\n"
    assert instance.fast is not None


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"get a\r", "get a"),
        (b"get \x1b[31m\x07\xff", "get \\x1b[31m\\x07\\xff"),
        (b"k" * 5000, "k" * 2048),
    ],
)
def test_a_line_cannot_steer_a_terminal(line: bytes, text: str) -> None:
    assert shown(line) == text


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        (b"VALUE a 0 5\r\nEND\r\n\r\nVALUE b 0 0 7\r\n\r\nEND\r\n", ["sending key a", "sending key b", "END"]),
        (b"VA 4 t-1\r\nHD\r\n\r\nHD\r\n", ["VA 4 t-1", "HD"]),
        (b"STAT pid 1\r\nSTAT x 2\r\nEND\r\n", ["END"]),
        (b"VALUE a 0 99999\r\nab", ["sending key a"]),
        (b"VALUE\r\nVA x\r\nVALUE a b c\r\nno end", ["VALUE", "VA x", "VALUE a b c", "no end"]),
    ],
)
def test_answers_are_shown_without_their_data(answer: bytes, lines: list[str]) -> None:
    assert list(answers_shown(answer)) == lines
