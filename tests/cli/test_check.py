from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import SECONDS_MAX

from mclite.cli import UsageError
from mclite.cli.check import configure, options, selected
from mclite.cli.parser import Parser
from mclite.replay.run.arguments import OPTIONS
from mclite.replay.scenario.lint import load_all
from mclite.replay.scenario.offers import documented
from mclite.replay.scenario.root import default_root

ROOT = Path(__file__).resolve().parents[2]
TOY = f"{sys.executable} {ROOT / 'tests' / 'replay' / 'toy_server.py'} {{port}}"


def check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mclite", "check", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=4 * SECONDS_MAX,
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


@pytest.mark.parametrize(("name", "code"), [("get", 0), ("incr", 1)])
def test_what_is_offered_is_asked_for_like_a_scenario(tmp_path: Path, name: str, code: int) -> None:
    done = check(tmp_path, "--spawn", TOY, "--only", f"offers/{name}", "--no-report")
    assert done.returncode == code, done.stdout + done.stderr
    assert f"{1 - code} passed" in done.stdout or code
    assert ("Not offered (1):\n  incr: answered ERROR" in done.stdout) == (name == "incr")


@pytest.mark.parametrize("word", ["error", "garbage"])
@pytest.mark.parametrize("lacks", [(), ("--lacks", "all")], ids=["", "lacks all"])
def test_a_server_that_answers_nothing_rightly_is_never_green(tmp_path: Path, word: str, lacks: tuple[str]) -> None:
    everything = ",".join(documented().entries)
    subset = f"{sys.executable} {ROOT / 'tests' / 'replay' / 'subset_server.py'} {{port}} {word}"
    given = [one.replace("all", everything) for one in lacks]
    done = check(tmp_path, "--spawn", subset, "--only", "offers", "--only", "errors", "--report-dir", "out", *given)
    assert done.returncode == (4 if lacks and word == "error" else 1), done.stdout + done.stderr
    (path,) = (tmp_path / "out").glob("*.json")
    assert json.loads(path.read_text())["summary"]["conforms"] is False
    assert "conforms to" not in done.stdout.replace("does not conform to", "")
    if lacks and word == "error":
        assert "no command was answered as memcached does" in done.stdout


@pytest.mark.parametrize(("lacks", "code"), [(True, 0), (False, 1)])
def test_a_small_server_is_green_when_it_is_said_what_it_lacks(tmp_path: Path, lacks: bool, code: int) -> None:
    absent = ",".join(sorted(documented().entries.keys() - {"get", "set", "delete", "version", "quit"}))
    subset = f"{sys.executable} {ROOT / 'tests' / 'replay' / 'subset_server.py'} {{port}}"
    chapters = [word for name in ("offers", "storage", "retrieval", "deletion", "keys") for word in ("--only", name)]
    given = ["--lacks", absent] if lacks else []
    done = check(tmp_path, "--spawn", subset, *chapters, "--no-report", *given)
    assert done.returncode == code, done.stdout + done.stderr


