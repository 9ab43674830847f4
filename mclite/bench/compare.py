"""Several servers under the same load in one run: rounds A B A B, medians, ratios. The result is plain
data.

Everything here returns dicts and lists that go to JSON as they are; `report` prints from nothing else.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mclite.bench import workloads
from mclite.bench.driver import Driver
from mclite.bench.servers import Server

BUSY = 0.9  # share of a core from which on a process counts as the one that limits
DISTURBED = 0.05  # share of the time that a process waited for its core: others were using it
PROBE_SECONDS = 0.5
SLICE_SECONDS = 0.02  # of latency: short enough that most slices see no standstill of the machine,
SLICE_REQUESTS = 500  # long enough for a percentile
SLICES_MAX = 101

Figures = dict[str, Any]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the benchmark is to be run.

    Args:
        names: of workloads and measures, as `workloads.select` returns them
        seconds: that the clock runs in one round of one workload on one server
        warm_up: seconds before, not counted, with every reply checked too
        rounds: A B A B
        connections: that send
        retries: how often a round is taken again when other processes disturbed it; the least disturbed counts
        rate: requests a second for `latency`; None: half of what the slowest server does
        held: connections to hold
        items: to store for `memory`
        held_options: added to a command for `connections`; `{count}` is the number of connections
        memory_options: added to a command for `memory`
    """

    names: Sequence[str] = field(default_factory=lambda: workloads.select(()))
    seconds: float = 1.0
    warm_up: float = 0.2
    rounds: int = 5
    retries: int = 0
    connections: int = 50
    rate: float | None = None
    held: int = 10_000
    items: int = 1_000_000
    held_options: str = "-c {count}"
    memory_options: str = "-m 1024"


SMOKE = {"seconds": 0.05, "warm_up": 0.02, "rounds": 1, "connections": 10, "held": 300, "items": 20_000}


def throughput(
    driver: Driver, servers: Sequence[Server], settings: Settings, progress: Progress, evicting: bool = False
) -> list[Figures]:
    """Drive every chosen workload on every server and return a row for each.

    Args:
        driver: the load process
        servers: the first is the one that the others are compared with
        settings: see there
        progress: takes a line for people when a workload is done
        evicting: drive those that need a small server, which the others do not

    Raises:
        WrongReplyError, TargetDiedError
    """
    rows = []
    for name in settings.names:
        workload = workloads.WORKLOADS.get(name)
        if workload is None or workload.evicts != evicting:
            continue
        rounds: list[list[Figures]] = [[] for _ in servers]
        for _ in range(settings.rounds):
            for server, figures in zip(servers, rounds, strict=True):
                figures.append(_run(driver, server, name, settings))
        results = [_result(number, figures) for number, figures in enumerate(rounds)]
        row = {
            "name": name,
            "summary": workload.summary,
            "depth": workload.depth,
            "results": results,
            "ratios": ratios(rounds, "rate"),
        }
        rows.append(row)
        progress(f"{name}: " + ", ".join(f"{result['rate']:,.0f}/s" for result in results))
    return rows


def _run(driver: Driver, server: Server, name: str, settings: Settings, **more: Any) -> Figures:
    """Take one round; take it again while it was disturbed, as often as the settings allow."""
    best = _once(driver, server, name, settings, **more)
    for _ in range(settings.retries):
        if _waited(best) <= DISTURBED:
            break
        again = _once(driver, server, name, settings, **more)
        best = min(best, again, key=_waited)
    return best


def _waited(figures: Figures) -> float:
    return float(max(figures["server_waited"], figures["load_waited"]))


def _once(driver: Driver, server: Server, name: str, settings: Settings, **more: Any) -> Figures:
    return driver.order(
        "run",
        server,
        **{
            "workload": name,
            "connections": settings.connections,
            "seconds": settings.seconds,
            "warm_up": settings.warm_up,
            **more,
        },
    )


