from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from mclite.replay.scenario.sections import LAST_LINE, SECTIONS, section_of


def test_the_sections_are_the_whole_document_without_gaps() -> None:
    bounds = list(SECTIONS.values())
    assert bounds[0][0] == 1
    assert bounds[-1][1] == LAST_LINE
    assert all(first <= last for first, last in bounds)
    assert all(last + 1 == first for (_, last), (first, _) in itertools.pairwise(bounds))


@pytest.mark.parametrize(
    ("line", "heading"),
    [(1, "Protocol"), (40, "Protocol"), (41, "Keys"), (203, "Authentication"), (204, "Storage commands"),
     (1886, "Security restrictions"), (1887, "UDP protocol"), (LAST_LINE, "UDP protocol")],
)  # fmt: skip
def test_a_line_belongs_to_the_heading_above_it(line: int, heading: str) -> None:
    assert section_of(line) == heading


@pytest.mark.parametrize("line", [0, -1, LAST_LINE + 1])
def test_a_line_outside_has_none(line: int) -> None:
    with pytest.raises(StopIteration):
        section_of(line)


def test_every_scenario_cites_lines_of_the_document() -> None:
    from mclite.replay.scenario.lint import load_all
    from mclite.replay.scenario.root import default_root

    scenarios, _ = load_all(Path(default_root()))
    assert scenarios
    for scenario in scenarios:
        assert scenario.section in SECTIONS
        for cited in scenario.lines:
            first, _, last = cited.partition("-")
            assert 1 <= int(first) <= int(last or first) <= LAST_LINE
