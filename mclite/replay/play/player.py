"""Plays a conversation to a target and says how it answered: the raw result, before it is judged.

The target is not trusted: every read ends at a deadline, every buffer is bounded, and an exact line fails at
its first different byte. When the talk is over, `version` is sent on each open connection and its answer must
come next: so an unread byte, an answered noreply or a lost frame shows without any timer.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from mclite.replay.play.clock import SHORTEST, DebugClock
from mclite.replay.play.conversation import (
    EVENTS,
    LIST_ANSWERS,
    LONGEST_LIST,
    Conversation,
    Manner,
    Stream,
)
from mclite.replay.play.delivery import pipelined
from mclite.replay.play.framing import broken, expected_responses
from mclite.replay.play.outcome import Differs, Heard, Keys, Outcome, Patience, Result
from mclite.replay.play.transport import Address, Connection, Unreachable
from mclite.replay.scenario.notation import parse_text
from mclite.replay.scenario.talk import Act, AnyOf, Delivery, Expect, Pool, Script, SomeOf, Write
from mclite.replay.scenario.text import Filled, Text, TextError, named
from mclite.replay.scenario.wire import brief, first_difference

#: Seconds by which a wait may be late; above that a failure proves nothing yet.
LATE = 0.5
#: Seconds that the answer to `version` behind a wrong answer is waited for.
BEHIND = 0.3
#: How often a dialogue over UDP is repeated in which an answer was lost: protocol.txt 1890-1896.
LOST = 2


class Player:
    """Plays scripts to one target."""

    def __init__(
        self,
        address: Address,
        keys: Keys,
        *,
        delivery: Delivery = "whole",
        chop: int = 0,
        patience: Patience | None = None,
        barrier: bytes | None = None,
        clock: DebugClock | None = None,
        until: float = math.inf,
    ) -> None:
        """Play to `address`; `barrier` is the exact answer to `version`, any VERSION line when it is None.

        With a `clock` long waits move the clock of the server. No answer is waited for after `until`, of
        time.monotonic.
        """
        self.address = address
        self.keys = keys
        self.delivery: Delivery = delivery
        self.chop = chop
        self.patience = patience or Patience()
        self.barrier = barrier
        self.clock = clock
        self.until = until

    def play(self, script: Script) -> Result:
        """Play a script and return what happened; again if it fails and that may not be the server's doing."""
        script = pipelined(script) if self.delivery == "pipelined" else script
        playing = Play(self)
        result = playing.run(script)
        if result.outcome != "match" and playing.late > LATE:
            again = Play(self).run(script)
            if again.outcome != "died":  # the first time it lived, or ended as the script has it
                return again
        for _ in range(LOST if self.address.kind == "udp" else 0):
            if result.outcome != "timeout":
                break
            result = Play(self).run(script)
        return result


@dataclass(slots=True)
class _Exchange:
    """Requests on one connection, and what was received since they were sent."""

    first: int  #: index of the first operation in the script
    sent: bytes = b""
    received: list[bytes] = field(default_factory=list)
    answered: bool = False  #: a line of the talk was expected since


