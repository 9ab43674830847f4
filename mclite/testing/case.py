"""For unittest: a mixin that gives each test a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mclite.testing.server import ServerThread

if TYPE_CHECKING:
    import unittest

    from mclite.client import Client

    _Base = unittest.TestCase
else:
    _Base = object


class MemcachedTestCase(_Base):
    """A mixin for `unittest.TestCase`, named before it: `self.server` and `self.client` are made for each test.

    `server_options` of the class are options of `ServerThread`, such as `{"memory_limit": 8}`.
    """

    server_options: ClassVar[dict[str, Any]] = {}
    server: ServerThread
    client: Client[bytes]

    def setUp(self) -> None:
        """Start the server."""
        super().setUp()
        self.server = ServerThread(**self.server_options)
        self.server.start()
        self.addCleanup(self.server.stop)
        self.client = self.server.client()
        self.addCleanup(self.client.close)
