"""The `mclite` command: a table of subcommands, each imported only when it is called.

A subcommand is a module with `configure(parser)`, which adds its arguments, and `run(args) -> int`, which
returns the exit code (0 done, 1 a negative answer, 2 usage).
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Sequence

from mclite import __version__

# name: (module, one line for `mclite --help`)
COMMANDS: dict[str, tuple[str, str]] = {
    "check": ("mclite.cli.check", "run the conformance suite against a server"),
    "check-client": ("mclite.cli.check_client", "judge a client library, with the suite as its server"),
    "suite": ("mclite.cli.suite", "look at the suite itself, and play scenario files of your own"),
    "ping": ("mclite.cli.ping", "ask a server whether it answers, and wait until it does"),
    "serve": ("mclite.cli.serve", "run the reference server"),
    "shell": ("mclite.cli.shell", "talk to a server by hand, or from a pipe"),
    "demo": ("mclite.cli.demo", "see what memcached does, on a server of its own, and try it"),
    "bench": ("mclite.cli.bench", "measure a server under load, and compare it with others"),
    "compare": ("mclite.cli.compare", "say the same to two servers, and show where they answer otherwise"),
    "record": ("mclite.cli.record", "make a scenario of what an application says, with a proxy"),
    "releases": ("mclite.cli.releases", "say what changed for a client between two memcached releases"),
    "report": ("mclite.cli.report", "make the compatibility report from results"),
}


class UsageError(Exception):
    """What the user asked for cannot be done as asked; the text says why, and `mclite` exits with 2."""


class OutputError(Exception):
    """What was found out cannot be written where the user wants it; the text says why, and `mclite` exits with 6."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `mclite ARGV...` and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if argv is None and os.path.basename(sys.argv[0]) == "memcached":  # noqa: PTH119  # a server starts sooner so
        arguments = ["serve", "--as-memcached", *arguments]
    try:
        return _run(arguments, own=argv is None)
    except ModuleNotFoundError as error:
        from mclite.cli import extras  # here, since `mclite serve` starts sooner without it

        said = extras.sentence(error)
        if said is None:
            raise
        print(f"mclite {' '.join(arguments[:1])}: {said}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output went away (`mclite ... | head`): no traceback, and none at shutdown either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(arguments: list[str], own: bool) -> int:
    """Run a subcommand; with `own` this process is only for it."""
    if arguments[:1] == ["serve"]:  # has memcached's own options
        if own:
            gc.disable()  # as mclite.server.server.run will do: until then the collector only costs time
        return int(importlib.import_module(COMMANDS["serve"][0]).run_raw(arguments[1:]))
    from mclite.cli.parser import Parser  # here, since `mclite serve` starts sooner without it

    parser = Parser(prog="mclite", description="memcached's protocol: server, suite, client.")
    parser.add_argument("--version", action="version", version=f"mclite {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    wanted = next((word for word in arguments if not word.startswith("-")), None)
    for name, (module_name, summary) in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=summary)
        if name == wanted:
            importlib.import_module(module_name).configure(subparser)
    rest: list[str] = []
    if wanted == "check" and "--" in arguments:  # what follows is for pytest
        rest = arguments[arguments.index("--") + 1 :]
        arguments = arguments[: arguments.index("--")]
    args, unknown = parser.parse_known_args(arguments)
    if unknown:
        subparsers.choices[args.command].error(f"unrecognized arguments: {' '.join(unknown)}")
    args.rest = rest
    module = importlib.import_module(COMMANDS[args.command][0])
    try:
        return int(module.run(args))
    except UsageError as error:
        print(f"mclite {args.command}: {error}", file=sys.stderr)
        return 2
    except OutputError as error:
        print(f"mclite {args.command}: {error}", file=sys.stderr)
        return 6
