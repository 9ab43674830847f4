"""Drives aiomcache. It has no timeout: the driver cancels what takes too long, as asyncio.wait_for does."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import aiomcache
from driver import item, items, number, run, statistics, version


class Driver:
    """What the client is told to do."""

    async def open(self, host: str, port: int, protocol: str, timeout: float) -> None:
        self.client = aiomcache.Client(host, port)

    async def close(self) -> None:
        await self.client.close()

    async def set(self, key: bytes, value: bytes, exptime: Any = 0) -> Any:
        return await self.client.set(key, value, exptime)

    async def add(self, key: bytes, value: bytes, exptime: Any = 0) -> Any:
        return await self.client.add(key, value, exptime)

    async def replace(self, key: bytes, value: bytes, exptime: Any = 0) -> Any:
        return await self.client.replace(key, value, exptime)

    async def append(self, key: bytes, value: bytes) -> Any:
        return await self.client.append(key, value)

    async def prepend(self, key: bytes, value: bytes) -> Any:
        return await self.client.prepend(key, value)

    async def cas(self, key: bytes, value: bytes, cas: int, exptime: Any = 0) -> Any:
        return await self.client.cas(key, value, cas, exptime)

    async def get(self, key: bytes) -> Any:
        return item(await self.client.get(key))

    async def gets(self, key: bytes) -> Any:
        return item(*await self.client.gets(key))

    async def get_many(self, keys: list[bytes]) -> Any:
        found = await self.client.multi_get(*keys)
        return items((key, item(value)) for key, value in zip(keys, found, strict=True))

    async def delete(self, key: bytes) -> Any:
        return await self.client.delete(key)

    async def incr(self, key: bytes, by: int = 1) -> Any:
        return number(await self.client.incr(key, by))

    async def decr(self, key: bytes, by: int = 1) -> Any:
        return number(await self.client.decr(key, by))

    async def touch(self, key: bytes, exptime: Any) -> Any:
        return await self.client.touch(key, exptime)

    async def flush_all(self) -> Any:
        await self.client.flush_all()

    async def version(self) -> Any:
        return version(await self.client.version())

    async def stats(self) -> Any:
        return statistics((await self.client.stats()).items())


hello = {"client": "aiomcache", "version": importlib.metadata.version("aiomcache"), "protocols": ["text"]}
run({**hello, "concurrent": True, "timeout": "cancelled"}, Driver())
