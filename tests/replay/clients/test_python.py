"""Each synchronous library for Python, with servers of mclite."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mclite.replay.clients import python
from mclite.replay.clients.library import Library

CLASSES = [
    one
    for one in vars(python).values()
    if isinstance(one, type) and issubclass(one, Library) and one.__module__ == python.__name__ and "name" in vars(one)
]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("library", CLASSES, ids=lambda library: library.name)
def test_every_method(library: type[Library], use: Callable[[type[Library]], None]) -> None:
    if library.version() is None:
        pytest.skip(f"{library.package} is not installed")
    use(library)


def test_all_of_them_are_tried() -> None:
    assert [library.name for library in CLASSES] == [
        "pymemcache.Client", "pymemcache.PooledClient", "pymemcache.HashClient", "pylibmc", "pylibmc, binary",
        "pylibmc, ketama", "python-memcached", "meta-memcache",
    ]  # fmt: skip
