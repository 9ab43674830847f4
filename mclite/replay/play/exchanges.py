"""The last exchange on each connection, by which broken framing is told: requests, and what was received since."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field

from mclite.replay.play.conversation import LONGEST_LIST
from mclite.replay.play.framing import broken, expected_responses
from mclite.replay.play.outcome import Result
from mclite.replay.play.transport import Connection
from mclite.replay.scenario.talk import Script, Write

#: Seconds that the answer to `version` behind a wrong answer is waited for.
BEHIND = 0.3


@dataclass(slots=True)
class _Exchange:
    """Requests on one connection, and what was received since they were sent."""

    first: int  #: index of the first operation in the script
    sent: bytes = b""
    received: list[bytes] = field(default_factory=list)
    answered: bool = False  #: a line of the talk was expected since


class Exchanges:
    """The last exchange on each connection of a conversation."""

    def __init__(self) -> None:
        """Begin with none."""
        self._by_connection: dict[str, _Exchange] = {}

    def sent(self, conn: str, index: int, data: bytes) -> None:
        """Take note of what operation `index` of the script sends."""
        exchange = self._by_connection.get(conn)
        if exchange is None or exchange.answered:
            exchange = self._by_connection[conn] = _Exchange(index)
        exchange.sent += data

    def received(self, conn: str, data: bytes) -> None:
        """Keep received bytes with the requests that they answer."""
        if (exchange := self._by_connection.get(conn)) is not None:
            exchange.received.append(data)
            exchange.answered = True

    def broken_framing(
        self, script: Script, result: Result, connection: Connection, barrier: bytes | None, seconds: float
    ) -> str | None:
        """Return how the framing of the exchange that differs is broken, None if it is not or cannot be told.

        `version` is sent behind the wrong answer; its answer, `barrier`, is waited for at most `seconds`.
        """
        exchange = self._by_connection.get(result.conn or "")
        if result.conn is None or exchange is None or result.outcome not in ("mismatch", "timeout", "closed"):
            return None
        after = script[exchange.first + 1 :]
        ops = itertools.takewhile(lambda op: not (isinstance(op, Write) and op.conn == result.conn), after)
        received, answered = _before_barrier(connection, barrier, seconds)
        wanted = expected_responses(ops, result.conn)
        return broken(exchange.sent, b"".join(exchange.received) + received, wanted, answered)


def _before_barrier(connection: Connection, barrier: bytes | None, seconds: float) -> tuple[bytes, bool]:
    """Send `version` behind a wrong answer; return the bytes before its answer, and whether it arrived."""
    answer = barrier or b"VERSION "
    deadline = time.monotonic() + min(seconds, BEHIND)
    before = connection.buffer.count(answer)  # of a server that answers ERROR to `version` as to what is wrong
    if connection.gone is None:
        connection.send(b"version\r\n", deadline)
    while not _ends(connection.buffer, answer, before) and len(connection.buffer) < LONGEST_LIST:
        if not connection.fill(deadline):
            break
    received, found, _ = bytes(connection.buffer).rpartition(answer)
    if not found or (barrier is not None and not _ends(connection.buffer, answer, before)):
        return bytes(connection.buffer), False
    connection.buffer[:] = received
    return received, True


def _ends(buffer: bytearray, answer: bytes, before: int) -> bool:
    """Tell whether a buffer ends with an answer that was not among the `before` ones which it had."""
    return buffer.endswith(answer) and buffer.count(answer) > before
