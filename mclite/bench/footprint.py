"""What is no rate: the time to start, the memory for an item, and many connections at once.

Each of them starts a server of its own from the command, one after the other, with the options that it
needs.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from mclite.bench.compare import Figures, Progress, Settings, ratios
from mclite.bench.driver import Driver
from mclite.bench.limits import allow_files
from mclite.bench.servers import Server

SETTLE = 1e-6  # seconds an item, for work in the background: memcached grows its hash table meanwhile
COME_ROUND = 1e-4  # seconds a connection, so that each of 10,000 has its turn


def start(commands: Sequence[str], settings: Settings, where: set[int] | None, progress: Progress) -> Figures:
    """Measure the time from starting the process until `version` is answered, in rounds A B A B.

    Args:
        commands: one for each server
        settings: see there
        where: the servers' cores
        progress: takes a line for people

    Raises:
        TargetDiedError
    """
    rounds: list[list[Figures]] = [[] for _ in commands]
    for _ in range(settings.rounds):
        for command, figures in zip(commands, rounds, strict=True):
            server = Server.spawn(command, where=where)
            server.stop()
            figures.append({"seconds": server.start_seconds})
    results = [
        {
            "server": number,
            "seconds": sorted(one["seconds"] for one in figures)[len(figures) // 2],
            "rounds": figures,
        }
        for number, figures in enumerate(rounds)
    ]
    progress("start: " + ", ".join(f"{result['seconds'] * 1000:.0f} ms" for result in results))
    return {"results": results, "ratios": ratios(rounds, "seconds")}


def memory(
    driver: Driver,
    commands: Sequence[str],
    settings: Settings,
    where: set[int] | None,
    progress: Progress,
) -> Figures:
    """Store items of 32 bytes under keys of 13 and measure how much the resident memory grew for each.

    Raises:
        WrongReplyError, TargetDiedError
    """
    results: list[Figures] = []
    for number, command in enumerate(commands):
        server = Server.spawn(command, settings.memory_options, where)
        try:
            before = server.memory()
            filled = driver.order("fill", server, items=settings.items)
            time.sleep(SETTLE * settings.items)
            after = server.memory()
            held = server.stat("curr_items")
        finally:
            server.stop()
        grown = None if before is None or after is None else after - before
        items = filled["items"] if held is None else held
        results.append(
            {
                "server": number,
                "items": filled["items"],
                "held": held,
                "seconds": filled["seconds"],
                "before": before,
                "after": after,
                "bytes_an_item": None if grown is None or not items else grown / items,
            }
        )
    progress("memory: " + ", ".join(f"{result['bytes_an_item'] or 0:.0f} bytes an item" for result in results))
    return {"results": results, "ratios": ratios([[result] for result in results], "bytes_an_item")}


def connections(
    driver: Driver,
    commands: Sequence[str],
    settings: Settings,
    where: set[int] | None,
    progress: Progress,
) -> Figures:
    """Hold many connections: first some of them send and the others are idle, then all of them send.

    Raises:
        WrongReplyError, TargetDiedError: also when the server breaks a connection that it had taken
    """
    results: list[Figures] = []
    allow_files(settings.held + 200)
    options = settings.held_options.replace("{count}", str(settings.held + 100))
    for number, command in enumerate(commands):
        server = Server.spawn(command, options, where)
        try:
            before = server.memory()
            held = driver.order("hold", server, connections=settings.held)
            after = server.memory()
            result: Figures = {
                "server": number,
                "held": held["held"],
                "reason": held.get("reason"),
                "seconds": held.get("seconds"),
                "bytes_a_connection": None,
                "few_active": None,
                "all_active": None,
            }
            if before is not None and after is not None and held["held"]:
                result["bytes_a_connection"] = (after - before) / held["held"]
            if held["held"] == settings.held:
                few = min(settings.connections, settings.held)
                long = max(settings.seconds, COME_ROUND * settings.held)
                result["few_active"] = driver.order("active", server, connections=few, seconds=settings.seconds)
                result["all_active"] = driver.order("active", server, connections=settings.held, seconds=long)
            driver.order("release")
        finally:
            server.stop()
        results.append(result)
    progress("connections: " + ", ".join(f"{result['held']:,} held" for result in results))
    found = {}
    for key in ("few_active", "all_active"):
        if all(result[key] for result in results):
            found[key] = ratios([[result[key]] for result in results], "rate")
    return {"asked": settings.held, "results": results, "ratios": found}
