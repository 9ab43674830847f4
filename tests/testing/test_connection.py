"""Each fault on the wire, in the text, meta and binary protocols, and what changes nothing."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from waiting import SECONDS_MAX, until

from mclite.protocol.binary import HEADER, Header, Opcode, Status, read_header, request
from mclite.testing import Faults, ServerThread

if TYPE_CHECKING:
    from tests.testing.conftest import Wire

STORE = struct.pack(">II", 0, 0)


def header(wire: Wire) -> Header:
    """Read one answer of the binary protocol and return its header."""
    found = read_header(wire.read(HEADER.size))
    wire.read(found.length)
    return found


def held(server: ServerThread, key: bytes) -> bytes | None:
    """Return the data under `key`, without asking over the network."""
    item = server.call(lambda: server.instance.store.live(key))
    return None if item is None else item.data


# In place of the request.


@pytest.mark.parametrize(
    ("options", "stored", "answer"),
    [({}, None, b""), ({"carry_out": True}, b"v", b""), ({"answer": True}, b"v", b"STORED\r\n")],
)
def test_close(server: ServerThread, wire: Wire, options: Any, stored: bytes | None, answer: bytes) -> None:
    server.faults.close(**options)
    wire.send(b"set k 0 0 1\r\nv\r\nget k\r\n")
    assert wire.rest() == answer
    assert held(server, b"k") == stored


def test_close_by_reset(server: ServerThread, wire: Wire) -> None:
    server.faults.close(reset=True)
    wire.send(b"get k\r\n")
    with pytest.raises(ConnectionResetError):
        wire.rest()


def test_close_binary(server: ServerThread, binary: Wire) -> None:
    """Where the trigger looked for a line end, a binary client waited for ever."""
    server.faults.close(on="get")
    binary.send(request(Opcode.SET, b"k", STORE, b"v"))
    assert header(binary).status == Status.OK
    binary.send(request(Opcode.GET, b"k"))
    assert binary.rest() == b""


def test_error(server: ServerThread, wire: Wire) -> None:
    server.faults.error("SERVER_ERROR busy", on="set")
    assert wire.ask(b"set k 0 0 1\r\nv\r\n", 19) == b"SERVER_ERROR busy\r\n"
    assert held(server, b"k") is None
    server.faults.error("NOT_STORED", on="ms", carry_out=True)
    assert wire.ask(b"ms k 1\r\nv\r\n", 12) == b"NOT_STORED\r\n"
    assert held(server, b"k") == b"v"


def test_error_after_noreply(server: ServerThread, wire: Wire) -> None:
    """Nothing answers noreply, not even an error, so the fault waits for what has an answer."""
    server.faults.error("SERVER_ERROR busy")
    assert wire.ask(b"set k 0 0 1 noreply\r\nv\r\nget k\r\n", 19) == b"SERVER_ERROR busy\r\n"
    assert held(server, b"k") == b"v"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("SERVER_ERROR out of memory storing object", Status.NO_MEMORY),
        ("SERVER_ERROR object too large for cache", Status.TOO_LARGE),
        ("CLIENT_ERROR bad", Status.INVALID),
        ("ERROR", Status.UNKNOWN),
        ("NOT_FOUND", Status.NOT_FOUND),
        ("SERVER_ERROR busy", 0x84),
    ],
)
def test_error_binary(server: ServerThread, binary: Wire, text: str, status: int) -> None:
    server.faults.error(text)
    binary.send(request(Opcode.GETKQ, b"k", opaque=77) + request(Opcode.NOOP))
    found = read_header(binary.read(HEADER.size))
    assert (found.opcode, found.status, found.opaque) == (Opcode.GETKQ, status, 77)
    assert binary.read(found.length) == text.encode()
    assert header(binary).opcode == Opcode.NOOP


def test_out_of_memory(server: ServerThread, wire: Wire, binary: Wire) -> None:
    """A set that fails leaves no item; what adds to one leaves it as it was."""
    error = b"SERVER_ERROR out of memory storing object\r\n"
    assert wire.ask(b"set k 0 0 1\r\nv\r\nset l 0 0 1\r\nv\r\n", 16) == b"STORED\r\n" * 2
    server.faults.out_of_memory()
    assert wire.ask(b"get k\r\nset k 0 0 1\r\nw\r\n", 16 + 5 + len(error)) == b"VALUE k 0 1\r\nv\r\nEND\r\n" + error
    assert held(server, b"k") is None
    server.faults.out_of_memory()
    assert wire.ask(b"append l 0 0 1\r\nw\r\n", len(error)) == error
    assert held(server, b"l") == b"v"
    server.faults.out_of_memory()
    binary.send(request(Opcode.SET, b"l", STORE, b"w"))
    assert header(binary).status == Status.NO_MEMORY
    assert held(server, b"l") is None


def test_stall(server: ServerThread, wire: Wire, connect: Callable[[], Wire]) -> None:
    """Nothing is read until the faults are cleared; other connections go on."""
    server.faults.stall(on="set")
    wire.send(b"set k 0 0 1\r\nv\r\nget k\r\n")
    server.requests.wait(1, "set")
    other = connect()
    assert other.ask(b"get k\r\n", 5) == b"END\r\n"
    server.faults.clear()
    assert wire.read(8 + 16 + 5) == b"STORED\r\nVALUE k 0 1\r\nv\r\nEND\r\n"
    began = time.monotonic()
    server.faults.stall(0.1)
    assert wire.silent()
    assert time.monotonic() - began >= 0.1


def test_a_stall_of_every_request_ends_each_time(server: ServerThread, wire: Wire) -> None:
    server.faults.stall(0.01, times=None)
    assert wire.ask(b"set k 0 0 1\r\nv\r\nget k\r\nmn\r\n", 8 + 16 + 5 + 4).endswith(b"END\r\nMN\r\n")
    assert [kind for kind, _ in server.faults.happened] == ["stall"] * 3


# With the answer.


def test_delay(server: ServerThread, wire: Wire, binary: Wire) -> None:
    """What the connection sends meanwhile waits its turn."""
    server.faults.delay(0.1, on="set")
    began = time.monotonic()
    assert wire.ask(b"set k 0 0 1\r\nv\r\nget k\r\n", 8 + 16 + 5) == b"STORED\r\nVALUE k 0 1\r\nv\r\nEND\r\n"
    assert time.monotonic() - began >= 0.1
    server.faults.delay(0.1, on="get")
    began = time.monotonic()
    binary.send(request(Opcode.GET, b"k"))
    assert header(binary).length == 5
    assert time.monotonic() - began >= 0.1


def test_silence(server: ServerThread, wire: Wire, binary: Wire) -> None:
    server.faults.silence(on="set")
    wire.send(b"set k 0 0 1\r\nv\r\n")
    assert wire.silent()
    assert held(server, b"k") == b"v"
    server.faults.silence()
    binary.send(request(Opcode.DELETE, b"k") + request(Opcode.NOOP))
    assert header(binary).opcode == Opcode.NOOP
    assert held(server, b"k") is None


def test_partial(server: ServerThread, wire: Wire, binary: Wire) -> None:
    wire.ask(b"set k 0 0 5\r\n12345\r\n", 8)
    server.faults.partial(15)
    wire.send(b"get k\r\n")
    assert wire.rest() == b"VALUE k 0 5\r\n12"
    server.faults.partial(26)
    binary.send(request(Opcode.GET, b"k"))
    assert len(binary.rest()) == 26


def test_pieces(server: ServerThread, wire: Wire, binary: Wire, connect: Callable[[], Wire]) -> None:
    """Each piece is a packet of its own for a client that reads in between."""
    wire.ask(b"set k 0 0 5\r\n12345\r\n", 8)
    server.faults.pieces(9, pause=600)
    other = connect()
    other.send(b"get k\r\n")
    assert other.sock.recv(100) == b"VALUE k 0"
    server.faults.pieces(9)
    answer = b"VALUE k 0 5\r\n12345\r\nEND\r\nMN\r\n"
    assert wire.ask(b"get k\r\nmn\r\n", len(answer)) == answer
    server.faults.pieces(1)
    binary.send(request(Opcode.GET, b"k"))
    assert len(binary.read(24 + 4 + 5)) == 33


def test_twice(server: ServerThread, wire: Wire, binary: Wire) -> None:
    server.faults.twice()
    assert wire.ask(b"set k 0 0 1\r\nv\r\n", 16) == b"STORED\r\nSTORED\r\n"
    server.faults.twice()
    binary.send(request(Opcode.NOOP, opaque=5))
    assert [header(binary).opaque, header(binary).opaque] == [5, 5]


def test_earlier(server: ServerThread, wire: Wire, binary: Wire) -> None:
    """The first answer of a connection has none before it, so the fault waits."""
    server.faults.earlier()
    assert wire.ask(b"set k 0 0 1\r\nv\r\nget k\r\nmn\r\n", 20) == b"STORED\r\nSTORED\r\nMN\r\n"
    server.faults.earlier()
    binary.send(request(Opcode.NOOP, opaque=5) + request(Opcode.NOOP, opaque=6))
    assert [header(binary).opaque, header(binary).opaque] == [5, 5]


def test_swap(server: ServerThread, wire: Wire, binary: Wire) -> None:
    server.faults.swap()
    assert wire.ask(b"set k 0 0 1\r\nv\r\nmn\r\nmn\r\n", 16) == b"MN\r\nSTORED\r\nMN\r\n"
    server.faults.swap()
    binary.send(request(Opcode.NOOP, opaque=5) + request(Opcode.NOOP, opaque=6))
    assert [header(binary).opaque, header(binary).opaque] == [6, 5]


def test_earlier_is_the_true_answer_before(server: ServerThread, wire: Wire) -> None:
    """What another fault made of that answer is not repeated."""
    server.faults.twice(on="set")
    server.faults.earlier(on="get")
    assert wire.ask(b"set k 0 0 1\r\nv\r\nget k\r\nmn\r\n", 28) == b"STORED\r\n" * 3 + b"MN\r\n"
    server.faults.delay(0.01, on="mn")
    server.faults.earlier(on="get")
    assert wire.ask(b"mn\r\nget k\r\n", 8) == b"MN\r\nMN\r\n"


@pytest.mark.parametrize(
    ("offset", "answer"),
    [(0, b"WALUE"), (-1, b"VALUE k 0 1\r\nv\r\nEND\r\x0b"), (999, b"VALUE k 0 1\r\nv\r\nEND\r\x0b")],
)
def test_corrupt(server: ServerThread, wire: Wire, offset: int, answer: bytes) -> None:
    wire.ask(b"set k 0 0 1\r\nv\r\n", 8)
    server.faults.corrupt(offset)
    assert wire.ask(b"get k\r\n", 21).startswith(answer)


@pytest.mark.parametrize(
    ("fault", "data", "answer"),
    [
        (lambda f: f.wrong_length(), b"get k\r\n", b"VALUE k 0 6\r\n12345\r\nEND\r\n"),
        (lambda f: f.wrong_length(-2), b"gets k\r\n", b"VALUE k 0 3 1\r\n12345\r\nEND\r\n"),
        (lambda f: f.wrong_length(1000), b"mg k v\r\n", b"VA 1005\r\n12345\r\n"),
        (lambda f: f.wrong_length(-99), b"mg k v s\r\n", b"VA 0 s5\r\n12345\r\n"),
        (lambda f: f.wrong_cas(), b"gets k\r\n", b"VALUE k 0 5 2\r\n12345\r\nEND\r\n"),
        (lambda f: f.wrong_cas(-2), b"mg k s c v\r\n", b"VA 5 s5 c18446744073709551615\r\n12345\r\n"),
        (lambda f: f.wrong_cas(), b"mg k c\r\n", b"HD c2\r\n"),
        (lambda f: f.wrong_opaque(), b"mg k Oabc v\r\n", b"VA 5 Oab0\r\n12345\r\n"),
        (lambda f: f.wrong_opaque(), b"mg missing O10\r\n", b"EN O11\r\n"),
        (lambda f: f.wrong_opaque(), b"md k O10\r\n", b"HD O11\r\n"),
        (lambda f: f.error_within(0), b"get k k\r\n", b"SERVER_ERROR out of memory writing get response\r\n"),
        (lambda f: f.error_within(1, "ERROR"), b"get k k\r\n", b"VALUE k 0 5\r\n12345\r\nERROR\r\n"),
    ],
)
def test_an_answer_that_lies(
    server: ServerThread, wire: Wire, fault: Callable[[Faults], None], data: bytes, answer: bytes
) -> None:
    wire.ask(b"set k 0 0 5\r\n12345\r\n", 8)
    fault(server.faults)
    assert wire.ask(b"mn\r\n" + data + b"mn\r\n", 4 + len(answer) + 4) == b"MN\r\n" + answer + b"MN\r\n"


@pytest.mark.parametrize(
    ("fault", "changed"),
    [
        (lambda f: f.wrong_length(3), {"length": 3}),
        (lambda f: f.wrong_opaque(), {"opaque": 1}),
        (lambda f: f.wrong_cas(2), {"cas": 2}),
    ],
)
def test_a_binary_answer_that_lies(
    server: ServerThread, binary: Wire, fault: Callable[[Faults], None], changed: dict[str, int]
) -> None:
    binary.send(request(Opcode.SET, b"k", STORE, b"v") + request(Opcode.GET, b"k", opaque=8))
    assert header(binary).status == Status.OK
    true = header(binary)
    fault(server.faults)
    binary.send(request(Opcode.GET, b"k", opaque=8))
    false = read_header(binary.read(HEADER.size))
    assert false == true._replace(**{name: getattr(true, name) + by for name, by in changed.items()})


def test_what_has_nothing_to_spoil_does_not_use_a_fault_up(server: ServerThread, wire: Wire) -> None:
    server.faults.wrong_length()
    assert wire.ask(b"get missing\r\nset k 0 0 1\r\nv\r\n", 13) == b"END\r\nSTORED\r\n"
    assert len(server.faults) == 1
    assert wire.ask(b"get k\r\n", 11) == b"VALUE k 0 2"
    assert len(server.faults) == 0


# Without a fault.


def test_a_fault_within_a_request_begins_with_the_next(server: ServerThread, wire: Wire) -> None:
    """The session has the beginning of it already, and carries it out as it always does."""
    wire.send(b"set k 0 0 10\r\n12345")
    until(lambda: server.call(lambda: [one.state for one in server.instance.sessions.values()]) == ["conn_nread"])
    server.faults.error("ERROR")
    wire.send(b"67")
    assert wire.ask(b"890\r\nget k\r\nget k\r\n", 8 + 7 + 31) == (
        b"STORED\r\nERROR\r\nVALUE k 0 10\r\n1234567890\r\nEND\r\n"
    )


def test_the_same_bytes_with_and_without_faults(server: ServerThread, connect: Callable[[], Wire]) -> None:
    """A fault that never happens changes nothing: pipelined, bad and refused requests, in every cut."""
    talk = (
        b"set k 0 0 5\r\n12345\r\nget k missing k\r\nbad\r\nset k 0 0 x\r\nset k 0 0 3\r\n12345\r\n"
        b"ms m 2 T0\r\nab\r\nmg m v t\r\n"
        b"incr k 1\r\nset n 0 0 2\r\n10\r\nincr n 5\r\nset big 0 0 1100000\r\n"
        + b"x" * 1_100_000
        + b"\r\nget n\r\nmn\r\n"
    )
    answers = []
    for fault in (False, True):
        for size in (len(talk), 7000, 11):
            server.faults.clear()
            if fault:
                server.faults.error(on="quit")
            wire = connect()
            wire.ask(b"flush_all\r\n", 4)
            cut = talk if size > 11 else talk[:200]
            for at in range(0, len(cut), size):
                wire.send(cut[at : at + size])
            wire.sock.shutdown(socket.SHUT_WR)
            answers.append((len(cut), wire.rest()))
    assert answers[:3] == answers[3:]
    assert answers[0] == answers[1]
    assert answers[0][1].endswith(b"MN\r\n")


# Before any request.


def test_drop_connections(server: ServerThread) -> None:
    server.faults.drop_connections(2, after=1)
    outcomes = []
    for _ in range(4):
        try:
            with socket.create_connection((server.host, server.port), SECONDS_MAX) as sock:
                sock.sendall(b"mn\r\n")
                outcomes.append(sock.recv(100))
        except ConnectionError:
            outcomes.append(b"")
    assert outcomes == [b"MN\r\n", b"", b"", b"MN\r\n"]


def test_refusing(server: ServerThread, wire: Wire, connect: Callable[[], Wire]) -> None:
    """What is connected goes on; nobody else gets in."""
    with server.refusing():
        with pytest.raises(ConnectionRefusedError):
            connect()
        assert wire.silent()
    other = connect()
    assert other.silent()
