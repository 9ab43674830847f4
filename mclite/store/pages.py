"""The slab pages that memcached would have: how many each class holds, and moving one (protocol.txt 984-1016).

mclite allocates none. It counts those that the items of a class would fill, keeps a class's pages until they are
moved, as memcached does, and moving one away evicts the items that no longer fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mclite.store.slabs import GLOBAL_PAGE_POOL, SlabClasses


class ClassUse:
    """The items of one slab class: how many, their bytes, and the seconds since the last access to the oldest.

    `temporary` of them live so short that they are not evicted.
    """

    number: int = 0
    bytes: int = 0
    age: int = 0
    temporary: int = 0


class Move(NamedTuple):
    """A page that was moved away from class `source`, whose items no longer fit by `items`."""

    source: int
    items: int


class Pages:
    """The pages of a store's slab classes, and the pool of free ones."""

    def __init__(self, slabs: SlabClasses) -> None:
        self._slabs = slabs
        self._pages: dict[int, int] = {}
        self.pool = 0
        self.moved = 0

    def count(self, use: Mapping[int, ClassUse]) -> dict[int, int]:
        """Return the pages that each class holds, by class id, given the total of the items of each class."""
        for slab_class, totals in use.items():
            needed = -(-totals.number // self._slabs.chunks_per_page(slab_class))
            held = self._pages.get(slab_class, 0)
            if needed > held:
                self.pool = max(self.pool - (needed - held), 0)
                self._pages[slab_class] = needed
        return dict(self._pages)

    def move(self, use: Mapping[int, ClassUse], source: int, dest: int) -> Move | None:
        """Move a page of class `source`, of any for -1, to class `dest`; None if there is none to spare."""
        pages = self.count(use)
        if source == -1:
            spare = [slab_class for slab_class, held in pages.items() if held > 1 and slab_class != dest]
            source = max(spare, key=lambda slab_class: pages[slab_class], default=-1)
        homeless = 0
        if source == GLOBAL_PAGE_POOL and self.pool:
            self.pool -= 1
        elif pages.get(source, 0) < 2:
            return None
        else:
            self._pages[source] -= 1
            fits = self._pages[source] * self._slabs.chunks_per_page(source)
            homeless = max(use[source].number - fits, 0) if source in use else 0
        if dest == GLOBAL_PAGE_POOL:
            self.pool += 1
        else:
            self._pages[dest] = self._pages.get(dest, 0) + 1
        self.moved += 1
        return Move(source, homeless)
