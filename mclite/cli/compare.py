"""`mclite compare A B`: say the same generated sessions to two servers, and show where they answer otherwise.

Exit codes: 0 the same, 1 they differ, 2 usage, 3 a server cannot be reached, or is gone,
4 nothing was compared, 6 the file cannot be written.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mclite.cli import OutputError, UsageError
from mclite.cli.extras import need
from mclite.cli.replay_line import replay_line

if TYPE_CHECKING:
    from mclite.compare.pair import Side
    from mclite.compare.search import Outcome
    from mclite.replay.play.transport import Address
    from mclite.replay.target.servers import Server

SAME, DIFFER, UNREACHABLE, NOTHING = 0, 1, 3, 4
#: Seconds when neither --seconds nor --sessions is given.
SECONDS = 30.0

EPILOG = """\
  mclite compare 127.0.0.1:11211 127.0.0.1:11212
  mclite compare mclite memcached=/usr/bin/memcached --seconds 600
  mclite compare 'memcached -l 127.0.0.1 -p {port} -u nobody' 'mymc {port}' --seed 7
  mclite suite play differences.toml --target 127.0.0.1:11212

A server is an address (host:port, unix:/path, tls://host:port), or what --spawn of the suite takes: a command with
{port}, memcached, memcached=/path/to/it, mclite.
Exit codes: 0 the same, 1 they differ, 2 usage, 3 a server cannot be reached, or is gone,
4 nothing was compared, 6 the file cannot be written.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mclite compare`."""
    parser.epilog = EPILOG
    parser.add_argument("servers", nargs="*", metavar="SERVER", help="A and B: addresses, or servers to start")
    parser.add_argument("--spawn-a", metavar="COMMAND", help="start A so: a command with {port}")
    parser.add_argument("--spawn-b", metavar="COMMAND", help="start B so")
    parser.add_argument(
        "--seconds",
        type=_positive,
        metavar="N",
        help=f"end after N seconds, whatever the servers do; default: {SECONDS:g}",
    )
    parser.add_argument("--sessions", type=_count, metavar="N", help="maximum sessions")
    parser.add_argument("--kinds", type=_count, metavar="N", help="stop after N kinds of difference")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the sessions; default: 0")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("differences.toml"), metavar="FILE", help="default: %(default)s"
    )
    parser.add_argument("--known", type=Path, metavar="FILE", help="a file of earlier differences: these do not count")
    parser.add_argument("--destructive", action="store_true", help="flush servers that hold items, too")
    parser.add_argument("--no-waits", action="store_true", help="leave out sessions that wait for items to expire")


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


# argparse names the converter in its message: "invalid number value: 'x'"
_positive.__name__ = "number"
_count.__name__ = "number"


def run(args: argparse.Namespace) -> int:
    """Compare the two servers and return the exit code."""
    need("hypothesis")
    from mclite.replay import files
    from mclite.replay.play.transport import Unreachable
    from mclite.replay.target.spec import TargetError

    asked = list(args.servers)
    for spawn in (args.spawn_a, args.spawn_b):
        if spawn is not None and "{port}" not in spawn:
            raise UsageError(f"the command {spawn!r} does not say where the port goes: put {{port}} into it")
    if args.spawn_a is not None:
        asked.insert(0, args.spawn_a)
    if args.spawn_b is not None:
        asked.append(args.spawn_b)
    if len(asked) != 2:
        raise UsageError(f"it takes two servers, not {len(asked)}: mclite compare A B")
    try:
        files.check(args.output)
    except files.WriteError as error:
        raise OutputError(str(error)) from None
    known = _known(args.known) if args.known else frozenset()
    with contextlib.ExitStack() as stack:
        try:
            addresses = [_address(one, stack) for one in asked]
            return _compare(addresses, args, known, asked[1])
        except TargetError as error:
            raise UsageError(str(error)) from None
        except Unreachable as error:
            print(f"mclite compare: {error}", file=sys.stderr)
            return UNREACHABLE


def _address(asked: str, stack: contextlib.ExitStack) -> Address:
    """Return the address that is asked for; a server that is meant to be started is."""
    from mclite.replay.play.transport import parse_address
    from mclite.replay.scenario.root import default_root
    from mclite.replay.target.servers import Server
    from mclite.replay.target.spec import find_spec

    if _is_started(asked):
        server: Server = Server(find_spec(asked, default_root() / "targets"))
        stack.callback(server.stop)
        return server.address
    try:
        return parse_address(asked)
    except ValueError as error:
        raise UsageError(f"{error}, and no command with {{port}}") from None


def _is_started(asked: str) -> bool:
    """Tell whether a server that is asked for is no address, but meant to be started."""
    from mclite.replay.scenario.root import default_root

    name = asked.partition("=")[0]
    return "{port}" in asked or name.endswith(".toml") or (default_root() / "targets" / f"{name}.toml").is_file()


def _known(path: Path) -> frozenset[str]:
    """Return the kinds of difference that a file of an earlier run names."""
    from mclite.compare.report import kinds_in

    try:
        return kinds_in(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(str(error)) from None


def _compare(addresses: list[Address], args: argparse.Namespace, known: frozenset[str], b: str) -> int:
    from mclite.compare import report
    from mclite.compare.pair import Pair, TimeUp
    from mclite.compare.search import Limits, Search
    from mclite.replay.files import WriteError

    seconds = args.seconds or (None if args.sessions else SECONDS)
    show = _Progress(seconds, args.sessions)
    try:
        pair = Pair(addresses[0], addresses[1], seconds)
        destructive = args.destructive or all(side.empty() for side in pair.sides)
    except TimeUp:
        print("mclite compare: time was up before the first session; give it more --seconds", file=sys.stderr)
        return NOTHING
    print(f"A is {_name(pair.a)}\nB is {_name(pair.b)}", flush=True)
    if not destructive:
        print("one of them holds items, so nothing is flushed (--destructive: all the same)")
    search = Search(
        pair,
        Limits(args.sessions, args.kinds),
        number=args.seed,
        known=known,
        destructive=destructive,
        waits=not args.no_waits,
        progress=show,
    )
    try:
        outcome = search.run()
    except KeyboardInterrupt:
        outcome = search.stopped()
    finally:
        show.clear()
    for text in report.summary(outcome, args.seed):
        print(text)
    if any(found.written is not None for found in outcome.found.values()):
        try:
            report.write(args.output, outcome, pair, args.seed)
        except WriteError as error:
            raise OutputError(str(error)) from None
        print(f"\n{args.output}: a scenario of each, which passes on A and fails on B")
        print(f"  {replay_line(args.output, '--spawn' if _is_started(b) else '--target', b)}")
    if outcome.died is not None:
        print(f"mclite compare: {outcome.died}; the last session is shown above", file=sys.stderr)
        return UNREACHABLE
    if outcome.new:
        return DIFFER
    if not outcome.answered:
        print("mclite compare: nothing was compared: there is no request that both answered", file=sys.stderr)
        return NOTHING
    return SAME


def _name(side: Side) -> str:
    return f"{side.address} ({side.version})"


class _Progress:
    """One line on a terminal, ten times a second at most; nothing elsewhere."""

    def __init__(self, seconds: float | None, sessions: int | None) -> None:
        self._terminal = sys.stderr.isatty()
        self._began = time.monotonic()
        self._next = 0.0
        self._seconds = seconds
        self._sessions = sessions

    def __call__(self, outcome: Outcome) -> None:
        now = time.monotonic()
        if not self._terminal or now < self._next:
            return
        self._next = now + 0.1
        gone = now - self._began
        rate = outcome.sessions / gone if gone else 0.0
        left = f"{max(0.0, self._seconds - gone):.0f} s left" if self._seconds else f"of {self._sessions:,}"
        count = len(outcome.new)
        kinds = f"{count} difference{'s' * (count != 1)}"
        text = f"{outcome.sessions:,} sessions · {rate:,.0f}/s · {kinds} · {left}"
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
