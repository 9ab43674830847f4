"""`mclite shell`: talk to a server by hand, or from a pipe.

Exit codes: 0 done · 1 a command was refused or not understood · 2 usage · 3 no connection.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable

from mclite.cli import UsageError
from mclite.client import BadArgumentError
from mclite.client.transport import parse_address
from mclite.shell.shell import DONE, LOST, Shell
from mclite.shell.terminal import interact

EPILOG = r"""
  mclite shell 127.0.0.1:11211
  mclite shell -c 'set greeting hello' -c 'get greeting'
  echo stats | mclite shell unix:/run/memcached.sock

Type commands as protocol.txt has them, but for the length of data, which is counted:

  set greeting hello                  set greeting 0 60 "hello you"
  mg greeting v t c                   ms greeting hi\n T60

From a pipe lines are carried out one after the other, without prompt and colours. A miss is an answer like
any other; the exit code is 1 if a command was refused or not understood, 3 if the connection was lost.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mclite shell`."""
    parser.epilog = EPILOG
    parser.add_argument("address", nargs="?", default="127.0.0.1:11211", help="host:port or unix:/path (%(default)s)")
    parser.add_argument(
        "-c",
        "--command",
        dest="lines",
        metavar="LINE",
        action="append",
        help="carry out this line, and end; may be repeated",
    )
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds to wait for an answer (%(default)g)")
    parser.add_argument("--raw", action="store_true", help="send lines as they are")


def run(args: argparse.Namespace) -> int:
    """Run the shell as `args` say; return the exit code."""
    try:
        host, port = parse_address(args.address)
    except BadArgumentError as error:
        raise UsageError(str(error)) from None
    if not args.timeout > 0:
        raise UsageError("--timeout takes a number of seconds above 0")
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and not args.lines
    return open_shell(host, port, args.timeout, terminal, args.lines, args.raw)


def open_shell(
    host: str, port: int, timeout: float, terminal: bool, lines: Iterable[str] | None = None, raw: bool = False
) -> int:
    """Open a shell on `host` and `port`: on the `terminal`, or over `lines`, by default those of the standard input."""
    colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    shell = Shell(host, port, _write, _write if terminal else _complain, timeout, colours, terminal, raw=raw)
    if terminal:
        return interact(shell)
    try:
        return feed(shell, _standard_input() if lines is None else lines)
    except KeyboardInterrupt:
        return 130
    finally:
        shell.close()


def feed(shell: Shell, lines: Iterable[str]) -> int:
    """Carry out `lines` until one of them loses the connection; return the exit code."""
    worst = DONE
    for line in lines:
        code = shell.run(line.rstrip("\n").removesuffix("\r"))
        worst = max(worst, code)
        if shell.leave or code == LOST:
            break
    return worst


def _standard_input() -> Iterable[str]:
    reconfigure = getattr(sys.stdin, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="surrogateescape")
    return sys.stdin


def _complain(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"mclite shell: {text}")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
