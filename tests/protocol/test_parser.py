"""Requests: one list of cases, printed by the client's printer and read by the server's parser.

Each is then delivered to a Session whole, byte by byte, cut at every place, and with more bytes behind it: the answer
may not change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from mclite.client.call import Call, same
from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.protocol import errors, replies
from mclite.protocol.commands import COMMANDS
from mclite.protocol.parser import (
    BYTES_MAX,
    LINE_MAX,
    LINE_MAX_WHOLE,
    MULTIGET_LINE_MAX,
    BadRequest,
    Request,
    line_too_long,
    parse,
)

if TYPE_CHECKING:
    from tests.conftest import Server


class Case(NamedTuple):
    """A request as the client knows it, and its bytes and the answer of an empty server that holds `n`."""

    name: bytes
    args: list[bytes]
    data: bytes | None
    noreply: bool
    wire: bytes
    answer: bytes


def case(wire: bytes, answer: bytes) -> Case:
    """Make a case of a request's bytes."""
    line, end, data = wire.partition(b"\r\n")
    name, *args = line.split(b" ")
    noreply = args[-1:] == [b"noreply"]
    block = data[:-2] if COMMANDS[name].length is not None else None
    assert end
    assert block is None or data.endswith(b"\r\n")
    return Case(name, args[:-1] if noreply else args, block, noreply, wire, answer)


LONGEST = b"k" * 250

CASES = [
    case(b"set a 0 0 5\r\nhello\r\n", b"STORED\r\n"),
    case(b"set a 0 0 0\r\n\r\n", b"STORED\r\n"),
    case(b"set a 4294967295 0 4\r\n\r\n\r\n\r\n", b"STORED\r\n"),
    case(b"set a 1 2592000 9\r\nget a\r\n\0\xff\r\n", b"STORED\r\n"),
    case(b"set " + LONGEST + b" 0 -1 1\r\nx\r\n", b"STORED\r\n"),
    case(b"set \xc3\xa9\x01 0 0 1\r\nx\r\n", b"STORED\r\n"),
    case(b"set a 0 0 5 noreply\r\nhello\r\n", b""),
    case(b"add n 0 0 1\r\nx\r\n", b"NOT_STORED\r\n"),
    case(b"add a 0 0 1 noreply\r\nx\r\n", b""),
    case(b"replace a 0 0 1\r\nx\r\n", b"NOT_STORED\r\n"),
    case(b"replace n 0 0 1\r\nx\r\n", b"STORED\r\n"),
    case(b"append n 0 0 1\r\n5\r\n", b"STORED\r\n"),
    case(b"prepend a 0 0 1\r\n5\r\n", b"NOT_STORED\r\n"),
    case(b"cas a 0 0 1 18446744073709551615\r\nx\r\n", b"NOT_FOUND\r\n"),
    case(b"cas n 0 0 1 4711\r\nx\r\n", b"EXISTS\r\n"),
    case(b"cas n 0 0 1 4711 noreply\r\nx\r\n", b""),
    case(b"get a\r\n", b"END\r\n"),
    case(b"get n\r\n", b"VALUE n 7 1\r\n1\r\nEND\r\n"),
    case(b"get a n a n\r\n", b"VALUE n 7 1\r\n1\r\nVALUE n 7 1\r\n1\r\nEND\r\n"),
    case(b"gets n\r\n", b"VALUE n 7 1 99\r\n1\r\nEND\r\n"),
    case(b"gat 0 n\r\n", b"VALUE n 7 1\r\n1\r\nEND\r\n"),
    case(b"gats -1 n " + LONGEST + b"\r\n", b"VALUE n 7 1 99\r\n1\r\nEND\r\n"),
    case(b"touch n 10\r\n", b"TOUCHED\r\n"),
    case(b"touch a 10\r\n", b"NOT_FOUND\r\n"),
    case(b"touch a 10 noreply\r\n", b""),
    case(b"delete n\r\n", b"DELETED\r\n"),
    case(b"delete a noreply\r\n", b""),
    case(b"incr n 18446744073709551615\r\n", b"0\r\n"),
    case(b"decr n 2 noreply\r\n", b""),
    case(b"mg n\r\n", b"HD\r\n"),
    case(b"mg n v f k Oabc\r\n", b"VA 1 f7 kn Oabc\r\n1\r\n"),
    case(b"mg bg== b k v\r\n", b"VA 1 kn\r\n1\r\n"),
    case(b"ms a 5 T30 F4\r\nhello\r\n", b"HD\r\n"),
    case(b"ms n 0 MA q\r\n\r\n", b""),
    case(b"md a q\r\n", b"NF\r\n"),
    case(b"ma n D5 v\r\n", b"VA 1\r\n6\r\n"),
    case(b"me a\r\n", b"EN\r\n"),
    case(b"mn\r\n", b"MN\r\n"),
    case(b"flush_all\r\n", b"OK\r\n"),
    case(b"flush_all 0 noreply\r\n", b""),
    case(b"version\r\n", replies.VERSION),
    case(b"verbosity 0\r\n", b"OK\r\n"),
    case(b"verbosity 1 noreply\r\n", b""),
    case(b"stats detail off\r\n", b"OK\r\n"),
    case(b"cache_memlimit 64\r\n", b"OK\r\n"),
    case(b"shutdown\r\n", errors.SHUTDOWN_DISABLED),
    case(b"slabs automove 1\r\n", b"OK\r\n"),
    case(b"lru temp_ttl 61\r\n", b"OK\r\n"),
    case(b"lru_crawler sleep 100\r\n", b"OK\r\n"),
    case(b"watch nothing\r\n", b"ERROR\r\n"),
    case(b"misbehave\r\n", b"ERROR\r\n"),
    case(b"debugtime x\r\n", b"ERROR\r\n"),
]

