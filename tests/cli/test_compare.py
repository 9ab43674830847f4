from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import SECONDS_MAX

from mclite.cli import main
from mclite.store.clock import SystemClock
from mclite.testing import ServerThread

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def two() -> Iterator[tuple[ServerThread, ServerThread]]:
    with ServerThread(clock=SystemClock()) as a, ServerThread(clock=SystemClock()) as b:
        yield a, b


def compare(two: tuple[ServerThread, ServerThread], *words: str) -> int:
    return main(["compare", two[0].address, two[1].address, "--no-waits", *words])


def test_two_of_a_kind_are_the_same(
    two: tuple[ServerThread, ServerThread], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "differences.toml"
    assert compare(two, "--sessions", "30", "-o", str(out)) == 0
    said = capsys.readouterr().out
    assert "30 sessions" in said
    assert "0 kinds of difference" in said
    assert not out.exists()


def test_a_difference_is_written_and_known_the_next_time(
    two: tuple[ServerThread, ServerThread],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from mclite.handlers.table import HANDLERS

    def swapped(session: object, request: object, plain: Callable[..., bytes] = HANDLERS[b"touch"]) -> bytes:
        answer = plain(session, request)
        wrong = session.instance is two[1].instance and len(request.args) == 2  # type: ignore[attr-defined]
        return b"NOT_FOUND\r\n" if wrong else answer

    monkeypatch.setitem(HANDLERS, b"touch", swapped)
    out = tmp_path / "differences.toml"
    assert compare(two, "--sessions", "100", "-o", str(out)) == 1
    said = capsys.readouterr().out
    assert "touch with 2 arguments" in said
    assert "A: " in said
    assert "NOT_FOUND" in said
    assert main(["suite", "play", str(out), "--target", two[0].address]) == 0
    assert main(["suite", "play", str(out), "--target", two[1].address]) == 1
    capsys.readouterr()
    assert compare(two, "--sessions", "100", "--known", str(out), "-o", str(tmp_path / "again.toml")) == 0
    assert " known" in capsys.readouterr().out


def run_line(line: str) -> subprocess.CompletedProcess[str]:
    """Run a command line as a user would who copies it."""
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        line, shell=True, cwd=ROOT, env=env, capture_output=True, text=True, timeout=4 * SECONDS_MAX, check=False
    )


def test_the_line_that_is_printed_fails_on_b_also_when_b_was_started_for_it(
    two: tuple[ServerThread, ServerThread], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder := tmp_path / "a folder's").mkdir()
    mutant = ["{python}", str(ROOT / "tests" / "mutants"), "serve", "--fault", "delete-missing"]
    b = f"env PYTHONPATH={ROOT} {' '.join(mutant)} -l 127.0.0.1 -p {{port}}"
    words = ["--no-waits", "--sessions", "300", "--kinds", "1", "-o", str(folder / "my differences.toml")]
    assert main(["compare", two[0].address, b, *words]) == 1
    line = capsys.readouterr().out.splitlines()[-1].strip()
    done = run_line(line)
    assert (done.returncode, done.stderr) == (1, "")
    assert "0 passed, 1 failed, 0 skipped" in done.stdout
    (again,) = (text for text in done.stdout.splitlines() if "suite play" in text)
    once_more = run_line(again[again.index(sys.executable) :])
    assert "0 passed, 1 failed, 0 skipped" in once_more.stdout
    passes = run_line(line.partition(" --spawn ")[0] + f" --target {two[0].address}")
    assert passes.returncode == 0, passes.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["127.0.0.1:1"], 2, "two servers, not 1"),
        (["127.0.0.1:1", "127.0.0.1:2"], 3, "refused"),
        (["nowhere at all", "127.0.0.1:2"], 2, "no address"),
        (["127.0.0.1:1", "--spawn-b", "memcached"], 2, "{port}"),
        (["127.0.0.1:1", "memcached=/no/such/program"], 2, "cannot be started"),
        (["127.0.0.1:1", "127.0.0.1:2", "--known", "/no/such.toml"], 2, "No such file"),
    ],
)
def test_bad_usage(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *words]) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--seconds", "0"], ["--sessions", "0"], ["--sessions", "x"], ["--seed", "x"]])
def test_bad_numbers(words: list[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(["compare", "a", "b", *words])
    assert error.value.code == 2
