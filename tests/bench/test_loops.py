"""Both loops count what was answered, and nothing else passes for an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from mclite.bench import loops
from mclite.bench.connection import Connection, TargetDiedError, WrongReplyError
from mclite.bench.servers import OWN_COMMAND, Server
from mclite.bench.workloads import WORKLOADS


@pytest.fixture(scope="module")
def ours() -> Iterator[Server]:
    server = Server.spawn(OWN_COMMAND)
    yield server
    server.stop()


def opened(address: tuple[str, int], name: str, count: int = 5) -> list[Connection]:
    return [Connection(address, number, WORKLOADS[name]) for number in range(count)]


def close(connections: Sequence[Connection]) -> None:
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("name", WORKLOADS)
def test_closed_loop_counts_bytes_and_requests(ours: Server, name: str) -> None:
    connections = opened(ours.address, name)
    for _ in range(100):  # until the server was given a core
        for connection in connections:
            connection.prepare()
        taken = loops.closed(connections, 0.03, ours.pids)
        if taken.requests:
            break
    close(connections)
    assert taken.requests == WORKLOADS[name].depth * len(taken.latencies) > 0
    assert taken.reply_bytes >= 4 * taken.requests
    assert taken.seconds == pytest.approx(0.03, abs=1e-6)
    assert all(0 < latency < 5 for latency in taken.latencies)
    assert taken.server.ran > 0


def test_every_reply_of_the_closed_loop_is_counted_once(ours: Server) -> None:
    connections = opened(ours.address, "get-pipelined")
    for connection in connections:
        connection.prepare()
    taken = loops.closed(connections, 0.03)
    size = len(connections[0].steps[0].reply)
    close(connections)
    answered, rest = divmod(taken.reply_bytes, size)
    assert rest == 0
    # after the last moment each connection still takes one reply, which is compared and not counted
    assert 0 <= answered - len(taken.latencies) <= len(connections)


def test_open_loop_keeps_the_rate(ours: Server) -> None:
    connections = opened(ours.address, "get")
    for connection in connections:
        connection.prepare()
    taken = loops.at_rate(connections, 0.2, 1000)
    size = len(connections[0].steps[0].reply)
    close(connections)
    assert taken.requests == len(taken.latencies) == 200
    assert taken.reply_bytes == 200 * size
    assert taken.seconds >= 0.199


def get_and(server: object, nth: int, instead: bytes | None) -> Callable[[bytes], bytes | None]:
    """Answer rightly but for the n-th request."""

    def answer(line: bytes) -> bytes | None:
        return instead if server[0].lines == nth else server[0].get(line)

    return answer


def drive(kind: str, connections: Sequence[Connection]) -> None:
    for connection in connections:
        connection.prepare()
    if kind == "closed":
        loops.closed(connections, 5)
    else:
        loops.at_rate(connections, 5, 1000)


@pytest.mark.parametrize("kind", ["closed", "open"])
@pytest.mark.parametrize(
    "instead",
    [
        b"END\r\n",
        b"SERVER_ERROR out of memory\r\n",
        b"VALUE bench:00000:00000 0 32\r\n" + b"x" * 32 + b"\r\nEND\r\n",
    ],
)
def test_a_wrong_answer_among_many_ends_the_run(scripted: Callable, kind: str, instead: bytes) -> None:
    box: list[object] = []
    server = scripted(get_and(box, 50, instead))
    box.append(server)
    connections = opened(server.address, "get", 1)
    with pytest.raises(WrongReplyError, match="wrong answer to 'get"):
        drive(kind, connections)
    close(connections)


@pytest.mark.parametrize("kind", ["closed", "open"])
def test_a_server_that_hangs_up_in_the_middle(scripted: Callable, kind: str) -> None:
    box: list[object] = []
    server = scripted(get_and(box, 50, None))
    box.append(server)
    connections = opened(server.address, "get", 1)
    with pytest.raises(TargetDiedError, match=r"closed|broke"):
        drive(kind, connections)
    close(connections)


def test_a_server_that_falls_silent(scripted: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "GIVE_UP", 0.2)
    box: list[object] = []
    server = scripted(get_and(box, 50, b""))
    box.append(server)
    connections = opened(server.address, "get", 1)
    with pytest.raises(TargetDiedError, match=r"no answer for 0\.2 s"):
        drive("closed", connections)
    close(connections)


def test_a_server_that_is_too_slow_for_the_rate(scripted: Callable) -> None:
    box: list[object] = []
    server = scripted(get_and(box, 3, b""))
    box.append(server)
    connections = opened(server.address, "get", 1)
    connections[0].prepare()
    # the answer that is left out shifts all later ones to the wrong request
    with pytest.raises((TargetDiedError, WrongReplyError)):
        loops.at_rate(connections, 0.1, 50)
    close(connections)