SET_UP = b"ms n 1 E99 F7\r\n1\r\n"

requests = pytest.mark.parametrize("request_", CASES, ids=lambda one: repr(one.wire[:30])[2:-1])


def test_every_command_has_a_case() -> None:
    assert {one.name for one in CASES} == COMMANDS.keys() - {b"quit"}


@requests
def test_printed(request_: Case) -> None:
    row = COMMANDS[request_.name]
    assert Call(row, request_.args, same, request_.data, request_.noreply).to_bytes() == request_.wire


@requests
@pytest.mark.parametrize("line_end", [b"\r", b""])
def test_parsed(request_: Case, line_end: bytes) -> None:
    row = COMMANDS[request_.name]
    line = request_.wire.partition(b"\r\n")[0]
    length = -1 if request_.data is None else len(request_.data)
    args = request_.args + [b"noreply"] * request_.noreply
    if request_.name == b"mn" and not line_end:
        return  # three bytes with its LF: too short for memcached, see test_shortest
    assert parse(line + line_end) == Request(row, args, request_.noreply, length)


@requests
def test_answered_by_the_server(request_: Case, server: Server) -> None:
    server.ask(SET_UP)
    assert server.ask(request_.wire) == request_.answer


def session() -> Session:
    """Return a session that holds `n`."""
    fresh = Session(Instance())
    assert fresh.receive(SET_UP) == b"HD\r\n"
    return fresh


def received(session: Session, data: bytes) -> bytes:
    """Return all answers to `data`: a request that costs much leaves those behind it to the next turn."""
    answer = session.receive(data)
    while session.more:
        answer += session.receive(b"")
    return answer


@requests
def test_whole(request_: Case) -> None:
    assert session().receive(request_.wire) == request_.answer


@requests
def test_byte_by_byte(request_: Case) -> None:
    fresh = session()
    answers = [fresh.receive(request_.wire[at : at + 1]) for at in range(len(request_.wire))]
    assert answers == [b""] * (len(answers) - 1) + [request_.answer]
    assert fresh.state == "conn_read"
    assert fresh.receive(b"mn\r\n") == b"MN\r\n"


