from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from mclite.replay.combinations.cover import held, rows, targets
from mclite.replay.combinations.table import Dimension, Row, Table


def table(valid: Callable[[Row], bool] = lambda _: True, hard: bool = False) -> Table:
    dimensions = tuple(Dimension(name, dict.fromkeys("xyz", ""), hard=hard) for name in "abcd")
    return Table("t", "", "", "", "1.4.15", dimensions, (), {}, valid)


def test_every_pair_is_covered_by_few_rows() -> None:
    made = rows(table())
    pairs = {target for row in made for target in held(table(), row)}
    assert len(pairs) == 6 * 9
    assert len(made) < 20


def test_hard_dimensions_are_covered_by_three() -> None:
    made = rows(table(hard=True))
    for names in itertools.combinations("abcd", 3):
        assert {tuple(row[name] for name in names) for row in made} == set(itertools.product("xyz", repeat=3))


def test_what_is_impossible_is_not_wanted() -> None:
    def valid(row: Row) -> bool:
        return not (row["a"] == "x" and row["b"] == "y")

    wanted = targets(table(valid))
    assert (("a", "x"), ("b", "y")) not in wanted
    assert len(wanted) == 6 * 9 - 1
    assert all(valid(row) for row in rows(table(valid)))


def test_the_rows_are_always_the_same() -> None:
    assert rows(table()) == rows(table())


@pytest.mark.parametrize("row", [{}, {"a": "x"}])
def test_an_incomplete_row_covers_nothing(row: dict[str, str]) -> None:
    assert list(held(table(), row)) == []
