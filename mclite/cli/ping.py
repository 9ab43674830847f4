"""`mclite ping HOST:PORT`: ask a server whether it answers, for scripts and containers.

Exit codes: 0 it answers · 1 it does not · 2 usage.
"""

from __future__ import annotations

import argparse
import time
from typing import Final

from mclite.cli import UsageError
from mclite.client import BadArgumentError, Client, ConnectError, MemcacheError, RefusedError
from mclite.client.transport import parse_address

_ANSWER_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 0.05


EPILOG = """\
  mclite ping
  mclite ping 127.0.0.1:11311 --wait 10 -q && run-the-tests
  mclite ping unix:/run/memcached.sock

Exit codes: 0 it answers, 1 it does not, 2 usage.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mclite ping`."""
    parser.epilog = EPILOG
    parser.add_argument("address", nargs="?", default="127.0.0.1:11211", help="host:port or unix:/path (%(default)s)")
    parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="try for this long (0: once)")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing; the exit code says it")


def run(args: argparse.Namespace) -> int:
    """Ask until the server answers or the time is over; return the exit code."""
    try:
        host, port = parse_address(args.address)
    except BadArgumentError as error:
        raise UsageError(str(error)) from None
    if not 0 <= args.wait < float("inf"):
        raise UsageError("--wait takes a number of seconds, 0 or more")
    deadline = time.monotonic() + args.wait
    while True:
        began = time.monotonic()
        patience = min(_ANSWER_SECONDS, max(deadline - began, _PAUSE_SECONDS)) if args.wait else _ANSWER_SECONDS
        answers, says = _ask(host, port, patience)
        now = time.monotonic()
        if answers or now >= deadline:
            break
        time.sleep(min(_PAUSE_SECONDS, deadline - now))
    if not args.quiet:
        print(f"{args.address} answers: {says} ({(now - began) * 1000:.1f} ms)" if answers else says)
    return 0 if answers else 1


def _ask(host: str, port: int, seconds: float) -> tuple[bool, str]:
    """Ask for the version once, `seconds` long at most; return whether there was an answer, and what it or why not."""
    client = Client(host, port, timeout=seconds, connect_timeout=seconds)
    try:
        return True, f"memcached {client.version()}"
    except ConnectError as error:
        return False, str(error)
    except RefusedError as error:
        return True, str(error)  # such as a server that asks for authentication first
    except MemcacheError as error:
        return False, f"no answer of a memcached server at {host}{'' if ':' in host else f':{port}'}: {error}"
    finally:
        client.close()