class Play(Conversation):
    """One script being played."""

    late = 0.0  #: seconds that a wait took longer than it was to

    def __init__(self, manner: Manner) -> None:
        """Prepare to play in this manner."""
        super().__init__(manner)
        self.exchanges: dict[str, _Exchange] = {}
        self.pools: dict[Pool, list[Expect]] = {}  # lines of a pool that no connection was answered yet

    def run(self, script: Script) -> Result:
        """Play all of it, then the barriers; return what happened."""
        waits = sum(op.number for op in script if isinstance(op, Act) and op.verb != "chop")
        self.ends += waits
        try:
            for index, op in enumerate(script):
                match op:
                    case Write():
                        self.write(op, index)
                    case Expect():
                        self.expect(op)
                    case AnyOf():
                        self.any_of(op)
                    case SomeOf():
                        self.some_of(op)
                    case Act():
                        self.act(op)
            for conn in tuple(self.open):
                if conn not in self.quiet:
                    self.barrier(conn)
            result = Result("match")
        except Differs as differs:
            result = differs.result
            result.framing = self.broken_framing(script, result)
            self.show_rest(result)
            if result.outcome in ("timeout", "too-much") or (result.outcome == "desync" and not result.got):
                self.patience.spend()
        except Unreachable as error:
            result = Result("died", reason=str(error))
        except (TextError, KeyError) as error:
            result = Result("malformed", reason=str(error))
        finally:
            for connection in self.open.values():
                connection.close()
        result.milliseconds = self.elapsed()
        result.events = self.events
        result.heard = self.heard
        result.values = self.values
        return result

    # -- sending

    def broken_framing(self, script: Script, result: Result) -> str | None:
        """Return how the framing of the exchange that differs is broken, None if it is not or cannot be told."""
        connection = self.open.get(result.conn or "")
        if result.conn is None or not isinstance(connection, Connection):
            return None
        if result.outcome == "desync":
            return result.reason
        exchange = self.exchanges.get(result.conn)
        if exchange is None or result.outcome not in ("mismatch", "timeout", "closed") or result.conn in self.quiet:
            return None
        after = script[exchange.first + 1 :]
        ops = itertools.takewhile(lambda op: not (isinstance(op, Write) and op.conn == result.conn), after)
        received, answered = self.received_before_barrier(connection)
        return broken(
            exchange.sent, b"".join(exchange.received) + received, expected_responses(ops, result.conn), answered
        )

    def received_before_barrier(self, connection: Connection) -> tuple[bytes, bool]:
        """Send `version` behind a wrong answer; return the bytes before its answer, and whether it arrived."""
        answer = self.player.barrier or b"VERSION "
        deadline = time.monotonic() + min(self.patience.seconds, BEHIND)
        if connection.gone is None:
            connection.send(b"version\r\n", deadline)
        while not connection.buffer.endswith(answer) and len(connection.buffer) < LONGEST_LIST:
            if not connection.fill(deadline):
                break
        before, found, after = bytes(connection.buffer).rpartition(answer)
        if not found or (self.player.barrier is not None and after):
            return bytes(connection.buffer), False
        connection.buffer[:] = before
        return before, True

    def write(self, op: Write, index: int) -> None:
        """Send lines, in one write unless the delivery says otherwise."""
        pieces: list[bytes] = []
        for text, end in op.lines:
            data = text.render(self.values, self.player.keys.new) + end
            self.log(op.conn, ">", data)
            pieces.append(data)
        data = b"".join(pieces)
        exchange = self.exchanges.get(op.conn)
        if exchange is None or exchange.answered:
            exchange = self.exchanges[op.conn] = _Exchange(index)
        exchange.sent += data
        self.send(op.conn, data, op.line)

    def take(self, conn: str, count: int) -> bytes:
        """Remove and return `count` bytes, and keep them with the requests that they answer."""
        data = super().take(conn, count)
        if (exchange := self.exchanges.get(conn)) is not None:
            exchange.received.append(data)
            exchange.answered = True
        return data

    def expect(self, op: Expect) -> None:
        """Read a line that must come next; raise Differs when another does."""
        connection = self.connection(op.conn)
        if op.text.matches:
            self.pattern(connection, op)
            return
        want = op.text.render(self.values, self.player.keys.new) + op.end
        self.exact(connection, op.conn, op.line, want)

    def pattern(self, connection: Stream, op: Expect) -> None:
        """Read a line that holds slots."""
        want = op.text.show(self.values) + ("\\r\\n" if op.end else "")
        head = _literal_head(op.text)
        if head:  # what is exact before the first slot fails at its first different byte
            deadline = self.deadline()
            while len(connection.buffer) < len(head):
                if not head.startswith(bytes(connection.buffer)):
                    break
                self.more(connection, deadline, op.line, want)
            at = first_difference(head, bytes(connection.buffer[: len(head)]))
            if at is not None:
                got = self.rest_of_line(connection, at)
                raise Differs("mismatch", op.line, op.conn, "another answer came", want, got, at)
        got = self.line_of(connection, op, _newlines(op.text) + bool(op.end), want)
        matched = self.matches(op, got)
        if isinstance(matched, int):
            raise Differs("mismatch", op.line, op.conn, "another answer came", want, got, matched)
        self.hear(op, got, matched)
        self.log(op.conn, "<", self.take(op.conn, len(got)))

    def matches(self, op: Expect, got: bytes) -> Filled | int:
        """Match lines with their ends; return the bytes of the slots or the index at which they differ."""
        if not got.endswith(op.end):
            return len(got) - 1
        return op.text.fill(got.removesuffix(op.end), self.values)

    def hear(self, op: Expect, got: bytes, filled: Filled) -> None:
        """Record lines that matched, and the values that they bind."""
        self.values.update(named(filled))
        self.heard.append(Heard(op.line, got, filled))

    def any_of(self, op: AnyOf) -> None:
        """Read one of several lines."""
        connection = self.connection(op.conn)
        options = self.options(op)
        want = " or ".join(dict.fromkeys(item.text.show(self.values) for item in options))
        furthest = 0
        got = b""
        for item in sorted(options, key=lambda item: _newlines(item.text)):
            got = self.line_of(connection, op, _newlines(item.text) + 1, want)
            matched = self.matches(item, got)
            if not isinstance(matched, int):
                if op.pool is not None:
                    self.pools[op.pool] = [one for one in self.pools[op.pool] if one.line != item.line]
                self.hear(item, got, matched)
                self.log(op.conn, "<", self.take(op.conn, len(got)))
                return
            furthest = max(furthest, matched)
        raise Differs("mismatch", op.line, op.conn, "none of the allowed answers came", want, got, furthest)

    def options(self, op: AnyOf) -> Sequence[Expect]:
        """Return the lines one of which may come: of a pool those that no other connection was answered."""
        if op.pool is None:
            return op.options
        left = self.pools.setdefault(op.pool, list(op.pool.lines))
        return [item for item in op.options if any(item.line == one.line for one in left)]

    def some_of(self, op: SomeOf) -> None:
        """Read a list that holds certain lines, in any order."""
        lines: list[tuple[bytes, bool]] = []  # and whether the talk speaks of them
        before = len(self.heard)
        try:
            self.read_list(op, lines)
        except Differs:
            for line, _ in lines:
                self.log(op.conn, "<", line)
            raise
        finally:  # the target chose the order
            self.heard[before:] = sorted(self.heard[before:], key=lambda item: item.line)
        for spoken_of, lines_ in itertools.groupby(lines, key=lambda item: item[1]):
            found = [line for line, _ in lines_]
            if spoken_of or len(found) < 4:
                for line in found:
                    self.log(op.conn, "<", line)
            else:
                self.log(op.conn, "!", f"{len(found)} more lines")

    def read_list(self, op: SomeOf, lines: list[tuple[bytes, bool]]) -> None:
        """Put the lines of a list into `lines`, each with whether the talk speaks of it, to the end of the list."""
        connection = self.connection(op.conn)
        missing = list(op.wanted)
        endings = op.until.options if isinstance(op.until, AnyOf) else (op.until,)
        read = 0
        ends = time.monotonic() + self.patience.seconds * LIST_ANSWERS
        while missing and not op.others:
            lines.append((self.next_of(op, missing), True))
        while True:
            want = (missing or endings)[0].text.show(self.values) + "\\r\\n"
            got = self.line_of(connection, op, 1, want)
            if any(self.takes(item, got) for item in endings):
                if missing:
                    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
                    reason = f"the list ended without this line{more}"
                    raise Differs("mismatch", missing[0].line, op.conn, reason, want, got, 0)
                lines.append((self.take(op.conn, len(got)), True))
                return
            if not op.others:
                raise Differs("mismatch", op.until.line, op.conn, "another answer came", want, got, 0)
            match = next((item for item in missing if self.takes(item, got)), None)
            if match is not None:
                missing.remove(match)
            read += len(got)
            if read > LONGEST_LIST or time.monotonic() > ends:
                reason = f"a list without an end: {read} bytes until now"
                raise Differs("too-much", op.line, op.conn, reason, want, got)
            taken = self.take(op.conn, len(got))
            if len(lines) < EVENTS:
                lines.append((taken, match is not None))

    def next_of(self, op: SomeOf, missing: list[Expect]) -> bytes:
        """Take what comes next, which must be one of `missing`, and remove that from them; return its bytes."""
        connection = self.connection(op.conn)
        want = " or ".join(item.text.show(self.values) + "\\r\\n" for item in missing)
        got = self.line_of(connection, op, 1, want)
        at = 0
        for item in missing:
            head = parse_text(item.text.source.split("\\r\\n", 1)[0])
            matched = head.fill(got.removesuffix(b"\r\n"), self.values)
            if isinstance(matched, int):
                at = max(at, matched)
                continue
            if item.text.matches:
                got = self.line_of(connection, op, _newlines(item.text) + 1, want)
                matched = self.matches(item, got)
                if isinstance(matched, int):
                    at = max(at, matched)
                    continue
            else:
                got = item.text.render(self.values, self.player.keys.new) + item.end
                self.wait_for(connection, op.conn, item.line, got)
                matched = []
            self.hear(item, got, matched)
            missing.remove(item)
            return self.take(op.conn, len(got))
        raise Differs("mismatch", missing[0].line, op.conn, "none of the answers that are due came", want, got, at)

    def takes(self, item: Expect, got: bytes) -> bool:
        """Tell whether a whole line matches, and keep it and the values that it gives."""
        matched = self.matches(item, got)
        if isinstance(matched, int):
            return False
        self.hear(item, got, matched)
        return True

    # -- verbs and the barrier

    def act(self, op: Act) -> None:
        """Carry out a verb."""
        conn = op.conn
        match op.verb:
            case "wait":
                self.wait(op.number)
            case "open":
                self.connection(conn)
            case "chop":
                self.chopped[conn] = int(op.number)
            case "drain":
                self.quiet.add(conn)
            case "silence":
                self.silence(op)
            case "closed":
                self.closed(op)
            case "shut":
                self.connection(conn).shut()
                self.quiet.add(conn)
            case "close":
                self.connection(conn).close()
                del self.open[conn]
            case "reset":
                self.connection(conn).reset()
                del self.open[conn]

    def wait(self, seconds: float) -> None:
        """Let time go by: on the clock of the server if it can be moved and the wait is long, else here."""
        clock = self.player.clock
        if clock is None or seconds < SHORTEST:
            began = time.monotonic()
            time.sleep(seconds)
            self.late = max(self.late, time.monotonic() - began - seconds)
            return
        clock.advance(seconds)
        self.values["time"] = b"%d" % clock.now
        self.log("A", "!", f"the clock of the server was moved by {seconds:g} s")

    def silence(self, op: Act) -> None:
        """Raise Differs when anything comes."""
        connection = self.connection(op.conn)
        deadline = time.monotonic() + op.number
        if not connection.buffer and not connection.fill(deadline):
            self.late = max(self.late, time.monotonic() - deadline)
            if connection.gone is None:
                return
            raise Differs("closed", op.line, op.conn, connection.gone, f"silence for {op.number:g} s", b"", 0)
        got = self.rest_of_line(connection, 0)
        reason = "something came where nothing may come"
        raise Differs("mismatch", op.line, op.conn, reason, f"silence for {op.number:g} s", got, 0)

    def closed(self, op: Act) -> None:
        """Raise Differs unless the server hangs up."""
        connection = self.connection(op.conn)
        want = "the server hangs up"
        if not connection.buffer:
            connection.fill(self.deadline(op.number))
        if connection.buffer:
            got = self.rest_of_line(connection, 0)
            raise Differs("mismatch", op.line, op.conn, "an answer came before the end", want, got, 0)
        if connection.gone is None:
            raise Differs("timeout", op.line, op.conn, "the server kept the connection open", want, b"", 0)
        self.log(op.conn, "!", connection.gone)
        connection.close()
        del self.open[op.conn]

    def barrier(self, conn: str) -> None:
        """Send `version`: its answer must come next, or the conversation is out of step."""
        connection = self.open[conn]
        request = connection.frame(b"version\r\n")
        connection.send(request, self.deadline())
        self.log(conn, ">", request)
        answer = connection.frame(self.player.barrier) if self.player.barrier is not None else None
        try:
            if answer is not None:
                self.exact(connection, conn, None, answer)
            else:
                self.exact(connection, conn, None, connection.frame(b"VERSION "))
                self.exact(connection, conn, None, self.rest_of_line(connection, 0) or b"\n")
        except Differs as differs:
            result = differs.result
            got = result.got or b""
            if result.outcome == "mismatch":
                reason = "after the last line of the talk the server had sent more: out of step"
            elif result.outcome == "closed":
                reason = f"after the last line of the talk {connection.gone}"
            else:
                reason = "after the last line of the talk `version` got no answer: the server waits for more"
            want = brief(answer) if answer is not None else "VERSION {:rest}\\r\\n"
            outcome: Outcome = "closed" if result.outcome == "closed" and not got else "desync"
            raise Differs(outcome, None, conn, reason, want, got, result.at) from None


def _newlines(text: Text) -> int:
    return text.source.count("\\n")


def _literal_head(text: Text) -> bytes:
    first = text.parts[0]
    return getattr(first, "data", b"")
