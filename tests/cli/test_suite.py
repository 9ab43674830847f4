from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mclite.cli import main
from mclite.replay.scenario.lint import load_all
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import Scenario

SHOULD = "[[scenario]]\nid = 'x'\ntitle = 'It should'\ntalk = '''\n> x\n'''"
HEAD = 'section = "Deletion"\nlevel = "must"\nlines = ["335-337"]\n'


@pytest.fixture(scope="module")
def scenarios() -> list[Scenario]:
    """The whole suite."""
    return load_all(default_root())[0]


def results(version: str, conforms: bool = True) -> str:
    """The published results of a release, as they are or said not to conform."""
    found = json.loads((Path(__file__).parents[2] / "reports" / f"memcached-{version}.json").read_text())
    found["summary"]["conforms"] = conforms
    return json.dumps(found)


def test_list_is_the_suite(scenarios: list[Scenario], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["suite", "list"]) == 0
    listed = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert listed == sorted([one.id, one.level] for one in scenarios)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-m", "should"], lambda one: one.level == "should"),
        (["--requires", "tls"], lambda one: "tls" in one.requires),
        (["--as", "1.6.18", "touch"], lambda one: one.applies_to((1, 6, 18)) and "touch" in text(one)),
        (["incr", "decr"], lambda one: "incr" in text(one) and "decr" in text(one)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_list_takes_conditions(
    scenarios: list[Scenario], words: list[str], expected: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(expected)
    assert main(["suite", "list", *words]) == 0
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert listed == {one.id for one in scenarios if expected(one)}
    assert listed


def text(one: object) -> str:
    return f"{one.id} {one.title} {' '.join(one.commands)}"  # type: ignore[attr-defined]  # a Scenario


def test_nothing_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["suite", "list", "no such word"]) == 1
    assert capsys.readouterr().err == "mclite suite list: no scenario is so\n"


def test_show_says_everything_of_a_scenario(scenarios: list[Scenario], capsys: pytest.CaptureFixture[str]) -> None:
    for one in (
        next(one for one in scenarios if one.note and one.requires and one.lines),
        next(one for one in scenarios if one.transport),
        next(one for one in scenarios if one.scope == "server"),
        next(one for one in scenarios if not one.lines),
    ):
        assert main(["suite", "show", one.id]) == 0
        shown = capsys.readouterr().out
        facts = [one.id, one.title, one.level, one.section, *one.lines, *one.requires, *one.depends, one.note or ""]
        for fact in facts:
            assert fact in shown
        said = [line.strip() for line in one.talk.source.strip().splitlines()]
        assert [line.strip() for line in shown.splitlines()][-len(said) :] == said


def test_show_takes_files_and_chapters(scenarios: list[Scenario], capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("storage/set", "storage/set.toml", "quit"):
        assert main(["suite", "show", name]) == 0
        shown = capsys.readouterr().out.splitlines()
        prefix = f"{name.removesuffix('.toml')}/"
        assert {line for line in shown if line.startswith(prefix)} == {
            one.id for one in scenarios if one.id.startswith(prefix)
        }


def test_lint_finds_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["suite", "lint"]) == 0
    assert capsys.readouterr().out.endswith(" files, no fault\n")
    root = tmp_path / "conformance"
    (root / "chapter").mkdir(parents=True)
    shutil.copytree(default_root() / "schema", root / "schema")
    (root / "chapter" / "file.toml").write_text(
        f"{HEAD}[[scenario]]\nid = 'x'\ntitle = 'It should'\ntalk = '''\n> x\n'''"
    )
    assert main(["suite", "lint", str(root)]) == 1
    assert "the title says 'should'" in capsys.readouterr().out
    (root / "client_side").mkdir()
    (root / "client_side" / "late.toml").write_text("cause = 'x'\n[[scenario]]\n")
    assert main(["suite", "lint", str(root)]) == 1
    assert "client_side/late.toml:2: the field 'talk' is missing" in capsys.readouterr().out
    assert main(["suite", "lint", str(tmp_path / "none")]) == 1


def test_coverage_is_a_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    protocol = tmp_path / "protocol.txt"
    protocol.write_text("\n".join(f"line {number}" for number in range(1, 1927)) + "\n")
    assert main(["suite", "coverage", str(protocol)]) == 0
    assert "testable lines are shown" in capsys.readouterr().out
    assert main(["suite", "coverage", str(protocol), "--fail-under", "100.1"]) == 1
    assert main(["suite", "coverage", str(tmp_path / "none")]) == 2


def test_releases_reads_results_in_any_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(results("1.6.9"))
    new.write_text(results("1.6.45"))
    assert main(["suite", "releases", str(new), str(old)]) == 0
    assert "1.6.9, 1.6.45" in capsys.readouterr().out
    old.write_text(results("1.6.9", conforms=False))
    assert main(["suite", "releases", str(new), str(old)]) == 1
    old.write_text("{")
    assert main(["suite", "releases", str(new), str(old)]) == 2
    assert str(old) in capsys.readouterr().err


def test_export_is_json(scenarios: list[Scenario], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "suite.json"
    assert main(["suite", "export", "-o", str(out)]) == 0
    assert len(json.loads(out.read_text())["scenarios"]) == len(scenarios)
    assert main(["suite", "export", "-o", str(out / "x")]) == 6
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "storage/nonesuch"], "there is no scenario, file or chapter 'storage/nonesuch'"),
        (["list", "--as", "new"], "--as: 'new' is not a version"),
        (["play", "none.toml"], "none.toml: there is no such file or folder"),
        (["play", __file__, "--target", "a b"], "'a b' is no address"),
        (["play", __file__, "--as", "new"], "'new' is not a version"),
    ],
    ids=lambda value: " ".join(value[::2]) if isinstance(value, list) else None,
)
def test_usage(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["suite", *words]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith(f"mclite suite: {said}")
    assert shown.count("\n") == 1