@requests
def test_cut_at_every_place(request_: Case) -> None:
    wire = request_.wire + b"mn\r\n"
    for at in range(1, len(wire)):
        fresh = session()
        assert received(fresh, wire[:at]) + received(fresh, wire[at:]) == request_.answer + b"MN\r\n", at


@requests
def test_bytes_trailing(request_: Case) -> None:
    for trailing, answer in (
        (b"mn\r\n", b"MN\r\n"),
        (b"m", b""),
        (b"set b 0 0 3\r\nab", b""),
        (request_.wire[:3], b""),
    ):
        fresh = session()
        assert received(fresh, request_.wire + trailing) == request_.answer + answer


def test_all_in_one_batch() -> None:
    fresh = session()
    for one in CASES:
        if one.name == b"watch":
            continue  # it is refused behind answers that wait
        fresh.receive(SET_UP)
        assert received(fresh, SET_UP + one.wire + b"mn\r\n") == b"HD\r\n" + one.answer + b"MN\r\n"
        fresh.receive(b"flush_all\r\n")


# What is no request, and how it is refused.

REFUSED = [
    (b"", errors.BAD_FORMAT),
    (b"\r", errors.BAD_FORMAT),
    (b"mn", errors.BAD_FORMAT),
    (b"ab\r", errors.ERROR),
    (b"abc", errors.ERROR),
    (b"foo", errors.ERROR),
    (b" get a", errors.ERROR),
    (b"GET a", errors.ERROR),
    (b"get\ta", errors.ERROR),
    (b"mgx a", errors.ERROR),
    (b"get", errors.BAD_FORMAT),
    (b"get ", errors.BAD_FORMAT),
    (b"gat", errors.BAD_FORMAT),
    (b"gat 0", errors.BAD_FORMAT),
    (b"set a", errors.BAD_FORMAT),
    (b"set a 0 0", errors.BAD_FORMAT),
    (b"set a 0 0 x", errors.BAD_FORMAT),
    (b"set a 0 0 -1", errors.BAD_FORMAT),
    (b"set a 0 0 +1", errors.BAD_FORMAT),
    (b"set a 0 0 2147483646", errors.BAD_FORMAT),
    (b"ms a", errors.BAD_FORMAT),
    (b"ms a x", errors.BAD_FORMAT),
    (b"ms a 2 +", errors.BAD_FORMAT),
    (b"mg", errors.BAD_FORMAT),
    (b"mg a \xff", errors.BAD_FORMAT),
    (b"mg a !", errors.BAD_FORMAT),
    (b"delete", errors.BAD_FORMAT),
    (b"incr a", errors.BAD_FORMAT),
    (b"touch a", errors.BAD_FORMAT),
    (b"verbosity", errors.BAD_FORMAT),
    (b"cache_memlimit", errors.ERROR),
    (b"slabs reassign", errors.ERROR),
    (b"lru tune", errors.ERROR),
    (b"lru_crawler", errors.ERROR),
    (b"debugtime", errors.ERROR),
]


@pytest.mark.parametrize(("line", "error"), REFUSED)
def test_refused(line: bytes, error: bytes) -> None:
    assert parse(line) == BadRequest(error)


@pytest.mark.parametrize(("line", "error"), REFUSED)
def test_refused_by_the_server(line: bytes, error: bytes, server: Server) -> None:
    assert server.ask(line + b"\n") == error
    assert server.ask(line + b"\nmn\r\n") == error + b"MN\r\n"


@pytest.mark.parametrize("line", [b"foo noreply", b"foo bar noreply", b"slabs noreply"])
def test_silent_when_it_says_noreply(line: bytes, server: Server) -> None:
    assert parse(line) == BadRequest(errors.ERROR, noreply=True)
    assert server.ask(line + b"\r\nmn\r\n") == b"MN\r\n"


