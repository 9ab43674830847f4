"""What a run that has ended left: its processes are killed and its folders removed. Also the program of the watcher.

The owner is the process that starts others. Each of those leads a session of its own and has the owner's token in
its environment. What an owner starts it writes into a record, a file that it keeps locked. The kernel releases the
lock when the owner ends, even by SIGKILL. A watcher, one small process for each owner, waits for that lock; then it
kills what still runs and removes the temporary folders. If the watcher was killed too, the next owner finds a record
that is not locked and does the same.

A process is killed only if it carries the token, or if its id and its start time are those in the record, or if it
is in the session of such a process.

The watcher runs this file: it imports little, and nothing of mclite.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

#: The variable in the environment of each started process: the owner's token, a dot, a number.
VARIABLE = "MCLITE_STARTED_BY"
#: Seconds that killed processes may take to disappear.
GONE_SECONDS = 10.0
_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self/stat").exists()


class Row(NamedTuple):
    """A process of this machine: its id, parent, session, start time and whether it is a zombie."""

    pid: int
    parent: int
    session: int
    started: str
    zombie: bool


def row_of(pid: int) -> Row | None:
    """Return the row of the process `pid`, None when there is no such process."""
    if not _HAS_PROC:
        return next((row for row in _ps("-p", str(pid)) if row.pid == pid), None)
    try:
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return Row(pid, int(fields[1]), int(fields[3]), fields[19], fields[0] in ("Z", "X"))


def rows() -> Iterator[Row]:
    """Yield every process of this machine that can be seen."""
    if not _HAS_PROC:
        yield from _ps("-A")
        return
    for name in os.listdir(_PROC):  # noqa: PTH208  # only the names
        if name.isdecimal() and (found := row_of(int(name))) is not None:
            yield found


def _ps(*which: str) -> Iterator[Row]:
    """Ask `ps`, where there is no /proc; a process group is as good as a session there."""
    import subprocess  # here, since the watcher starts sooner without it

    said = subprocess.run(
        ["ps", *which, "-o", "pid=,ppid=,pgid=,stat=,lstart="], capture_output=True, text=True, check=False
    )
    for line in said.stdout.splitlines():
        pid, parent, group, state, started = line.split(None, 4)
        yield Row(int(pid), int(parent), int(group), started.strip(), state.startswith("Z"))


def environment_of(pid: int) -> bytes:
    """Return the environment of a process, with a zero byte around each variable; nothing if it may not be read."""
    try:
        return b"\0" + (_PROC / str(pid) / "environ").read_bytes()
    except OSError:  # it ended, it is another user's, or there is no /proc
        return b""


def sweep(folder: Path) -> None:
    """End what this user's earlier runs left, and remove their folders: each file here that is not locked."""
    try:
        paths = list(folder.iterdir())
    except FileNotFoundError:  # the last run that ended has just removed it
        return
    for path in paths:
        file = _lock(path)
        if file is None:
            continue  # it belongs to a run that goes on
        if path.name.startswith("run-"):
            clear(path, file)
        else:
            path.unlink(missing_ok=True)
        os.close(file)


def hold(path: Path, wait: bool = False) -> int:
    """Make a file and lock it for as long as this process lives; return its descriptor.

    Args:
        path: the file
        wait: nobody else keeps it: whoever holds it is a sweep that looks at it and lets it go

    Raises:
        OSError: another process holds it
    """
    while True:
        try:
            file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            path.parent.mkdir(0o700, exist_ok=True)  # the last run that ended has removed it
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            raise
        if _is(path, file):
            return file
        os.close(file)  # it was swept between the two calls


def _lock(path: Path) -> int | None:
    """Lock a file that is there; return its descriptor, None when another process holds it or it is gone."""
    try:
        file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    if _is(path, file):
        return file
    os.close(file)
    return None


def _is(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(file))
    except OSError:
        return False


def clear(path: Path, file: int) -> None:
    """Kill what a record names and still runs, remove its folders and the record itself.

    It is read from the open `file`: what cleans the temporary folder may have removed it at `path`.
    """
    tokens, started, folders = read(os.pread(file, os.fstat(file).st_size, 0))
    deadline = time.monotonic() + GONE_SECONDS
    pause = 0.002
    while time.monotonic() < deadline:
        found = _left(tokens, started)
        if not found:
            break
        for row in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if row.pid == row.session:
                    os.killpg(row.pid, signal.SIGKILL)
                os.kill(row.pid, signal.SIGKILL)
        time.sleep(pause)
        pause = min(0.1, pause * 2)
    if folders:
        import shutil  # not for a watcher that has nothing to do

        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    path.unlink(missing_ok=True)


def read(record: bytes) -> tuple[list[bytes], dict[int, str], list[str]]:
    """Return what a record says: tokens as environments have them, process ids with start times, folders."""
    tokens: list[bytes] = []
    started: dict[int, str] = {}
    folders: list[str] = []
    for line in record.splitlines():
        try:
            what = json.loads(line)
        except ValueError:
            continue  # the owner was killed while it wrote
        if "token" in what:
            tokens.append(f"\0{VARIABLE}={what['token']}.".encode())
        elif "pid" in what:
            started[what["pid"]] = what["started"]
        elif "folder" in what and Path(what["folder"]).name.startswith("mclite-"):
            folders.append(what["folder"])
    return tokens, started, folders


def _left(tokens: Iterable[bytes], started: dict[int, str]) -> list[Row]:
    """Return the processes that carry one of `tokens` or were `started`, and those of the sessions that they lead."""
    found = {row.pid: row for row in rows() if row.pid != os.getpid()}
    known = {pid for pid, when in started.items() if pid in found and found[pid].started == when}
    return [
        row
        for row in found.values()
        if not row.zombie
        and (row.pid in known or row.session in known or any(token in environment_of(row.pid) for token in tokens))
    ]


def watch(path: Path, file: int, owner: int) -> None:
    """Wait until the process `owner` has ended, then clear up after it; its record at `path` is open as `file`."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    fcntl.flock(file, fcntl.LOCK_EX)
    clear(path, file)
    deadline = time.monotonic() + GONE_SECONDS
    while os.getppid() == owner and time.monotonic() < deadline:  # it closes its files one after the other
        time.sleep(0.005)
    with contextlib.suppress(OSError):  # other runs go on, or another watcher was quicker
        sweep(path.parent)
        path.parent.rmdir()


if __name__ == "__main__":
    watch(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
