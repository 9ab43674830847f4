"""Which requests a fault spoils, and wrong use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from mclite.testing import Faults, Request, ServerThread

if TYPE_CHECKING:
    from tests.testing.conftest import Wire


# Which requests.


def test_on_key_times_and_after(server: ServerThread, wire: Wire) -> None:
    server.faults.error("ERROR", on=("get", "gets"), key="k", times=2, after=1)
    answers = wire.ask(b"get k\r\nget l\r\nmg k\r\nget k\r\ngets k\r\nget k\r\nmn\r\n", 5 + 5 + 4 + 14 + 5 + 4)
    assert answers == b"END\r\nEND\r\nEN\r\nERROR\r\nERROR\r\nEND\r\nMN\r\n"


def test_for_ever_until_cleared(server: ServerThread, wire: Wire) -> None:
    server.faults.error("ERROR", times=None)
    assert wire.ask(b"get k\r\n" * 100, 700) == b"ERROR\r\n" * 100
    server.faults.clear()
    assert wire.ask(b"get k\r\n", 5) == b"END\r\n"


def test_the_first_that_fits_is_taken(server: ServerThread, wire: Wire) -> None:
    server.faults.error("ERROR 1", on="set")
    server.faults.error("ERROR 2")
    server.faults.error("ERROR 3")
    assert wire.ask(b"get k\r\nset k 0 0 1\r\nv\r\nget k\r\n", 27) == b"ERROR 2\r\nERROR 1\r\nERROR 3\r\n"
    assert [(kind, request.verb) for kind, request in server.faults.happened] == [
        ("error", "get"),
        ("error", "set"),
        ("error", "get"),
    ]


def test_probability_by_a_seed(server: ServerThread, connect: Callable[[], Wire]) -> None:
    def spoiled(seed: int) -> list[bool]:
        server.faults.clear()
        server.faults.error("ERROR", probability=0.5, seed=seed, times=None)
        wire = connect()
        return [wire.ask(b"get k\r\n", 5) == b"ERROR" and bool(wire.read(2)) for _ in range(60)]

    first = spoiled(1)
    assert first == spoiled(1)
    assert first != spoiled(2)
    assert 10 < sum(first) < 50


# Wrong use.


@pytest.mark.parametrize(
    ("use", "error", "says"),
    [
        (lambda f: f.close(on="gett"), ValueError, "no command 'gett'; did you mean 'get'?"),
        (lambda f: f.close(on="GET"), ValueError, "no command 'GET'; did you mean 'get'?"),
        (lambda f: f.close(on=["get", "sett"]), ValueError, "did you mean 'set'?"),
        (lambda f: f.close(on=b"get"), TypeError, "command is text"),
        (lambda f: f.delay("2"), TypeError, "seconds is a number, not '2'"),
        (lambda f: f.delay(-1), ValueError, "seconds is at least 0, not -1"),
        (lambda f: f.delay(float("nan")), ValueError, "seconds is at least 0"),
        (lambda f: f.close(times=0), ValueError, "times is at least 1, not 0"),
        (lambda f: f.close(times=1.5), TypeError, "times is a whole number, not 1.5"),
        (lambda f: f.close(after=-1), ValueError, "after is at least 0"),
        (lambda f: f.close(probability=2), ValueError, "probability is at most 1, not 2"),
        (lambda f: f.close(seed="x"), TypeError, "seed is a whole number"),
        (lambda f: f.close(key=5), TypeError, "key is text or bytes, not 5"),
        (lambda f: f.close(time=1), TypeError, "no argument 'time'; did you mean 'times'?"),
        (lambda f: f.error("a\nb"), ValueError, "text is one line"),
        (lambda f: f.error(""), ValueError, "text is one line"),
        (lambda f: f.partial(-1), ValueError, "length is at least 0"),
        (lambda f: f.pieces(0), ValueError, "length is at least 1"),
        (lambda f: f.corrupt("x"), TypeError, "offset is a whole number"),
        (lambda f: f.wrong_length(0), ValueError, "by is a difference, not 0"),
        (lambda f: f.drop_connections(0), ValueError, "times is at least 1"),
    ],
)
def test_wrong_use_is_an_error_at_once(use: Callable[[Any], None], error: type[Exception], says: str) -> None:
    faults = Faults()
    with pytest.raises(error) as raised:
        use(faults)
    assert says in str(raised.value)
    assert len(faults) == 0


def test_a_fault_is_not_for_requests_of_another_kind() -> None:
    faults = Faults()
    faults.close(on="noop")
    assert faults.take(Request("mn")) is None
    assert faults.take(Request("noop", protocol="binary")) is not None
