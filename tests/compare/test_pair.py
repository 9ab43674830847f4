"""Servers that mean harm: a comparison is bounded in memory and in time, and never green when nothing was compared."""

from __future__ import annotations

import contextlib
import itertools
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import SECONDS_MAX

from mclite.compare.dialogue import Request, Write
from mclite.compare.noise import cut_short
from mclite.compare.pair import LONGEST, Deadline, Pair, TimeUp
from mclite.replay.play.transport import Address, Unreachable

ROOT = Path(__file__).resolve().parents[2]
#: Bytes of memory that `mclite compare` may have; 40 MB are Python's and Hypothesis's.
MEMORY = 400 << 20
VERSION = b"VERSION 1.6.45\r\n"

Harm = Callable[[socket.socket], None]


def send_forever(connection: socket.socket, pieces: Iterator[bytes], pause: float = 0.0) -> None:
    stop = threading.Event()
    for piece in pieces:
        connection.sendall(piece)
        if pause:
            stop.wait(pause)


def large_value(connection: socket.socket) -> None:
    connection.sendall(b"VALUE k 0 2147483648\r\n")
    send_forever(connection, itertools.repeat(b"x" * 65536, 32768))


def silence(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


HARM: dict[str, Harm] = {
    "a value of 2 GB": large_value,
    "a line without an end": lambda connection: send_forever(connection, itertools.repeat(b"x" * 65536)),
    "lines without an end": lambda connection: send_forever(connection, itertools.repeat(b"STAT a 1\r\n" * 5000)),
    "empty lines": lambda connection: send_forever(connection, itertools.repeat(b"\r\n" * 30000)),
    "words": lambda connection: send_forever(connection, itertools.repeat(b"HD" + b" k" * 20000 + b"\r\n")),
    "random": lambda connection: send_forever(connection, iter(lambda: os.urandom(65536), b"")),
    "numbers": lambda connection: send_forever(connection, itertools.repeat(b"VA " + b"9" * 9000 + b"\r\n")),
    "a byte now and then": lambda connection: send_forever(connection, itertools.repeat(b"x"), 0.1),
    "silence": silence,
    "an answer in itself": lambda connection: send_forever(connection, itertools.repeat(b"END\r\n" + VERSION)),
    "the end of the connection": lambda connection: None,
}


class Hostile:
    """Answers `version`, the noreply requests of the start and `stats` as a server; everything else with `harm`."""

    def __init__(self, harm: Harm) -> None:
        self._harm = harm
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.address = Address("tcp", "127.0.0.1", int(self._listener.getsockname()[1]))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._call, args=(connection,), daemon=True).start()

    def _call(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            first = connection.recv(65536)
            if first.startswith(b"version"):
                connection.sendall(VERSION)
            elif first.startswith(b"stats\r\n"):
                connection.sendall(b"STAT curr_items 1\r\nEND\r\n")
            elif b"_warm 0 0 1 noreply" in first:
                while not first.endswith(b"version\r\n"):
                    first += connection.recv(65536)
                connection.sendall(VERSION)
            else:
                self._harm(connection)

    def stop(self) -> None:
        """Take no more connections, and end those that are open."""
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@pytest.fixture
def hostile() -> Iterator[Callable[[Harm], Address]]:
    """Return what starts a server that means harm."""
    started: list[Hostile] = []

    def start(harm: Harm) -> Address:
        started.append(Hostile(harm))
        return started[-1].address

    yield start
    for one in started:
        one.stop()


def compare(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `mclite compare`, with no more memory than it may have."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))

    return subprocess.run(
        [sys.executable, "-m", "mclite", "compare", *words, "-o", str(folder / "differences.toml")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=4 * SECONDS_MAX,
        preexec_fn=limit,
        check=False,
    )


@pytest.mark.parametrize("harm", [harm for harm in HARM if harm != "an answer in itself"])  # both may read the same
def test_two_that_mean_harm_are_compared_in_bounds_and_never_the_same(
    hostile: Callable[[Harm], Address], tmp_path: Path, harm: str
) -> None:
    a, b = hostile(HARM[harm]), hostile(HARM[harm])
    done = compare(tmp_path, str(a), str(b), "--seconds", "3")
    assert "Traceback" not in done.stderr
    assert done.returncode in (1, 3, 4), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("harm", "first"),
    [(harm, "A") for harm in HARM if harm != "random"] + [("a value of 2 GB", "B"), ("a byte now and then", "B")],
)
def test_one_that_means_harm_differs_from_a_server(
    hostile: Callable[[Harm], Address], server: Address, tmp_path: Path, harm: str, first: str
) -> None:
    both = [str(hostile(HARM[harm])), str(server)]
    done = compare(tmp_path, *(both if first == "A" else both[::-1]), "--seconds", "8", "--kinds", "1")
    assert "Traceback" not in done.stderr
    assert done.returncode == 1, done.stderr[-2000:]
    written = tmp_path / "differences.toml"
    if written.exists():
        assert written.stat().st_size < 1 << 21
    else:  # the answer of A is what a scenario would have to expect
        assert (first, "no scenario is written of it" in done.stdout) == ("A", True)


def test_a_session_is_read_up_to_a_bound(hostile: Callable[[Harm], Address]) -> None:
    pair = Pair(hostile(large_value), hostile(large_value))
    (exchange,) = pair.play((Write("A", (Request("get {key}"),)),))
    assert (exchange.a.after, exchange.b.after) == ("endless", "endless")
    assert sum(len(line.said) for line in exchange.a.lines) < LONGEST + (1 << 17)
    assert cut_short(exchange.a, exchange.b) == "endless"


def test_nothing_is_waited_for_when_time_is_up(hostile: Callable[[Harm], Address]) -> None:
    pair = Pair(hostile(silence), hostile(silence))
    pair.deadline.at = 0.0
    with pytest.raises(TimeUp):
        list(pair.play((Write("A", (Request("get {key}"),)),)))
    assert Deadline().left(2.0) == 2.0


def test_a_server_that_says_nothing_at_all_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = Address("tcp", "127.0.0.1", mute.getsockname()[1])
        with pytest.raises(Unreachable, match="does not answer `version`"):
            Pair(address, address)
        with pytest.raises(TimeUp):
            Pair(address, address, 0.1)
