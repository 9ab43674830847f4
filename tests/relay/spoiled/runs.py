"""Runs of the suite against a memcached behind a relay: a short one in this process, and a whole one by pytest."""

from __future__ import annotations

import contextlib
import html
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import mclite
from mclite.replay.judge import faults as releases
from mclite.replay.judge.offers import judge_all
from mclite.replay.judge.record import Record
from mclite.replay.play.outcome import Keys, Patience, process_prefix
from mclite.replay.play.timeline import Timeline
from mclite.replay.play.transport import parse_address
from mclite.replay.report import markdown, summary
from mclite.replay.results import read
from mclite.replay.results.document import Results, Run, Target
from mclite.replay.results.write import document
from mclite.replay.run.prepare import prepare
from mclite.replay.run.stage import WAITS, Settings
from mclite.replay.run.target_run import TargetRun
from mclite.replay.scenario.offers import Declared
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import Scenario
from mclite.replay.scenario.versions import parse_version
from mclite.replay.target.spec import Asked
from spoiled.faults import Fault
from spoiled.relay import Relay

ROOT = Path(__file__).resolve().parents[3]
#: Seconds that an answer is waited for at first in a short run.
PATIENCE = 0.5
#: Lines that have to name the command and what is wrong.
LINES = 3


@dataclass(frozen=True, slots=True)
class Said:
    """What a run said: whether it failed, by the gate `must` alone, too, and the first lines of both its summaries."""

    red: bool
    by_must: bool
    terminal: list[str]
    markdown: list[str]
    failing: int = 0

    def names(self, fault: Fault) -> bool:
        """Tell whether the first lines of both summaries name the command and what is wrong."""
        return all(named(lines, fault) for lines in (self.terminal, self.markdown))


def named(lines: Sequence[str], fault: Fault) -> bool:
    """Tell whether a line names a command of the fault and, behind it, what is wrong."""
    cause = re.compile(rf"(?:^|[ ,·]|: )(?:{fault.commands})(?:, [a-z_]+| and [a-z_]+)*: [^·]*(?:{fault.shows})")
    return any(cause.search(line) for line in lines)


def find() -> str | None:
    """Return the memcached to put a relay before: MCLITE_TEST_MEMCACHED, that of the checkout, or that of the PATH."""
    usual = ROOT / ".memcached" / "sid" / "memcached"
    return os.environ.get("MCLITE_TEST_MEMCACHED") or (str(usual) if usual.is_file() else shutil.which("memcached"))


@contextlib.contextmanager
def memcached(program: str) -> Iterator[int]:
    """Start a memcached; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    process = subprocess.Popen(
        [program, *user, "-l", "127.0.0.1", "-p", str(port), "-U", "0"], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise
                time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def relay(port: int, fault: Fault | None) -> Iterator[int]:
    """Put a relay with a fault before the server at `port`; yield its own port."""
    made = Relay(port, fault)
    try:
        yield made.port
    finally:
        made.stop()


def short(port: int, scenarios: Sequence[Scenario], others: Iterable[Record] = ()) -> Results:
    """Play scenarios to the server at `port`: first those that need it alone, then those that wait at once with others.

    `others` are records of scenarios that are not played again: a cause shows only beside what goes well.
    """
    asked = Asked(f"--target 127.0.0.1:{port}", address=parse_address(f"127.0.0.1:{port}"))
    info, _ = prepare(asked, None, destructive=True)
    root = default_root()
    settings = Settings(root, destructive=True, faults=releases.read(root / releases.FILE))
    run = TargetRun(info, Keys(process_prefix(info.prefix)), settings, None, None)
    run.patience = Patience(PATIENCE)
    judged = parse_version(info.judged)
    wanted = [scenario for scenario in scenarios if scenario.applies_to(judged)]
    alone = [scenario for scenario in wanted if scenario.scope == "server"]
    waiting = [scenario for scenario in wanted if run.waits(scenario) > WAITS and scenario not in alone]
    try:
        records = [run.examine(scenario) for scenario in alone]
        timeline: Timeline[Scenario, Record] = Timeline(run.examine)
        timeline.start((run.waits(scenario), scenario) for scenario in waiting)
        records += [run.examine(scenario) for scenario in wanted if scenario not in alone + waiting]
        records += [timeline.result(scenario) for scenario in waiting]
    finally:
        run.close()
    played = {made.id for made in records}
    records += [made for made in others if made.id not in played]
    about = Run(
        id=info.prefix, started="", seconds=0, judged=info.judged, delivery="whole", transport="tcp", gate="observed"
    )
    target = Target(
        name=info.name,
        address=info.address,
        version=info.version,
        known_version=info.known,
        spawn=None,
        capabilities=run.capabilities,
    )
    offered = judge_all(info.capabilities, Declared(), judged, settings.faults)
    return document(about, target, records, mclite.__version__, (), offered)


def said(results: Results) -> Said:
    """Return what the summaries of a run say."""
    failing = [made for made in results.scenarios if made.fails("observed")]
    missing = [one for one in results.offers if one.fails]
    return Said(
        bool(failing or missing),
        bool(missing) or any(made.fails("must") for made in failing),
        summary.lines(results)[:LINES],
        first_lines(markdown.render([results])),
        len(failing),
    )


def first_lines(text: str) -> list[str]:
    """Return the first lines of Markdown that say something, without the title."""
    return [html.unescape(line) for line in text.splitlines() if line and not line.startswith("# ")][:LINES]


def whole(port: int, workers: int, keep: Path | None = None) -> tuple[Said, str]:
    """Let pytest play the whole suite to the server at `port`; return what it said, and all that it printed.

    The results go to `keep`, if that is given.
    """
    with TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "pytest", "conformance", "-q", "--target", f"127.0.0.1:{port}", "--destructive",
            "--gate", "observed", "--report-dir", folder, *(["-n", str(workers)] if workers > 1 else []),
        ]  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        at = next((number for number, line in enumerate(lines) if re.search(r"=+ conformance of ", line)), len(lines))
        found = sorted(Path(folder).glob("*.json"))
        if not found:
            return Said(done.returncode == 1, False, lines[-LINES:], []), done.stdout + done.stderr
        made = said(read.load(found[0]))
        if keep is not None:
            shutil.copy(found[0], keep)
    made = replace(made, red=done.returncode == 1, terminal=lines[at + 1 : at + 1 + LINES])
    return made, done.stdout + done.stderr
