"""Two servers that are spoken to in step: each write goes to both, with a barrier behind it, and both answers are read.

The barrier is `version`: its answer says that all that was asked before is answered, without any timer. Where it does
not come the server waits for more of a request; a short silence says so.

Neither server is trusted: what is read in a session is bounded in bytes, what is read of an answer in seconds, and
nothing is waited for longer than the comparison may take.
"""

from __future__ import annotations

import itertools
import math
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass

from mclite.compare.answers import Answer, Uniques, take_apart
from mclite.compare.dialogue import HangUp, Session, Wait, Write, render, values_for
from mclite.replay.play.delivery import pieces
from mclite.replay.play.transport import Address, Connection, Unreachable
from mclite.replay.scenario.wire import escape
from mclite.replay.target.capabilities import ask_version

BARRIER = b"version\r\n"
#: Seconds of silence after which a server is taken to wait; and when a difference is looked at again, to be sure.
QUIET, SURE = 0.15, 0.6
#: Seconds within which bytes are taken, and a connection made.
PATIENCE = 2.0
#: The most bytes that are read of one server in a session; the slowest rate, in bytes a second, of a long answer.
LONGEST, SLOWEST = 16 * 1024 * 1024, 1e6
#: The most bytes of the answer to `stats`.
LONGEST_STATS = 1 << 16
#: How often cas uniques are used up before anything is compared: so small numbers are none of anybody's.
WARM_UP = 300


@dataclass(frozen=True, slots=True)
class Exchange:
    """One write and both answers; `step` is its index in the session."""

    step: int
    write: Write
    a: Answer
    b: Answer

    @property
    def same(self) -> bool:
        """Whether both servers said the same."""
        return self.a.same(self.b)

    @property
    def harmless(self) -> bool:
        """Whether both only refused, so that what follows can still be compared."""
        return all(
            answer.after == "ready" and all(line.text.startswith(_ERRORS) or not line.text for line in answer.lines)
            for answer in (self.a, self.b)
        )


