"""`mclite suite play FILE.toml...`: play scenario files, the suite's or one's own, and print what happened."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import sys
from pathlib import Path

from mclite.cli import UsageError
from mclite.replay.judge.record import transcript
from mclite.replay.play.outcome import Keys
from mclite.replay.play.player import Player
from mclite.replay.play.transport import Address, Unreachable, parse_address
from mclite.replay.report import evidence as show
from mclite.replay.run.prepare import is_empty
from mclite.replay.run.stage import refusal
from mclite.replay.scenario.requirements import STARTS
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import Scenario, SuiteError, load
from mclite.replay.scenario.versions import KNOWN, claimed_version, known_release, parse_version
from mclite.replay.target.capabilities import ask_version
from mclite.replay.target.locks import TargetLock
from mclite.replay.target.servers import Server
from mclite.replay.target.spec import TargetError, find_spec

EPILOG = """\
  mclite suite play session.toml --target 127.0.0.1:11211
  mclite suite play differences.toml --spawn memcached -k get-1 -v

Exit codes: 0 passed, 1 something failed or is malformed, 2 usage, 3 the target cannot be reached, 4 nothing was played.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mclite suite play`."""
    parser.epilog = EPILOG
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


def run(args: argparse.Namespace) -> int:
    """Play the files and return the exit code."""
    try:
        address = parse_address(args.target)
        if args.version:
            known_release(args.version)
    except ValueError as error:
        raise UsageError(str(error)) from None
    scenarios: list[tuple[Scenario, Path]] = []
    malformed = False
    for path in args.files:
        if not path.exists():
            raise UsageError(f"{path}: there is no such file or folder")
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
        print("mclite suite play: there is no scenario to play", file=sys.stderr)
        return 1 if malformed else 4
    with contextlib.ExitStack() as stack:
        try:
            if args.spawn is not None:
                started = Server(find_spec(args.spawn, default_root() / "targets"))
                stack.callback(started.stop)
                address = started.address
            passed, failed = _play_all(scenarios, address, ask_version(address), args)
        except TargetError as error:
            raise UsageError(str(error)) from None
        except Unreachable as error:
            print(f"mclite suite play: {error}", file=sys.stderr)
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


def play(
    scenarios: list[tuple[Scenario, Path]], address: Address, version: str, barrier: bytes, args: argparse.Namespace
) -> tuple[int, int]:
    """Play the scenarios one after the other and print a line each; return how many passed, and how many failed."""
    player = Player(address, Keys(), barrier=barrier, tidies=args.spawn is None)
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
                print("\n".join(show.dialogue(transcript(result.events))))
            continue
        failed += 1
        words = [sys.executable, "-m", "mclite", "suite", "play", str(file), "-k", scenario.slug, *server]
        words += ["--as", args.version] if args.version else []
        words += ["--all"] if args.all else []
        words += ["--destructive"] if args.destructive else []
        print(f"FAIL    {show.failure(scenario, result, shlex.join(words))}\n")
    print(f"{passed} passed, {failed} failed, {left} skipped; judged as memcached {version}")
    return passed, failed
