"""A connection notices every wrong byte, wherever the reply is cut."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from waiting import SECONDS_MAX

from mclite.bench.connection import Connection, TargetDiedError, WrongReplyError, difference
from mclite.bench.workloads import COUNTER_START, WORKLOADS, Step

REPLY = b"VALUE k 0 2\r\nab\r\nEND\r\n"


@pytest.fixture
def connection(scripted: Callable) -> Connection:
    made = Connection(scripted().address, 0, WORKLOADS["get"])
    made.steps = [Step(b"get k\r\n", REPLY)]
    made.expect = REPLY
    yield made
    made.close()


def test_whole(connection: Connection) -> None:
    assert connection.take(REPLY)


@pytest.mark.parametrize("cut", range(1, len(REPLY)))
def test_in_two_pieces(connection: Connection, cut: int) -> None:
    assert not connection.take(REPLY[:cut])
    assert connection.take(REPLY[cut:])
    assert connection.got == 0


def test_byte_by_byte(connection: Connection) -> None:
    whole = [connection.take(REPLY[at : at + 1]) for at in range(len(REPLY))]
    assert whole == [False] * (len(REPLY) - 1) + [True]


@pytest.mark.parametrize("at", range(len(REPLY)))
def test_one_wrong_byte(connection: Connection, at: int) -> None:
    wrong = REPLY[:at] + b"?" + REPLY[at + 1 :]
    with pytest.raises(WrongReplyError, match=re.escape(f"(byte {at} of {len(REPLY)})")):
        connection.take(wrong)


def test_one_byte_too_many(connection: Connection) -> None:
    with pytest.raises(WrongReplyError, match=r"1 bytes too many in the answer to 'get k"):
        connection.take(REPLY + b"\n")


def test_end_of_stream(connection: Connection) -> None:
    with pytest.raises(TargetDiedError, match="closed"):
        connection.take(b"")


@pytest.fixture
def counter(scripted: Callable) -> Connection:
    made = Connection(scripted().address, 0, WORKLOADS["incr-pipelined"])
    yield made
    made.close()


def numbers(first: int) -> bytes:
    return b"".join(b"%d\r\n" % (first + number) for number in range(50))


def test_numbers_go_on_from_reply_to_reply(counter: Connection) -> None:
    assert counter.take(numbers(COUNTER_START + 1))
    assert not counter.take(numbers(COUNTER_START + 51)[:99])
    assert counter.take(numbers(COUNTER_START + 51)[99:])
    assert counter.value == COUNTER_START + 100


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(numbers(COUNTER_START), id="one lost"),
        pytest.param(numbers(COUNTER_START + 2), id="one counted twice"),
        pytest.param(b"NOT_FOUND\r\n", id="no item"),
        pytest.param(b"ERROR\r\n", id="no command"),
        pytest.param(numbers(COUNTER_START + 1) + b"1", id="too long"),
    ],
)
def test_wrong_numbers(counter: Connection, reply: bytes) -> None:
    with pytest.raises(WrongReplyError):
        counter.take(reply)


HIT = b"VALUE k 0 2\r\nab\r\nEND\r\n"
EVICTING = Step(b"get k\r\nset k 0 0 2\r\nab\r\nget k\r\n", b"", (HIT, b"STORED\r\n", HIT))


@pytest.fixture
def evicting(scripted: Callable) -> Iterator[Connection]:
    made = Connection(scripted().address, 0, WORKLOADS["mixed-9to1-10-evicting"])
    made.steps = [EVICTING]
    yield made
    made.close()


@pytest.mark.parametrize("first", [HIT, b"END\r\n"])
@pytest.mark.parametrize("second", [HIT, b"END\r\n"])
def test_a_get_of_an_evicted_item_may_miss(evicting: Connection, first: bytes, second: bytes) -> None:
    reply = first + b"STORED\r\n" + second
    for cut in range(1, len(reply)):
        assert not evicting.take(reply[:cut])
        assert evicting.take(reply[cut:])


@pytest.mark.parametrize(
    "reply",
    [
        b"END\r\nEND\r\n",
        b"END\r\nSTORED\r\nEND\r\nEND\r\n",
        HIT + b"STORED\r\n" + HIT.replace(b"ab", b"xb"),
        HIT + b"SERVER_ERROR out of memory\r\n",
        b"SERVER_ERROR out of memory storing object\r\n",
    ],
)
def test_another_answer_than_the_item_or_none_is_wrong(evicting: Connection, reply: bytes) -> None:
    with pytest.raises(WrongReplyError):
        evicting.take(reply)


def test_a_full_server_may_refuse_few_of_the_sets(evicting: Connection) -> None:
    refused = b"END\r\nSERVER_ERROR out of memory storing object\r\nEND\r\n"
    for cut in range(1, 11):
        assert not evicting.take(refused[:cut])
        assert evicting.take(refused[cut:])
    with pytest.raises(WrongReplyError, match=r"^11 of 11 sets were refused"):
        evicting.take(refused)


def test_one_set_of_a_hundred_may_be_refused(evicting: Connection) -> None:
    evicting.stored = 10_000
    for _ in range(110):
        assert evicting.take(b"END\r\nSERVER_ERROR out of memory storing object\r\nEND\r\n")
    with pytest.raises(WrongReplyError, match=r"^111 of 10111 sets were refused"):
        evicting.take(b"END\r\nSERVER_ERROR out of memory storing object\r\nEND\r\n")


def test_prepare_learns_the_cas_unique(scripted: Callable) -> None:
    connection = Connection(scripted().address, 0, WORKLOADS["gets"])
    connection.prepare()
    connection.close()
    assert connection.steps[0].reply.startswith(b"VALUE bench:00000:00000 0 32 7\r\nbench:")


def test_prepare_refuses_a_gets_without_cas_unique(scripted: Callable) -> None:
    server = scripted(lambda line: server.get(line.replace(b"gets ", b"get ")))
    connection = Connection(server.address, 0, WORKLOADS["gets"])
    with pytest.raises(WrongReplyError, match="wrong answer to 'gets"):
        connection.prepare()
    connection.close()


def test_unasked_bytes_are_noticed(scripted: Callable) -> None:
    connection = Connection(scripted(lambda line: b"END\r\nEND\r\n").address, 0, WORKLOADS["get"])
    connection.sock.settimeout(SECONDS_MAX)
    connection.sock.sendall(b"get k\r\n")
    assert connection.sock.recv(5) == b"END\r\n"
    connection.sock.recv(1)
    with pytest.raises(WrongReplyError, match="4 bytes without a request"):
        connection.nothing_more()
    connection.close()


def test_nobody_listens() -> None:
    with pytest.raises(TargetDiedError, match=r"cannot connect to 127\.0\.0\.1:1: Connection refused"):
        Connection(("127.0.0.1", 1), 0, WORKLOADS["get"])


def test_a_difference_shows_the_line_that_differs() -> None:
    shown = difference(b"get k\r\n", b"VALUE k 0 2\r\nab\r\nEND\r\n", b"VALUE k 0 2\r\nax\r\nEND\r\n")
    assert shown == (
        "wrong answer to 'get k\\r\\n': wanted 'ab\\r\\nEND\\r\\n', got 'ax\\r\\nEND\\r\\n' (byte 14 of 22)"
    )
