"""A whole run of the benchmark: starts the servers, measures, returns the result as plain data."""

from __future__ import annotations

import datetime
import os
import platform
import re
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from mclite import __version__
from mclite.bench import compare, footprint
from mclite.bench.compare import Figures, Progress, Settings
from mclite.bench.driver import Driver
from mclite.bench.servers import OWN_COMMAND, Server, cores
from mclite.bench.workloads import EVICTING_OPTIONS, WORKLOADS
from mclite.fast import COMPILED


def run(
    target: str | None,
    commands: Sequence[str],
    settings: Settings,
    progress: Progress,
) -> Figures:
    """Run the benchmark.

    Args:
        target: `host:port` of a server that runs already, the first to be compared; None: the first command
        commands: of the servers to start
        settings: what and how long
        progress: takes lines for people

    Raises:
        BadTargetError: a target that cannot be meant so
        TargetDiedError: a server cannot be reached, ended, hung up or fell silent
        WrongReplyError: a server answered wrong bytes
    """
    began = time.monotonic()
    started = datetime.datetime.now(datetime.UTC)
    split = cores()
    where, load = split if split else (None, None)
    with ExitStack() as stack:
        driver = stack.enter_context(Driver(load))
        servers: list[Server] = []
        if target is not None:
            servers.append(Server.at(target))
        for command in commands:
            servers.append(_spawn(stack, command, where))
        _distinguish(servers)
        result: Figures = {
            "format": "mclite-bench",
            "schema": 1,
            "mclite": __version__,
            "started": started.isoformat(timespec="seconds"),
            "machine": machine(split),
            "settings": asdict(settings),
            "servers": [
                {
                    "name": server.name,
                    "command": server.command,
                    "ours": bool(server.process),
                }
                for server in servers
            ],
            "workloads": compare.throughput(driver, servers, settings, progress),
        }
        if "latency" in settings.names:
            result["latency"] = compare.latency(driver, servers, settings, result["workloads"], progress)
        if target is not None:
            used = [row["name"] for row in result["workloads"]] or ["get"]
            driver.order("clean", servers[0], workloads=sorted({*used, "get"}), connections=settings.connections)
        for server in servers:
            server.stop()
        if target is None and any(name in WORKLOADS and WORKLOADS[name].evicts for name in settings.names):
            small = [_spawn(stack, command, where, EVICTING_OPTIONS) for command in commands]
            rows = result["workloads"] + compare.throughput(driver, small, settings, progress, evicting=True)
            result["workloads"] = sorted(rows, key=lambda row: settings.names.index(row["name"]))
            for server in small:
                server.stop()
        if target is None:
            if "start" in settings.names:
                result["start"] = footprint.start(commands, settings, where, progress)
            if "connections" in settings.names:
                result["connections"] = footprint.connections(driver, commands, settings, where, progress)
            if "memory" in settings.names:
                result["memory"] = footprint.memory(driver, commands, settings, where, progress)
    result["seconds"] = round(time.monotonic() - began, 1)
    return result


def _spawn(stack: ExitStack, command: str, where: set[int] | None, options: str = "") -> Server:
    server = Server.spawn(command, options, where)
    stack.callback(server.stop)
    if COMPILED and command.startswith(OWN_COMMAND):
        server.name += " compiled"
    return server


def _distinguish(servers: Sequence[Server]) -> None:
    """Give servers of the same name a number."""
    names = [server.name for server in servers]
    for number, server in enumerate(servers):
        if names.count(server.name) > 1 and names.index(names[number]) != number:
            server.name += f" #{names[: number + 1].count(names[number])}"


def machine(split: tuple[set[int], set[int]] | None) -> Figures:
    """Return what the figures depend on: processor, cores, kernel, Python, and what was pinned where."""
    processor = platform.machine()
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    if found:
        processor = found[1].strip()
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "pinned": {"servers": sorted(split[0]), "load": sorted(split[1])} if split else None,
        "load_average": os.getloadavg()[0],
    }
