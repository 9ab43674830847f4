"""`mclite record`: a proxy before a server; what an application says through it becomes a scenario.

Exit codes: 0 written, 1 nothing was said, 2 usage, 3 the server cannot be reached, 6 the file cannot be written.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mclite.cli import OutputError, UsageError
from mclite.cli.replay_line import replay_line
from mclite.server.server import on_signal

if TYPE_CHECKING:
    from mclite.record.proxy import Proxy
    from mclite.replay.play.transport import Address

NOTHING, UNREACHABLE = 1, 3

EPILOG = """\
  mclite record --listen :11311 --target 127.0.0.1:11211 -o session.toml
  ... let the application talk to port 11311, then press Ctrl-C ...
  mclite suite play session.toml --target 127.0.0.1:11211

Begin with a server that holds none of the application's items: a replay begins without them, too.
Exit codes: 0 written, 1 nothing was said, 2 usage, 3 the server cannot be reached, 6 the file cannot be written.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mclite record`."""
    parser.epilog = EPILOG
    parser.add_argument("--listen", required=True, metavar="[HOST]:PORT", help="where the application connects to")
    parser.add_argument("--target", required=True, metavar="ADDRESS", help="host:port, unix:/path or tls://host:port")
    parser.add_argument("-o", "--output", type=Path, default=Path("session.toml"), metavar="FILE", help="%(default)s")
    parser.add_argument("--title", default="what an application says", help="of the scenario; 80 characters at most")
    parser.add_argument("--seconds", type=float, metavar="N", help="stop after N seconds")


def run(args: argparse.Namespace) -> int:
    """Record until SIGINT or SIGTERM, write the scenario, and return the exit code."""
    from mclite.replay import files
    from mclite.replay.play.transport import Connection, Unreachable, parse_address

    host, port = _listen(args.listen)
    try:
        target = parse_address(args.target)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if target.kind == "udp":
        raise UsageError("a stream is recorded: --target may not be udp://")
    if len(args.title) > 80:
        raise UsageError("the title has more than 80 characters")
    try:
        files.check(args.output)
    except files.WriteError as error:
        raise OutputError(str(error)) from None
    try:
        Connection(target, 2.0).close()
    except Unreachable as error:
        print(f"mclite record: {error}", file=sys.stderr)
        return UNREACHABLE
    try:
        proxy = asyncio.run(_record(host, port, target, args))
    except OSError as error:
        raise UsageError(f"cannot listen on {args.listen}: {error.strerror or error}") from None
    return _write(proxy, args)


def _listen(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"--listen {text}: it takes a port, such as :11311 or 127.0.0.1:11311")
    return host.strip("[]") or "127.0.0.1", int(port)


async def _record(host: str, port: int, target: Address, args: argparse.Namespace) -> Proxy:
    from mclite.record.proxy import Proxy

    stopped = asyncio.Event()
    proxy = Proxy(target, lambda: stopped.set() if proxy.binary else None)
    actual = await proxy.start(host, port)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        on_signal(loop, number, stopped.set)
    print(f"listening on {host}:{actual}, recording what goes to {target}; Ctrl-C writes {args.output}", flush=True)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopped.wait(), args.seconds)
    await proxy.stop()
    return proxy


def _write(proxy: Proxy, args: argparse.Namespace) -> int:
    from mclite.record.proxy import LONGEST, PIECES
    from mclite.record.scenario import scenario
    from mclite.replay import files

    if proxy.failed:
        print(f"mclite record: {proxy.failed}", file=sys.stderr)
    if proxy.unrecorded:
        print(f"mclite record: {proxy.unrecorded} connections beyond 26 at once are left out", file=sys.stderr)
    if proxy.binary:
        print(
            "mclite record: the application speaks the binary protocol, which a scenario cannot hold: "
            "nothing is written; let it use the text protocol",
            file=sys.stderr,
        )
        return NOTHING
    if proxy.full:
        print(
            f"mclite record: a recording holds {LONGEST >> 20} MiB, or {PIECES:,} pieces of them; "
            "what was said after that is left out",
            file=sys.stderr,
        )
    recorded = scenario(proxy.events, args.title, str(proxy.target), cut=proxy.full)
    if not recorded.requests:
        print("mclite record: nothing was said, so nothing is written", file=sys.stderr)
        return NOTHING
    try:
        files.write(recorded.text, args.output)
    except files.WriteError as error:
        raise OutputError(str(error)) from None
    line = replay_line(args.output, "--target", str(proxy.target))
    print(f"{args.output}: {recorded.requests} requests\n  {line}")
    return 0
