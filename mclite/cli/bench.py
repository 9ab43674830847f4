"""`mclite bench`: measure how fast a server is, and compare it with others under the same load.

Exit codes: 0 measured · 1 a server answered wrong bytes · 2 usage · 3 a server cannot be reached or died
· 6 the file cannot be written.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
from pathlib import Path
from typing import NoReturn

from mclite.bench import workloads
from mclite.bench.compare import SMOKE, Settings
from mclite.bench.connection import TargetDiedError, WrongReplyError
from mclite.bench.report import text
from mclite.bench.run import run as run_benchmark
from mclite.bench.servers import OWN_COMMAND, BadTargetError, Server, command_line
from mclite.cli import OutputError, UsageError
from mclite.replay import files

EPILOG = """\
Without a target and without --spawn, mclite's own server is measured. A command is split as a shell
would, but no shell reads it; {port} in it becomes a free port of 127.0.0.1.

  mclite bench --against 'memcached -t 1 -l 127.0.0.1 -p {port}'
  mclite bench --only get --only '*-pipelined' --rounds 9 --json speed.json
  mclite bench 127.0.0.1:11211 --only latency --rate 20000

Servers run on one core and the load on another, one server at a time, in rounds A B A B. Every reply
is compared byte for byte: a wrong one ends the run.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mclite bench`."""
    parser.epilog = EPILOG
    defaults = Settings()
    parser.add_argument("target", nargs="?", metavar="HOST:PORT", help="a server that runs already")
    parser.add_argument("--spawn", metavar="CMD", help="start this server and measure it")
    parser.add_argument(
        "--against", metavar="CMD", action="append", default=[], help="and compare with this one; repeatable"
    )
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        default=[],
        help="only this workload (or pattern); repeatable",
    )
    parser.add_argument("--list", action="store_true", help="print the names of the workloads and stop")
    parser.add_argument("--seconds", type=_positive, help=f"of a round of a workload (default {defaults.seconds:g})")
    parser.add_argument(
        "--rounds", type=_count, help=f"how often each server takes its turn (default {defaults.rounds})"
    )
    parser.add_argument(
        "--retries",
        type=_count,
        help="repeat a round, at most N times, when other processes disturbed it (default 0)",
    )
    parser.add_argument("--connections", type=_count, help=f"that send (default {defaults.connections})")
    parser.add_argument(
        "--rate", type=_positive, help="requests a second for latency (default: half of the slowest get)"
    )
    parser.add_argument("--held", type=_count, help=f"connections to hold (default {defaults.held:,})")
    parser.add_argument("--items", type=_count, help=f"to store for memory (default {defaults.items:,})")
    parser.add_argument(
        "--held-options",
        metavar="OPTIONS",
        help=f"of the servers, for connections (default {defaults.held_options!r})",
    )
    parser.add_argument(
        "--memory-options",
        metavar="OPTIONS",
        help=f"of the servers, for memory (default {defaults.memory_options!r})",
    )
    parser.add_argument(
        "--smoke", action="store_true", help="a few seconds in all: does it run? The figures mean nothing"
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write everything measured to FILE")
    parser.add_argument("--quiet", action="store_true", help="no lines on the way")


def run(args: argparse.Namespace) -> int:
    """Run the benchmark, print the tables, return the exit code."""
    if args.list:
        return _list()
    if args.json is not None:
        try:
            files.check(args.json)
        except files.WriteError as error:
            raise OutputError(str(error)) from None
    settings = _settings(args)
    commands = _commands(args)
    if not sys.platform.startswith("linux"):
        raise UsageError("the load generator needs Linux (epoll and /proc)")

    def progress(line: str) -> None:
        if not args.quiet:
            print(line, file=sys.stderr, flush=True)

    signal.signal(signal.SIGTERM, _stopped)
    signal.signal(signal.SIGINT, _stopped)  # a shell's background job begins with it ignored
    try:
        result = run_benchmark(args.target, commands, settings, progress)
    except BadTargetError as error:
        raise UsageError(str(error)) from None
    except TargetDiedError as error:
        print(f"mclite bench: {error}", file=sys.stderr)
        return 3
    except WrongReplyError as error:
        print(f"mclite bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("mclite bench: interrupted, the servers are stopped", file=sys.stderr)
        return 130
    print()
    print(text(result), end="")
    if args.json is not None:
        try:
            files.write(json.dumps(result, indent=1) + "\n", args.json)
        except files.WriteError as error:
            raise OutputError(str(error)) from None
        print(f"\neverything measured: {args.json}")
    return 0


def _stopped(*_: object) -> NoReturn:
    """Unwind on SIGTERM as on Ctrl-C, so that no server is left running."""
    raise KeyboardInterrupt


def _list() -> int:
    rows = {name: workload.summary for name, workload in workloads.WORKLOADS.items()} | workloads.MEASURES
    width = max(map(len, rows))
    for name, summary in rows.items():
        print(f"{name:{width}}  {summary}")
    return 0


def _settings(args: argparse.Namespace) -> Settings:
    """Return the settings: the defaults, then --smoke, then what is given.

    Raises:
        UsageError: a name that no workload has, or nothing to do
    """
    try:
        names = workloads.select(args.only)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if args.target is not None:
        started = {"start", "connections", "memory"} | {name for name in names if name.endswith("-evicting")}
        names = [name for name in names if name not in started]
        if not names:
            raise UsageError(
                "start, connections, memory and what evicts need a server that is started here: give --spawn"
            )
    given = {
        field.name: getattr(args, field.name)
        for field in dataclasses.fields(Settings)
        if getattr(args, field.name, None) is not None
    }
    return Settings(**{**(SMOKE if args.smoke else {}), **given, "names": names})


def _commands(args: argparse.Namespace) -> list[str]:
    """Return the commands of the servers to start, the one to be measured first.

    Raises:
        UsageError
    """
    if args.target is not None and args.spawn is not None:
        raise UsageError("give either HOST:PORT or --spawn: one server is the one to be measured")
    commands = list(args.against)
    if args.spawn is not None:
        commands.insert(0, args.spawn)
    elif args.target is None:
        commands.insert(0, OWN_COMMAND)
    try:
        for command in commands:
            command_line(command)
        if args.target is not None:
            Server.parse(args.target)
    except BadTargetError as error:
        raise UsageError(str(error)) from None
    return commands


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e7:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 0 < value <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 10,000,000")
    return value


# argparse names the converter in its message: "invalid number value: 'x'"
_positive.__name__ = "number"
_count.__name__ = "number"
