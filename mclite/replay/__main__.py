"""`python -m mclite.replay FILE.toml... --target host:port`: play scenario files and print what happened."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from pathlib import Path

from mclite.replay import show
from mclite.replay.player import Player
from mclite.replay.result import Keys
from mclite.replay.scenario import Scenario, SuiteError, load
from mclite.replay.transport import Address, Unreachable, connect, parse_address
from mclite.replay.versions import KNOWN, claimed_version, parse_version


def main(argv: list[str] | None = None) -> int:
    """Play the files named in `argv`; return the exit code: as of a run, see README.md of the suite."""
    parser = argparse.ArgumentParser(prog="python -m mclite.replay", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.toml", help="scenario files, or folders of them")
    parser.add_argument("--target", default="127.0.0.1:11211", help="host:port, unix:/path or tls://host:port")
    parser.add_argument("--as", dest="version", metavar="VERSION", help="judge as this memcached version")
    parser.add_argument("-k", dest="word", default="", help="only the scenarios whose id contains this")
    parser.add_argument("--all", action="store_true", help="also those that require a server started otherwise")
    parser.add_argument("-v", action="store_true", dest="verbose", help="print the transcripts of what passed, too")
    args = parser.parse_args(argv)
    try:
        address = parse_address(args.target)
        if args.version:
            parse_version(args.version)
    except ValueError as error:
        print(f"mclite.replay: {error}", file=sys.stderr)
        return 2
    scenarios: list[Scenario] = []
    malformed = False
    for path in args.files:
        for file in sorted(path.rglob("*.toml")) if path.is_dir() else [path]:
            if file.parent.name == "targets":
                continue
            try:
                scenarios += load(file)
            except SuiteError as error:
                malformed = True
                print(error, file=sys.stderr)
    scenarios = [scenario for scenario in scenarios if args.word in scenario.id]
    if not scenarios:
        print("mclite.replay: no scenario to play", file=sys.stderr)
        return 1 if malformed else 4
    try:
        answer = ask_version(address)
    except Unreachable as error:
        print(f"mclite.replay: {error}", file=sys.stderr)
        return 3
    claimed = claimed_version(answer.removeprefix(b"VERSION ").decode("ascii", "replace").strip())
    version = args.version or (claimed if claimed in KNOWN else KNOWN[-1])
    return 1 if play(scenarios, address, version, answer, args) or malformed else 0


def ask_version(address: Address) -> bytes:
    """Return the line with which the target answers `version`; raise Unreachable when it answers none."""
    connection = connect(address, 2.0)
    deadline = time.monotonic() + 2.0
    try:
        connection.send(b"version\r\n", deadline)
        while b"\n" not in connection.buffer:
            if not connection.fill(deadline) or len(connection.buffer) > 1000:
                raise Unreachable(f"{address} accepts connections but does not answer `version`")
        return bytes(connection.buffer)
    finally:
        connection.close()


def play(scenarios: list[Scenario], address: Address, version: str, barrier: bytes, args: argparse.Namespace) -> int:
    """Play the scenarios one after the other and print a line each; return how many failed."""
    player = Player(address, Keys(f"m{secrets.token_hex(2)}"), barrier=barrier)
    judged = parse_version(version)
    passed = failed = left = 0
    for scenario in scenarios:
        if not scenario.applies_to(judged):
            left += 1
            print(f"skipped {scenario.id} (not of memcached {version})")
            continue
        if scenario.transport not in (None, address.kind) or (scenario.requires and not args.all):
            left += 1
            print(f"skipped {scenario.id} (requires {', '.join(scenario.requires) or scenario.transport})")
            continue
        result = player.play(scenario.talk.script(judged))
        if result.outcome == "match":
            passed += 1
            if args.verbose:
                print(f"pass    {scenario.id} ({result.milliseconds:.0f} ms)")
                print("\n".join(show.transcript([(e[0], e[1], show.event_text(e)) for e in result.events])))
            continue
        failed += 1
        replay = f"python -m mclite.replay conformance/{scenario.file} -k {scenario.slug} --target {address}"
        print(f"FAIL    {show.failure(scenario, result, replay)}\n")
    print(f"{passed} passed, {failed} failed, {left} skipped; judged as memcached {version}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
