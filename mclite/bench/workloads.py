"""What the benchmark sends and which bytes must answer it: one table, made into bytes before the clock runs.

The rule that keeps the figures true: the reply to every step is known to the byte before it is sent. Where
it is not (`gets` carries a cas unique, `incr` the new number) it is learned beforehand or computed on the
way.
"""

from __future__ import annotations

import fnmatch
import functools
import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, cycle

from mclite.protocol.commands import verbs

KEYS_A_CONNECTION = 200
KEYS_EVICTING = 400  # of 1,000 bytes: with 50 connections more than a server with EVICTING_OPTIONS can hold
EVICTING_OPTIONS = "-m 16"
MIXED_REQUESTS = 1000  # that a connection draws for its script
ZIPF_EXPONENT = 0.99
LARGE_KEYS = 8  # few, so that 100 KB replies are compared out of the processor's cache
COUNTER_START = 10**9  # ten digits, and ten digits they stay
COUNTER_REPLY = 12  # bytes: ten digits, CR LF


@dataclass(frozen=True, slots=True)
class Step:
    """One write to a connection: the requests in it, and the bytes that must answer them.

    Args:
        request: the bytes to send
        reply: the whole reply; empty where it is not known to the byte
        replies: the reply to each request, where any get may miss instead
    """

    request: bytes
    reply: bytes
    replies: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Workload:
    """A row of the table.

    Args:
        name: for `--only` and for the report
        summary: one line for `--list`
        verb: the command, as protocol.txt spells it; "mixed" for gets and sets
        depth: requests in one write
        keys: keys in one request (get only)
        size: bytes of a data block
        sets: share of sets among mixed requests
        zipf: the keys of mixed requests are drawn by Zipf's law instead of evenly
        evicts: the items do not fit in the server, which is started with EVICTING_OPTIONS
    """

    name: str
    summary: str
    verb: str
    depth: int = 1
    keys: int = 1
    size: int = 32
    sets: float = 0.0
    zipf: bool = False
    evicts: bool = False

    @property
    def counts(self) -> bool:
        """True if the reply is a number that every request changes."""
        return self.verb in verbs("arithmetic")

    @property
    def consumes(self) -> bool:
        """True if a request uses its item up, so that items must be stored again between slices of time."""
        return self.verb in verbs("deletion")

    @property
    def large(self) -> bool:
        """Does a reply or a request take more than one read?"""
        return self.size > 10_000

    @property
    def learns(self) -> bool:
        """Does the reply carry a cas unique, which has to be asked for beforehand?"""
        return self.verb == "gets"


VERBS = ("get", "gets", "set", "incr", "delete", "touch", "mg", "ms")
PIPELINE = 50


def _mixed(gets: int, depth: int, zipf: bool = False, evicts: bool = False) -> Workload:
    """Return a row of `gets` gets to each set, `depth` in one write."""
    name = f"{'zipf' if zipf else 'mixed'}-{gets}to1" + f"-{depth}" * (depth > 1) + "-evicting" * evicts
    summary = f"{gets} gets to 1 set, {'keys by Zipf' if zipf else 'random keys'}, " + (
        f"{depth} in one write" if depth > 1 else "one at a time on each connection"
    )
    if evicts:
        summary += f", {KEYS_EVICTING * 50:,} items of 1,000 bytes in 16 MB"
    return Workload(
        name,
        summary,
        "mixed",
        depth,
        size=1000 if evicts else 32,
        sets=1 / (gets + 1),
        zipf=zipf,
        evicts=evicts,
    )


WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        *(_mixed(gets, depth) for gets in (9, 1) for depth in (1, 10, PIPELINE)),
        *(_mixed(9, depth, zipf=True) for depth in (1, 10, PIPELINE)),
        *(_mixed(gets, 10, zipf, evicts=True) for gets, zipf in ((9, False), (1, False), (9, True))),
        *(Workload(verb, f"{verb}, one at a time on each connection", verb) for verb in VERBS),
        *(Workload(f"{verb}-pipelined", f"{verb}, {PIPELINE} in one write", verb, depth=PIPELINE) for verb in VERBS),
        Workload("get-100-keys", "one get of 100 keys", "get", keys=100),
        Workload("get-100kb", "get of a data block of 100,000 bytes", "get", size=100_000),
        Workload("set-100kb", "set of a data block of 100,000 bytes", "set", size=100_000),
    )
}

# What is no rate: measured by `footprint` and, for latency, by the open loop.
MEASURES: dict[str, str] = {
    "latency": "get at one fixed rate, the same for every server: percentiles from the scheduled time on",
    "start": "milliseconds from starting the process until the port answers",
    "connections": "10,000 connections held: idle, then all of them active",
    "memory": "resident memory for each of 1,000,000 items of 32 bytes",
}


def select(patterns: Iterable[str]) -> list[str]:
    """Return the names of WORKLOADS and MEASURES that match, in the order of the tables.

    Args:
        patterns: names or shell patterns, as `--only` takes them; none means all

    Raises:
        ValueError: a pattern matches nothing
    """
    names = [*WORKLOADS, *MEASURES]
    wanted: set[str] = set()
    asked = False
    for pattern in patterns:
        asked = True
        found = fnmatch.filter(names, pattern)
        if not found:
            raise ValueError(f"no workload is called {pattern!r}; `mclite bench --list` shows their names")
        wanted.update(found)
    return [name for name in names if name in wanted] if asked else names


