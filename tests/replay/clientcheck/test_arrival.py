import pytest

from mclite.replay.clientcheck.arrival import Request, key_problem, parse_line
from mclite.replay.clientcheck.reader import Reader


def one(data: bytes) -> Request:
    (request,) = Reader().feed(data)
    return request


@pytest.mark.parametrize(
    ("sent", "normal"),
    [
        (b"get a\r\n", (b"get a",)),
        (b"gets a b\r\n", (b"get a b",)),
        (b"gat 60 a\r\n", (b"gat 60 a",)),
        (b"set a 5 60 3\r\nabc\r\n", (b"set a 5 60 3", b"abc")),
        (b"cas a 5 -1 3 77\r\nabc\r\n", (b"cas a 5 -1 3 77", b"abc")),
        (b"delete a noreply\r\n", (b"delete a",)),
        (b"incr a 18446744073709551615\r\n", (b"incr a 18446744073709551615",)),
        (b"touch a 60\r\n", (b"touch a 60",)),
        (b"stats items\r\n", (b"stats items",)),
        (b"mg a v t\r\n", (b"get a",)),
        (b"mg a v T60\r\n", (b"gat 60 a",)),
        (b"mg a T60\r\n", (b"touch a 60",)),
        (b"ms a 3 T60 F5\r\nabc\r\n", (b"set a 5 60 3", b"abc")),
        (b"ms a 3 MA\r\nabc\r\n", (b"append a 0 0 3", b"abc")),
        (b"ms a 3 C77\r\nabc\r\n", (b"cas a 0 0 3 77", b"abc")),
        (b"md a q\r\n", (b"delete a",)),
        (b"ma a MD D9\r\n", (b"decr a 9",)),
        (b"mn\r\n", (b"noop",)),
        (b"mg Zm9v b v\r\n", (b"get foo",)),
    ],
)
def test_requests_are_written_as_classic_commands(sent: bytes, normal: tuple[bytes, ...]) -> None:
    request = one(sent)
    assert request.problem is None
    assert request.normal == normal
    assert request.raw == sent


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (b"get\r\n", "has no key"),
        (b"get a\n", "does not end in CR LF"),
        (b"get a\tb\r\n", r"holds \t"),
        (b"get " + b"a" * 251 + b"\r\n", "251 bytes"),
        (b"get a  b\r\n", "an argument is empty"),
        (b"set a 0 0.5 1\r\nx\r\n", "exptime"),
        (b"set a 4294967296 0 1\r\nx\r\n", "flags"),
        (b"set a 0 0 x\r\n", "the data block is not there"),
        (b"incr a -1\r\n", "value"),
        (b"frobnicate\r\n", "no command"),
        (b"ms a S1\r\n", "no length"),
        (b"mg a v v\r\n", "twice"),
        (b"mg !! b v\r\n", "no base64"),
        (b"delete a 5\r\n", "more than a key"),
    ],
)
def test_what_the_protocol_does_not_allow_has_a_problem(sent: bytes, problem: str) -> None:
    assert problem in str(one(sent).problem)


def test_a_length_that_lies_is_a_problem_and_the_rest_is_read_on() -> None:
    first, second = Reader().feed(b"set a 0 0 2\r\nabc\r\n")
    assert "announces" in str(first.problem)
    assert second.problem is not None


@pytest.mark.parametrize("size", [1, 2, 7])
def test_pieces_give_the_same_requests(size: int) -> None:
    data = b"set a 0 0 5\r\na\r\nb\x80\r\nget a\r\nmn\r\n"
    reader, found = Reader(), []
    for start in range(0, len(data), size):
        found += reader.feed(data[start : start + size])
    assert [request.verb for request in found] == ["set", "get", "noop"]
    assert found[0].data == b"a\r\nb\x80"
    assert reader.pending == b""


def test_a_line_without_an_end_is_refused_at_last() -> None:
    reader = Reader()
    assert reader.feed(b"get ") == []
    (request,) = reader.feed(b"a" * (1 << 20))
    assert "a line of more than" in str(request.problem)


def test_key_problem() -> None:
    assert key_problem(b"k") is None
    assert key_problem("höhe".encode()) is None
    assert key_problem(b"") == "the key is empty"
    assert "control character" in str(key_problem(b"\x7f"))


def test_parse_line_takes_the_data_block() -> None:
    assert parse_line(b"add a 0 0 1", b"x", b"raw").data == b"x"
