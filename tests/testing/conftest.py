"""A pytest run of its own, as a user's project has it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from waiting import SECONDS_MAX

ROOT = Path(__file__).parents[2]
RunPytest = Callable[..., str]


@pytest.fixture
def run_pytest(tmp_path: Path) -> RunPytest:
    """Return what runs pytest on the text of a test file, with pytest's own options, and returns what it printed.

    The plugin is named, so that it is there whether mclite is installed or on the path only.
    """

    def run(text: str, *options: str, name: str = "test_mine.py") -> str:
        (tmp_path / name).write_text(text, "utf-8")
        words = ["-p", "mclite.testing.fixtures", "-p", "no:cacheprovider", "--strict-markers", "-W", "error"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words, "--rootdir", str(tmp_path), *options, name],
            capture_output=True,
            text=True,
            timeout=4 * SECONDS_MAX,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        return done.stdout + done.stderr

    return run
