"""Drives emcache. It tells by an exception what other clients tell by False."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Awaitable
from typing import Any

import emcache
from driver import item, items, number, run, statistics, version


async def _told(work: Awaitable[Any]) -> Any:
    try:
        await work
    except (emcache.NotStoredStorageCommandError, emcache.NotFoundCommandError):
        return False
    return True


def _item(found: Any) -> Any:
    return item(None if found is None else found.value, getattr(found, "cas", None))


class Driver:
    """What the client is told to do."""

    async def open(self, host: str, port: int, protocol: str, timeout: float) -> None:
        self.place = emcache.MemcachedHostAddress(host, port)
        self.client = await emcache.create_client([self.place], timeout=timeout, connection_timeout=timeout)

    async def close(self) -> None:
        await self.client.close()

    async def set(self, key: bytes, value: bytes, **line: Any) -> Any:
        return await _told(self.client.set(key, value, **line))

    async def add(self, key: bytes, value: bytes, **line: Any) -> Any:
        return await _told(self.client.add(key, value, **line))

    async def replace(self, key: bytes, value: bytes, **line: Any) -> Any:
        return await _told(self.client.replace(key, value, **line))

    async def append(self, key: bytes, value: bytes, **line: Any) -> Any:
        return await _told(self.client.append(key, value, **line))

    async def prepend(self, key: bytes, value: bytes, **line: Any) -> Any:
        return await _told(self.client.prepend(key, value, **line))

    async def cas(self, key: bytes, value: bytes, cas: int, **line: Any) -> Any:
        return await _told(self.client.cas(key, value, cas, **line))

    async def get(self, key: bytes) -> Any:
        return _item(await self.client.get(key))

    async def gets(self, key: bytes) -> Any:
        return _item(await self.client.gets(key))

    async def gat(self, key: bytes, exptime: Any) -> Any:
        return _item(await self.client.gat(exptime, key))

    async def get_many(self, keys: list[bytes]) -> Any:
        return items((key, _item(found)) for key, found in (await self.client.get_many(keys)).items())

    async def gets_many(self, keys: list[bytes]) -> Any:
        return items((key, _item(found)) for key, found in (await self.client.gets_many(keys)).items())

    async def delete(self, key: bytes, **line: Any) -> Any:
        return await _told(self.client.delete(key, **line))

    async def incr(self, key: bytes, by: int = 1, **line: Any) -> Any:
        return number(await self._count(self.client.increment(key, by, **line)))

    async def decr(self, key: bytes, by: int = 1, **line: Any) -> Any:
        return number(await self._count(self.client.decrement(key, by, **line)))

    async def _count(self, work: Awaitable[Any]) -> Any:
        try:
            return await work
        except emcache.NotFoundCommandError:
            return None

    async def touch(self, key: bytes, exptime: Any, **line: Any) -> Any:
        return await _told(self.client.touch(key, exptime, **line))

    async def flush_all(self) -> Any:
        await self.client.flush_all(self.place)

    async def version(self) -> Any:
        return version(await self.client.version(self.place))

    async def stats(self) -> Any:
        return statistics((await self.client.stats(self.place)).items())


hello = {"client": "emcache", "version": importlib.metadata.version("emcache"), "protocols": ["text"]}
run({**hello, "concurrent": True}, Driver())
