"""Plays a conversation to a target and says how it answered: the raw result, before it is judged.

The target is not trusted: every read ends at a deadline, every buffer is bounded, and an exact line fails at
its first different byte. When the talk is over, `version` is sent on each open connection and its answer must
come next: so an unread byte, an answered noreply or a lost frame shows without any timer.
"""

from __future__ import annotations

import math
import time

from mclite.replay.play.clock import SHORTEST, DebugClock
from mclite.replay.play.conversation import Manner
from mclite.replay.play.delivery import pipelined
from mclite.replay.play.exchanges import Exchanges
from mclite.replay.play.outcome import Differs, Keys, Outcome, Patience, Result
from mclite.replay.play.reading import Reading
from mclite.replay.play.tidy import BULKY, delete
from mclite.replay.play.transport import Address, Connection, Unreachable
from mclite.replay.scenario.talk import Act, AnyOf, Delivery, Expect, Script, SomeOf, Write
from mclite.replay.scenario.text import TextError
from mclite.replay.scenario.wire import brief

#: Seconds by which a wait may be late; above that a failure proves nothing yet.
LATE = 0.5
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
        tidies: bool = False,
    ) -> None:
        """Play to `address`; `barrier` is the exact answer to `version`, any VERSION line when it is None.

        With a `clock` long waits move the clock of the server. No answer is waited for after `until`, of
        time.monotonic. A player that `tidies` deletes the keys of each talk that has sent much.
        """
        self.address = address
        self.keys = keys
        self.delivery: Delivery = delivery
        self.chop = chop
        self.patience = patience or Patience()
        self.barrier = barrier
        self.clock = clock
        self.until = until
        self.tidies = tidies

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


class Play(Reading):
    """One script being played."""

    late = 0.0  #: seconds that a wait took longer than it was to

    def __init__(self, manner: Manner) -> None:
        """Prepare to play in this manner."""
        super().__init__(manner)
        self.exchanges = Exchanges()
        self.sent = 0  # bytes

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
        if self.player.tidies and self.sent > BULKY and self.player.address.kind != "udp":
            prefix = self.player.keys.prefix.encode()
            keys = (value for value in self.values.values() if value.startswith(prefix))
            delete(self.player.address, keys, self.patience.seconds)
        result.milliseconds = self.elapsed()
        result.events = self.events
        result.heard = self.heard
        result.values = self.values
        return result

    def broken_framing(self, script: Script, result: Result) -> str | None:
        """Return how the framing of the exchange that differs is broken, None if it is not or cannot be told."""
        connection = self.open.get(result.conn or "")
        if not isinstance(connection, Connection):
            return None
        if result.outcome == "desync":
            return result.reason
        if result.conn in self.quiet:
            return None
        barrier, seconds = self.player.barrier, self.patience.seconds
        return self.exchanges.broken_framing(script, result, connection, barrier, seconds)

    # -- sending

    def write(self, op: Write, index: int) -> None:
        """Send lines, in one write unless the delivery says otherwise."""
        pieces: list[bytes] = []
        for text, end in op.lines:
            data = text.render(self.values, self.player.keys.new) + end
            self.log(op.conn, ">", data)
            pieces.append(data)
        data = b"".join(pieces)
        self.exchanges.sent(op.conn, index, data)
        self.sent += len(data)
        self.send(op.conn, data, op.line)

    def take(self, conn: str, count: int) -> bytes:
        """Remove and return `count` bytes, and keep them with the requests that they answer."""
        data = super().take(conn, count)
        self.exchanges.received(conn, data)
        return data

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
