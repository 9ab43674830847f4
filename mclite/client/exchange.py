"""The client without its socket: when to connect, what to send, and what received bytes mean.

The strategy: `Exchange.perform` is a generator. It yields what is to be done (Open, Send, Receive, Close), a thin shell
does it, sync or async, and sends back the bytes, or throws in the exception that it caused. So retries, timeouts,
poisoning and pipelines exist once. The rule that keeps it true: a connection on which anything went wrong that was
not a whole answer is closed, and the reason kept; no command is ever sent on a connection that is out of step.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import takewhile
from typing import Any, Final

from mclite.client.call import Call, barrier, opaque_of
from mclite.client.errors import (
    BadReplyError,
    ConnectError,
    ConnectionLostError,
    MemcacheError,
    NotConnectedError,
    RefusedError,
    TimedOutError,
    is_error,
    is_refusal,
    refused,
)
from mclite.client.expect import Expect, MetaAnswer, SenselessError
from mclite.protocol.reader import Line, Reply, ReplyError, ReplyReader, Status

NOREPLY_ERRORS_KEPT: Final = 100


@dataclass(frozen=True, slots=True)
class Open:
    """Open the connection."""


@dataclass(frozen=True, slots=True)
class Check:
    """Return unsolicited data, without waiting: None for nothing, b"" if the server has hung up."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send the data; return what arrived meanwhile."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Receive:
    """Wait for bytes and return them; b"" if the server has hung up. With `timeout` false, for as long as it takes."""

    timeout: bool = True


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection."""


Effect = Open | Check | Send | Receive | Close
Plan = Generator[Effect, bytes | None, Any]


class State(Enum):
    """The state of a connection: FRESH connects by itself at the first command."""

    FRESH = "fresh"
    OPEN = "open"
    WATCHING = "watching"
    LOST = "lost"
    CLOSED = "closed"


class _StaleError(Exception):
    """The connection was found closed before anything was sent on it."""


class _Slot:
    """A command that was sent and whose answer is due, if there is to be one."""

    __slots__ = ("call", "expect", "number", "opaque", "suspects")

    def __init__(self, call: Call[Any], number: int, suspects: Sequence[bytes] = ()) -> None:
        self.call = call
        self.suspects = suspects  # of a barrier: the earlier noreply commands that an error before it belongs to
        self.expect: Expect = call.expect()
        self.number = number
        self.opaque = self.expect.opaque if isinstance(self.expect, MetaAnswer) else None


class Exchange:
    """The state of one client. `where` names the server in messages; `timeout` is the seconds that a read may take,
    `deadline` those for a whole answer, or for all answers of a pipeline.

    `retries` is how often a command is tried again on a new connection: if none could be opened or the old one
    was found closed, always; if it was lost while the answer was due, only a command that does no harm twice.
    """

    def __init__(self, where: str, timeout: float | None, retries: int, deadline: float | None = None) -> None:
        self.where = where
        self.timeout = timeout
        self.deadline = deadline
        self.until: float | None = None
        """when the answer that is due must be whole, on the monotonic clock"""
        self.retries = retries
        self.state = State.FRESH
        self.reason = ""
        self.noreply_errors: deque[RefusedError] = deque(maxlen=NOREPLY_ERRORS_KEPT)
        self.busy = False
        """is a command under way, so that the connection cannot be used for another?"""
        self._unanswered: deque[bytes] = deque(maxlen=NOREPLY_ERRORS_KEPT)
        self._reader = ReplyReader()

    def connect(self) -> Plan:
        """Open the connection, a new one if there is one already."""
        yield Close()
        self._reader = ReplyReader()
        self._unanswered.clear()
        self.state = State.LOST
        try:
            yield Open()
        except TimeoutError:
            self.reason = f"{self.where} did not take the connection in time"
            raise TimedOutError(self.reason) from None
        except OSError as error:
            self.reason = f"cannot connect to {self.where}: {error.strerror or error}"
            raise ConnectError(self.reason) from None
        self.state = State.OPEN

    def close(self) -> Plan:
        """Close the connection, for good unless `connect` is called."""
        self.state = State.CLOSED
        yield Close()

    def perform(self, calls: Sequence[Call[Any]], flush: bool = True) -> Plan:
        """Carry out `calls` in one go; return their results, a MemcacheError in the place of one that failed.

        With `flush` it is made sure that silent commands at the end have been carried out; without it `calls` are all
        silent, or the last is not. Raises what ends the connection.
        """
        if not calls:
            return []
        for call in calls:
            call.to_bytes()  # a bad argument is found before anything is sent
        tries = self.retries
        while True:
            sent = False
            try:
                yield from self._ready()
                sent = True
                return (yield from self._exchange(calls, flush))
            except (_StaleError, ConnectError, ConnectionLostError) as error:
                stale = isinstance(error, _StaleError)
                again = not sent or stale or all(call.repeatable for call in calls)
                if tries == 0 or not again:
                    if stale:
                        raise ConnectionLostError(self.reason) from None
                    raise
                tries -= 1

    def _ready(self) -> Plan:
        """Make sure that there is a connection."""
        if self.state is State.WATCHING:
            raise NotConnectedError("this connection is a log stream; use another client for commands")
        if self.state is State.CLOSED:
            raise NotConnectedError("the client is closed; connect() opens it again")
        if self.state is State.LOST and not self.retries:
            raise NotConnectedError(f"not connected: {self.reason}; connect() opens a new connection, or give retries=")
        if self.state is not State.OPEN:
            yield from self.connect()

    def patience(self, effect: Receive) -> float | None:
        """Return the seconds that a read may take now, None for ever."""
        if not effect.timeout or self.until is None:
            return self.timeout if effect.timeout else None
        left = max(0.0, self.until - time.monotonic())
        return left if self.timeout is None else min(left, self.timeout)

    def _exchange(self, calls: Sequence[Call[Any]], flush: bool) -> Plan:
        self.until = None if self.deadline is None else time.monotonic() + self.deadline
        unasked = yield from self._guarded(Check())
        if unasked == b"":
            yield from self._lose("the server closed the connection")
            raise _StaleError
        if unasked is not None:
            self._reader.receive_data(unasked)
        if not self._unanswered and self._reader.pending:
            yield from self._refuse_unasked()
        if not flush and calls[-1].silent:
            self.busy = True
            yield from self._send(b"".join(call.to_bytes() for call in calls))
            self._unanswered += [call.line for call in calls]
            self.busy = False
            return [call.unanswered for call in calls]
        waiting = deque(self._slots(calls))
        results: list[Any] = [None] * len(calls)
        self.busy = True
        yield from self._send(b"".join(slot.call.to_bytes() for slot in waiting))
        while waiting:
            reply = yield from self._next_reply(waiting)
            if reply is None:  # the server hung up, which this command may be answered with
                waiting.popleft()
                continue
            try:
                self._take(waiting, reply, results)
            except SenselessError as error:
                yield from self._lose(f"the server is out of step: {error}")
                raise BadReplyError(self.reason) from None
        self.busy = False
        return results

    def _send(self, data: bytes) -> Plan:
        arrived = yield from self._guarded(Send(data))
        if arrived:
            self._reader.receive_data(arrived)

    def _slots(self, calls: Sequence[Call[Any]]) -> list[_Slot]:
        """Put a barrier after each run of silent commands, so that an error in between can belong to nothing else."""
        slots: list[_Slot] = []
        if self._unanswered:
            slots.append(_Slot(barrier(meta=False), -1, list(self._unanswered)))
            self._unanswered.clear()
        silent, meta = False, False
        for number, call in enumerate(calls):
            if silent and not call.silent:
                slots.append(_Slot(barrier(meta), -1))
                silent, meta = False, False
            slots.append(_Slot(call, number))
            if call.silent:
                silent, meta = True, meta or call.row.kind == "meta"
        if silent:
            slots.append(_Slot(barrier(meta), -1))
        return slots

    def _take(self, waiting: deque[_Slot], reply: Reply, results: list[Any]) -> None:
        """Give `reply` to the command that it answers, and note the result when its answer is whole."""
        if isinstance(reply, Status) and is_error(reply.code):
            self._take_error(waiting, reply, results)
            return
        opaque = opaque_of(reply)
        while waiting[0].call.silent and not (waiting[0].opaque is not None and waiting[0].opaque == opaque):
            self._finish(waiting.popleft(), results)  # it had nothing to say
        slot = waiting[0]
        if slot.expect.take(reply):
            waiting.popleft()
            self._finish(slot, results)

    def _take_error(self, waiting: deque[_Slot], reply: Status, results: list[Any]) -> None:
        """An error belongs to the first command that is still due, or to one of a run of silent ones."""
        if waiting[0].suspects:
            self.noreply_errors.append(refused(_one_of(waiting[0].suspects), reply.code, reply.text))
            return
        slot = waiting.popleft()
        if slot.call.silent:
            run = [slot.call.line, *(other.call.line for other in takewhile(lambda one: one.call.silent, waiting))]
            line = _one_of(run)
        else:
            line = slot.call.line
        if slot.number >= 0:
            results[slot.number] = refused(line, reply.code, reply.text)
        else:
            raise SenselessError(f"{reply.to_bytes()[:100]!r} answered {line.decode()}")

    def _finish(self, slot: _Slot, results: list[Any]) -> None:
        replies = slot.expect.replies
        if slot.number < 0:
            return
        if not replies:
            results[slot.number] = slot.call.unanswered
            return
        last = replies[-1]
        try:
            if isinstance(last, Status) and is_refusal(last.code):
                results[slot.number] = refused(slot.call.line, last.code, last.text)
            else:
                results[slot.number] = slot.call.result(replies)
        except MemcacheError as error:
            results[slot.number] = error
        except (ValueError, KeyError, IndexError) as error:
            raise SenselessError(f"an answer to {slot.call.line[:60]!r} that cannot be read: {error}") from None
        if slot.expect.endless:
            self.state = State.WATCHING

    def _next_reply(self, waiting: deque[_Slot]) -> Plan:
        """Return the next reply; None if the server hung up and the command that is due allows it."""
        while True:
            try:
                reply = self._reader.next_reply(waiting[0].expect.lines)
            except ReplyError as error:
                yield from self._lose(str(error))
                raise BadReplyError(self.reason) from None
            if reply is not None:
                return reply
            if self.until is not None and time.monotonic() >= self.until:  # bytes arrive, but never the last
                yield from self._be_late(waiting[0])
            data = yield from self._guarded(Receive(), waiting[0])
            if data == b"":
                closes = waiting[0].expect.closes and not self._reader.pending
                yield from self._lose(f"the server closed the connection, and {_due(waiting[0])} was due")
                if closes:
                    self.state = State.CLOSED
                    return None
                raise ConnectionLostError(self.reason)
            self._reader.receive_data(data or b"")

    def next_line(self) -> Plan:
        """Return the next line of the log stream that the connection has become; None when the server hangs up."""
        if self.state is not State.WATCHING:
            raise NotConnectedError("this connection is no log stream; call watch first")
        while True:
            try:
                reply = self._reader.next_reply(lines=True)
            except ReplyError as error:
                yield from self._lose(str(error))
                raise BadReplyError(self.reason) from None
            if isinstance(reply, Line):
                return reply.text
            if reply is not None:
                yield from self._lose(f"the server sent {reply.to_bytes()[:100]!r} in a log stream")
                raise BadReplyError(self.reason)
            data = yield from self._guarded(Receive(timeout=False))
            if not data:
                yield from self._lose("the server closed the log stream")
                return None
            self._reader.receive_data(data)

    def _refuse_unasked(self) -> Plan:
        """Refuse unsolicited bytes: an error of the connection, or client and server are out of step."""
        pending = self._reader.pending
        yield from self._lose(f"the server sent bytes without a request: {pending[:100]!r}")
        raise BadReplyError(self.reason)

    def _guarded(self, effect: Effect, slot: _Slot | None = None) -> Plan:
        """Have `effect` done; whatever interrupts it costs the connection."""
        try:
            return (yield effect)
        except TimeoutError:
            if self.until is not None and time.monotonic() >= self.until:
                yield from self._be_late(slot)
            yield from self._lose(f"{self.where} sent nothing for {self.timeout} s, and {_due(slot)} was due")
            raise TimedOutError(self.reason) from None
        except OSError as error:
            yield from self._lose(f"the connection to {self.where} was lost: {error.strerror or error}")
            if slot is not None and slot.expect.closes:
                return b""
            raise ConnectionLostError(self.reason) from None
        except BaseException:  # a cancelled task, Ctrl-C: the answer will arrive unread
            yield from self._lose("a command was interrupted")
            raise

    def _be_late(self, slot: _Slot | None) -> Plan:
        """The deadline is over."""
        yield from self._lose(f"{_due(slot)} from {self.where} was not whole after {self.deadline} s")
        raise TimedOutError(self.reason) from None

    def _lose(self, reason: str) -> Plan:
        self.state, self.reason, self.busy = State.LOST, reason, False
        yield Close()

    def abandon(self) -> bool:
        """The shell was interrupted: is a command under way, so that the connection must be closed?"""
        if self.busy:
            self.state, self.reason, self.busy = State.LOST, "a command was interrupted", False
            return True
        return False


def _one_of(lines: Sequence[bytes]) -> bytes:
    return lines[0] if len(lines) == 1 else b"one of: " + b" | ".join(lines[:5]) + b" | ..." * (len(lines) > 5)


def _due(slot: _Slot | None) -> str:
    if slot is None:
        return "an answer"
    return f"the answer to {slot.call.line[:60].decode('utf-8', 'backslashreplace')!r}"
