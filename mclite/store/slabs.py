"""The sizes that memcached gives items, and the slab classes that they fall in.

mclite allocates no slabs. It counts as memcached 1.6.45 on a 64-bit machine does, so that the memory limit, the size
of `me` and `s`, and the class ids of `stats items`, `stats slabs` and `lru_crawler` mean the same.
"""

from __future__ import annotations

from typing import Final

ITEM_HEADER: Final = 48
CAS_SIZE: Final = 8
FLAGS_SIZE: Final = 4
PAGE_SIZE: Final = 1 << 20
CLASSES_MAX: Final = 63
AUTOMOVE_WINDOW: Final = (3, 1800)
"""The least and the most of `slabs automove window`."""
GLOBAL_PAGE_POOL: Final = 0


def item_size(key_length: int, data_length: int, flags: int) -> int:
    """Return the bytes that memcached needs for an item: header, cas unique, key, NUL, flags unless 0, data, CR LF."""
    return ITEM_HEADER + CAS_SIZE + key_length + 1 + (FLAGS_SIZE if flags else 0) + data_length + 2


class SlabClasses:
    """The chunk sizes of the slab classes, from 1 on."""

    def __init__(
        self,
        item_size_max: int = 1 << 20,
        chunk_size: int = 48,
        factor: float = 1.25,
        chunk_max: int | None = None,
    ) -> None:
        self.item_size_max = item_size_max
        self.chunk_max = min(item_size_max, PAGE_SIZE) // 2 if chunk_max is None else chunk_max
        sizes = [0]
        size = ITEM_HEADER + chunk_size
        while len(sizes) < CLASSES_MAX - 1 and size < self.chunk_max / factor:
            size += -size % 8
            sizes.append(size)
            size = int(size * factor)
        sizes.append(self.chunk_max)
        self.sizes = sizes
        # One byte for each eight bytes of size: an item's class is one look-up.
        table = bytearray()
        for slab_class, size in enumerate(sizes[:-1]):
            table += bytes([slab_class or 1]) * (size // 8 + 1 - len(table))
        self._table = bytes(table.ljust(self.chunk_max // 8 + 1, bytes([len(sizes) - 1])))

    def __len__(self) -> int:
        return len(self.sizes) - 1

    def class_of(self, size: int) -> int:
        """Return the id of the class for an item of `size` bytes, 0 if there is none: it is too large for the cache."""
        if size <= self.chunk_max:
            return self._table[size + 7 >> 3]
        return len(self.sizes) - 1 if size <= self.item_size_max else 0

    def chunks_per_page(self, slab_class: int) -> int:
        """Return how many chunks of a class one page holds."""
        return PAGE_SIZE // self.sizes[slab_class]
