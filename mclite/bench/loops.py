"""The two loops of the load: closed (a connection asks again once it was answered), open (fixed rate).

Closed shows how much a server can do; open shows how long an answer takes at a rate that does not depend on
the server, counted from the moment at which the request was due, so that a stall is seen in full.

Both are plain epoll over plain sockets: one read, one comparison and one write an answer. Nothing is built,
parsed or printed while the clock runs.
"""

from __future__ import annotations

import select
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mclite.bench.busy import Busy, Stopwatch
from mclite.bench.connection import GIVE_UP, Connection, TargetDiedError


@dataclass(slots=True)
class Taken:
    """What a loop measured.

    Args:
        requests: answered in time, each of a pipelined write for itself
        seconds: while the clock ran
        latencies: seconds from a write to the last byte of its reply
        reply_bytes: received and compared
        server: the processor's time of the server, and load: of this process
        rate: requests a second that were asked for (open loop)
    """

    requests: int = 0
    seconds: float = 0.0
    latencies: array[float] = field(default_factory=lambda: array("d"))
    reply_bytes: int = 0
    server: Busy = field(default_factory=Busy)
    load: Busy = field(default_factory=Busy)
    rate: float | None = None


def closed(connections: Sequence[Connection], seconds: float, pids: Sequence[int] = (), own: int = 0) -> Taken:
    """Drive the connections for a time; each asks again as soon as it was answered.

    A workload that uses its items up runs in slices, with the clock stopped while items are stored again.

    Args:
        connections: prepared
        seconds: that the clock runs
        pids: processes of the server
        own: process id of this process; 0 takes no processor's time

    Raises:
        WrongReplyError, TargetDiedError
    """
    taken = Taken()
    while seconds - taken.seconds > 1e-6:
        servers, loads = Stopwatch(pids), Stopwatch([own] if own else [])
        _slice(connections, seconds - taken.seconds, taken)
        taken.server.add(servers.stop())
        taken.load.add(loads.stop())
        if not connections[0].once or not connections[0].done:
            break
        if seconds - taken.seconds > 1e-6:
            for connection in connections:
                connection.prepare()
    for connection in connections:
        connection.nothing_more()
    return taken


def _slice(connections: Sequence[Connection], seconds: float, taken: Taken) -> None:
    """Drive until the time is over or, for a workload that consumes, every connection reached its end."""
    clock = time.perf_counter
    add = taken.latencies.append
    depth = connections[0].workload.depth
    once = connections[0].once
    counts = not connections[0].steps[0].reply
    size = 0
    by_fd = {connection.fd: connection for connection in connections}
    poller = select.epoll(len(connections))
    events = max(len(connections), 64)
    try:
        for connection in connections:
            poller.register(connection.fd, select.EPOLLIN)
        before = len(taken.latencies)
        running = len(connections)
        start = now = clock()
        end = start + seconds
        for connection in connections:
            step = connection.steps[connection.at]
            connection.done = False
            connection.expect = None if counts else step.reply
            connection.sent = clock()
            sent = connection.send(step.request)
            if sent != len(step.request):
                connection.keep(step.request, sent, poller)
        while running:
            ready = poller.poll(GIVE_UP, events)
            if not ready:
                raise TargetDiedError(f"no answer for {GIVE_UP:g} s")
            for fd, event in ready:
                connection = by_fd[fd]
                if event != 1:  # EPOLLIN alone is the way of nearly all
                    if connection.unsent is not None and event & select.EPOLLOUT:
                        connection.flush(poller)
                    if not event & ~select.EPOLLOUT:
                        continue
                data = connection.recv(connection.read_size)
                size += len(data)
                if (data != connection.expect or connection.got) and not connection.take(data):
                    continue
                now = clock()
                if now < end:
                    add(now - connection.sent)
                    connection.at = at = connection.at + 1
                    if at == len(connection.steps):
                        connection.at = at = 0
                        if once:
                            connection.done = True
                            running -= 1
                            continue
                    step = connection.steps[at]
                    if not counts:
                        connection.expect = step.reply
                    connection.sent = now
                    sent = connection.send(step.request)
                    if sent != len(step.request):
                        connection.keep(step.request, sent, poller)
                else:
                    running -= 1
        taken.seconds += min(now, end) - start
        taken.requests += depth * (len(taken.latencies) - before)
        taken.reply_bytes += size
    except OSError as error:
        raise TargetDiedError(f"the connection broke: {error.strerror or error}") from None
    finally:
        poller.close()


def at_rate(connections: Sequence[Connection], seconds: float, rate: float, pids: Sequence[int] = ()) -> Taken:
    """Send at a fixed rate, in turn over the connections, whether or not the last request was answered.

    The loop turns without sleeping: it must have a core to itself.

    Args:
        connections: prepared
        seconds: that the schedule covers; after twice that what is missing is given up
        rate: requests a second
        pids: processes of the server

    Raises:
        WrongReplyError, TargetDiedError: also when the server cannot keep up at all
    """
    taken = Taken(rate=rate)
    clock = time.perf_counter
    add = taken.latencies.append
    by_fd = {connection.fd: connection for connection in connections}
    count = len(connections)
    total = max(1, int(rate * seconds))
    interval = 1.0 / rate
    poller = select.epoll(count)
    servers = Stopwatch(pids)
    try:
        for connection in connections:
            poller.register(connection.fd, select.EPOLLIN)
        sent = answered = 0
        start = now = clock()
        limit = start + 2 * seconds + 1.0
        while answered < total:
            now = clock()
            if now > limit:
                raise TargetDiedError(
                    f"answered {answered} of {total} requests at {rate:.0f} a second, in twice the time"
                )
            while sent < total and (due := start + sent * interval) <= now:
                connection = connections[sent % count]
                step = connection.steps[connection.at]
                connection.at = (connection.at + 1) % len(connection.steps)
                connection.due.append((due, step.reply))
                if connection.send(step.request) != len(step.request):
                    raise TargetDiedError("the server stopped reading")
                sent += 1
            for fd, _event in poller.poll(0, count):
                connection = by_fd[fd]
                data = connection.recv(connection.read_size)
                now = clock()
                taken.reply_bytes += len(data)
                answered += _answers(connection, data, now, add)
        taken.seconds = now - start
    except OSError as error:
        raise TargetDiedError(f"the connection broke: {error.strerror or error}") from None
    finally:
        poller.close()
    taken.requests = answered
    taken.server = servers.stop()
    for connection in connections:
        connection.nothing_more()
    return taken


def _answers(connection: Connection, data: bytes, now: float, add: Callable[[float], None]) -> int:
    """Check received bytes against the expected replies, note their times; return how many are whole."""
    answered = 0
    while data or not answered:
        since, reply = connection.due[0] if connection.due else (now, b"")
        connection.expect = reply
        missing = len(reply) - connection.got
        if not connection.take(data[:missing] if reply else data):
            break
        data = data[missing:]
        connection.due.popleft()
        add(now - since)
        answered += 1
    return answered
