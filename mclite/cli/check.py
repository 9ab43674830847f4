"""`mclite check host:port`: run the conformance suite, packaged or of the checkout, and say the verdict.

Exit codes: 0 conforms, 1 deviates, 2 usage, 3 target unreachable or died, 4 nothing ran or matched, 5 stale baseline,
6 the results cannot be written.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mclite.cli import OutputError, UsageError
from mclite.cli.extras import need
from mclite.replay import files
from mclite.replay.run.arguments import OPTIONS
from mclite.replay.scenario import offers
from mclite.replay.scenario.lint import holds_scenarios
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import headings

if TYPE_CHECKING:
    import pytest

EPILOG = """\
  mclite check 127.0.0.1:11211                          # a server that runs
  mclite check --spawn 'my-server --port {port}'        # start it, in its own folder, on a free port
  mclite check --spawn memcached -n 2                   # a real memcached, two workers
  mclite check 127.0.0.1:11211 --only storage/set -v    # a chapter, a file or a scenario
  mclite check 127.0.0.1:11211 --only offers/incr       # has it incr?
  mclite check 127.0.0.1:11211 -m must -k 'incr or decr'
  mclite check a:11211 --baseline known.toml --junit-xml junit.xml
  mclite check 127.0.0.1:11211 -- --durations=5         # what follows -- goes to pytest

Exit codes: 0 conforms, 1 deviates, 2 usage, 3 target unreachable or died, 4 nothing ran or nothing that was judged
matched, 5 stale baseline, 6 the results cannot be written.
"""

#: Options of pytest itself: flags, and the fields of an argument.
PYTEST = (
    (("-k",), {"dest": "words", "metavar": "EXPRESSION", "help": "only scenarios that match, by ids and commands"}),
    (("-m",), {"dest": "level", "metavar": "LEVEL", "help": "only scenarios of a level: must, should, observed"}),
    (("-n",), {"dest": "workers", "metavar": "N", "type": int, "help": "play with N workers"}),
    (("-x", "--exitfirst"), {"action": "store_true", "help": "stop at the first failure"}),
    (("--maxfail",), {"metavar": "N", "type": int, "help": "stop after N failures"}),
    (("--junit-xml",), {"metavar": "FILE", "type": Path, "help": "also write the results as JUnit XML"}),
)

#: The exit codes of pytest, and of the suite, for a wrong command line.
_PYTEST_USAGE, _USAGE = 4, 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mclite check`."""
    parser.epilog = EPILOG
    parser.add_argument(
        "addresses", nargs="*", metavar="ADDRESS", help="host:port, unix:/path, tls://host:port; none: mclite itself"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="ID",
        help="a chapter, file or scenario, or offers/COMMAND: whether it is offered; may be repeated",
    )
    for flags, fields in PYTEST:
        parser.add_argument(*flags, **fields)
    for option in OPTIONS:
        parser.add_argument(option.flag, **option.fields)
    parser.add_argument("--strict", action="store_true", help="warnings fail the run, too")
    parser.add_argument("-v", "--verbose", action="store_true", help="name every scenario")


def run(args: argparse.Namespace) -> int:
    """Run the suite and return its exit code."""
    need("pytest", *([] if args.no_report else ["jinja2"]), *(["xdist"] if args.workers else []))
    import pytest

    from mclite.replay.target.processes import temporary_folder

    root = default_root()
    if not (root / "conftest.py").is_file():
        raise UsageError(f"there is no suite at {root}")
    if args.junit_xml is not None:
        try:
            files.check(args.junit_xml)
        except files.WriteError as error:
            raise OutputError(str(error)) from None
    words = ["--rootdir", str(root), "-c", os.devnull, "-p", "no:cacheprovider", "--called-as-check"]
    words += ["-v"] if args.verbose else ["-q"]
    if args.workers:  # pytest-xdist makes folders for its workers, and would leave them
        words += ["--basetemp", str(temporary_folder("mclite-check-") / "pytest")]
    words += [*options(args), *selected(root, args.only), *args.rest]
    watch = _Watch()
    code = int(pytest.main(words, plugins=[watch]))
    return _USAGE if code == _PYTEST_USAGE and not watch.started else code


class _Watch:
    """Tells whether a session began: before that pytest says by 4 what the suite says by 2."""

    started = False

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Take note of it."""
        self.started = True


def options(args: argparse.Namespace) -> list[str]:
    """Return the options as pytest takes them."""
    words = [f"--target={address}" for address in args.addresses]
    for option in OPTIONS:
        value = getattr(args, option.dest)
        if value is True:
            words.append(option.flag)
        elif isinstance(value, list):
            words += [f"{option.flag}={one}" for one in value]
        elif value != option.fields.get("default") and value is not False:
            words.append(f"{option.flag}={value}")
    for flag, value in (("-k", args.words), ("-m", args.level), ("-n", args.workers), ("--maxfail", args.maxfail)):
        words += [flag, str(value)] if value is not None else []
    if args.junit_xml is not None:
        words.append(f"--junit-xml={args.junit_xml.absolute()}")
    return words + ["-x"] * args.exitfirst + ["--strict"] * args.strict


def selected(root: Path, ids: list[str]) -> list[str]:
    """Return what pytest is to collect: the suite at `root`, or the chapters, files and scenarios that `ids` name.

    An id may also be the path of a file of the suite, with `::` and a slug behind it as pytest takes it.
    """
    return [_selected(root, name) for name in ids] or [str(root)]


def _selected(root: Path, name: str) -> str:
    text = name.replace(".toml::", "/").removesuffix(".toml")
    paths = [path.resolve() for path in (root / text, Path(text))]
    inside = [path for path in paths if path.is_relative_to(root)]
    found = next(filter(None, (_collected(root, path) for path in inside)), None)
    if found is None:
        where = "there is no such chapter, file or scenario" if inside else f"it is not in the suite, which is {root}"
        raise UsageError(f"--only {name}: {where}")
    return found


def _collected(root: Path, path: Path) -> str | None:
    """Return what pytest is to collect for a path without its suffix, None when nothing is played there."""
    if path.is_dir() and any(_plays(one, root) for one in path.rglob("*.toml")):
        return str(path)
    for file, name in ((path, None), (path.parent, path.name)):
        file = file.with_name(f"{file.name}.toml")
        if file.is_file() and _plays(file, root):
            if name is None:
                return str(file)
            if path.relative_to(root).as_posix() in _ids(file, root):
                return f"{file}::{name}"
    return None


def _plays(file: Path, root: Path) -> bool:
    """Tell whether a file holds scenarios, or is the table of what a server may offer."""
    return file == root / offers.FILE or holds_scenarios(file, root)


def _ids(file: Path, root: Path) -> set[str]:
    """Return the ids of all that is played in a file."""
    if file == root / offers.FILE:
        return {f"{file.stem}/{name}" for name in offers.read(file).entries}
    return {one.id for one in headings(file, root)}
