"""Two servers that are spoken to in step: each write goes to both, with a barrier behind it, and both answers are read.

The barrier is `version`: its answer says that all that was asked before is answered, without any timer. Where it does
not come the server waits for more of a request; a short silence says so.
"""

from __future__ import annotations

import itertools
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


class Side:
    """One of the two servers."""

    def __init__(self, address: Address) -> None:
        """Ask for its version; raise Unreachable."""
        self.address = address
        self.version_answer = ask_version(address)
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
            connection = self.open[write.conn] = Connection(self.address, PATIENCE)
        deadline = time.monotonic() + PATIENCE + len(data) / 1e6
        if not write.chop:
            connection.send(data + BARRIER, deadline)
            return
        for piece in pieces(data, write.chop):
            connection.send(piece, deadline)
        connection.send(BARRIER, deadline)

    def read(self, conn: str, quiet: float) -> Answer:
        """Read up to the barrier's answer, the end of the connection, or a silence of `quiet` seconds."""
        connection = self.open[conn]
        buffer = connection.buffer
        while not buffer.endswith(self.version_answer):
            if not connection.fill(time.monotonic() + quiet):
                break
        data = bytes(buffer)
        buffer.clear()
        if data.endswith(self.version_answer):
            return self.answer(data[: -len(self.version_answer)], "ready")
        if connection.gone is not None:
            self.hang_up(conn)
            return self.answer(data, "closed")
        return self.answer(data, "waits")

    def answer(self, data: bytes, after: str) -> Answer:
        """Take an answer apart, and remember the cas unique in it."""
        made = Answer(take_apart(data, self.uniques), after)  # type: ignore[arg-type]  # one of the three, above
        if self.uniques.last is not None:
            self.values["cas"] = self.uniques.last
        return made

    def warm_up(self, name: str) -> None:
        """Use up cas uniques."""
        request = b"set %b 0 0 1 noreply\r\nx\r\n" % name.encode()
        connection = Connection(self.address, PATIENCE)
        try:
            connection.send(request * WARM_UP + b"delete %b noreply\r\n" % name.encode(), time.monotonic() + PATIENCE)
            connection.send(BARRIER, time.monotonic() + PATIENCE)
            connection.fill(time.monotonic() + PATIENCE)
        finally:
            connection.close()

    def empty(self) -> bool:
        """Tell whether the server holds no items, so that nobody minds a flush_all."""
        connection = Connection(self.address, PATIENCE)
        try:
            connection.send(b"stats\r\n", time.monotonic() + PATIENCE)
            while not connection.buffer.endswith(b"END\r\n"):
                if not connection.fill(time.monotonic() + PATIENCE):
                    return False
            return b"STAT curr_items 0\r\n" in connection.buffer
        finally:
            connection.close()


class Pair:
    """Both servers."""

    def __init__(self, a: Address, b: Address) -> None:
        """Reach both; raise Unreachable."""
        self.a = Side(a)
        self.b = Side(b)
        self._run = f"x{secrets.token_hex(2)}"
        self._numbers = itertools.count(1)
        for side in self.sides:
            side.warm_up(f"{self._run}_warm")

    @property
    def sides(self) -> tuple[Side, Side]:
        """A and B."""
        return self.a, self.b

    def play(self, session: Session, quiet: float = QUIET) -> Iterator[Exchange]:
        """Say a session to both and yield each exchange; raise Unreachable when one of them is gone."""
        name = f"{self._run}_{next(self._numbers)}_"
        for side in self.sides:
            side.begin(name)
        try:
            for number, step in enumerate(session):
                match step:
                    case Wait(seconds):
                        time.sleep(seconds)
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

    def gone(self) -> str | None:
        """Return which of the two cannot be reached any more, None if both can."""
        for side in self.sides:
            try:
                Connection(side.address, PATIENCE).close()
            except Unreachable as error:
                return str(error)
        return None
