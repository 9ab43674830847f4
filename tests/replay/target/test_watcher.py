"""What a run and its watcher left is swept by the next run, and nothing else."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from started_run import WAITS, Started, seen
from waiting import SECONDS_MAX

from mclite.replay.target.watcher import hold, row_of, sweep


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it looks for the watcher in /proc")
def test_the_next_run_sweeps_what_a_run_and_its_watcher_left(tmp_path: Path) -> None:
    run = Started(tmp_path, WAITS)
    os.kill(run.watcher(), signal.SIGKILL)
    run.process.kill()
    run.end()
    other = Started(tmp_path, WAITS)  # it begins with the sweep
    assert not set(run.left()) - set(other.tmp.iterdir())
    assert not run.folder.exists()
    assert other.folder.exists()
    assert all(row_of(pid) for pid in other.pids[:3])
    other.process.kill()
    other.end()
    assert seen(lambda: not other.left()), other.left()


def test_a_run_that_goes_on_is_not_swept(tmp_path: Path) -> None:
    runs = [Started(tmp_path, WAITS) for _ in range(2)]
    for run in runs:
        assert run.folder.exists()
        assert all(row_of(pid) for pid in run.pids[:3])
    for run in runs:
        run.process.kill()
        run.end()
    for run in runs:
        assert seen(lambda run=run: not run.left()), run.left()


def test_a_process_with_another_start_time_is_not_killed(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    try:
        record = tmp_path / "run-1-x"
        precious = tmp_path / "precious"
        precious.mkdir()
        lines = [
            {"token": "no such token"},
            {"pid": stranger.pid, "started": "1"},
            {"folder": str(precious)},  # its name is none that a run gives
        ]
        record.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"pid": 1')
        sweep(tmp_path)
        assert not record.exists()
        assert precious.exists()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("swept", [False, True])
def test_a_run_that_begins_lets_a_sweep_look_at_its_file(tmp_path: Path, swept: bool) -> None:
    path = tmp_path / "run-1-x"
    sweeping = os.open(path, os.O_CREAT | os.O_RDWR)
    fcntl.flock(sweeping, fcntl.LOCK_EX)
    with pytest.raises(BlockingIOError):
        hold(path)
    held: list[int] = []
    beginning = threading.Thread(target=lambda: held.append(hold(path, wait=True)), daemon=True)
    beginning.start()
    if swept:
        path.unlink()
    os.close(sweeping)
    beginning.join(SECONDS_MAX)
    assert os.path.samestat(os.fstat(held[0]), path.stat())
    os.close(held[0])


def test_a_record_that_was_removed_meanwhile_still_counts(tmp_path: Path) -> None:
    run = Started(tmp_path, WAITS)
    shutil.rmtree(run.tmp / f"mclite-{os.getuid()}")  # as what cleans the temporary folder does
    run.process.kill()
    run.end()
    assert seen(lambda: not run.left()), run.left()
