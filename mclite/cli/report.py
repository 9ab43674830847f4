"""`mclite report`: make the compatibility report, or a part of it, from results files.

Exit codes: 0 done · 1 `diff` found a regression, or `merge` misses a shard · 2 usage, or a file that is no
results file · 6 the output cannot be written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from mclite.cli import OutputError, UsageError
from mclite.cli.extras import need
from mclite.replay import files
from mclite.replay.results import read as results
from mclite.replay.results.document import Results
from mclite.replay.results.read import ResultsError

EPILOG = """\
  mclite report html reports/mclite.json -o mclite.html
  mclite report html a.json b.json c.json -o compat.html     # side by side
  mclite report markdown a.json >> "$GITHUB_STEP_SUMMARY"
  mclite report diff old.json new.json                       # exit code 1 when something regressed
  mclite report diff old.json new.json --verdicts            # without the answers that are otherwise
  mclite report badge a.json -o badge.svg
  mclite report merge shard-1.json shard-2.json -o all.json
  mclite report publish                                      # all of reports/ again
"""

REPORTS = {
    "html": "one page of one or more results, side by side",
    "markdown": "verdicts, counts, support table and deviations as Markdown",
    "badge": "the verdict as a small SVG image",
    "diff": "what regressed, was fixed or changed, and is answered otherwise; exit code 1 when something regressed",
    "merge": "results of several machines or shards of one target as one file; exit code 1 when one is missing",
    "publish": "run the suite on several servers and make all published reports again",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mclite report`."""
    parser.epilog = EPILOG
    commands = parser.add_subparsers(dest="report", metavar="WHAT", required=True)
    adders: dict[str, Callable[[argparse.ArgumentParser], None]] = {
        "html": _add_html,
        "markdown": _add_files,
        "badge": _add_badge,
        "diff": _add_diff,
        "merge": _add_merge,
        "publish": _add_publish,
    }
    for name, add in adders.items():
        subparser = commands.add_parser(name, help=REPORTS[name], description=REPORTS[name])
        add(subparser)
        subparser.epilog = "\n".join(line for line in EPILOG.splitlines() if line.split()[2] == name)
        if name != "publish":
            required = name in ("html", "merge")
            where = "the file to write" if required else "write to this file instead of standard output"
            subparser.add_argument("-o", "--output", type=Path, metavar="FILE", required=required, help=where)


def run(args: argparse.Namespace) -> int:
    """Do what `args` ask for and return the exit code."""
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "html": _html,
        "markdown": _markdown,
        "badge": _badge,
        "diff": _diff,
        "merge": _merge,
        "publish": _publish,
    }
    try:
        return actions[args.report](args)
    except ResultsError as error:
        raise UsageError(str(error)) from None
    except files.WriteError as error:
        raise OutputError(str(error)) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        raise UsageError(f"{name}{error.strerror or error}") from None


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULTS.json", help="results of the suite")


def _add_html(parser: argparse.ArgumentParser) -> None:
    _add_files(parser)
    parser.add_argument("--title", help="the title of the page")
    text = parser.add_mutually_exclusive_group()
    text.add_argument(
        "--spec",
        type=Path,
        metavar="PROTOCOL.TXT",
        help="annotate this protocol.txt; the default is Debian's",
    )
    text.add_argument("--no-spec", action="store_true", help="no text of protocol.txt, only its line numbers")


def _add_badge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", type=Path, metavar="RESULTS.json", help="results of the suite")


def _add_diff(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", type=Path, metavar="OLD.json")
    parser.add_argument("new", type=Path, metavar="NEW.json")
    parser.add_argument("--format", choices=("text", "markdown", "html"), help="default: by the name of the output")
    parser.add_argument("--verdicts", action="store_true", help="only changes of verdicts, not the answers themselves")
    parser.add_argument(
        "--strict", action="store_true", help="exit code 1 also when right answers were removed or not judged"
    )


def _add_merge(parser: argparse.ArgumentParser) -> None:
    _add_files(parser)


def _add_publish(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "servers",
        nargs="*",
        metavar="SPAWN",
        help="as --spawn takes it; default: each .memcached/*/memcached, mclite, twemproxy if installed",
    )
    parser.add_argument("--dir", type=Path, default=Path("reports"), help="where the reports go (default: reports)")
    parser.add_argument("--root", type=Path, default=Path(), help="the checkout with conformance/ (default: here)")
    parser.add_argument(
        "--from", dest="given", type=Path, nargs="+", metavar="RESULTS.json", help="run nothing, use these"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="and a picture of index.html, with Chromium")


def _load(paths: list[Path]) -> list[Results]:
    return [results.load(path) for path in paths]


def _give(text: str, output: Path | None) -> None:
    """Write to the file that was named, or to standard output."""
    if output is not None:
        files.write(text, output)
        return
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.flush()


def _html(args: argparse.Namespace) -> int:
    from mclite.replay.report import html

    html.write(args.results, args.output, protocol=args.spec, text=not args.no_spec, title=args.title)
    print(args.output)
    return 0


def _markdown(args: argparse.Namespace) -> int:
    from mclite.replay.report import markdown

    _give(markdown.render(_load(args.results)), args.output)
    return 0


def _badge(args: argparse.Namespace) -> int:
    from mclite.replay.report import badge

    _give(badge.render(results.load(args.results)), args.output)
    return 0


def _diff(args: argparse.Namespace) -> int:
    from mclite.replay.report import answered, changes
    from mclite.replay.results import diff

    old, new = _load([args.old, args.new])
    found = diff.compare(old, new)
    suffixes = {".md": "markdown", ".html": "html", ".htm": "html"}
    form = args.format or suffixes.get(args.output.suffix if args.output else "", "text")
    makers = {"text": changes.text, "markdown": changes.to_markdown, "html": changes.to_html}
    _give(makers[form](found, None if args.verdicts else answered.rows(old, new)), args.output)
    return 1 if found.failed(strict=args.strict) else 0


def _merge(args: argparse.Namespace) -> int:
    from mclite.replay.results import merge, write

    merged, notes = merge.merge(_load(args.results))
    for note in notes:
        print(f"mclite report merge: {note}", file=sys.stderr)
    write.write(merged, args.output)
    return 1 if merged.run.shard is not None else 0


def _publish(args: argparse.Namespace) -> int:
    from mclite.replay.report import publish

    try:
        if args.given:
            made = publish.pages(args.given, args.dir)
        else:
            root = args.root.resolve()
            if not (root / "conformance").is_dir():
                raise UsageError(f"{root} has no conformance folder: run this in a checkout, or name it with --root")
            servers = args.servers or publish.usual_servers(root)
            if not servers:
                raise UsageError("there is no server to test: name some as --spawn takes them")
            need("pytest")
            made = publish.publish(servers, root, args.dir)
    except publish.PublishError as error:
        raise UsageError(str(error)) from None
    for one in made:
        print(one.page)
    index = args.dir / "index.html"
    print(index)
    if args.picture:
        if not publish.picture(index, args.picture):
            raise UsageError("no picture was taken: chromium is not installed, or failed")
        print(args.picture)
    return 0