@pytest.mark.parametrize("line", [b"set a noreply", b"mg noreply !", b"get noreply", b"stats noreply"])
def test_not_silent_all_the_same(line: bytes, server: Server) -> None:
    assert server.ask(line + b"\r\n") != b""


def test_noreply_is_key_and_option_at_once(server: Server) -> None:
    assert parse(b"delete noreply") == Request(COMMANDS[b"delete"], [b"noreply"], True)
    assert server.ask(b"set noreply 0 0 1\r\nx\r\ndelete noreply\r\nget noreply\r\n") == b"STORED\r\nEND\r\n"


def test_shortest(server: Server) -> None:
    assert server.ask(b"mn\n") == errors.BAD_FORMAT
    assert server.ask(b"mn\r\n") == b"MN\r\n"


def test_spaces_between_arguments(server: Server) -> None:
    assert parse(b"set  a   0 0  1 ") == Request(COMMANDS[b"set"], [b"a", b"0", b"0", b"1"], False, 1)
    assert server.ask(b"set  a   0 0  1 \r\nx\r\nget   a \r\n") == b"STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n"


def test_a_browser_is_hung_up_on(server: Server) -> None:
    assert parse(b"GET / HTTP/1.1\r") == BadRequest(errors.ERROR, hang_up=True)
    assert server.ask(b"POST / HTTP/1.1\r\nmn\r\n") == b""
    assert server.talk.closed


def test_longest_bytes(server: Server) -> None:
    """Above it memcached cannot count what it would have to swallow."""
    args = [b"a", b"0", b"0", b"%d" % BYTES_MAX]
    assert parse(b"set " + b" ".join(args)) == Request(COMMANDS[b"set"], args, False, BYTES_MAX)
    assert server.ask(b"set a 0 0 %d\r\nx" % (BYTES_MAX + 1) + b"yz\r\n") == errors.BAD_FORMAT + errors.ERROR


@pytest.mark.parametrize(
    ("waiting", "gives_up"),
    [
        (b"x" * LINE_MAX, False),
        (b"x" * (LINE_MAX + 1), True),
        (b"set " + b"x" * LINE_MAX, True),
        (b"get " + b"x" * LINE_MAX, False),
        (b"gets " + b"x" * LINE_MAX, False),
        (b"gat 0 " + b"x" * LINE_MAX, True),
        (b" " * 100 + b"get " + b"x" * LINE_MAX, False),
        (b" " * 101 + b"get " + b"x" * LINE_MAX, True),
    ],
)
def test_a_line_without_end(waiting: bytes, gives_up: bool, server: Server) -> None:
    assert line_too_long(b"12345" + waiting, 5) is gives_up
    server.ask(waiting, barrier=False)
    assert server.talk.closed is gives_up


def test_a_multi_get_without_end_is_bounded() -> None:
    assert not line_too_long(b"get ".ljust(MULTIGET_LINE_MAX, b"k"), 0)
    assert line_too_long(b"get ".ljust(MULTIGET_LINE_MAX + 1, b"k"), 0)


@pytest.mark.parametrize(
    ("line", "answered"),
    [
        (b"x" * (LINE_MAX_WHOLE - 1) + b"\r\n", b""),
        (b"x" * (LINE_MAX_WHOLE - 2) + b"\r\n", b"ERROR\r\n"),
        (b"version".ljust(LINE_MAX) + b"\r\n", replies.VERSION),
        (b"get " + b"k " * LINE_MAX_WHOLE + b"\r\n", b"END\r\n"),
    ],
)
def test_a_long_line_that_comes_at_once(line: bytes, answered: bytes) -> None:
    fresh = Session(Instance())
    assert fresh.receive(line + b"mn\r\n") == (answered + b"MN\r\n" if not fresh.closed else b"")
