"""What a run starts ends with it, whichever way the run ends."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from started_run import WAITS, Started, seen

from mclite.replay.target import processes


@pytest.mark.parametrize(
    ("end", "numbers"),
    [
        ("pass", []),
        ("sys.exit(3)", []),
        ("raise ValueError", []),
        ("os._exit(0)", []),
        ("os.kill(os.getpid(), signal.SIGKILL)", []),
        (WAITS, [signal.SIGINT]),
        (WAITS, [signal.SIGINT, signal.SIGINT]),
        (WAITS, [signal.SIGTERM]),
        (WAITS, [signal.SIGHUP]),
        (WAITS, [signal.SIGKILL]),
    ],
)
def test_nothing_is_left_whichever_way_a_run_ends(tmp_path: Path, end: str, numbers: list[int]) -> None:
    run = Started(tmp_path, end)
    for number in numbers:
        run.process.send_signal(number)
    run.end()
    assert seen(lambda: not run.left()), run.left()


def test_the_folder_of_another_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    taken = tmp_path / f"mclite-{os.getuid()}"
    taken.mkdir()
    taken.chmod(0o777)  # others could put records into it
    monkeypatch.setattr(processes, "_private", None)
    private = processes.folder_of_user()
    assert private != taken
    assert private.stat().st_mode & 0o777 == 0o700
    assert processes.folder_of_user() == private


def test_a_fork_is_an_owner_of_its_own(tmp_path: Path) -> None:
    end = """
if os.fork() == 0:
    child = processes.start([sys.executable, "-c", "import time; time.sleep(600)"])
    print(child.pid, flush=True)
    os._exit(0)
print("end", flush=True)
os.wait()
time.sleep(600)
"""
    run = Started(tmp_path, end)
    assert run.process.stdout is not None
    said = {run.process.stdout.readline().strip() for _ in range(2)}
    (pid,) = said - {"end"}
    assert seen(lambda: (row := processes.row_of(int(pid))) is None or row.zombie)
    assert run.folder.exists()  # the owner itself goes on
    assert all(processes.row_of(pid) for pid in run.pids[:3])
    run.process.kill()
    run.end()
    assert seen(lambda: not run.left()), run.left()


def test_a_process_is_ended_with_its_children() -> None:
    process = processes.start(["sh", "-c", "sleep 600 & sleep 600"], stdout=subprocess.DEVNULL)
    assert seen(lambda: len(process.members()) == 3)
    members = process.members()
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.end(patience=1.0)
    assert process.poll() == -signal.SIGTERM
    assert seen(lambda: all((row := processes.row_of(pid)) is None or row.zombie for pid in members))
    process.end()  # nothing happens


def test_the_children_of_a_process_that_has_ended_end_too() -> None:
    with processes.start(["sh", "-c", "sleep 600 & exit 7"]) as process:
        assert process.wait(60) == 7
        (child,) = process.members()
    assert seen(lambda: (row := processes.row_of(child)) is None or row.zombie)


def test_run_returns_the_status_and_the_output() -> None:
    assert processes.run(["sh", "-c", "echo said; exit 4"], stdout=subprocess.PIPE) == (4, b"said\n")
    with pytest.raises(subprocess.TimeoutExpired):
        processes.run(["sleep", "600"], timeout=0.01)
