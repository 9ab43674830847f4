"""`mclite report` as a user calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from waiting import SECONDS_MAX

from mclite.cli import main

ROOT = Path(__file__).parents[2]


def test_html(files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "page.html"
    assert main(["report", "html", *map(str, files), "-o", str(out), "--title", "Mine", "--no-spec"]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    assert "<title>Mine</title>" in out.read_text()


def test_markdown_and_badge_go_to_standard_output(files: tuple[Path, Path], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "markdown", str(files[0])]) == 0
    assert capfd.readouterr().out.startswith("# memcached compatibility\n")
    assert main(["report", "badge", str(files[0])]) == 0
    assert capfd.readouterr().out.startswith("<svg ")


@pytest.mark.parametrize(("order", "code"), [((0, 1), 1), ((1, 0), 0), ((0, 0), 0)])
def test_diff_is_a_gate(
    files: tuple[Path, Path], capfd: pytest.CaptureFixture[str], order: tuple[int, int], code: int
) -> None:
    assert main(["report", "diff", *(str(files[number]) for number in order)]) == code
    assert ("regressed" in capfd.readouterr().out) == (code == 1)


@pytest.mark.parametrize(("name", "start"), [("d.md", "# What"), ("d.html", "\n<!doctype"), ("d.txt", "a server")])
def test_diff_takes_its_form_from_the_name(files: tuple[Path, Path], tmp_path: Path, name: str, start: str) -> None:
    out = tmp_path / name
    assert main(["report", "diff", str(files[0]), str(files[1]), "-o", str(out)]) == 1
    assert out.read_text().lstrip().startswith(start.lstrip())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("d.txt", "request on the wire "),
        ("d.md", "## 1 of 1 scenario is answered otherwise"),
        ("d.html", "<p>1 of 1 scenario is answered otherwise"),
    ],
)
def test_diff_shows_answers_that_are_otherwise(files: tuple[Path, Path], tmp_path: Path, name: str, said: str) -> None:
    for path, answer in zip(files, ("STORED", "OK"), strict=True):
        made = json.loads(path.read_text())
        made["transcripts"] = [[["A", ">", "set mabcde00_0001 0 0 1\\r\\na\\r\\n"], ["A", "<", f"{answer}\\r\\n"]]]
        made["scenarios"][0].update(transcript=0, verdict="pass")
        path.write_text(json.dumps(made))
    out = tmp_path / name
    assert main(["report", "diff", *map(str, files), "-o", str(out)]) == 0
    written = out.read_text()
    assert said.replace("<p>", '<p class="explain">') in written
    assert "set key 0 0 1" in written.replace("&#32;", " ")
    assert main(["report", "diff", *map(str, files), "-o", str(out), "--verdicts"]) == 0
    assert "set key 0 0 1" not in out.read_text()
    assert "nothing changed" in out.read_text()


def test_merge(files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "all.json"
    assert main(["report", "merge", *map(str, files), "-o", str(out)]) == 0
    merged = json.loads(out.read_text())
    assert merged["summary"]["verdicts"] == {"fail": 1}
    assert merged["run"]["complete"] is True
    assert "storage/set/a is fail in one and pass in another." in capsys.readouterr().err


def test_merge_misses_a_shard(files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = json.loads(files[0].read_text())
    made["run"]["shard"] = "2/2"
    files[0].write_text(json.dumps(made))
    out = tmp_path / "all.json"
    assert main(["report", "merge", str(files[0]), "-o", str(out)]) == 1
    assert capsys.readouterr().err == "mclite report merge: Shard 1/2 is missing.\n"
    assert json.loads(out.read_text())["run"]["shard"] == "2/2"


def test_publish_from_results(files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "reports"
    assert main(["report", "publish", "--from", str(files[0]), "--dir", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["a-server.html", "a-server.json", "index.html"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["html", "BAD", "-o", "OUT"],
        ["html", "GOOD", "BAD", "-o", "OUT"],
        ["html", "none.json", "-o", "OUT"],
        ["html", "GOOD", "--spec", "BAD", "-o", "OUT"],
        ["markdown", "BAD", "-o", "OUT"],
        ["badge", "BAD", "-o", "OUT"],
        ["diff", "GOOD", "BAD", "-o", "OUT"],
        ["merge", "GOOD", "BAD", "-o", "OUT"],
        ["publish", "--from", "BAD", "--dir", "OUT"],
        ["publish", "--root", "GOOD", "--dir", "OUT"],
    ],
    ids=" ".join,
)
def test_bad_input_is_one_sentence_and_nothing_is_written(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    files[1].write_bytes(files[1].read_bytes()[:200])
    names = {"GOOD": str(files[0]), "BAD": str(files[1]), "OUT": str(tmp_path / "out")}
    assert main(["report", *(names.get(word, word) for word in arguments)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("mclite report: ")
    assert said.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.json", "good.json"]


def test_what_cannot_be_written_is_one_sentence(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "html", str(files[0]), "-o", str(files[0] / "x.html")]) == 6
    said = capsys.readouterr().err
    assert str(files[0]) in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [["html", "GOOD"], ["markdown", "GOOD"], ["badge", "GOOD"], ["diff", "GOOD", "GOOD"], ["merge", "GOOD"]],
    ids=" ".join,
)
def test_output_to_a_pipe_leaves_the_pipe(
    files: tuple[Path, Path], tmp_path: Path, arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    words = [str(files[0]) if word == "GOOD" else word for word in arguments]
    assert main(["report", *words, "-o", str(pipe)]) == 0
    reader.join(SECONDS_MAX)
    assert pipe.is_fifo()
    assert read[0].strip()


def test_the_command_line_knows_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mclite", "report", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=4 * SECONDS_MAX,
        check=True,
    )
    for name in ("html", "markdown", "badge", "diff", "merge", "publish"):
        assert f"mclite report {name}" in done.stdout
