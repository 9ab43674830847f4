"""The `mclite` command: its subcommands, its version, and what it says of mistakes."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import SECONDS_MAX

from mclite import __version__
from mclite.cli import COMMANDS, UsageError, main

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_subcommand_is_there(name: str) -> None:
    module = importlib.import_module(COMMANDS[name][0])
    assert name == "serve" or callable(module.configure)
    assert callable(module.run_raw if name == "serve" else module.run)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "serve"])
def test_every_subcommand_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"mclite {name}" in capsys.readouterr().out


def test_help_names_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert [name for name in COMMANDS if name not in shown] == []


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"mclite {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["wrong"], ["--wrong"]])
def test_mistakes(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: mclite" in capsys.readouterr().err


def test_serve_has_options_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "-V"]) == 0
    assert "answers as memcached" in capsys.readouterr().out
    assert main(["serve", "-q"]) == 2


def test_a_usage_error_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module(COMMANDS["report"][0])

    def fail(args: object) -> int:
        raise UsageError("this cannot be done")

    monkeypatch.setattr(module, "configure", lambda parser: None)
    monkeypatch.setattr(module, "run", fail)
    assert main(["report"]) == 2
    assert capsys.readouterr().err == "mclite report: this cannot be done\n"


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    command = f"{sys.executable} -m mclite --help | true"
    done = subprocess.run(
        command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )
    assert "Traceback" not in done.stderr


def test_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mclite", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"mclite {__version__}\n")
