from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mclite.cli import UsageError
from mclite.cli.check import selected
from mclite.replay.scenario.lint import default_root

ROOT = Path(__file__).resolve().parents[2]
TOY = f"{sys.executable} {ROOT / 'tests' / 'replay' / 'toy_server.py'} {{port}}"


def check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mclite", "check", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_part_of_the_suite_against_a_server(tmp_path: Path) -> None:
    done = check(tmp_path, "--spawn", TOY, "--only", "storage/set/new", "--report-dir", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (tmp_path / "out").glob("*.json")
    (record,) = json.loads(path.read_text())["scenarios"]
    assert record["id"] == "storage/set/new"
    assert record["replay"].startswith("mclite check --spawn '")
    assert record["replay"].endswith("--only storage/set/new")


def test_a_reference_beside_it(tmp_path: Path) -> None:
    words = ("--spawn", TOY, "--reference-spawn", f"{TOY} wrong-set", "--only", "storage/set/new")
    done = check(tmp_path, *words, "--no-report")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 differs from the reference" in done.stdout
    assert check(tmp_path, *words, "--no-report", "--strict").returncode == 1
    done = check(tmp_path, "--spawn", TOY, "--reference", "127.0.0.1:1", "--only", "storage/set/new")
    assert done.returncode == 3
    assert "no reference to compare with: 127.0.0.1:1" in done.stdout + done.stderr


def test_exit_codes(tmp_path: Path) -> None:
    done = check(tmp_path, "127.0.0.1:1", "--only", "storage/set/new")
    assert done.returncode == 3
    assert "no server to judge" in done.stdout + done.stderr
    done = check(tmp_path, "127.0.0.1:1", "--only", "nonesuch")
    assert (done.returncode, done.stderr) == (
        2,
        "mclite check: --only nonesuch: there is no such chapter, file or scenario\n",
    )


def test_selected() -> None:
    root = default_root()
    assert selected(root, []) == [str(root)]
    assert selected(root, ["storage", "storage/set", "storage/set/new"]) == [
        str(root / "storage"),
        str(root / "storage" / "set.toml"),
        f"{root / 'storage' / 'set.toml'}::new",
    ]
    with pytest.raises(UsageError, match="no such chapter"):
        selected(root, ["storage/nonesuch/x"])
