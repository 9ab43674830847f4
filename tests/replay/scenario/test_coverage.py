from __future__ import annotations

import gzip
import itertools
from pathlib import Path

import pytest

from mclite.replay.scenario.coverage import CoverageError, measure, ranges, read_text, report
from mclite.replay.scenario.scenario import parse
from mclite.replay.scenario.sections import LAST_LINE, SECTIONS, section_of

SCENARIO = """section = "Keys"
level = "must"
lines = ["46-48"]
[[scenario]]
id = "a"
title = "A"
talk = "> get {key}"
[[scenario]]
id = "b"
title = "B"
lines = ["48-49", "335"]
talk = "> get {key}"
"""
EXCLUSIONS = """empty = ["43"]
[[exclusion]]
lines = ["44-45"]
reason = "says what a key is for"
"""


def test_sections_follow_each_other_and_fill_the_text() -> None:
    bounds = list(SECTIONS.values())
    assert bounds[0][0] == 1
    assert bounds[-1][1] == LAST_LINE
    assert all(before[1] + 1 == after[0] for before, after in itertools.pairwise(bounds))
    assert section_of(41) == "Keys"
    assert section_of(LAST_LINE) == "UDP protocol"


def test_measure(tmp_path: Path) -> None:
    exclusions = tmp_path / "exclusions.toml"
    exclusions.write_text(EXCLUSIONS)
    coverage = measure(parse(SCENARIO, "k/f.toml"), exclusions)
    assert [scenario.id for scenario in coverage.shown[48]] == ["k/f/a", "k/f/b"]
    assert coverage.open_lines(41, 50) == [50]
    assert coverage.testable(41, 50) == [46, 47, 48, 49, 50]
    assert coverage.percent(41, 50) == pytest.approx(80)
    out = list(report(coverage, None, details=True))
    assert any(line.startswith("Keys") and line.split()[1:5] == ["41-50", "5", "4", "2"] for line in out)
    assert "     48 shown by k/f/a, k/f/b" in out
    assert "     44 excluded: says what a key is for" in out
    assert "     50 OPEN" in out


def test_empty_lines_of_the_text_are_not_open(tmp_path: Path) -> None:
    text = ["words"] * LAST_LINE
    text[49] = "  "
    coverage = measure(parse(SCENARIO, "k/f.toml"), tmp_path / "none.toml", text)
    assert coverage.open_lines(41, 50) == [43, 44, 45]


def test_excluded_but_shown_is_said(tmp_path: Path) -> None:
    exclusions = tmp_path / "exclusions.toml"
    exclusions.write_text(EXCLUSIONS.replace("44-45", "45-46"))
    out = list(report(measure(parse(SCENARIO, "k/f.toml"), exclusions), None))
    assert "excluded, but shown all the same: 46" in out


@pytest.mark.parametrize(
    "text",
    [
        "x = ",
        '[[exclusion]]\nlines = ["1"]',
        '[[exclusion]]\nlines = ["1"]\nreason = ""',
        '[[exclusion]]\nlines = ["9-1"]\nreason = "r"',
        '[[exclusion]]\nlines = ["1927"]\nreason = "r"',
        'empty = ["x"]',
    ],
)
def test_malformed_exclusions(tmp_path: Path, text: str) -> None:
    path = tmp_path / "exclusions.toml"
    path.write_text(text)
    with pytest.raises(CoverageError, match=r"exclusions\.toml"):
        measure([], path)


def test_the_text(tmp_path: Path) -> None:
    path = tmp_path / "protocol.txt.gz"
    path.write_bytes(gzip.compress(b"line\n" * LAST_LINE))
    assert read_text(path) == ["line"] * LAST_LINE
    other = tmp_path / "protocol.txt"
    other.write_text("line\n" * 7)
    with pytest.raises(CoverageError, match="has 7 lines"):
        read_text(other)
    with pytest.raises(CoverageError, match="cannot be read"):
        read_text(tmp_path / "none")


def test_ranges() -> None:
    assert ranges([3, 1, 2, 7]) == ["1-3", "7"]


def test_an_empty_line_inside_a_cited_range_counts_for_nothing(tmp_path: Path) -> None:
    exclusions = tmp_path / "exclusions.toml"
    exclusions.write_text('empty = ["49"]')
    coverage = measure(parse(SCENARIO, "k/f.toml"), exclusions)
    assert 49 in coverage.shown
    assert 49 not in coverage.testable(41, 50)
