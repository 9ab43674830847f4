"""`mclite check host:port`: run the conformance suite, packaged or of the checkout, and say the verdict.

Exit codes: 0 conforms, 1 deviations, 2 usage, 3 target unreachable or died, 4 nothing ran, 5 stale baseline.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from mclite.cli import UsageError
from mclite.cli.extras import need

#: Options of pytest that take a value, by their names here.
_VALUES = ("reference", "reference_spawn", "judge_as", "deliver", "transport", "chop", "gate", "baseline", "report_dir")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mclite check`."""
    parser.epilog = (
        "Exit codes: 0 conforms, 1 deviates, 2 usage, 3 unreachable or died, 4 nothing ran, 5 stale baseline."
    )
    parser.add_argument(
        "targets", nargs="*", metavar="ADDRESS", help="host:port, unix:/path, tls://host:port; none: mclite itself"
    )
    parser.add_argument(
        "--spawn", action="append", default=[], metavar="SERVER", help="start it: a command with {port}, or memcached"
    )
    parser.add_argument("--reference", metavar="ADDRESS", help="a server beside it: where do the answers differ?")
    parser.add_argument("--reference-spawn", metavar="SERVER", help="start the reference, as --spawn takes it")
    parser.add_argument("--as", dest="judge_as", metavar="VERSION", help="judge as this memcached version")
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="a chapter, file or scenario")
    parser.add_argument("-k", dest="words", metavar="WORDS", help="only scenarios that match, as pytest -k takes it")
    parser.add_argument("-n", dest="workers", type=int, metavar="N", help="so many workers (needs pytest-xdist)")
    parser.add_argument(
        "--deliver", choices=("whole", "bytes", "lines", "pipelined"), help="cut the requests otherwise"
    )
    parser.add_argument("--transport", choices=("tcp", "unix", "tls", "udp"), help="with --spawn: speak so to it")
    parser.add_argument("--chop", type=int, metavar="N", help="cut every write into pieces of N bytes")
    parser.add_argument(
        "--destructive",
        action="store_true",
        help="send it also what flushes or changes it, or shows others' keys (docs/safety.md)",
    )
    parser.add_argument("--strict", action="store_true", help="warnings fail the run, too")
    parser.add_argument(
        "--gate", choices=("must", "should", "observed"), help="the lowest level at which a wrong answer fails the run"
    )
    parser.add_argument("--baseline", metavar="FILE", help="known deviations")
    parser.add_argument("--update-baseline", action="store_true", help="write the deviations into it")
    parser.add_argument("--report-dir", metavar="DIR", help="where the results go; default: reports")
    parser.add_argument("--no-report", action="store_true", help="write no results")
    parser.add_argument("-v", "--verbose", action="store_true", help="name every scenario")


def run(args: argparse.Namespace) -> int:
    """Run the suite and return its exit code."""
    need("pytest", *([] if args.no_report else ["jinja2"]), *(["xdist"] if args.workers else []))
    import pytest

    from mclite.replay.scenario.lint import default_root
    from mclite.replay.target.processes import temporary_folder

    root = default_root()
    if not (root / "conftest.py").is_file():
        raise UsageError(f"there is no suite at {root}")
    words = ["--rootdir", str(root), "-c", os.devnull, "-p", "no:cacheprovider", "--called-as-check"]
    words += ["-v"] if args.verbose else ["-q"]
    for name in _VALUES:
        value = getattr(args, name)
        if value is not None:
            words += ["--as" if name == "judge_as" else f"--{name.replace('_', '-')}", str(value)]
    for name in ("destructive", "strict", "update_baseline", "no_report"):
        if getattr(args, name):
            words.append(f"--{name.replace('_', '-')}")
    for address in args.targets:
        words += ["--target", address]
    for spawn in args.spawn:
        words += ["--spawn", spawn]
    if args.words:
        words += ["-k", args.words]
    if args.workers:
        # pytest-xdist makes folders for its workers, and would leave them
        words += ["-n", str(args.workers), "--basetemp", str(temporary_folder("mclite-check-") / "pytest")]
    return int(pytest.main(words + [str(path) for path in selected(root, args.only)]))


def selected(root: Path, ids: list[str]) -> list[str]:
    """Return what pytest is to collect for these ids: the suite when there is none, else chapters, files, scenarios."""
    out = []
    for name in ids:
        path = root / name
        if path.is_dir():
            out.append(str(path))
        elif path.with_suffix(".toml").is_file():
            out.append(str(path.with_suffix(".toml")))
        elif path.parent.with_suffix(".toml").is_file():
            out.append(f"{path.parent.with_suffix('.toml')}::{path.name}")
        else:
            raise UsageError(f"--only {name}: there is no such chapter, file or scenario")
    return out or [str(root)]
