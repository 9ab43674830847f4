"""One conversation with a target: its connections, its clock and its record; every read is bounded."""

from __future__ import annotations

import time
from typing import Protocol

from mclite.replay.play.clock import DebugClock
from mclite.replay.play.delivery import lines, pieces
from mclite.replay.play.outcome import Differs, Event, Heard, Keys, Patience, Result
from mclite.replay.play.transport import Address, Connection, connect
from mclite.replay.play.udp import Datagrams
from mclite.replay.scenario.talk import AnyOf, Delivery, Expect, SomeOf
from mclite.replay.scenario.text import Values
from mclite.replay.scenario.wire import HEAD, TAIL, brief, first_difference

#: Maximum bytes of a line that a pattern matches; a longer one is `too-much`.
LONGEST_LINE = 64 * 1024
#: The most bytes that a run of `<*` reads.
LONGEST_LIST = 4 * 1024 * 1024
#: Maximum duration of a run of `<*`, in multiples of the patience with one answer.
LIST_ANSWERS = 2.5
#: The slowest rate at which a target may take or send what is large.
BYTES_A_SECOND = 5e6
#: Maximum events of a conversation that are kept; a hostile target could make millions.
EVENTS = 5000
#: Maximum duration of a conversation without waits, in multiples of the patience with one answer.
ANSWERS = 6
#: How much of a wrong answer is shown, in bytes, and how long the rest of its line is waited for, in seconds.
SHOWN, GRACE = 4096, 0.05


Stream = Connection | Datagrams


class Manner(Protocol):
    """How a conversation is held: with whom, and in which pieces."""

    address: Address
    patience: Patience
    delivery: Delivery
    chop: int  #: bytes; 0 does not cut
    clock: DebugClock | None
    keys: Keys
    barrier: bytes | None
    until: float  #: when no answer is waited for any more, of time.monotonic
    tidies: bool  #: delete the keys of a talk that has sent much


class Conversation:
    """What is said on all connections of one scenario, in the order in which it is said."""

    def __init__(self, player: Manner) -> None:
        """Begin one, as the player plays."""
        self.player = player
        self.patience = player.patience
        self.open: dict[str, Stream] = {}
        self.quiet: set[str] = set()  # drained or half-closed: no barrier
        self.chopped: dict[str, int] = {}
        self.values: Values = {}
        self.events: list[Event] = []
        self.heard: list[Heard] = []
        self.began = time.monotonic()
        self.ends = self.began + self.patience.seconds * ANSWERS
        if player.clock is not None:
            player.clock.begin()
            self.values["time"] = b"%d" % player.clock.now

    # -- time and record

    def elapsed(self) -> float:
        """Return the milliseconds since it began."""
        return round((time.monotonic() - self.began) * 1000, 3)

    def deadline(self, extra: float = 0.0) -> float:
        """Return until when an answer is waited for, `extra` seconds more for what is large."""
        return min(min(time.monotonic() + self.patience.seconds, self.ends) + extra, self.player.until)

    def log(self, conn: str, kind: str, data: bytes | str) -> None:
        """Put an event into the transcript."""
        if len(self.events) >= EVENTS:
            if len(self.events) == EVENTS:
                self.events.append((conn, "!", f"more than {EVENTS} events", self.elapsed()))
            return
        if isinstance(data, bytes) and len(data) > HEAD + TAIL:
            data = brief(data)
        self.events.append((conn, kind, data, self.elapsed()))

    def show_rest(self, result: Result) -> None:
        """Put the wrong answer, and what else had arrived by then, into the transcript."""
        if result.conn is None:
            return
        if result.got:
            self.log(result.conn, "<", result.got)
        connection = self.open.get(result.conn)
        if connection is not None:
            rest = bytes(connection.buffer[len(result.got or b"") : SHOWN])
            if rest:
                self.log(result.conn, "<", rest)
        self.log(result.conn, "!", result.reason or result.outcome)

    def connection(self, conn: str) -> Stream:
        """Return the connection of a letter; open it if it is not."""
        found = self.open.get(conn)
        if found is None:
            self.quiet.discard(conn)
            found = self.open[conn] = connect(self.player.address, self.patience.seconds)
        return found

    def send(self, conn: str, data: bytes, line: int | None) -> None:
        """Send data in the pieces of the delivery."""
        connection = self.connection(conn)
        deadline = self.deadline(len(data) / BYTES_A_SECOND)
        size = self.chopped.get(conn, self.player.chop or (1 if self.player.delivery == "bytes" else 0))
        whole = lines(data) if self.player.delivery == "lines" else [data]
        chunks = pieces(data, size) if size else whole
        for chunk in chunks:
            if not connection.send(chunk, deadline):
                raise Differs("timeout", line, conn, "the server did not read what was sent to it")

    # -- reading

    def take(self, conn: str, count: int) -> bytes:
        """Remove `count` bytes, which are as expected, from what is received, and return them."""
        return self.open[conn].take(count)

    def more(self, connection: Stream, deadline: float, line: int | None, wanted: str | bytes) -> None:
        """Read once; raise when nothing comes."""
        if connection.fill(deadline):
            return
        want = brief(wanted) if isinstance(wanted, bytes) else wanted
        conn = next(name for name, item in self.open.items() if item is connection)
        got = bytes(connection.buffer[:SHOWN])
        if connection.gone is not None:
            raise Differs("closed", line, conn, connection.gone, want, got, len(got))
        waited = f"nothing{' more' if got else ''} came for {self.patience.seconds:g} s"
        raise Differs("timeout", line, conn, waited, want, got, len(got))

    def rest_of_line(self, connection: Stream, start: int) -> bytes:
        """Return the buffer up to the end of the line that holds byte `start`, as far as it comes soon."""
        deadline = time.monotonic() + GRACE
        while True:
            end = connection.buffer.find(b"\n", start)
            if end >= 0:
                return bytes(connection.buffer[: end + 1])
            if len(connection.buffer) > start + SHOWN or not connection.fill(deadline):
                return bytes(connection.buffer[: start + SHOWN])

    def exact(self, connection: Stream, conn: str, line: int | None, want: bytes) -> None:
        """Read exactly `want`, or raise at its first different byte."""
        self.wait_for(connection, conn, line, want)
        self.log(conn, "<", self.take(conn, len(want)))
        if line is not None:
            self.heard.append(Heard(line, want))

    def wait_for(self, connection: Stream, conn: str, line: int | None, want: bytes) -> None:
        """Read until the buffer begins with `want`, or raise at its first different byte."""
        deadline = self.deadline(len(want) / BYTES_A_SECOND)
        checked = 0
        while not (got := connection.buffer).startswith(want):
            if got:
                piece = bytes(got[checked : len(want)])
                different = first_difference(want[checked:], piece)
                if different is not None:
                    at = checked + different
                    rest = self.rest_of_line(connection, at)
                    raise Differs("mismatch", line, conn, "another answer came", brief(want), rest, at)
                checked += len(piece)
            self.more(connection, deadline, line, want)

    def line_of(self, connection: Stream, op: Expect | AnyOf | SomeOf, count: int, want: str) -> bytes:
        """Return the next `count` lines, with their ends, without taking them."""
        deadline = self.deadline()
        start = 0
        for _ in range(count):
            while (end := connection.buffer.find(b"\n", start)) < 0:
                if len(connection.buffer) - start > LONGEST_LINE:
                    got = bytes(connection.buffer[:SHOWN])
                    raise Differs("too-much", op.line, op.conn, f"a line of more than {LONGEST_LINE} bytes", want, got)
                self.more(connection, deadline, op.line, want)
            start = end + 1
        return bytes(connection.buffer[:start])
