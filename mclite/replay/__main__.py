"""`python -m mclite.replay FILE.toml... --target host:port`: play scenario files and print what happened.

`python -m mclite.replay lint` checks the suite itself, `python -m mclite.replay coverage` says what of protocol.txt
it shows. `python -m mclite.replay versions` replays the suite against every real memcached and says what tells them
apart; `table` says so of results that are there.
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
import sys
from pathlib import Path

from mclite.replay.play.outcome import Keys
from mclite.replay.play.player import Player
from mclite.replay.play.transport import Address, Unreachable, parse_address
from mclite.replay.report import evidence as show
from mclite.replay.report import versions_table
from mclite.replay.run.prepare import is_empty
from mclite.replay.run.stage import refusal
from mclite.replay.scenario import coverage
from mclite.replay.scenario.lint import default_root, lint, load_all, scenario_files
from mclite.replay.scenario.requirements import STARTS
from mclite.replay.scenario.scenario import Scenario, SuiteError, load
from mclite.replay.scenario.versions import KNOWN, claimed_version, known_release, parse_version
from mclite.replay.target.capabilities import ask_version
from mclite.replay.target.locks import TargetLock
from mclite.replay.target.servers import Server
from mclite.replay.target.spec import TargetError, find_spec


def main(argv: list[str] | None = None) -> int:
    """Play the files named in `argv`; return the exit code: as of a run, see README.md of the suite."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == ["lint"]:
        return lint_command(arguments[1:])
    if arguments[:1] == ["coverage"]:
        return coverage_command(arguments[1:])
    if arguments[:1] == ["table"]:
        return versions_table.table_command(arguments[1:])
    if arguments[:1] == ["versions"]:
        return versions_table.versions_command(arguments[1:])
    parser = argparse.ArgumentParser(
        prog="python -m mclite.replay",
        description="Play scenario files and print what happened. More commands: lint, coverage, table, versions.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.toml", help="scenario files, or folders of them")
    server = parser.add_mutually_exclusive_group()
    server.add_argument("--target", default="127.0.0.1:11211", help="host:port, unix:/path or tls://host:port")
    server.add_argument("--spawn", metavar="SERVER", help="start it, as --spawn of the suite does, and stop it after")
    parser.add_argument("--as", dest="version", metavar="VERSION", help="judge as this memcached version")
    parser.add_argument("-k", dest="word", default="", help="only the scenarios whose id contains this")
    parser.add_argument("--all", action="store_true", help="also those that require a server started otherwise")
    parser.add_argument(
        "--destructive", action="store_true", help="also those that could change or reveal what others keep there"
    )
    parser.add_argument("-v", action="store_true", dest="verbose", help="print the transcripts of what passed, too")
    args = parser.parse_args(arguments)
    try:
        address = parse_address(args.target)
        if args.version:
            known_release(args.version)
    except ValueError as error:
        print(f"mclite.replay: {error}", file=sys.stderr)
        return 2
    scenarios: list[tuple[Scenario, Path]] = []
    malformed = False
    for path in args.files:
        for file in sorted(path.rglob("*.toml")) if path.is_dir() else [path]:
            if file.parent.name == "targets":
                continue
            try:
                scenarios += ((scenario, file) for scenario in load(file))
            except SuiteError as error:
                malformed = True
                print(error, file=sys.stderr)
    scenarios = [pair for pair in scenarios if args.word in pair[0].id]
    if not scenarios:
        print("mclite.replay: no scenario to play", file=sys.stderr)
        return 1 if malformed else 4
    with contextlib.ExitStack() as stack:
        try:
            if args.spawn is not None:
                started = Server(find_spec(args.spawn, default_root() / "targets"))
                stack.callback(started.stop)
                address = started.address
            passed, failed = _play_all(scenarios, address, ask_version(address), args)
        except TargetError as error:
            print(f"mclite.replay: {error}", file=sys.stderr)
            return 2
        except Unreachable as error:
            print(f"mclite.replay: {error}", file=sys.stderr)
            return 3
    if failed or malformed:
        return 1
    return 0 if passed else 4


