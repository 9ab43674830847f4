"""A server for tests to talk to, without a socket: a Session on an Instance, whose clock stands still.

What a test asserts of an answer is what real memcached answers. To see that it is, name one of version 1.6.45 or newer:
`MCLITE_TEST_MEMCACHED=/path/to/memcached pytest tests` runs each test that uses `start` or `server` against it too.
"""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.server import options
from mclite.store.clock import DebugClock

sys.path.insert(0, str(Path(__file__).with_name("helpers")))

from waiting import SECONDS_MAX, connected

#: What a test may need that not every machine has (CONTRIBUTING.md).
MARKERS = {
    "browser": "needs chromium and chromedriver",
    "compiled": "needs the compiled build, which a C compiler makes: tests/compiled runs it",
    "memcached": "needs a real memcached",
    "network": "connects to other machines",
}
LOCAL = ("127.", "::1", "localhost", "0.0.0.0", "::ffff:127.")
MEMCACHED = os.environ.get("MCLITE_TEST_MEMCACHED")
_BARRIER = b"slabs reassign 1 1\r\n"  # changes nothing, is counted nowhere, and has an answer of its own
_BARRIER_ANSWER = b"SAME src and dst class are identical\r\n"


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers: here and not in pyproject.toml, since tests/compiled runs elsewhere."""
    for name, needs in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {needs}")
    sys.addaudithook(_stay_here)


_may_leave = False  # the test that runs is marked `network`


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note whether the test may connect to other machines."""
    global _may_leave
    _may_leave = item.get_closest_marker("network") is not None


def _stay_here(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse connections to other machines from tests that are not marked so."""
    if event == "socket.connect" and not _may_leave:
        address = arguments[1]
        if isinstance(address, tuple) and not str(address[0]).startswith(LOCAL):
            raise AssertionError(f"connects to {address[0]}: mark the test `network`")


class Talk(ABC):
    """One connection: `ask` sends requests and returns what is answered, up to the end of all of it."""

    closed = False

    @abstractmethod
    def ask(self, data: bytes, *, barrier: bool = True) -> bytes:
        """Send `data`; without `barrier` it may end within a request, or begin what goes on by itself."""

    def stats(self, group: bytes = b"") -> dict[str, str]:
        """Return the lines of `stats GROUP`, by name."""
        answer = self.ask(b"stats " + group + b"\r\n").decode()
        return {line.split(" ", 2)[1]: line.split(" ", 2)[2] for line in answer.split("\r\n") if line[:5] == "STAT "}

    def moved(self, data: bytes, names: frozenset[str] | None = None) -> dict[str, int]:
        """Send `data`; return by how much it moved those counters of `stats` that it moved, of `names` if given."""
        before = self.stats()
        self.ask(data)
        after = self.stats()
        numbers = {name: int(text) for name, text in after.items() if text.isdigit() and before[name].isdigit()}
        moved = {name: value - int(before[name]) for name, value in numbers.items()}
        return {name: by for name, by in moved.items() if by and (names is None or name in names)}


class Server(ABC):
    """A server that answers `connect`ed Talks; asked itself, it answers as one of them would."""

    real = False

    @abstractmethod
    def connect(self) -> Talk:
        """Open one more connection."""

    def stop(self) -> None:
        """Stop it."""

    @property
    def talk(self) -> Talk:
        """The first connection."""
        if not hasattr(self, "_talk"):
            self._talk = self.connect()
        return self._talk

    def ask(self, data: bytes, *, barrier: bool = True) -> bytes:
        """Ask on the first connection."""
        return self.talk.ask(data, barrier=barrier)

    def moved(self, data: bytes, names: frozenset[str] | None = None) -> dict[str, int]:
        """Return what `data` moves, on the first connection."""
        return self.talk.moved(data, names)

    def stats(self, group: bytes = b"") -> dict[str, str]:
        """Ask for statistics on the first connection."""
        return self.talk.stats(group)


class SessionTalk(Talk):
    """A connection without a socket."""

    def __init__(self, instance: Instance) -> None:
        self.session = Session(instance, "127.0.0.1:40000", "127.0.0.1:11211")
        self.pushed: list[bytes] = []
        self.session.push = self.pushed.append
        instance.connected(self.session)

    @property
    def closed(self) -> bool:  # type: ignore[override]
        """Did the server hang up?"""
        return self.session.closed

    def ask(self, data: bytes, *, barrier: bool = True) -> bytes:
        """Send `data`, and return the answer."""
        answer = self.session.receive(data)
        while self.session.more:
            answer += self.session.receive(b"")
        return answer


class Direct(Server):
    """mclite as a library."""

    def __init__(self, command_line: str) -> None:
        clock = DebugClock()
        clock.pause()
        self.instance = Instance(options.parse(shlex.split(command_line)).settings, clock=clock)
        self.clock = clock

    def connect(self) -> SessionTalk:
        """Open one more connection."""
        return SessionTalk(self.instance)


class SocketTalk(Talk):
    """A connection to a real memcached."""

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX)

    def ask(self, data: bytes, *, barrier: bool = True) -> bytes:
        """Send `data`, and a barrier after it, and return the answer."""
        with contextlib.suppress(ConnectionError):
            self._sock.sendall(data + _BARRIER if barrier else data)
        answer = b""
        while select.select([self._sock], [], [], SECONDS_MAX if barrier else 0.1)[0]:
            try:
                part = self._sock.recv(1 << 20)
            except ConnectionError:
                part = b""
            if not part:
                self.closed = True
                break
            answer += part
            if barrier and answer.endswith(_BARRIER_ANSWER):
                return answer.removesuffix(_BARRIER_ANSWER)
        return answer

    def close(self) -> None:
        """Hang up."""
        self._sock.close()


class Memcached(Server):
    """A real memcached, that the test starts."""

    real = True

    def __init__(self, command_line: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        user = ["-u", "nobody"] if os.getuid() == 0 else []
        command = [str(MEMCACHED), "-l", "127.0.0.1", "-p", str(self.port), *user, *shlex.split(command_line)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self._talks: list[SocketTalk] = []
        connected(self.port, self._process).close()

    def connect(self) -> SocketTalk:
        """Open one more connection."""
        self._talks.append(SocketTalk(self.port))
        return self._talks[-1]

    def stop(self) -> None:
        """Stop it."""
        for talk in self._talks:
            talk.close()
        self._process.kill()
        self._process.wait()


Start = Callable[..., Server]


@pytest.fixture(params=["mclite", pytest.param("memcached", marks=pytest.mark.memcached)] if MEMCACHED else ["mclite"])
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Return what starts a server with options, as `mclite serve` and memcached take them."""
    started: list[Server] = []

    def begin(command_line: str = "") -> Server:
        started.append(Memcached(command_line) if request.param == "memcached" else Direct(command_line))
        return started[-1]

    yield begin
    for server in started:
        server.stop()


@pytest.fixture
def server(start: Start) -> Server:
    """A server with memcached's default options."""
    return start()


@pytest.fixture
def direct() -> Callable[[str], Direct]:
    """Return what starts mclite with options, with a clock to move: `direct("-F").clock.advance(60)`."""
    return Direct