def value_for(key: bytes, size: int) -> bytes:
    """Return the data block of `size` bytes for `key` and no other: mixed-up items are noticed."""
    return (key + b"=" + b"0123456789abcdef" * (size // 16 + 1))[:size]


def keys_of(workload: Workload, connection: int) -> list[bytes]:
    """Return the keys that connection number `connection` uses in turn."""
    if workload.counts:
        return [b"bench:counter:%05d" % connection]
    if workload.large:
        return [b"bench:large:%02d" % number for number in range(LARGE_KEYS)]
    count = KEYS_EVICTING if workload.evicts else KEYS_A_CONNECTION
    return [b"bench:%05d:%05d" % (connection, number) for number in range(count)]


def stored(workload: Workload, key: bytes) -> bytes:
    """Return the data block under `key` while the workload runs."""
    return b"%d" % COUNTER_START if workload.counts else value_for(key, workload.size)


@functools.cache
def setup(workload: Workload, connection: int) -> list[Step]:
    """Return the sets that give a connection its items; the large ones are everybody's, set by the first."""
    keys = keys_of(workload, connection)
    if workload.large:
        return [_set_all(workload, [key]) for key in keys] if connection == 0 else []
    return [_set_all(workload, keys)]


def _set_all(workload: Workload, keys: list[bytes]) -> Step:
    lines = []
    for key in keys:
        data = stored(workload, key)
        lines.append(b"set %s 0 0 %d\r\n%s\r\n" % (key, len(data), data))
    return Step(b"".join(lines), b"STORED\r\n" * len(keys))


@functools.cache
def steps(workload: Workload, connection: int) -> list[Step]:
    """Return what a connection sends in turn, over and over.

    The reply of a workload that counts is left empty, and that of one that learns holds no cas unique yet.
    """
    keys = keys_of(workload, connection)
    if workload.keys > 1:
        return [
            _get_many(workload, keys[at : at + workload.keys])
            for at in range(0, len(keys) - workload.keys + 1, workload.keys)
        ]
    if workload.counts:
        return [Step(b"incr %s 1\r\n" % keys[0] * workload.depth, b"")]
    pairs = _draw(workload, keys, connection) if workload.verb == "mixed" else [one(workload, key) for key in keys]
    found = []
    for at in range(0, len(pairs) - workload.depth + 1, workload.depth):
        some = pairs[at : at + workload.depth]
        request = b"".join(step.request for step in some)
        replies = tuple(step.reply for step in some)
        found.append(Step(request, b"", replies) if workload.evicts else Step(request, b"".join(replies)))
    return found


def _draw(workload: Workload, keys: list[bytes], connection: int) -> list[Step]:
    """Return gets and sets of random keys, the same in every run.

    Where items are evicted, each key is set once in its turn: the same few keys, drawn often, would soon all be held.
    """
    choose = random.Random(connection)
    count = round(len(keys) / workload.sets) if workload.evicts else MIXED_REQUESTS
    weights = list(accumulate((1 / rank**ZIPF_EXPONENT if workload.zipf else 1) for rank in range(1, len(keys) + 1)))
    gets, sets = ({key: one(workload, key, verb) for key in keys} for verb in ("get", "set"))
    turns = cycle(choose.sample(keys, len(keys)))
    drawn = []
    for key in choose.choices(keys, cum_weights=weights, k=count):
        if choose.random() >= workload.sets:
            drawn.append(gets[key])
        else:
            drawn.append(sets[next(turns) if workload.evicts else key])
    return drawn


def _get_many(workload: Workload, keys: list[bytes]) -> Step:
    items = [b"VALUE %s 0 %d\r\n%s\r\n" % (key, workload.size, stored(workload, key)) for key in keys]
    return Step(b"get %s\r\n" % b" ".join(keys), b"".join(items) + b"END\r\n")


def one(workload: Workload, key: bytes, verb: str = "") -> Step:
    """Return a request on one key, with `verb` or the workload's, and its reply (protocol.txt 204-423, 494-805)."""
    data = stored(workload, key)
    size = len(data)
    verb = verb or workload.verb
    match verb:
        case "get" | "gets":
            reply = b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (key, size, data)
            return Step(b"%s %s\r\n" % (verb.encode(), key), reply)
        case "set":
            return Step(b"set %s 0 0 %d\r\n%s\r\n" % (key, size, data), b"STORED\r\n")
        case "delete":
            return Step(b"delete %s\r\n" % key, b"DELETED\r\n")
        case "touch":
            return Step(b"touch %s 0\r\n" % key, b"TOUCHED\r\n")
        case "mg":
            return Step(b"mg %s v\r\n" % key, b"VA %d\r\n%s\r\n" % (size, data))
        case "ms":
            return Step(b"ms %s %d\r\n%s\r\n" % (key, size, data), b"HD\r\n")
    raise ValueError(f"no workload sends {verb!r}")
