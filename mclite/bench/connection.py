"""One connection of the load: what it sends next, and whether the reply is right to the byte.

The loop compares a whole reply at one stroke (`data == connection.expect`); everything else, a reply in
pieces, a number that changes, a write that the kernel took half of, goes through the methods here.
"""

from __future__ import annotations

import re
import select
import socket
from collections import deque
from collections.abc import Callable

from mclite.bench import workloads
from mclite.bench.workloads import Step, Workload

READ_SIZE = 8_192
LARGE_READ_SIZE = 65_536  # above 128 KB malloc maps fresh pages for every read: four times slower
GIVE_UP = 10.0  # seconds without a byte

Address = tuple[str, int]

MOST_REFUSED = 0.01  # of the sets into a full server: memcached refuses one whose candidates to evict are all in use

_END = b"END\r\n"
_STORED = b"STORED\r\n"
_REFUSED = b"SERVER_ERROR out of memory storing object\r\n"
_ITEM = re.compile(rb"(VALUE [^ ]+ [0-9]+ [0-9]+)( [0-9]{1,20})?\r\n")  # the second group: the cas unique


class TargetDiedError(Exception):
    """The server hung up, refused a connection, or fell silent; the text says what happened."""


class WrongReplyError(Exception):
    """The server answered other bytes than the protocol says; the text shows both."""


