"""`mclite releases` as a user calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mclite.cli import main


def test_it_prints_a_table_and_writes_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # no column cuts the answer
    markdown, page = tmp_path / "a" / "c.md", tmp_path / "c.html"
    assert main(["releases", "1.6.44", "1.6.45", "--markdown", str(markdown), "--html", str(page)]) == 0
    said = capfd.readouterr().out
    assert said.startswith("From memcached 1.6.44 to 1.6.45 ")
    assert "CLIENT_ERROR invalid numeric delta" in said
    assert markdown.read_text().startswith("# From memcached 1.6.44 to 1.6.45 ")
    assert "<title>memcached 1.6.44 to 1.6.45</title>" in page.read_text()


def test_the_newest_is_the_default(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["releases", "1.6.44"]) == 0
    assert capfd.readouterr().out.startswith("From memcached 1.6.44 to 1.6.45 ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["1.6.99"], "memcached 1.6.99 is no release that the suite knows; the nearest is 1.6.45"),
        (["1.6.9", "new"], "'new' is not a version such as 1.6.45"),
    ],
)
def test_a_release_that_does_not_exist(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["releases", *words]) == 2
    assert capsys.readouterr().err == f"mclite releases: {said}\n"


def test_a_file_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["releases", "1.6.44", "--markdown", str(tmp_path)]) == 6
    assert "cannot be written" in capsys.readouterr().err


def test_the_reference_replaces_its_own_pages_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "releases"
    assert main(["releases", "--write", str(folder)]) == 0
    made = sorted(path.name for path in folder.iterdir())
    assert capsys.readouterr().out == f"{len(made)} pages in {folder}\n"
    (folder / "old.md").write_text((folder / "get.md").read_text())
    (folder / "mine.md").write_text("mine")
    assert main(["releases", "--write", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted([*made, "mine.md"])


def test_two_releases_or_a_folder_are_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["releases"]) == 2
    assert "name two releases" in capsys.readouterr().err
