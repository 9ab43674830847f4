"""The mixin for unittest, run by unittest."""

from __future__ import annotations

import io
import unittest
from typing import Any, ClassVar

from mclite.testing import MemcachedTestCase


class OneServerATest(MemcachedTestCase, unittest.TestCase):
    """Two tests, each of which finds its server empty."""

    server_options: ClassVar[dict[str, Any]] = {"memory_limit": 8}

    def test_first(self) -> None:
        assert self.client.add("k", "1")
        assert self.client.stats("settings")["maxbytes"] == str(8 << 20)

    def test_second(self) -> None:
        assert self.client.add("k", "1", 60)
        self.server.clock.advance(60)
        assert self.client.get("k") is None


def test_it_gives_each_test_a_server() -> None:
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(OneServerATest)
    result = unittest.TextTestRunner(io.StringIO()).run(suite)
    assert (result.testsRun, result.failures, result.errors) == (2, [], [])
