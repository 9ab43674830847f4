"""Who may touch a server now: key-scoped scenarios share it, server-scoped ones have it alone.

The lock lies in the temporary folder and is named after the address, so it holds between the workers of a run
and between runs. A second lock, the gate, keeps a steady stream of readers from starving a writer.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mclite.replay.play.transport import Address

#: Seconds after which waiting for other runs is given up, and between two tries.
PATIENCE, PAUSE = 600.0, 0.005


class Held(Exception):  # noqa: N818  # the word for what it is
    """Another run kept the target for itself too long."""


class TargetLock:
    """The lock of one target."""

    def __init__(self, address: Address) -> None:
        """Prepare the lock files for `address`."""
        digest = hashlib.sha256(str(address).encode()).hexdigest()[:16]
        folder = Path(tempfile.gettempdir())
        self._address = address
        self._files = [folder / f"mclite-{digest}.{part}" for part in ("gate", "lock")]
        self._idle: list[tuple[int, int]] = []  # the gate and the lock, opened and not locked

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Hold the target together with others."""
        with self._locked(fcntl.LOCK_SH):
            yield

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the target alone."""
        with self._locked(fcntl.LOCK_EX):
            yield

    @contextlib.contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        try:
            gate, lock = self._idle.pop()
        except IndexError:
            gate, lock = self._pair()
        try:
            self._take(gate, how)
            self._take(lock, how)
            fcntl.flock(gate, fcntl.LOCK_UN)
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
            fcntl.flock(gate, fcntl.LOCK_UN)
            self._idle.append((gate, lock))

    def _pair(self) -> tuple[int, int]:
        gate = _open(self._files[0])
        try:
            return gate, _open(self._files[1])
        except BaseException:
            os.close(gate)
            raise

    def close(self) -> None:
        """Close the lock files that no thread holds at this moment."""
        while self._idle:
            for file in self._idle.pop():
                os.close(file)

    def _take(self, file: int, how: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(file, how | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Held(f"another run has kept {self._address} for {PATIENCE:g} s") from None
                time.sleep(PAUSE)


def _open(path: Path) -> int:
    # Runs of other users must be able to open it too, and never through a link laid in the temporary folder.
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except PermissionError:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with contextlib.suppress(PermissionError):
        os.fchmod(file, 0o666)
    return file
