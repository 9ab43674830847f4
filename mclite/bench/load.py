"""The process that makes the load: `python -m mclite.bench.load`, orders and results as lines of JSON.

A process of its own, pinned to a core of its own, with the garbage collector off: what else the benchmark
does (printing, starting servers, statistics) does not disturb it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from mclite.bench import workloads
from mclite.bench.connection import Address, Connection, TargetDiedError, WrongReplyError
from mclite.bench.limits import allow_files
from mclite.bench.loops import Taken, at_rate, closed
from mclite.bench.workloads import WORKLOADS, Step, Workload

FILL_AT_ONCE = 1000  # items in one write
FILL_LIMIT = 180.0  # seconds

# What was stored where: most workloads use the same items, and a missing one would be noticed as a wrong reply.
_STORED: defaultdict[int, set[tuple[int, bool, int]]] = defaultdict(set)

Order = dict[str, Any]
Result = dict[str, Any]


def run(order: Order) -> Result:
    """Drive one workload: `address workload connections seconds warm_up pids rate?`."""
    workload = WORKLOADS[order["workload"]]
    connections: list[Connection] = []
    address = _address(order)
    stored = _STORED[order["server"]]
    kind = (workload.size, workload.counts, order["connections"])
    try:
        _open(connections, address, workload, order["connections"])
        for connection in connections:
            connection.prepare(store=kind not in stored or workload.counts)
        stored.add(kind)
        if workload.consumes:
            stored.clear()
        rate = order.get("rate")
        pids = order["pids"]
        gc.collect()
        if rate:
            at_rate(connections, order["warm_up"], rate)
            return _figures(at_rate(connections, order["seconds"], rate, pids))
        closed(connections, order["warm_up"])
        return _figures(_closed(connections, order["seconds"], pids))
    finally:
        for connection in connections:
            connection.close()


def _closed(connections: Sequence[Connection], seconds: float, pids: Sequence[int]) -> Taken:
    """Drive the connections in the closed loop for `seconds`, for longer when not one answer arrived in that time."""
    while True:
        if connections[0].workload.consumes:
            for connection in connections:
                connection.prepare()
        taken = closed(connections, seconds, pids, os.getpid())
        if taken.requests:
            return taken
        seconds *= 2  # the server had no core


def _open(connections: list[Connection], address: Address, workload: Workload, count: int) -> None:
    allow_files(count + 100)
    for number in range(count):
        connections.append(Connection(address, number, workload))


def _address(order: Order) -> Address:
    host, port = order["address"]
    return str(host), int(port)


def _figures(taken: Taken) -> Result:
    latencies = sorted(taken.latencies)
    return {
        "requests": taken.requests,
        "seconds": taken.seconds,
        "rate": taken.requests / taken.seconds if taken.seconds else 0.0,
        "asked_rate": taken.rate,
        "p50": percentile(latencies, 0.50),
        "p99": percentile(latencies, 0.99),
        "p999": percentile(latencies, 0.999),
        "reply_bytes": taken.reply_bytes,
        "server_busy": taken.server.ran / taken.seconds if taken.seconds else 0.0,
        "server_waited": taken.server.waited / taken.seconds if taken.seconds else 0.0,
        "load_busy": taken.load.ran / taken.seconds if taken.seconds else 0.0,
        "load_waited": taken.load.waited / taken.seconds if taken.seconds else 0.0,
    }


def percentile(ordered: list[float], share: float) -> float | None:
    """Return the value below which `share` of the ordered values lie (nearest rank), None of none."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def fill(order: Order) -> Result:
    """Store `items` items of 32 bytes, each once; every reply is checked."""
    workload = WORKLOADS["set"]
    connection = Connection(_address(order), 0, workload)
    total = int(order["items"])
    start = time.perf_counter()
    stored = 0
    try:
        while stored < total and time.perf_counter() - start < FILL_LIMIT:
            numbers = range(stored, min(stored + FILL_AT_ONCE, total))
            parts = []
            for number in numbers:
                key = b"bench:%07d" % number
                parts.append(b"set %s 0 0 32\r\n%s\r\n" % (key, workloads.value_for(key, 32)))
            connection.ask(Step(b"".join(parts), b"STORED\r\n" * len(numbers)))
            stored += len(numbers)
        connection.nothing_more()
    finally:
        connection.close()
    return {"items": stored, "seconds": time.perf_counter() - start}


class Held:
    """Connections kept open between orders."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []

    def hold(self, order: Order) -> Result:
        """Open `connections` connections, which stay idle."""
        self.release(order)
        start = time.perf_counter()
        try:
            _open(self.connections, _address(order), WORKLOADS["get"], order["connections"])
        except TargetDiedError as error:
            return {"held": len(self.connections), "reason": str(error)}
        seconds = time.perf_counter() - start
        first = self.connections[0]
        first.prepare()
        for connection in self.connections:
            connection.steps = first.steps
            connection.sock.setblocking(False)
        return {"held": len(self.connections), "seconds": seconds}

    def active(self, order: Order) -> Result:
        """Drive the first `connections` of them; each is answered at least once."""
        chosen = self.connections[: order["connections"]]
        return _figures(_closed(chosen, order["seconds"], order["pids"]))

    def release(self, _order: Order) -> Result:
        """Close them all."""
        for connection in self.connections:
            connection.close()
        self.connections.clear()
        return {}


def clean(order: Order) -> Result:
    """Delete every key that the workloads stored, on a server that is not ours."""
    connection = Connection(_address(order), 0, WORKLOADS["get"])
    _STORED.pop(order["server"], None)
    keys: set[bytes] = set()
    for name in order["workloads"]:
        for number in range(order["connections"]):
            keys.update(workloads.keys_of(WORKLOADS[name], number))
    ordered = sorted(keys)
    try:
        for at in range(0, len(ordered), 500):
            some = ordered[at : at + 500]
            connection.sock.sendall(b"".join(b"delete %s noreply\r\n" % key for key in some))
            connection.ask(Step(b"get %s\r\n" % b" ".join(some[:100]), b"END\r\n"))
    except OSError as error:
        raise TargetDiedError(f"the connection broke: {error.strerror or error}") from None
    finally:
        connection.close()
    return {"deleted": len(ordered)}


def main() -> int:
    """Carry out orders from standard input until it ends."""
    gc.disable()
    held = Held()
    operations = {
        "run": run,
        "fill": fill,
        "hold": held.hold,
        "active": held.active,
        "release": held.release,
        "clean": clean,
    }
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = operations[order["do"]](order)
        except TargetDiedError as error:
            answer = {"died": str(error)}
        except WrongReplyError as error:
            answer = {"wrong": str(error)}
        print(json.dumps(answer), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