class Connection:
    """A connection and its place in its script."""

    __slots__ = (
        "asking", "at", "buffer", "done", "due", "expect", "fd", "got", "number", "once", "read_size", "recv",
        "refused", "send", "sent", "sock", "steps", "stored", "unsent", "value", "workload",
    )  # fmt: skip

    def __init__(self, address: Address, number: int, workload: Workload) -> None:
        try:
            sock = socket.create_connection(address, timeout=GIVE_UP)
        except OSError as error:
            raise TargetDiedError(f"cannot connect to {address[0]}:{address[1]}: {error.strerror or error}") from None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.fd = sock.fileno()
        self.recv: Callable[[int], bytes] = sock.recv
        self.send: Callable[[bytes], int] = sock.send
        self.number = number
        self.workload = workload
        self.read_size = LARGE_READ_SIZE if workload.large else READ_SIZE
        self.steps: list[Step] = []
        self.asking = b""  # the request of `ask`, while it waits
        self.at = 0  # index of the step under way
        self.expect: bytes | None = None  # its reply; None: a number, see `take`
        self.got = 0  # bytes of the reply received so far
        self.buffer = b""  # of a number's reply
        self.stored = self.refused = 0  # sets of a workload that evicts, by their answer
        self.value = workloads.COUNTER_START
        self.sent = 0.0  # seconds, when the step was sent
        self.due: deque[tuple[float, bytes]] = deque()  # open loop: scheduled times and replies under way
        self.unsent: memoryview | None = None
        self.once = workload.consumes  # is the script gone through once only, because it uses its items up?
        self.done = False

    def prepare(self, store: bool = True) -> None:
        """Store the items and write the script; every reply is checked.

        Args:
            store: False when the items are known to be there from another workload

        Raises:
            WrongReplyError, TargetDiedError
        """
        self.sock.settimeout(GIVE_UP)
        for step in workloads.setup(self.workload, self.number) if store else ():
            self.ask(step)
        self.value = workloads.COUNTER_START
        self.at = self.got = 0
        self.buffer = b""
        if not self.steps:
            self.steps = workloads.steps(self.workload, self.number)
        if self.workload.learns:
            self.steps = self._learn(self.steps)
        self.sock.setblocking(False)

    def ask(self, step: Step) -> None:
        """Send one step and check its whole reply; the socket has a timeout.

        Raises:
            WrongReplyError, TargetDiedError
        """
        self._send_all(step.request)
        self.asking = step.request
        self.expect = step.reply
        self.got = 0
        while not self.take(self.receive()):
            pass
        self.asking = b""

    def _learn(self, steps: list[Step]) -> list[Step]:
        """Return the steps with the cas uniques that the server answers now, all else being as it must."""
        learned: list[Step] = []
        at_once = max(1, workloads.PIPELINE // self.workload.depth)
        for at in range(0, len(steps), at_once):
            some = steps[at : at + at_once]
            request, want = (b"".join(parts) for parts in zip(*((s.request, s.reply) for s in some), strict=True))
            self._send_all(request)
            reply = b""
            ends = want.count(_END)
            while reply.count(_END) < ends and len(reply) < 2 * len(want) + 100:
                reply += self.receive()
            items = _ITEM.findall(reply)
            if _ITEM.sub(rb"\1\r\n", reply) != want or not all(unique for _, unique in items):
                raise WrongReplyError(difference(request, want, reply))
            pieces = reply.split(_END)
            for step in some:
                ends = step.reply.count(_END)
                learned.append(Step(step.request, b"".join(piece + _END for piece in pieces[:ends])))
                del pieces[:ends]
        return learned

    def _send_all(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise _died(error) from None

    def receive(self) -> bytes:
        """Return received bytes, at least one.

        Raises:
            TargetDiedError: the connection is closed, or silent for GIVE_UP seconds
        """
        try:
            data = self.recv(self.read_size)
        except OSError as error:
            raise _died(error) from None
        if not data:
            raise TargetDiedError("the server closed the connection")
        return data

    def take(self, data: bytes) -> bool:
        """Check a piece of the reply; return True when the reply is whole.

        Raises:
            WrongReplyError: a byte differs, or there is one too many
        """
        if not data:
            raise TargetDiedError("the server closed the connection")
        expect = self.expect
        if expect is None:
            return self._take_hits_and_misses(data) if self.workload.evicts else self._take_numbers(data)
        if not expect.startswith(data, self.got):
            if data.startswith(expect[self.got :]):
                more = data[len(expect) - self.got :]
                raise WrongReplyError(
                    f"{len(more)} bytes too many in the answer to {shown(self.request())}: {shown(more)}"
                )
            raise WrongReplyError(difference(self.request(), expect, expect[: self.got] + data))
        self.got += len(data)
        if self.got < len(expect):
            return False
        self.got = 0
        return True

    def _take_numbers(self, data: bytes) -> bool:
        """Check by the last number that every request was counted once, by size that all are numbers."""
        self.buffer += data
        depth = self.workload.depth
        whole = depth * workloads.COUNTER_REPLY
        if len(self.buffer) < whole and b"ERR" not in self.buffer and b"NOT" not in self.buffer:
            return False
        last = b"%d\r\n" % (self.value + depth)
        if len(self.buffer) != whole or not self.buffer.endswith(last) or self.buffer.count(b"\r\n") != depth:
            raise WrongReplyError(difference(self.request(), b"... " * (depth > 1) + last, self.buffer))
        self.buffer = b""
        self.value += depth
        return True

    def _take_hits_and_misses(self, data: bytes) -> bool:
        """Check the reply to requests of which each get may miss, because its item may be evicted.

        A set may be refused when there is no memory, but no more than `MOST_REFUSED` of them: an error is no speed.
        """
        self.buffer += data
        buffer, at, refused = self.buffer, 0, 0
        replies = self.steps[self.at].replies
        for reply in replies:
            other = _REFUSED if reply == _STORED else _END
            if buffer.startswith(reply, at):
                at += len(reply)
            elif buffer.startswith(other, at):
                at += len(other)
                refused += other is _REFUSED
            else:
                rest = buffer[at:]
                if not reply.startswith(rest) and not other.startswith(rest):
                    raise WrongReplyError(difference(self.request(), reply, rest))
                return False
        self.stored += replies.count(_STORED) - refused
        self.refused += refused
        if self.refused > 10 + MOST_REFUSED * self.stored:
            raise WrongReplyError(
                f"{self.refused} of {self.refused + self.stored} sets were refused: {shown(_REFUSED)}"
            )
        if at < len(buffer):
            more = buffer[at:]
            raise WrongReplyError(f"{len(more)} bytes too many in the answer to {shown(self.request())}: {shown(more)}")
        self.buffer = b""
        return True

    def request(self) -> bytes:
        """Return the request under way, for messages."""
        return self.asking or (self.steps[self.at].request if self.steps else b"")

    def flush(self, poll: select.epoll) -> None:
        """Send on what the kernel did not take; watch for room as long as something is left."""
        assert self.unsent is not None
        try:
            taken = self.sock.send(self.unsent)
        except BlockingIOError:
            taken = 0
        self.unsent = self.unsent[taken:]
        if not self.unsent:
            self.unsent = None
            poll.modify(self.fd, select.EPOLLIN)

    def keep(self, request: bytes, taken: int, poll: select.epoll) -> None:
        """Remember the part of a request that the kernel did not take."""
        self.unsent = memoryview(request)[taken:]
        poll.modify(self.fd, select.EPOLLIN | select.EPOLLOUT)

    def nothing_more(self) -> None:
        """Check that the server sent not one byte too many.

        Raises:
            WrongReplyError
        """
        self.sock.setblocking(False)
        try:
            data = self.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            raise _died(error) from None
        if not data:
            raise TargetDiedError("the server closed the connection")
        raise WrongReplyError(f"{len(data)} bytes without a request: {shown(data)}")

    def close(self) -> None:
        """Hang up."""
        self.sock.close()


def _died(error: OSError) -> TargetDiedError:
    if isinstance(error, TimeoutError):
        return TargetDiedError(f"no answer for {GIVE_UP:g} s")
    return TargetDiedError(f"the connection broke: {error.strerror or error}")


def difference(request: bytes, want: bytes, got: bytes) -> str:
    """Return one line with a request and its wanted and received replies, where they differ."""
    at = next((i for i, (a, b) in enumerate(zip(want, got, strict=False)) if a != b), min(len(want), len(got)))
    line = max(want.rfind(b"\n", 0, at) + 1, at - 40)
    return (
        f"wrong answer to {shown(request)}: wanted {shown(want[line:])}, got {shown(got[line:])}"
        f" (byte {at} of {len(want)})"
    )


def shown(data: bytes) -> str:
    """Return bytes as a short printable literal."""
    return repr(data[:60])[1:] + ("..." if len(data) > 60 else "")
