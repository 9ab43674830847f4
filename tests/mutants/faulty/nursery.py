"""Starts the servers of a run in a nursery: looks like subprocess to mclite.replay.target.servers."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from mclite.replay.target import servers

PROGRAM = Path(__file__).resolve().parents[1]
_PAUSE = 0.003


class Nursery:
    """A process that forks servers. FAULT names the one that they get; MUTATION is in all of them from the start."""

    def __init__(self, fault: str | None = None, mutation: str | None = None) -> None:
        self.fault = fault
        self.tracebacks: list[str] = []
        """the last line of each exception that a server did not expect"""
        words = ["nursery", *(["--mutation", mutation] if mutation else [])]
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
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


class _Child:
    """A server, with as much of subprocess.Popen as mclite.replay.target.servers uses."""

    def __init__(self, nursery: Nursery, words: Sequence[str], log: str, cwd: str) -> None:
        self._nursery = nursery
        self._log = Path(log)
        self._code: int | None = None
        self.pid: int = nursery.ask(
            {"start": {"args": list(words[1:]), "log": log, "cwd": cwd, "fault": nursery.fault}}
        )

    def poll(self) -> int | None:
        """Return how it ended, None while it runs."""
        if self._code is None:
            self._code = self._nursery.ask({"poll": self.pid})
            if self._code is not None:
                self._note()
        return self._code

    def _note(self) -> None:
        """Keep what the server printed of exceptions: its folder goes soon."""
        with suppress(OSError):
            blocks = self._log.read_text("utf-8", "replace").split("Traceback (most recent call last):\n")[1:]
            for block in blocks:
                lines = [line for line in block.splitlines() if line and not line.startswith(" ")]
                self._nursery.tracebacks += lines[:1]

    def wait(self, timeout: float) -> int:
        """Wait for its end; raise subprocess.TimeoutExpired."""
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("server", timeout)
            time.sleep(_PAUSE)
        return code


@contextmanager
def nursed(nursery: Nursery) -> Iterator[None]:
    """Let mclite.replay.target.servers start every server in a NURSERY, meanwhile."""

    def popen(words: Sequence[str], *, stdout: Any, cwd: Path, **others: object) -> _Child:
        return _Child(nursery, words, str(stdout.name), str(cwd))

    before = servers.subprocess
    servers.subprocess = SimpleNamespace(  # type: ignore[assignment,attr-defined]
        Popen=popen, DEVNULL=subprocess.DEVNULL, STDOUT=subprocess.STDOUT, TimeoutExpired=subprocess.TimeoutExpired
    )
    try:
        yield
    finally:
        servers.subprocess = before  # type: ignore[attr-defined]
