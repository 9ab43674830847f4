"""`mclite check-client DRIVER`: judge a client, with the suite as its server.

Exit codes: 0 conforms, 1 deviates, 2 usage, 3 the driver cannot be started or does not do what a driver does, 4 nothing
was judged, 6 the results cannot be written.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from mclite.cli import OutputError, UsageError
from mclite.cli.extras import need
from mclite.replay import files
from mclite.replay.clientcheck import drivers, results, terminal, withheld
from mclite.replay.clientcheck import run as running
from mclite.replay.clientcheck.driver import DriverError
from mclite.replay.clientcheck.run import Record, Run
from mclite.replay.clientcheck.scenario import Scenario, load_all
from mclite.replay.judge.verdicts import CONFORMS, DEVIATES, NOT_WRITTEN, NOTHING_JUDGED, UNREACHABLE, USAGE, fails
from mclite.replay.scenario.scenario import LEVELS, SuiteError
from mclite.replay.target.processes import Ended

EPILOG = """\
  mclite check-client pymemcache                        # a driver of the suite; --list names them
  mclite check-client './my-driver --fast'              # your own: docs/clients.md has the form
  mclite check-client pymemcache memjs mclite           # a page with a column each
  mclite check-client pylibmc --only late --only keys/crlf-get -v
  mclite check-client --results a.json --results b.json # a page of results that are there
  mclite check-client aiomcache --no-report --gate should

Exit codes: 0 conforms, 1 deviates, 2 usage, 3 the driver cannot be started or does not do what a driver does, 4 nothing
was judged, 6 the results cannot be written.
"""

#: Faults that are printed with their dialogue.
IN_FULL = 5


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mclite check-client`."""
    parser.epilog = EPILOG
    parser.add_argument("drivers", nargs="*", metavar="DRIVER", help="a driver of the suite, a file, or a command")
    parser.add_argument("--list", action="store_true", help="name the drivers and the scenarios")
    parser.add_argument(
        "--only", action="append", default=[], metavar="ID", help="a chapter or a scenario; may be repeated"
    )
    parser.add_argument("-m", dest="level", choices=LEVELS, help="only scenarios of a level")
    parser.add_argument(
        "--gate", choices=LEVELS, default="must", help="the lowest level that fails the run; default: must"
    )
    parser.add_argument(
        "-n", dest="width", type=int, default=running.WIDTH, metavar="N", help="scenarios at once; default: 12"
    )
    parser.add_argument("--report-dir", type=Path, metavar="DIR", help="where the results go; default: reports")
    parser.add_argument(
        "--results", action="append", default=[], type=Path, metavar="FILE", help="a column from an earlier run's JSON"
    )
    parser.add_argument("--no-report", action="store_true", help="write no results")
    parser.add_argument(
        "--with-withheld",
        action="store_true",
        help="also write the bytes that withheld.toml leaves out: for a client's maintainers",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="name every scenario")


def run(args: argparse.Namespace) -> int:
    """Judge the clients and return the exit code."""
    try:
        scenarios, entries = load_all(), [] if args.with_withheld else withheld.load()
    except SuiteError as error:
        raise UsageError(f"the suite is malformed:\n{error}") from None
    if args.list:
        for name, path in drivers.shipped().items():
            print(f"driver    {name:20} {path.name}")
        for scenario in scenarios:
            print(f"{scenario.level:9} {scenario.id:45} {scenario.title}")
        return 0
    if not args.drivers and not args.results:
        raise UsageError("name a driver; --list names those of the suite")
    if args.width < 1:
        raise UsageError("-n takes a number of scenarios, 1 or more")
    chosen = select(scenarios, args.only, args.level)
    try:
        commands = [drivers.find(text) for text in args.drivers]
    except drivers.UnknownDriverError as error:
        raise UsageError(str(error)) from None
    if not args.no_report:
        need("jinja2")
        _check(args.report_dir or Path("reports"))
    codes = []
    try:
        made = [results.read(path) for path in args.results]
    except results.ResultsError as error:
        raise UsageError(str(error)) from None
    for name, command in commands:
        try:
            found = asyncio.run(_judge(name, command, chosen, args))
        except DriverError as error:
            print(f"mclite check-client: the driver {name} {error}")
            codes.append(UNREACHABLE)
            continue
        except Ended:
            return UNREACHABLE
        except KeyboardInterrupt:
            print("mclite check-client: stopped; nothing was written", file=sys.stderr)
            return 130
        made.append(results.document(found, entries, args.gate, complete=len(chosen) == len(scenarios)))
        codes.append(results.exit_code(found.records, args.gate))
        print("\n".join(terminal.summary(made[-1])))
    if made and not args.no_report:
        _write(made, args.report_dir)
    return next(
        (code for code in (USAGE, UNREACHABLE, NOT_WRITTEN, DEVIATES, NOTHING_JUDGED) if code in codes), CONFORMS
    )


def select(scenarios: Sequence[Scenario], only: Sequence[str], level: str | None = None) -> list[Scenario]:
    """Return the scenarios of the chapters and ids in `only`, all without any. Raises UsageError for an unknown one."""
    for name in only:
        if not any(name.partition(":")[0] in (one.id, one.chapter) for one in scenarios):
            raise UsageError(f"--only {name}: there is no such chapter or scenario; --list names them")
    names = [name.partition(":")[0] for name in only]
    found = [one for one in scenarios if not names or one.id in names or one.chapter in names]
    return [one for one in found if level is None or one.level == level]


async def _judge(name: str, command: Sequence[str], scenarios: Sequence[Scenario], args: argparse.Namespace) -> Run:
    shown = 0

    def done(record: Record) -> None:
        nonlocal shown
        if fails(record.verdict, args.gate):
            shown += 1
            lines = list(terminal.failure(record))
            print("\n".join(lines if shown <= IN_FULL or args.verbose else lines[:2]))
        elif args.verbose:
            reason = record.played.unsupported or next((one.text for one in record.played.findings), "")
            print(f"{record.verdict}  {record.id}  {reason}")

    return await running.check(name, command, scenarios, width=args.width, done=done)


def _check(folder: Path) -> None:
    """Raise OutputError when it is certain that no report can be written into `folder`."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.absolute().parent
    try:
        files.check(folder / "report")
    except files.WriteError as error:
        raise OutputError(str(error)) from None


def _write(made: Sequence[results.Document], folder: Path | None) -> None:
    from mclite.replay.clientcheck import output  # it needs jinja2

    try:
        page = output.write(made, folder)
    except files.WriteError as error:
        raise OutputError(str(error)) from None
    print(
        f"report: {page}" if page else "no report: --only and -m judge a part; --report-dir says where one of it goes"
    )