def test_a_silent_server_cannot_be_judged(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        done = check(tmp_path, address, "--lacks", ",".join(documented().entries), "--no-report")
    assert done.returncode == 3
    assert "does not answer `version` with a line" in done.stdout + done.stderr


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
    assert "outcomes.Exit" not in done.stdout + done.stderr
    assert (done.stdout + done.stderr).count("no server to judge") == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--only", "nonesuch"], 2, "--only nonesuch: there is no such chapter, file or scenario"),
        (["--only", "storage/set/nonesuch"], 2, "--only storage/set/nonesuch: there is no such chapter"),
        (["--only", "/abs/file.toml"], 2, "--only /abs/file.toml: it is not in the suite, which is "),
        (["--only", "../x"], 2, "--only ../x: it is not in the suite, which is "),
        (["--only", "offers/icnr"], 2, "--only offers/icnr: there is no such chapter"),
        (["--only", "targets"], 2, "--only targets: there is no such chapter"),
        (["--frob"], 2, "unrecognized arguments: --frob"),
        (["--frob", "--only", "storage"], 2, "unrecognized arguments: --frob"),
        (["--deliver", "post"], 2, "argument --deliver: invalid choice: 'post'"),
        (["--maxfail", "many"], 2, "argument --maxfail: invalid int value: 'many'"),
        (["127.0.0.1:2", "--baseline", "x"], 2, "a baseline belongs to one target, and there are several"),
        (["--baseline", "x"], 2, "there is no baseline x"),
        (["--junit-xml", "no/such.xml"], 6, "no/such.xml cannot be written: there is no folder"),
        (["--only", "storage", "--", "--frob"], 2, "unrecognized arguments: --frob"),
        (["--only", "storage", "--", "-p", "nonesuch"], 2, "nonesuch"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_usage_errors_are_a_sentence(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    done = check(tmp_path, "127.0.0.1:1", *words)
    out = done.stdout + done.stderr
    assert done.returncode == code, out
    assert said in out
    assert "Traceback" not in out
    if "--" not in words:
        assert said in out.splitlines()[-1]
        assert len(out.splitlines()) <= 2


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["-m", "should", "-k", "length"], set()),
        (["-x", "--maxfail", "3"], {"storage/set/new"}),
        (["--junit-xml", "junit.xml", "-v"], {"storage/set/new"}),
        (["--", "--durations=1", "-vv"], {"storage/set/new"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_it_takes_what_pytest_takes(tmp_path: Path, words: list[str], ids: set[str]) -> None:
    done = check(tmp_path, "--spawn", TOY, "--only", "storage/set/new", "--report-dir", "out", *words)
    assert done.returncode == (0 if ids else 4), done.stdout + done.stderr
    found = [json.loads(path.read_text())["scenarios"] for path in (tmp_path / "out").glob("*.json")]
    assert {record["id"] for records in found for record in records} == ids
    assert (tmp_path / "junit.xml").exists() == ("junit.xml" in words)
    assert ("slowest 1 durations" in done.stdout) == ("--durations=1" in words)


def test_a_level_is_a_marker(tmp_path: Path) -> None:
    storage = [one for one in load_all(default_root())[0] if one.chapter == "storage"]
    for level in ("must", "should", "observed"):
        done = check(tmp_path, "--only", "storage", "-m", level, "--", "--collect-only")
        assert done.returncode == 0, done.stdout + done.stderr
        names = {line.split("::")[1] for line in done.stdout.splitlines() if "::" in line}
        assert names == {one.slug for one in storage if one.level == level}


def test_every_option_of_the_suite_is_one_of_check() -> None:
    parser = Parser()
    configure(parser)
    given = ["--destructive", "--chop", "3", "--as", "1.6.9", "--spawn", "a {port}", "--spawn", "b", "-x", "--strict"]
    args = parser.parse_args(["h:1", *given, "-n", "2", "--deliver", "whole", "--no-report", "-m", "must"])
    assert options(args) == [
        "--target=h:1",
        "--spawn=a {port}",
        "--spawn=b",
        "--as=1.6.9",
        "--chop=3",
        "--destructive",
        "--no-report",
        *("-m", "must", "-n", "2"),
        "-x",
        "--strict",
    ]
    flags = {flag for action in parser._actions for flag in action.option_strings}
    assert {option.flag for option in OPTIONS} <= flags


def test_selected() -> None:
    root = default_root()
    assert selected(root, []) == [str(root)]
    new = f"{root / 'storage' / 'set.toml'}::new"
    for name in ("storage/set/new", "storage/set.toml::new", new, str(root / "storage" / "set" / "new")):
        assert selected(root, [name]) == [new]
    incr = f"{root / 'offers.toml'}::incr"
    assert selected(root, ["offers/incr", "offers.toml::incr", incr]) == [incr] * 3
    assert selected(root, ["offers", "offers.toml"]) == [str(root / "offers.toml")] * 2
    assert selected(root, ["storage", "storage/set", "storage/set/new"]) == [
        str(root / "storage"),
        str(root / "storage" / "set.toml"),
        f"{root / 'storage' / 'set.toml'}::new",
    ]
    with pytest.raises(UsageError, match="no such chapter"):
        selected(root, ["storage/nonesuch/x"])
