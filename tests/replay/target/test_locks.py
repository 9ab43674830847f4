from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from waiting import SECONDS_MAX

from mclite.replay.play.transport import Address
from mclite.replay.target import locks
from mclite.replay.target.locks import Held, TargetLock

ADDRESS = Address("tcp", "127.0.0.1", 1)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def held(how: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Tell whether a lock of another open file is refused."""
    monkeypatch.setattr(locks, "PATIENCE", 0.02)
    try:
        with getattr(TargetLock(ADDRESS), how)():
            return False
    except Held:
        return True


def test_sharing_excludes_only_the_lonely(monkeypatch: pytest.MonkeyPatch) -> None:
    with TargetLock(ADDRESS).shared():
        assert not held("shared", monkeypatch)
        assert held("exclusive", monkeypatch)
    assert not held("exclusive", monkeypatch)


def test_the_lonely_exclude_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    with TargetLock(ADDRESS).exclusive():
        assert held("shared", monkeypatch)
        assert held("exclusive", monkeypatch)
        with TargetLock(Address("tcp", "127.0.0.1", 2)).exclusive():
            pass


def test_readers_do_not_starve_a_writer() -> None:
    lock = TargetLock(ADDRESS)
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            with lock.shared():
                time.sleep(0.01)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    bound = threading.Timer(SECONDS_MAX, done.set)  # a writer that starves goes on when the readers end
    bound.start()
    with lock.exclusive():
        starved = done.is_set()
    bound.cancel()
    done.set()
    for reader in readers:
        reader.join(SECONDS_MAX)
    assert not starved


def test_a_dead_process_holds_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = (
        "import sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from mclite.replay.target.locks import TargetLock\n"
        "from mclite.replay.play.transport import Address\n"
        "with TargetLock(Address('tcp', '127.0.0.1', 1)).exclusive():\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    root = Path(locks.__file__).parents[3]
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    assert other.stdin is not None
    assert other.stdout.readline() == b"held\n"
    assert held("shared", monkeypatch)
    other.kill()
    other.communicate()
    assert not held("exclusive", monkeypatch)
