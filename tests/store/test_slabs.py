"""Sizes and slab classes are those of memcached 1.6.45 on a 64-bit machine."""

from __future__ import annotations

import pytest

from mclite.store.slabs import SlabClasses, item_size


@pytest.mark.parametrize(
    ("key", "data", "flags", "size"), [(1, 1, 0, 61), (1, 1, 5, 65), (250, 0, 0, 309), (3, 1000, 0, 1062)]
)
def test_item_size(key: int, data: int, flags: int, size: int) -> None:
    assert item_size(key, data, flags) == size


def test_classes_grow_by_the_factor_up_to_half_a_page() -> None:
    slabs = SlabClasses()
    assert slabs.sizes[1:6] == [96, 120, 152, 192, 240]  # as `memcached -vv` prints them
    assert (len(slabs), slabs.sizes[-1], slabs.chunk_max) == (39, 524288, 524288)
    assert all(small < large for small, large in zip(slabs.sizes, slabs.sizes[1:], strict=False))


@pytest.mark.parametrize(
    ("size", "slab_class"),
    [(1, 1), (96, 1), (97, 2), (120, 2), (121, 3), (524288, 39), (524289, 39), (1 << 20, 39), ((1 << 20) + 1, 0)],
)
def test_class_of_is_the_smallest_that_fits(size: int, slab_class: int) -> None:
    assert SlabClasses().class_of(size) == slab_class


def test_every_size_up_to_a_chunk_falls_in_the_smallest_class_that_fits() -> None:
    slabs = SlabClasses(item_size_max=8192, chunk_size=10, factor=1.5)
    for size in range(1, slabs.chunk_max + 1):
        slab_class = slabs.class_of(size)
        assert slabs.sizes[slab_class] >= size
        assert slab_class == 1 or slabs.sizes[slab_class - 1] < size


def test_chunks_per_page() -> None:
    assert SlabClasses().chunks_per_page(1) == 10922
