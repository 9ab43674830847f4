"""`mclite suite`: list and show scenarios, play files of your own, check the suite itself, tell releases apart.

Exit codes: 0 done, 1 a negative answer (faults, too little shown, a release deviates), 2 usage, 3 a target or a
release cannot be had, 4 nothing was played, 6 the output cannot be written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from mclite import __version__
from mclite.cli import OutputError, UsageError, suite_play
from mclite.replay import files
from mclite.replay.clientcheck import scenario as clients
from mclite.replay.combinations import generate, measure
from mclite.replay.judge.verdicts import CONFORMS, DEVIATES, STALE_BASELINE
from mclite.replay.report import versions_table
from mclite.replay.scenario import coverage
from mclite.replay.scenario.export import export
from mclite.replay.scenario.lint import lint, load_all, scenario_files
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import LEVELS, Scenario, SuiteError, load
from mclite.replay.scenario.versions import Version, known_release, parse_version
from mclite.replay.target import processes

EPILOG = """\
  mclite suite list storage -m must                     # ids, levels and titles
  mclite suite show storage/set/new                     # what it says, and the lines of protocol.txt that it shows
  mclite suite play session.toml --target 127.0.0.1:11211
  mclite suite lint                                     # faults of the suite itself
  mclite suite coverage --lines protocol.txt            # which lines are shown by which scenarios
  mclite suite combinations --write                     # after a change of their tables or of the model
  mclite suite releases reports/memcached-*.json        # what tells releases apart
  mclite suite export -o suite.json                     # for a runner in another language
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands of `mclite suite`."""
    parser.epilog = EPILOG
    commands = parser.add_subparsers(dest="suite", metavar="WHAT", required=True)
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.summary, description=command.summary)
        command.configure(subparser)


def run(args: argparse.Namespace) -> int:
    """Do what `args` ask for and return the exit code."""
    return COMMANDS[args.suite].run(args)


# -- list, show, export


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "  mclite suite list incr -m must --as 1.6.18\n  mclite suite list --requires tls"
    parser.add_argument("words", nargs="*", metavar="WORD", help="only ids, titles and commands with all of these")
    parser.add_argument("-m", dest="level", choices=LEVELS, help="only those of a level")
    parser.add_argument("--requires", metavar="NAME", help="only those that require a capability, or a way to start")
    parser.add_argument("--as", dest="release", metavar="VERSION", help="only those that are about this release")


def _list(args: argparse.Namespace) -> int:
    release = _release(args.release)
    found = [
        one
        for one in _scenarios()
        if args.level in (None, one.level)
        and (args.requires is None or args.requires in one.requires)
        and (release is None or one.applies_to(release))
        and all(word in f"{one.id} {one.title} {' '.join(one.commands)}" for word in args.words)
    ]
    width = max((len(one.id) for one in found), default=0)
    for one in found:
        print(f"{one.id:<{width}}  {one.level:<8}  {one.title}")
    if not found:
        print("mclite suite list: no scenario is so", file=sys.stderr)
    return 0 if found else 1


def _add_show(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "  mclite suite show storage/set/new\n  mclite suite show meta_get/quiet       # all of a file"
    parser.add_argument("ids", nargs="+", metavar="ID", help="a scenario, a file or a chapter")


def _show(args: argparse.Namespace) -> int:
    shown = [one for name in args.ids for one in _named(name)]
    print("\n\n".join("\n".join(_shown(one)) for one in shown))
    return 0


def _named(name: str) -> list[Scenario]:
    """Return the scenario called `name`, or those of the file or chapter of that name."""
    root, name = default_root(), name.removesuffix(".toml").rstrip("/")
    found: list[Scenario] = []
    for path in scenario_files(root):
        file = path.relative_to(root).as_posix().removesuffix(".toml")
        if f"{file}/".startswith(f"{name}/") or name.startswith(f"{file}/"):
            try:
                found += load(path, root)
            except SuiteError as error:
                raise UsageError(f"the suite is malformed: {error}") from None
    found = [one for one in found if f"{one.id}/".startswith(f"{name}/")]
    if not found:
        raise UsageError(f"there is no scenario, file or chapter {name!r}: mclite suite list names them")
    return found


def _shown(one: Scenario) -> Iterator[str]:
    """Yield the lines that show a scenario to a person."""
    yield one.id
    yield f"  {one.title}"
    lines = f"protocol.txt lines {', '.join(one.lines)}" if one.lines else "protocol.txt is silent"
    yield f"  {one.level} · {one.section} · {lines}"
    about = [
        ("since", _written(one.since)),
        ("until", _written(one.until)),
        ("requires", ", ".join(one.requires)),
        ("scope", one.scope if one.scope != "key" else ""),
        ("transport", one.transport),
        ("depends", ", ".join(one.depends)),
        ("deliver", one.deliver),
    ]
    if said := " · ".join(f"{name} {value}" for name, value in about if value):
        yield f"  {said}"
    if one.note:
        yield f"  {one.note}"
    yield ""
    yield from (f"    {line}".rstrip() for line in one.talk.source.strip("\n").splitlines())


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "  mclite suite export -o suite.json\n\nIts form: schema/scenario.json of the suite."
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")


def _export(args: argparse.Namespace) -> int:
    try:
        text = json.dumps(export(default_root(), __version__), indent=1) + "\n"
    except SuiteError as error:
        raise UsageError(f"the suite is malformed: {error}") from None
    if args.output is None:
        sys.stdout.write(text)
        return 0
    try:
        files.write(text, args.output)
    except files.WriteError as error:
        raise OutputError(str(error)) from None
    return 0


def _scenarios() -> list[Scenario]:
    scenarios, faults = load_all(default_root())
    for fault in faults:
        print(fault, file=sys.stderr)
    return sorted(scenarios, key=lambda one: one.id)


def _release(text: str | None) -> Version | None:
    if text is None:
        return None
    try:
        known_release(text)
        return parse_version(text)
    except ValueError as error:
        raise UsageError(f"--as: {error}") from None


def _written(version: Version | None) -> str:
    return ".".join(map(str, version)) if version is not None else ""


# -- lint, coverage


def _add_lint(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "  mclite suite lint\n  mclite suite lint path/to/conformance"
    parser.add_argument("root", nargs="?", type=Path, default=default_root(), help="the folder of the suite")


def _lint(args: argparse.Namespace) -> int:
    root = args.root.resolve()
    faults = [*lint(root), *measure.faults(load_all(root)[0], root)]
    folder = root / clients.FOLDER
    try:
        clients.load_all(folder)
    except SuiteError as error:
        faults += [replace(fault, file=f"{clients.FOLDER}/{fault.file}") for fault in error.faults]
    for fault in faults:
        print(fault)
    count = len(scenario_files(root)) + len(clients.scenario_files(folder))
    print(f"{len(faults)} faults in {count} files" if faults else f"{count} files, no fault")
    return 1 if faults or not count else 0


def _add_coverage(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "  mclite suite coverage --fail-under 100\n  mclite suite coverage --lines protocol.txt"
    parser.add_argument("protocol", nargs="?", type=Path, help="protocol.txt of memcached 1.6.45; default: Debian's")
    parser.add_argument("--root", type=Path, default=default_root(), help="the folder of the suite")
    parser.add_argument("--fail-under", type=float, default=0.0, metavar="PERCENT", help="exit with 1 below this")
    parser.add_argument("--lines", action="store_true", help="name for each line its scenarios, or why it has none")


def _coverage(args: argparse.Namespace) -> int:
    root = args.root.resolve()
    scenarios, faults = load_all(root)
    for fault in faults:
        print(fault, file=sys.stderr)
    try:
        text = coverage.read_text(args.protocol)
        measured = coverage.measure(scenarios, root / "exclusions.toml", text)
    except coverage.CoverageError as error:
        raise UsageError(str(error)) from None
    for line in coverage.report(measured, text, args.lines):
        print(line)
    if (root / generate.CHAPTER).is_dir():
        print("", *measure.report(scenarios), sep="\n")
    if measured.percent() < args.fail_under:
        print(f"less than {args.fail_under:g} % is shown", file=sys.stderr)
        return 1
    return 1 if faults else 0


def _add_combinations(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "  mclite suite combinations            # are the files as the tables and the model have them?"
    parser.add_argument("--root", type=Path, default=default_root(), help="the folder of the suite")
    parser.add_argument("--write", action="store_true", help="write the files")


def _combinations(args: argparse.Namespace) -> int:
    changed = []
    for name, text in generate.files():
        path = args.root.resolve() / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            changed.append(name)
            if args.write:
                try:
                    path.parent.mkdir(exist_ok=True)
                    files.write(text, path)
                except (files.WriteError, OSError) as error:
                    raise OutputError(f"{path} cannot be written: {error}") from None
    for name in changed:
        print(f"{name} {'is written' if args.write else 'is not what the tables and the model make'}")
    return 1 if changed and not args.write else 0


# -- releases


def _add_releases(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "  mclite suite releases reports/memcached-*.json\n"
        "  mclite suite releases --answers        # unpack and replay the releases of Debian first"
    )
    parser.add_argument(
        "results",
        nargs="*",
        type=Path,
        metavar="RESULTS.json",
        help="of a run on each release; none: play the suite to the real releases of Debian now",
    )
    parser.add_argument("--under", type=Path, default=Path(".memcached"), metavar="DIR", help="where they are unpacked")
    parser.add_argument("--report-dir", type=Path, default=Path("reports/versions"), metavar="DIR")
    parser.add_argument("-n", dest="workers", type=int, default=2, metavar="N", help="workers; 0: none")
    parser.add_argument("--answers", action="store_true", help="also print what the talk says to some releases only")
    parser.add_argument("--all", action="store_true", help="also the scenarios that are about some releases only")


def _releases(args: argparse.Namespace) -> int:
    if not args.results:
        code = _play_releases(args)
        if code:
            return code
    paths: Iterable[Path] = args.results or sorted(args.report_dir.glob("memcached-*.json"))
    try:
        runs = versions_table.read(paths)
    except versions_table.TableError as error:
        raise UsageError(str(error)) from None
    for line in versions_table.lines(runs, versions_table.rows(runs), args.answers, args.all):
        print(line)
    return 0 if all(made.summary.conforms for made in runs.values()) else 1


def _play_releases(args: argparse.Namespace) -> int:
    """Unpack every release that Debian has and play the suite to it; return 0 when there are results of each."""
    root = default_root()
    for suite in versions_table.SUITES:
        place = args.under.resolve() / suite
        if not (place / "memcached").is_file():
            status, _ = processes.run([root / "targets" / "debian-memcached", suite, place])
            if status:
                print(f"mclite suite releases: memcached of {suite} cannot be had", file=sys.stderr)
                return 3
        words: Sequence[str] = [f"memcached={place / 'memcached'}", "--report-dir", str(args.report_dir)]
        words = [sys.executable, "-m", "mclite", "check", "--spawn", *words]
        code, _ = processes.run([*words, *(["-n", str(args.workers)] if args.workers else [])])
        if code not in (CONFORMS, DEVIATES, STALE_BASELINE):  # else how it ended is in its results
            print(f"mclite suite releases: the run on memcached of {suite} ended with {code}", file=sys.stderr)
            return code if code > 0 else DEVIATES
    return 0


class Command(NamedTuple):
    """A subcommand: what it is for, and how it is configured and run."""

    summary: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


COMMANDS: dict[str, Command] = {
    "list": Command("name scenarios", _add_list, _list),
    "show": Command("show scenarios: what they say, and what of protocol.txt they show", _add_show, _show),
    "play": Command("play scenario files and print what happened", suite_play.configure, suite_play.run),
    "lint": Command("check the suite itself", _add_lint, _lint),
    "coverage": Command("say what of protocol.txt the suite shows", _add_coverage, _coverage),
    "combinations": Command("compare or write the scenarios of combinations", _add_combinations, _combinations),
    "releases": Command("say what tells releases of memcached apart", _add_releases, _releases),
    "export": Command("write the whole suite as JSON", _add_export, _export),
}
