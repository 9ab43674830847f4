"""All published reports again: a run a server, a page each, and the matrix `index.html` made from them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mclite.replay import files
from mclite.replay.report import html
from mclite.replay.results.document import Results
from mclite.replay.results.read import ResultsError, load
from mclite.replay.target import processes

#: Where a checkout keeps real memcached servers: a folder each.
MEMCACHED = Path(".memcached")

#: The most seconds that one run may take.
PATIENCE = 900

TITLE = "Which servers speak memcached?"


class PublishError(Exception):
    """The reports cannot be made; the text says of which server, and why."""


@dataclass(frozen=True, slots=True)
class Published:
    """One run that was published."""

    name: str
    results: Path
    page: Path


def usual_servers(root: Path) -> list[str]:
    """Return what to start, as `--spawn` takes it: .memcached/*/memcached, mclite, twemproxy if installed."""
    programs = sorted((root / MEMCACHED).glob("*/memcached"))
    servers = [f"memcached={program.relative_to(root)}" for program in programs]
    for name, program in (("mclite", sys.executable), ("twemproxy", "nutcracker")):
        if (root / "conformance" / "targets" / f"{name}.toml").is_file() and shutil.which(program):
            servers.append(name)
    return servers


def run(spawn: str, root: Path, folder: Path, *, options: Sequence[str] = ()) -> list[Path]:
    """Run the suite in `root` on the server `spawn`, put results into `folder`, return their paths.

    Raises PublishError when there are none; deviations are no error, they are what is published.
    """
    command = [sys.executable, "-m", "pytest", "conformance", "--spawn", spawn, "--report-dir", str(folder)]
    try:
        status, said = processes.run(
            [*command, "-q", *options],
            timeout=PATIENCE,
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except subprocess.TimeoutExpired:
        raise PublishError(f"{spawn}: the run took longer than {PATIENCE} s.") from None
    found = sorted(folder.glob("*.json"))
    if status not in (0, 1) or not found:
        last = said.decode("utf-8", "replace").strip().splitlines()[-5:]
        raise PublishError(f"{spawn}: the run ended with {status}: {' / '.join(last)}")
    return found


def publish(
    servers: Sequence[str], root: Path, out: Path, *, options: Sequence[str] = (), say: bool = True
) -> list[Published]:
    """Run the suite on each of `servers` and publish the results in `out`; raises PublishError, ResultsError.

    What is in `out` is replaced only when all runs are done.
    """
    with processes.scratch_folder("mclite-publish-") as name:
        results = []
        for number, spawn in enumerate(servers):
            folder = Path(name) / str(number)
            folder.mkdir()
            if say:
                print(f"[{number + 1}/{len(servers)}] {spawn}", flush=True)
            for path in run(spawn, root, folder, options=options):
                files.write(_portable(path.read_text("utf-8"), root), path)
                results.append(path)
        return pages(results, out)


def _portable(text: str, root: Path) -> str:
    """Return results without the paths of the machine that made them."""
    folder = re.escape(f"{tempfile.gettempdir()}/mclite-server-")
    return re.sub(rf"{folder}\w+", "/tmp/mclite-server", text).replace(sys.executable, "python").replace(f"{root}/", "")


def pages(results: Sequence[Path], out: Path) -> list[Published]:
    """Copy results files to `out`, make a page of each, and `index.html` with all of them side by side.

    No text of protocol.txt goes into these pages: they are kept in the repository. Raises PublishError when a run is
    incomplete, ResultsError.
    """
    if not results:
        raise ResultsError("There are no results to publish.")
    runs = sorted(((path, load(path)) for path in results), key=lambda pair: _order(pair[1]))
    for path, run in runs:
        if not run.run.complete:
            raise PublishError(f"{path}: the run is incomplete, and only whole runs are published.")
    made: list[Published] = []
    for path, run in runs:
        name = _file_name(run, {one.name for one in made})
        copy, page = out / f"{name}.json", out / f"{name}.html"
        if path.resolve() != copy.resolve():
            files.write(path.read_text("utf-8"), copy)
        html.write([copy], page, text=False)
        made.append(Published(name, copy, page))
    html.write(
        [one.results for one in made],
        out / "index.html",
        text=False,
        links=[one.page.name for one in made],
        title=TITLE,
    )
    return made


def picture(page: Path, out: Path, *, width: int = 1280, height: int = 1100) -> bool:
    """Take a picture of a page with Chromium; False when there is no Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        return False
    with processes.scratch_folder("mclite-chromium-") as profile:
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"]
        flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        flags += [
            f"--user-data-dir={profile}",
            f"--window-size={width},{height}",
            f"--screenshot={out.resolve()}",
        ]
        status, _ = processes.run(
            [program, *flags, page.resolve().as_uri()],
            timeout=120,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    return status == 0 and out.is_file()


def _order(run: Results) -> tuple[str, list[int], str]:
    """Put servers of one name together, newest version first."""
    name, version = run.target.name.split(" ")[0], run.target.known_version or "0"
    return name, [-int(part) for part in re.findall("[0-9]{1,9}", version)], run.target.name


def _file_name(run: Results, taken: set[str]) -> str:
    from mclite.replay.results.write import slug

    name = slug(run.target.name)
    number = 2
    while name in taken or name == "index":
        name, number = f"{slug(run.target.name)}-{number}", number + 1
    return name
