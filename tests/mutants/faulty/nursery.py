"""Starts the servers of a run in a nursery, in the place of mclite.replay.target.processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from mclite.replay.target import processes, servers

PROGRAM = Path(__file__).resolve().parents[1]


class Nursery:
    """A process that forks servers. `fault` names the fault of each; `mutation` is in all of them from the start."""

    def __init__(self, fault: str | None = None, mutation: str | None = None) -> None:
        self.fault = fault
        self.tracebacks: list[str] = []
        """the last line of each exception that a server did not expect"""
        words = ["nursery", *(["--mutation", mutation] if mutation else [])]
        self._process = processes.start(
            [sys.executable, str(PROGRAM), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ).popen
        self._lock = threading.Lock()

    def ask(self, what: dict[str, Any]) -> Any:
        """Have something done; raise NurseryError when the nursery is not there any more."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        with self._lock:
            try:
                self._process.stdin.write(json.dumps(what).encode() + b"\n")
                self._process.stdin.flush()
                line = self._process.stdout.readline()
            except BrokenPipeError:
                line = b""
        if not line:
            raise NurseryError(self._process.stderr.read().decode("utf-8", "replace").strip())
        return json.loads(line)

    def close(self) -> None:
        """End it, and the servers that still run."""
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class NurseryError(Exception):
    """The nursery ended; the text is what it printed."""


class _Child(processes.Process):
    """A server, which is a child of the nursery and leads a process group of its own."""

    def __init__(self, nursery: Nursery, words: Sequence[str], log: str, cwd: str) -> None:
        self._nursery = nursery
        self._log = Path(log)
        self._code: int | None = None
        self._guard = threading.Lock()
        self.pid: int = nursery.ask(
            {"start": {"args": list(words[1:]), "log": log, "cwd": cwd, "fault": nursery.fault}}
        )

    def poll(self) -> int | None:
        """Return how it ended, None while it runs."""
        with self._guard:
            if self._code is None:
                self._code = self._nursery.ask({"poll": self.pid})
                if self._code is not None:
                    self._note()
            return self._code

    @property
    def in_background(self) -> bool:
        """Whether it left another process running: never."""
        return False

    def members(self) -> list[int]:
        """Return its id while it runs; it starts nothing."""
        return [self.pid] if self.poll() is None else []

    def tell(self) -> None:
        """Send it SIGTERM."""
        self._kill(signal.SIGTERM)

    def _kill(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def end(self, patience: float = 0.0) -> None:
        """End it."""
        if patience > 0:
            self.tell()
            with suppress(subprocess.TimeoutExpired):
                self.wait(patience)
        self._kill(signal.SIGKILL)
        self.wait(processes.GONE_SECONDS)

    def _note(self) -> None:
        """Keep what the server printed of exceptions: its folder goes soon."""
        with suppress(OSError):
            blocks = self._log.read_text("utf-8", "replace").split("Traceback (most recent call last):\n")[1:]
            for block in blocks:
                lines = [line for line in block.splitlines() if line and not line.startswith(" ")]
                self._nursery.tracebacks += lines[:1]


@contextmanager
def nursed(nursery: Nursery) -> Iterator[None]:
    """Let mclite.replay.target.servers start every server in a `nursery`, meanwhile."""

    def start(words: Sequence[str], *, stdout: Any, cwd: Path, **others: object) -> _Child:
        return _Child(nursery, words, str(stdout.name), str(cwd))

    before = servers.start
    servers.start = start
    try:
        yield
    finally:
        servers.start = before