def _play_all(
    scenarios: list[tuple[Scenario, Path]], address: Address, answer: bytes, args: argparse.Namespace
) -> tuple[int, int]:
    claimed = claimed_version(answer.removeprefix(b"VERSION ").decode("ascii", "replace").strip())
    version = args.version or (claimed if claimed in KNOWN else KNOWN[-1])
    return play(scenarios, address, version, answer, args)


def lint_command(argv: list[str]) -> int:
    """Print the faults of the suite; return 1 when there are any."""
    parser = argparse.ArgumentParser(prog="python -m mclite.replay lint", description="Check the suite itself.")
    parser.add_argument("root", nargs="?", type=Path, default=default_root(), help="the folder of the suite")
    args = parser.parse_args(argv)
    faults = lint(args.root.resolve())
    for fault in faults:
        print(fault)
    count = len(scenario_files(args.root.resolve()))
    print(f"{len(faults)} faults in {count} files" if faults else f"{count} files, no fault")
    return 1 if faults or not count else 0


def coverage_command(argv: list[str]) -> int:
    """Print what of protocol.txt the suite shows; return 1 when it is less than --fail-under."""
    parser = argparse.ArgumentParser(
        prog="python -m mclite.replay coverage", description="Say what of protocol.txt the suite shows."
    )
    parser.add_argument("protocol", nargs="?", type=Path, help="protocol.txt of memcached 1.6.45; default: Debian's")
    parser.add_argument("--root", type=Path, default=default_root(), help="the folder of the suite")
    parser.add_argument("--fail-under", type=float, default=0.0, metavar="PERCENT", help="exit with 1 below this")
    parser.add_argument("--lines", action="store_true", help="say of each line who shows it, or why nobody does")
    args = parser.parse_args(argv)
    root = args.root.resolve()
    scenarios, faults = load_all(root)
    for fault in faults:
        print(fault, file=sys.stderr)
    try:
        text = coverage.read_text(args.protocol)
        measured = coverage.measure(scenarios, root / "exclusions.toml", text)
    except coverage.CoverageError as error:
        print(f"mclite.replay coverage: {error}", file=sys.stderr)
        return 2
    for line in coverage.report(measured, text, args.lines):
        print(line)
    if measured.percent() < args.fail_under:
        print(f"less than {args.fail_under:g} % is shown", file=sys.stderr)
        return 1
    return 1 if faults else 0


def play(
    scenarios: list[tuple[Scenario, Path]], address: Address, version: str, barrier: bytes, args: argparse.Namespace
) -> tuple[int, int]:
    """Play the scenarios one after the other and print a line each; return how many passed, and how many failed."""
    player = Player(address, Keys(), barrier=barrier)
    judged = parse_version(version)
    lock, empty = TargetLock(address), is_empty(address)
    passed = failed = left = 0
    server = ["--target", str(address)] if args.spawn is None else ["--spawn", args.spawn]
    for scenario, file in scenarios:
        if not scenario.applies_to(judged):
            left += 1
            print(f"skipped {scenario.id} (not of memcached {version})")
            continue
        otherwise = STARTS.keys() & scenario.requires
        if scenario.transport not in (None, address.kind) or (otherwise and not args.all):
            left += 1
            print(f"skipped {scenario.id} (requires {', '.join(otherwise) or scenario.transport})")
            continue
        if args.spawn is None and not args.destructive and (reason := refusal(scenario, empty)):
            left += 1
            print(f"skipped {scenario.id} ({reason})")
            continue
        with lock.shared() if scenario.scope == "key" else lock.exclusive():
            result = player.play(scenario.talk.script(judged))
        if result.outcome == "match":
            passed += 1
            if args.verbose:
                print(f"pass    {scenario.id} ({result.milliseconds:.0f} ms)")
                print("\n".join(show.transcript([(e[0], e[1], show.event_text(e)) for e in result.events])))
            continue
        failed += 1
        words = [sys.executable, "-m", "mclite.replay", str(file), "-k", scenario.slug, *server]
        words += ["--as", args.version] if args.version else []
        words += ["--all"] if args.all else []
        words += ["--destructive"] if args.destructive else []
        print(f"FAIL    {show.failure(scenario, result, shlex.join(words))}\n")
    print(f"{passed} passed, {failed} failed, {left} skipped; judged as memcached {version}")
    return passed, failed


if __name__ == "__main__":
    sys.exit(main())
