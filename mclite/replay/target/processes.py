"""Processes that end with the process that started them, whichever way that one ends; see `watcher`."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mclite.replay.target import watcher
from mclite.replay.target.watcher import (
    GONE_SECONDS,
    VARIABLE,
    Row,
    clear,
    environment_of,
    hold,
    read,
    row_of,
    rows,
    sweep,
)


class Process:
    """A process that was started here, and all that it starts: they are signalled and ended together.

    Once it has ended it stays a zombie until `end`, so that its id cannot become another process's meanwhile.

    Args:
        popen: of the process, which leads a session
        mark: the value of VARIABLE in its environment
    """

    def __init__(self, popen: subprocess.Popen[Any], mark: str) -> None:
        self.popen = popen
        self.pid = popen.pid
        self.mark = mark
        self._status: int | None = None
        self._background: Row | None = None
        self._ending = threading.Lock()

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal; None while it runs, be it in the background."""
        if self._background is not None:
            now = row_of(self._background.pid)
            if now is not None and not now.zombie and now.started == self._background.started:
                return None
        return self._leader()

    def _leader(self) -> int | None:
        if self._status is None and hasattr(os, "waitid"):
            try:
                found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                self._status = self.popen.poll()
            else:
                if found is not None:
                    self._status = found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
        elif self._status is None:
            self._status = self.popen.poll()
        return self._status

    @property
    def in_background(self) -> bool:
        """Whether the process that was started has ended and left another one running."""
        return self._background is not None

    def follow(self, pid: int) -> bool:
        """Take the process `pid` for this one from now on; return False if there is none.

        It is a member of this one, which has ended and left it in the background.
        """
        self._background = row_of(pid)
        return self._background is not None

    def wait(self, seconds: float) -> int:
        """Wait for the end and return the exit status; raise subprocess.TimeoutExpired after `seconds`."""
        deadline = time.monotonic() + seconds
        pause = 0.0005
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", seconds)
            time.sleep(pause)
            pause = min(0.05, pause * 2)
        return status

    def members(self) -> list[int]:
        """Return the ids of this process and of all that it started and that still run."""
        return _members([self.pid], f"{VARIABLE}={self.mark}\0".encode())

    def tell(self) -> None:
        """Send SIGTERM to the process and its children, without waiting."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)
        if self._background is not None:
            for pid in self.members():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)

    def end(self, patience: float = 0.0) -> None:
        """End the process and all that it started: SIGTERM, and SIGKILL after `patience` seconds."""
        with self._ending:
            if self.popen.returncode is not None:
                return
            if patience > 0 and self.poll() is None:
                self._signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.wait(patience)
            self._signal(signal.SIGKILL)
            self._reap()

    def _reap(self) -> None:
        self._leader()  # how it ended is known before nobody can tell any more
        self.popen.wait()
        if self._status is None:
            self._status = self.popen.returncode

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def start(words: Sequence[str | os.PathLike[str]], **options: Any) -> Process:
    """Start a process that ends with this one at the latest.

    Args:
        words: the program and its arguments
        options: of subprocess.Popen

    Raises:
        OSError: it cannot be started
        Ended: this process is about to end, and starts nothing any more
    """
    with _guard:
        owner = _owner()
        mark = owner.mark()
        given = options.pop("env", None)
        environment = {**(os.environ if given is None else given), VARIABLE: mark}
        process = Process(subprocess.Popen(words, env=environment, start_new_session=True, **options), mark)
        owner.note_process(process.pid)
        return process


def run(words: Sequence[str | os.PathLike[str]], timeout: float | None = None, **options: Any) -> tuple[int, bytes]:
    """Run a process to its end; return its exit status and what it wrote to a standard output that is a pipe.

    Args:
        words: the program and its arguments
        timeout: seconds
        options: of subprocess.Popen

    Raises:
        OSError: it cannot be started
        subprocess.TimeoutExpired: it took longer than `timeout`, and was ended
    """
    process = start(words, **options)
    try:
        out, _ = process.popen.communicate(timeout=timeout)
        return process.popen.returncode, out or b""
    finally:
        process.end(GONE_SECONDS)
        if process.popen.stdout is not None:
            process.popen.stdout.close()


def end_with_parent() -> None:
    """End this process as soon as the one that started it has ended; what was started here ends with it."""
    parent = os.getppid()

    def wait() -> None:
        while os.getppid() == parent:
            time.sleep(0.1)
        os._exit(1)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def temporary_folder(prefix: str) -> Path:
    """Make a folder that is removed when this process ends at the latest; `prefix` begins its name."""
    with _guard:
        owner = _owner()
        folder = _make_folder(prefix)
        owner.note(folder=str(folder))
        return folder


@contextlib.contextmanager
def scratch_folder(prefix: str) -> Iterator[str]:
    """Give a temporary folder to a block, and remove it at its end; `prefix` begins its name."""
    folder = temporary_folder(prefix)
    try:
        yield str(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_folder(prefix: str) -> Path:
    return Path(tempfile.mkdtemp(prefix=prefix))


def folder_of_user() -> Path:
    """Return the folder with the records of this user's runs; it is made if there is none, and swept at each start.

    If somebody else holds its name, a folder of its own serves this process. Raises Ended, as `start` does.
    """
    global _private
    if _ended:  # threads that go on meanwhile would make it again
        raise Ended("nothing is started any more: this process ends")
    path = Path(tempfile.gettempdir()) / f"mclite-{os.getuid()}"
    while True:
        with contextlib.suppress(FileExistsError):
            path.mkdir(0o700)
        with contextlib.suppress(FileNotFoundError):  # the last run that ended has just removed it
            found = path.lstat()
            break
    if found.st_uid == os.getuid() and found.st_mode & 0o170777 == 0o40700:
        return path
    if _private is None:
        _private = _make_folder("mclite-runs-")
    return _private


class Ended(Exception):  # noqa: N818  # the word for what it is
    """This process is about to end, and starts nothing any more."""


class _Owner:
    """This process, as the owner of what it starts."""

    def __init__(self) -> None:
        self.token = os.urandom(8).hex()
        self._numbers = itertools.count(1)
        folder = folder_of_user()
        sweep(folder)
        self._path = folder / f"run-{os.getpid()}-{self.token}"
        self._file = hold(self._path, wait=True)
        self.note(token=self.token)
        self._watcher = self._watch()

    def _watch(self) -> subprocess.Popen[bytes] | None:
        """Start the watcher: it waits for the lock of the record, which ends with this process."""
        program = str(Path(watcher.__file__).resolve())
        environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
        file = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)  # with a lock of its own
        try:
            return subprocess.Popen(
                [sys.executable or "python3", "-I", "-S", program, str(self._path), str(file), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=environment,
                pass_fds=(file,),
                start_new_session=True,
            )
        except OSError:
            return None  # the next run sweeps
        finally:
            os.close(file)

    def mark(self) -> str:
        """Return a value of VARIABLE for one process."""
        return f"{self.token}.{next(self._numbers)}"

    def note(self, **what: Any) -> None:
        """Write a line into the record."""
        os.write(self._file, json.dumps(what).encode() + b"\n")

    def note_process(self, pid: int) -> None:
        """Write a process into the record, with its start time."""
        found = row_of(pid)
        if found is not None:
            self.note(pid=pid, started=found.started)

    def close(self) -> None:
        """End what still runs, remove the folders and the record."""
        clear(self._path, self._file)
        self.leave()

    def leave(self) -> None:
        """Give the record up: this process ends, or it is a fork of the owner."""
        os.close(self._file)
        if self._watcher is not None:
            self._watcher.returncode = 0  # it ends after the owner, and is no child of a fork


_guard = threading.RLock()
_current: _Owner | None = None
_private: Path | None = None
_ended = False


def _owner() -> _Owner:
    global _current
    if _current is None:
        _current = _Owner()
    return _current


@atexit.register
def finish() -> None:
    """End every process that was started here, and remove the temporary folders; nothing is started afterwards."""
    global _current, _ended
    with _guard:
        _ended = True
        owner, _current = _current, None
    if owner is not None:
        owner.close()
    if _private is not None:
        with contextlib.suppress(OSError):
            _private.rmdir()


def _forked() -> None:
    """Be an owner of one's own after os.fork."""
    global _guard, _current
    _guard = threading.RLock()
    owner, _current = _current, None
    if owner is not None:
        owner.leave()


os.register_at_fork(after_in_child=_forked)


def sessions_on_record() -> set[int]:
    """Return the sessions of all processes that runs of this user started and that still run."""
    started: dict[int, str] = {}
    for path in folder_of_user().glob("run-*"):
        with contextlib.suppress(OSError):  # that run has just ended
            started |= read(path.read_bytes())[1]
    return {row.pid for row in rows() if started.get(row.pid) == row.started}


def _members(leaders: Iterable[int], mark: bytes) -> list[int]:
    """Return the `leaders`, their sessions, their descendants, and what has `mark` in its environment."""
    running = [row for row in rows() if not row.zombie]
    found = set(leaders)
    found |= {row.pid for row in running if row.session in found or mark in environment_of(row.pid)}
    grown = True
    while grown:
        children = {row.pid for row in running if row.parent in found} - found
        grown = bool(children)
        found |= children
    return sorted(found & {row.pid for row in running})
