"""The last exchange on each connection, and what is read behind a wrong answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from mclite.replay.play.exchanges import Exchanges
from mclite.replay.play.outcome import Outcome, Result
from mclite.replay.play.transport import Address, Connection
from mclite.replay.scenario.talk import Talk

Scripted = Callable[..., Address]
BARRIER = b"VERSION 1.6.45\r\n"
SCRIPT = Talk("> set {key} 0 0 1\n> 1\n< STORED\n> get {key}\n< END").script((1, 6, 45))
GET = 2  #: the index of the operation that sends the get


@pytest.fixture
def connection(scripted: Scripted) -> Iterator[Connection]:
    made = Connection(scripted(), 5.0)
    yield made
    made.close()


def framing(exchanges: Exchanges, connection: Connection, outcome: Outcome = "mismatch") -> str | None:
    result = Result(outcome, step=5, conn="A")
    return exchanges.broken_framing(SCRIPT, result, connection, BARRIER, 5.0)


def test_bytes_belong_to_the_requests_that_they_answer(connection: Connection) -> None:
    exchanges = Exchanges()
    exchanges.sent("A", 0, b"set k 0 0 1\r\n1\r\n")
    exchanges.received("A", b"STORED\r\n")
    exchanges.sent("A", GET, b"get k\r\n")
    exchanges.received("A", b"VALUE k 0 1\r\n1\r\nEND\r\n")
    assert framing(exchanges, connection) is None


def test_an_answer_too_many_is_broken_framing(connection: Connection) -> None:
    exchanges = Exchanges()
    exchanges.sent("A", GET, b"get k\r\n")
    exchanges.received("A", b"END\r\n")
    exchanges.received("A", b"END\r\n")
    assert "too many" in (framing(exchanges, connection) or "")


def test_what_comes_before_the_barrier_stays_to_be_read(connection: Connection) -> None:
    exchanges = Exchanges()
    exchanges.sent("A", GET, b"get k\r\n")
    connection.buffer += b"VALUE k 0 2\r\n1\r\nEND\r\n"
    assert "announces 2 bytes" in (framing(exchanges, connection) or "")
    assert connection.buffer == b"VALUE k 0 2\r\n1\r\nEND\r\n"


@pytest.mark.parametrize("read", [b"", b"ERROR\r\n"], ids=["still to be read", "read"])
def test_a_server_that_refuses_version_as_it_refuses_the_request_answers_each_once(
    scripted: Scripted, read: bytes
) -> None:
    connection = Connection(scripted(version=b"ERROR\r\n"), 5.0)
    exchanges = Exchanges()
    exchanges.sent("A", GET, b"get k\r\n")
    if read:
        exchanges.received("A", read)
    else:
        connection.buffer += b"ERROR\r\n"
    result = Result("mismatch", step=5, conn="A")
    assert exchanges.broken_framing(SCRIPT, result, connection, b"ERROR\r\n", 5.0) is None
    connection.close()


@pytest.mark.parametrize("outcome", ["match", "died", "malformed", "too-much"])
def test_of_other_outcomes_nothing_is_told(connection: Connection, outcome: Outcome) -> None:
    exchanges = Exchanges()
    exchanges.sent("A", GET, b"get k\r\n")
    exchanges.received("A", b"END\r\nEND\r\n")
    assert framing(exchanges, connection, outcome) is None


def test_of_a_connection_without_requests_nothing_is_told(connection: Connection) -> None:
    assert framing(Exchanges(), connection) is None