def latency(
    driver: Driver,
    servers: Sequence[Server],
    settings: Settings,
    rows: Sequence[Figures],
    progress: Progress,
) -> Figures:
    """Ask every server at the same fixed rate and return the percentiles.

    The time of all rounds is cut into short slices, which the servers take in turns. A percentile is the median of
    those of the slices: a virtual machine that pauses for milliseconds spoils some slices, and no more.

    Args:
        rows: what `throughput` returned; the rate is that of its `get`, or of a short probe
    """
    rate = settings.rate
    if rate is None:
        known = next((row for row in rows if row["name"] == "get"), None)
        if known:
            rate = min(result["rate"] for result in known["results"]) / 2
        else:
            probes = [_run(driver, server, "get", settings, seconds=PROBE_SECONDS) for server in servers]
            rate = min(probe["rate"] for probe in probes) / 2
        rate = max(1.0, float(f"{rate:.2g}"))
    slice_ = min(settings.seconds, max(SLICE_SECONDS, SLICE_REQUESTS / rate))
    count = max(1, min(SLICES_MAX, round(settings.rounds * settings.seconds / slice_)))
    rounds: list[list[Figures]] = [[] for _ in servers]
    for _ in range(count):
        for server, figures in zip(servers, rounds, strict=True):
            figures.append(_run(driver, server, "get", settings, rate=rate, seconds=slice_, warm_up=slice_))
    results = [_result(number, figures) for number, figures in enumerate(rounds)]
    progress(f"latency at {rate:,.0f}/s: p99 " + ", ".join(f"{result['p99'] * 1e6:,.0f} µs" for result in results))
    return {
        "rate": rate,
        "slices": count,
        "slice_seconds": slice_,
        "results": results,
        "ratios": {share: ratios(rounds, share, quartiles=True) for share in ("p50", "p99", "p999")},
    }


def _result(number: int, rounds: Sequence[Figures]) -> Figures:
    """Return the medians of one server's rounds, and the rounds themselves."""
    rates = [figures["rate"] for figures in rounds]
    middle = {
        key: statistics.median(figures[key] for figures in rounds)
        for key in ("rate", "server_busy", "load_busy", "server_waited", "load_waited")
    }
    for share in ("p50", "p99", "p999"):
        known = [figures[share] for figures in rounds if figures[share] is not None]
        middle[share] = statistics.median(known) if known else None
    server, load = middle["server_busy"], middle["load_busy"]
    if not server:
        limit = "load" if load >= BUSY else "server"
    elif server >= BUSY:
        limit = "server"
    else:
        limit = "load" if load >= BUSY else "neither"
    return {
        "server": number,
        **middle,
        "spread": (max(rates) - min(rates)) / middle["rate"] if middle["rate"] else None,
        "server_microseconds": 1e6 * server / middle["rate"] if server and middle["rate"] else None,
        "limit": limit,
        "disturbed": _waited(middle) > DISTURBED,
        "rounds": list(rounds),
    }


def ratios(rounds: Sequence[Sequence[Figures]], key: str, quartiles: bool = False) -> list[Figures]:
    """Compare the first server with each other: the ratio of medians, the lowest, the highest.

    Args:
        rounds: for each server, the figures of its rounds
        key: of the figure
        quartiles: those of the single ratios, in the place of the lowest and the highest
    """
    found = []
    for number, others in enumerate(rounds[1:], 1):
        pairs = [
            (ours[key], theirs[key])
            for ours, theirs in zip(rounds[0], others, strict=True)
            if ours[key] is not None and theirs[key]
        ]
        if not pairs:
            continue
        single = [ours / theirs for ours, theirs in pairs]
        if quartiles and len(single) > 1:
            single = statistics.quantiles(single, n=4, method="inclusive")
        middle = statistics.median(ours for ours, _ in pairs) / statistics.median(theirs for _, theirs in pairs)
        found.append({"against": number, "ratio": middle, "low": min(single), "high": max(single)})
    return found
