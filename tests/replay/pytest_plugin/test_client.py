"""`pytest conformance --client`: a whole run of pytest with the toy client."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from client_run import TOY

ROOT = Path(__file__).resolve().parents[3]


def run(*words: str, folder: Path) -> tuple[int, str]:
    """Run pytest on the client scenarios of the suite; return the exit code and what it printed."""
    command = [sys.executable, "-m", "pytest", str(ROOT / "conformance"), "-q", "-p", "no:cacheprovider", *words]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTEST_ADDOPTS": ""}, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


def test_a_right_client_and_one_with_a_fault(tmp_path: Path) -> None:
    bad = f"{sys.executable} {TOY} keeps-bytes"
    words = ("--client", str(TOY), "--client", bad, "-k", "late and then-gets-get", "--report-dir", "out")
    code, said = run(*words, folder=tmp_path)
    assert code == 1
    assert "toy 1: conforms in all" in said
    assert "the value of another key, after an answer that comes after the timeout: late/then-gets-get:text" in said
    made = json.loads((tmp_path / "out" / "client-toy-part.json").read_text())
    assert made["run"]["complete"] is False
    assert (tmp_path / "out" / "clients-part.html").is_file()


def test_a_part_writes_no_report_unless_told_where(tmp_path: Path) -> None:
    code, said = run("--client", str(TOY), "-k", "honest and version", folder=tmp_path)
    assert code == 0, said
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--client", "nobody"], 2, "--client: there is no driver 'nobody'"),
        (["--client", str(TOY), "--target", "127.0.0.1:1"], 2, "one of them at a time"),
        (["--client", str(TOY), "-n", "2"], 2, "leave -n out"),
        (["--client", f"{sys.executable} -c pass", "-k", "version"], 3, "ended before it said what it is"),
        (["--client", str(TOY), "-k", "honest and prepend"], 4, "nothing was judged"),
    ],
)
def test_exit_codes(words: list[str], code: int, sentence: str, tmp_path: Path) -> None:
    found, said = run(*words, folder=tmp_path)
    assert found == code, said
    assert sentence in said