_ERRORS = (b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR")


class TimeUp(Exception):  # noqa: N818  # it is no error
    """The time that the comparison may take is over."""


class Deadline:
    """When the comparison ends."""

    def __init__(self, seconds: float | None = None) -> None:
        """End in `seconds`, or never."""
        self.at = math.inf if seconds is None else time.monotonic() + seconds

    def left(self, most: float = math.inf) -> float:
        """Return how many seconds are left, `most` at most; raise TimeUp when none are."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeUp
        return min(left, most)

    def within(self, seconds: float) -> float:
        """Return when `seconds` are over, or the comparison (of time.monotonic); raise TimeUp when it is."""
        return time.monotonic() + self.left(seconds)


class Side:
    """One of the two servers."""

    def __init__(self, address: Address, deadline: Deadline) -> None:
        """Ask for its version; raise Unreachable or TimeUp."""
        self.address = address
        self.deadline = deadline
        try:
            self.version_answer = ask_version(address, deadline.left(PATIENCE))
        except Unreachable:
            deadline.left()
            raise
        self._read = 0  # bytes in this session
        self.open: dict[str, Connection] = {}
        self.values = values_for("")
        self.uniques = Uniques()

    @property
    def version(self) -> str:
        """What it calls itself."""
        return escape(self.version_answer.removeprefix(b"VERSION ").strip())

    def begin(self, name: str) -> None:
        """Begin a session whose keys begin with `name`."""
        self.hang_up()
        self.values = values_for(name)
        self.uniques = Uniques()
        self._read = 0

    def connect(self) -> Connection:
        """Open a connection; raise Unreachable or TimeUp."""
        try:
            return Connection(self.address, self.deadline.left(PATIENCE), LONGEST)
        except Unreachable:
            self.deadline.left()
            raise

    def hang_up(self, conn: str | None = None) -> None:
        """Close one connection, or all."""
        for name in [conn] if conn else list(self.open):
            if name in self.open:
                self.open.pop(name).close()

    def send(self, write: Write) -> None:
        """Send the requests of a write and the barrier."""
        data = b"".join([render(request, self.values) for request in write.requests])
        connection = self.open.get(write.conn)
        if connection is None:
            connection = self.open[write.conn] = self.connect()
        deadline = self.deadline.within(PATIENCE + len(data) / SLOWEST)
        if not write.chop:
            connection.send(data + BARRIER, deadline)
            return
        for piece in pieces(data, write.chop):
            connection.send(piece, deadline)
        connection.send(BARRIER, deadline)

    def read(self, conn: str, quiet: float) -> Answer:
        """Read up to the barrier's answer, the end of the connection, or a silence of `quiet` seconds.

        A server that sends more than LONGEST bytes in a session, or an answer more slowly than SLOWEST, is not read on.
        Raises TimeUp.
        """
        connection = self.open[conn]
        buffer = connection.buffer
        began, endless = time.monotonic(), False
        while not buffer.endswith(self.version_answer):
            late = time.monotonic() > began + PATIENCE + len(buffer) / SLOWEST
            if late or self._read + len(buffer) > LONGEST:
                endless = True
                break
            if not connection.fill(self.deadline.within(quiet)):
                self.deadline.left()
                break
        data = bytes(buffer)
        buffer.clear()
        self._read += len(data)
        if endless:
            self.hang_up(conn)
            return self.answer(data, "endless")
        if data.endswith(self.version_answer):
            return self.answer(data[: -len(self.version_answer)], "ready")
        if connection.gone is not None:
            self.hang_up(conn)
            return self.answer(data, "closed")
        return self.answer(data, "waits")

    def answer(self, data: bytes, after: str) -> Answer:
        """Take an answer apart, and remember the cas unique in it."""
        made = Answer(take_apart(data, self.uniques), after)  # type: ignore[arg-type]  # one of the four, above
        if self.uniques.last is not None:
            self.values["cas"] = self.uniques.last
        return made

    def warm_up(self, name: str) -> None:
        """Use up cas uniques."""
        request = b"set %b 0 0 1 noreply\r\nx\r\n" % name.encode()
        connection = self.connect()
        try:
            data = request * WARM_UP + b"delete %b noreply\r\n" % name.encode() + BARRIER
            connection.send(data, self.deadline.within(PATIENCE))
            connection.fill(self.deadline.within(PATIENCE))
        finally:
            connection.close()

    def empty(self) -> bool:
        """Tell whether the server holds no items, so that flush_all destroys nothing."""
        connection = self.connect()
        try:
            deadline = self.deadline.within(PATIENCE)
            connection.send(b"stats\r\n", deadline)
            while not connection.buffer.endswith(b"END\r\n"):
                if len(connection.buffer) > LONGEST_STATS or not connection.fill(deadline):
                    return False
            return b"STAT curr_items 0\r\n" in connection.buffer
        finally:
            connection.close()


class Pair:
    """Both servers."""

    def __init__(self, a: Address, b: Address, seconds: float | None = None) -> None:
        """Reach both, and end `seconds` from now at the latest, whatever they do; raise Unreachable or TimeUp."""
        self.deadline = Deadline(seconds)
        self.a = Side(a, self.deadline)
        self.b = Side(b, self.deadline)
        self._run = f"x{secrets.token_hex(2)}"
        self._numbers = itertools.count(1)
        for side in self.sides:
            side.warm_up(f"{self._run}_warm")

    @property
    def sides(self) -> tuple[Side, Side]:
        """A and B."""
        return self.a, self.b

    def play(self, session: Session, quiet: float = QUIET) -> Iterator[Exchange]:
        """Say a session to both and yield each exchange; raise Unreachable when one of them is gone, or TimeUp."""
        name = f"{self._run}_{next(self._numbers)}_"
        for side in self.sides:
            side.begin(name)
        try:
            for number, step in enumerate(session):
                match step:
                    case Wait(seconds):
                        time.sleep(self.deadline.left(seconds))
                    case HangUp(conn):
                        for side in self.sides:
                            side.hang_up(conn)
                    case Write():
                        yield self._exchange(number, step, quiet)
        finally:
            for side in self.sides:
                side.hang_up()

    def _exchange(self, number: int, write: Write, quiet: float) -> Exchange:
        for side in self.sides:
            side.send(write)
        a = self.a.read(write.conn, quiet)
        b = self.b.read(write.conn, quiet)
        return Exchange(number, write, a, b)
