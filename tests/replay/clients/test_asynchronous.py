"""The asynchronous libraries for Python, each on a loop in a thread of its own, with servers of mclite."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from mclite.replay.clients.asynchronous import Aiomcache, Emcache
from mclite.replay.clients.library import Library
from mclite.testing import ServerThread


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("library", [Aiomcache, Emcache], ids=lambda library: library.name)
def test_every_method(library: type[Library], use: Callable[[type[Library]], None]) -> None:
    if library.version() is None:
        pytest.skip(f"{library.package} is not installed")
    before = threading.active_count()
    use(library)
    assert threading.active_count() <= before, "the thread of the loop did not end"


def test_an_error_of_the_library_is_raised_where_it_was_called() -> None:
    pytest.importorskip("aiomcache")
    with ServerThread() as server:
        client = Aiomcache([(server.host, server.port)])
        try:
            with pytest.raises(Exception, match="k k"):
                client.get("k k")
        finally:
            client.close()
