"""protocol.txt: reading a copy and laying the line numbers over it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mclite.replay.report import spec
from mclite.replay.results.read import ResultsError

TEXT = [f"line {number} of a document" for number in range(1, 101)]


@pytest.fixture(autouse=True)
def _sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let TEXT be the release that the suite cites."""
    monkeypatch.setattr(spec, "_sums", lambda: tuple(map(spec.line_sum, TEXT)))
    monkeypatch.setattr(spec, "LENGTH", len(TEXT))


def write(path: Path, lines: list[str]) -> Path:
    data = "\n".join(lines).encode() + b"\n"
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["protocol.txt", "protocol.txt.gz"])
def test_the_copy_of_the_release_is_exact(tmp_path: Path, name: str) -> None:
    found = spec.read(write(tmp_path / name, TEXT))
    assert found.exact
    assert found.lines == tuple(TEXT)


def test_another_release_is_aligned(tmp_path: Path) -> None:
    other = ["new first", *TEXT[:20], "new line", *TEXT[25:]]
    found = spec.read(write(tmp_path / "protocol.txt", other))
    assert not found.exact
    for text, number in zip(found.lines, found.numbers, strict=True):
        assert number == (0 if text.startswith("new") else TEXT.index(text) + 1)


@pytest.mark.parametrize("lines", [[], ["something else"] * 50, TEXT[:10] + ["other"] * 90])
def test_another_document_is_refused(tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(ResultsError, match=r"is not memcached's protocol\.txt"):
        spec.read(write(tmp_path / "x.txt", lines))


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="cannot be read: No such file"):
        spec.read(tmp_path / "none.txt")
    broken = tmp_path / "protocol.txt.gz"
    broken.write_bytes(gzip.compress(b"x" * 1000)[:20])
    with pytest.raises(ResultsError, match="cannot be read"):
        spec.read(broken)
    broken.write_bytes(b"plain")
    with pytest.raises(ResultsError, match="cannot be read"):
        spec.read(broken)


def test_debians_copy_is_found_and_a_broken_one_is_passed_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "protocol.txt", tmp_path / "protocol.txt.gz"
    monkeypatch.setattr(spec, "USUAL", (first, second))
    assert spec.find() is None
    write(second, TEXT)
    first.write_text("something else\n")
    found = spec.find()
    assert found is not None
    assert found.path == second


def test_the_sums_are_of_as_many_lines_as_the_release_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert len(spec._sums()) == spec.LENGTH
    starts = [line for line, _ in spec.SECTIONS]
    assert starts == sorted(set(starts))
    for line, name in spec.SECTIONS:
        assert spec._sums()[line - 1] == spec.line_sum(name), f"{name} is the text of line {line}"
