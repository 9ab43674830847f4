"""`mclite releases`: what changed for a client between two memcached releases.

Exit codes: 0 done · 2 usage · 6 the output cannot be written.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from mclite.cli import OutputError, UsageError
from mclite.replay import files
from mclite.replay.scenario.versions import KNOWN, known_release, parse_version

EPILOG = """\
  mclite releases 1.6.9 1.6.45                           # before an upgrade
  mclite releases 1.5.22                                 # to the newest
  mclite releases 1.6.9 1.6.45 --markdown changes.md --html changes.html
  mclite releases --write docs/releases                  # the reference of all releases
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mclite releases`."""
    parser.epilog = EPILOG
    parser.add_argument("then", nargs="?", metavar="THEN", help=f"a memcached release, {KNOWN[0]} to {KNOWN[-1]}")
    parser.add_argument("now", nargs="?", default=KNOWN[-1], metavar="NOW", help="another one; default: the newest")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the table as Markdown")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write it as a page")
    parser.add_argument(
        "--write", type=Path, metavar="DIR", help="write the reference of all releases, as Markdown pages"
    )


def run(args: argparse.Namespace) -> int:
    """Print the table, write the files, and return the exit code."""
    from mclite.replay.report import answers_table, releases

    if args.write:
        return _write(args.write)
    if args.then is None:
        raise UsageError("name two releases, or write the reference of all with --write DIR")
    for text in (args.then, args.now):
        try:
            known_release(text)
        except ValueError as error:
            raise UsageError(str(error)) from None
    rows = releases.changes(parse_version(args.then), parse_version(args.now), releases.known())
    headline = releases.headline(args.then, args.now, rows)
    try:
        if args.markdown:
            files.write(answers_table.to_markdown(headline, rows), args.markdown)
        if args.html:
            title = f"memcached {args.then} to {args.now}"
            files.write(answers_table.to_html(title, headline, rows), args.html)
    except files.WriteError as error:
        raise OutputError(str(error)) from None
    width = shutil.get_terminal_size((120, 24)).columns
    sys.stdout.buffer.write(answers_table.text(headline, rows, width=width).encode("utf-8", "replace"))
    sys.stdout.flush()
    return 0


def _write(folder: Path) -> int:
    """Write the pages of all releases into a folder, and remove those that are no more."""
    from mclite.replay.report import releases, releases_reference

    made = releases_reference.pages(releases.known())
    try:
        for name, text in made.items():
            files.write(text, folder / name)
        for old in sorted(folder.glob("*.md")):
            if old.name not in made and releases_reference.MADE in old.read_text(encoding="utf-8", errors="replace"):
                old.unlink()
    except files.WriteError as error:
        raise OutputError(str(error)) from None
    except OSError as error:
        raise OutputError(f"{error.filename}: {error.strerror}") from None
    print(f"{len(made)} pages in {folder}")
    return 0
