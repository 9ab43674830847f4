"""The asynchronous libraries for Python, each on an event loop in a thread of its own: aiomcache and emcache."""

# ruff: noqa: D102  # the methods are documented by Library

from __future__ import annotations

import asyncio
import threading
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from mclite.replay.clients.library import Library, Place, module

TIMEOUT = 5.0


class _Asynchronous(Library):
    """Runs what the library does on a loop; values are bytes."""

    values = (b"bytes", b"\x00\xff\r\n", b"")
    client: Any

    def __init__(self, places: Sequence[Place]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.client = self._run(self._connect(places[0]))

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(TIMEOUT)

    @abstractmethod
    async def _connect(self, place: Place) -> Any:
        """Make the client, on the loop."""

    def value(self, text: str) -> Any:
        return text.encode()

    def counter(self, key: str, value: int) -> bool:
        return self.set(key, str(value).encode())

    def close(self) -> None:
        self._run(self.client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIMEOUT)
        self._loop.close()


class Aiomcache(_Asynchronous):
    """aiomcache."""

    name = "aiomcache"
    package = "aiomcache"

    async def _connect(self, place: Place) -> Any:
        return module("aiomcache").Client(*place)

    def set(self, key: str, value: Any, seconds: int = 0) -> bool:
        return bool(self._run(self.client.set(key.encode(), value, exptime=seconds)))

    def get(self, key: str) -> Any:
        return self._run(self.client.get(key.encode()))

    def get_many(self, keys: Sequence[str]) -> dict[str, Any]:
        found = self._run(self.client.multi_get(*[key.encode() for key in keys]))
        return {key: value for key, value in zip(keys, found, strict=True) if value is not None}

    def add(self, key: str, value: Any) -> bool:
        return bool(self._run(self.client.add(key.encode(), value)))

    def delete(self, key: str) -> bool:
        return bool(self._run(self.client.delete(key.encode())))

    def incr(self, key: str, by: int) -> int:
        change = self.client.incr if by >= 0 else self.client.decr
        return int(self._run(change(key.encode(), abs(by))))

    def change(self, key: str, function: Callable[[Any], Any]) -> bool:
        value, unique = self._run(self.client.gets(key.encode()))
        return bool(self._run(self.client.cas(key.encode(), function(value), unique)))


class Emcache(_Asynchronous):
    """emcache."""

    name = "emcache"
    package = "emcache"

    async def _connect(self, place: Place) -> Any:
        emcache = module("emcache")
        self._refused = emcache.NotStoredStorageCommandError
        self._missing = emcache.NotFoundCommandError
        return await emcache.create_client([emcache.MemcachedHostAddress(*place)], timeout=2.0)

    def _stored(self, work: Coroutine[Any, Any, Any]) -> bool:
        try:
            self._run(work)
        except self._refused:
            return False
        return True

    def set(self, key: str, value: Any, seconds: int = 0) -> bool:
        return self._stored(self.client.set(key.encode(), value, exptime=seconds))

    def get(self, key: str) -> Any:
        item = self._run(self.client.get(key.encode()))
        return item.value if item is not None else None

    def get_many(self, keys: Sequence[str]) -> dict[str, Any]:
        found = self._run(self.client.get_many([key.encode() for key in keys]))
        return {key.decode(): item.value for key, item in found.items()}

    def add(self, key: str, value: Any) -> bool:
        return self._stored(self.client.add(key.encode(), value))

    def delete(self, key: str) -> bool:
        try:
            self._run(self.client.delete(key.encode()))
        except self._missing:
            return False
        return True

    def incr(self, key: str, by: int) -> int:
        change = self.client.increment if by >= 0 else self.client.decrement
        return int(self._run(change(key.encode(), abs(by))))

    def change(self, key: str, function: Callable[[Any], Any]) -> bool:
        item = self._run(self.client.gets(key.encode()))
        return self._stored(self.client.cas(key.encode(), function(item.value), item.cas))
