"""A run in a process of its own that starts processes and ends as a test says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mclite.replay.target import processes

ROOT = Path(__file__).resolve().parents[3]
WAITS = "time.sleep(600)"
#: A run that starts a server in Python, one behind a shell, and one that leaves its session, and makes a folder.
RUN = """
import os, signal, sys, time
from mclite.replay.target import processes
folder = processes.temporary_folder("mclite-server-")
sleeper = [sys.executable, "-c", "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print(os.getpid(), flush=True); time.sleep(600)"]
shell = " ".join(f"'{word}'" for word in sleeper)
started = [
    processes.start(sleeper, stdout=-1),
    processes.start(["sh", "-c", shell + "; true"], stdout=-1),
    processes.start(["sh", "-c", "setsid " + shell + " &"], stdout=-1),
]
pids = [int(process.popen.stdout.readline()) for process in started]
print(folder, *pids, *(process.pid for process in started), flush=True)
"""


class Started:
    """A run in a process of its own, with a temporary folder of its own."""

    def __init__(self, tmp_path: Path, end: str) -> None:
        self.tmp = tmp_path / "tmp"
        self.tmp.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN + end],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self.tmp)},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        folder, *pids = self.process.stdout.readline().split()
        self.folder, self.pids = Path(folder), [int(pid) for pid in pids]

    def left(self) -> list[object]:
        """Return what is there of the run."""
        rows = [row for pid in self.pids if (row := processes.row_of(pid)) is not None and not row.zombie]
        return [*rows, *self.tmp.iterdir()]

    def watcher(self) -> int:
        """Return the id of the watcher."""
        record = next((self.tmp / f"mclite-{os.getuid()}").glob("run-*"))
        wanted = str(record).encode()
        (found,) = (
            row.pid for row in processes.rows() if Path(f"/proc/{row.pid}/cmdline").read_bytes().find(wanted) >= 0
        )
        return found

    def end(self) -> None:
        """Wait for the end of the run itself."""
        assert self.process.stdout is not None
        self.process.wait(60)
        self.process.stdout.close()


def seen(what: Callable[[], object]) -> bool:
    """Wait until `what` is true, or for a minute."""
    deadline = time.monotonic() + 60
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
