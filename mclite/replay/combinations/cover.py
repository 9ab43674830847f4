"""Rows that cover a table: every pair of values that can be together, and every triple of hard dimensions.

Greedy and always the same: the rows are committed.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Iterator

from mclite.replay.combinations.table import Row, Table

#: Names of dimensions and of their values, two or three.
Target = tuple[tuple[str, str], ...]
#: Completions of a target that are looked at for each row.
_CANDIDATES = 12
#: Completions that are tried before a target is taken for impossible.
_TRIES = 100


@functools.cache
def targets(table: Table) -> tuple[Target, ...]:
    """Return what has to be covered: pairs of all dimensions, triples of the hard ones, as far as it is possible."""
    hard = [dimension for dimension in table.dimensions if dimension.hard]
    groups = itertools.chain(itertools.combinations(table.dimensions, 2), itertools.combinations(hard, 3))
    possible: set[Target] = set()
    for row in itertools.islice(_completions(table, (), random.Random(1)), _TRIES):
        possible.update(held(table, row))
    found = []
    for group in groups:
        for values in itertools.product(*(dimension.values for dimension in group)):
            target = tuple(zip((dimension.name for dimension in group), values, strict=True))
            if target not in possible:
                possible.update(held(table, next(_completions(table, target, random.Random(1)), {})))
            if target in possible:
                found.append(target)
    return tuple(found)


def _completions(table: Table, target: Target, chance: random.Random) -> Iterator[dict[str, str]]:
    """Yield rows that hold a target: the plainest first, then more at random."""
    plain = {dimension.name: next(iter(dimension.values)) for dimension in table.dimensions}
    free = [dimension for dimension in table.dimensions if dimension.name not in dict(target)]
    for attempt in range(_TRIES):
        row = plain | dict(target)
        for dimension in free if attempt else ():
            if attempt % 2 or chance.random() < 0.5:
                row[dimension.name] = chance.choice(list(dimension.values))
        if table.valid(row):
            yield row


def held(table: Table, row: Row) -> Iterator[Target]:
    """Yield every target that a row covers; none when it lacks a dimension."""
    if any(dimension.name not in row for dimension in table.dimensions):
        return
    items = [(dimension.name, row[dimension.name]) for dimension in table.dimensions]
    yield from itertools.combinations(items, 2)
    hard = [(dimension.name, row[dimension.name]) for dimension in table.dimensions if dimension.hard]
    yield from itertools.combinations(hard, 3)


@functools.cache
def rows(table: Table) -> tuple[Row, ...]:
    """Return rows that cover the table."""
    chance = random.Random(table.name)
    left = dict.fromkeys(targets(table))
    found: list[Row] = []
    while left:
        target = next(iter(left))
        candidates = itertools.islice(_completions(table, target, chance), _CANDIDATES)
        best = max(candidates, key=lambda row: sum(one in left for one in held(table, row)))
        for one in held(table, best):
            left.pop(one, None)
        found.append(best)
    return tuple(found)
