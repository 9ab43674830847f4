"""Pages are kept until they are moved, and a class that loses one says how many items no longer fit."""

from __future__ import annotations

import pytest

from mclite.store.pages import ClassUse, Move, Pages
from mclite.store.slabs import GLOBAL_PAGE_POOL, SlabClasses

SLABS = SlabClasses()
PER_PAGE = SLABS.chunks_per_page(5)


def use(**numbers: int) -> dict[int, ClassUse]:
    """So many items in each class, by `c<class id>`."""
    made = {}
    for name, number in numbers.items():
        made[int(name[1:])] = of_class = ClassUse()
        of_class.number = number
    return made


@pytest.fixture
def pages() -> Pages:
    return Pages(SLABS)


def test_a_page_is_begun_with_its_first_item(pages: Pages) -> None:
    assert pages.count(use(c5=1)) == {5: 1}
    assert pages.count(use(c5=PER_PAGE)) == {5: 1}
    assert pages.count(use(c5=PER_PAGE + 1)) == {5: 2}


def test_a_page_stays_when_its_items_go(pages: Pages) -> None:
    pages.count(use(c5=PER_PAGE * 3))
    assert pages.count({}) == {5: 3}


def test_moving_one_tells_how_many_items_no_longer_fit(pages: Pages) -> None:
    assert pages.move(use(c5=PER_PAGE + 7), 5, 6) == Move(5, 7)
    assert pages.count({}) == {5: 1, 6: 1}
    assert pages.moved == 1


def test_the_last_page_of_a_class_stays(pages: Pages) -> None:
    assert pages.move(use(c5=1), 5, 6) is None
    assert pages.move({}, 7, 6) is None
    assert pages.moved == 0


def test_any_class_is_the_one_with_most_pages(pages: Pages) -> None:
    assert pages.move(use(c5=PER_PAGE * 2, c6=SLABS.chunks_per_page(6) * 3), -1, 5) == Move(6, SLABS.chunks_per_page(6))
    assert pages.move(use(c5=1), -1, 5) == Move(6, 0)
    assert pages.move({}, -1, 5) is None


def test_the_pool_takes_and_gives(pages: Pages) -> None:
    assert pages.move({}, GLOBAL_PAGE_POOL, 5) is None
    assert pages.move(use(c5=PER_PAGE * 2), 5, GLOBAL_PAGE_POOL) == Move(5, PER_PAGE)
    assert pages.pool == 1
    assert pages.move({}, GLOBAL_PAGE_POOL, 6) == Move(GLOBAL_PAGE_POOL, 0)
    assert (pages.pool, pages.count({})) == (0, {5: 1, 6: 1})
    pages.move(use(c5=PER_PAGE * 2), 5, GLOBAL_PAGE_POOL)
    pages.count(use(c7=1))
    assert pages.pool == 0
