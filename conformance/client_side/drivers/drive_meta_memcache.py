"""Drives meta-memcache, which speaks meta commands only."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import meta_memcache
from driver import Unsupported, item, items, number, run
from meta_memcache import SetMode


def _key(key: bytes) -> Any:
    try:
        return key.decode()
    except UnicodeDecodeError:
        raise Unsupported("keys are text") from None


class Driver:
    """What the client is told to do."""

    def open(self, host: str, port: int, protocol: str, timeout: float) -> None:
        pools = meta_memcache.connection_pool_factory_builder(connection_timeout=timeout, recv_timeout=timeout)
        servers = [meta_memcache.ServerAddress(host, port)]
        self.client = meta_memcache.CacheClient.cache_client_from_servers(
            servers=servers, connection_pool_factory_fn=pools
        )

    def close(self) -> None:
        del self.client

    def _store(self, mode: SetMode, key: bytes, value: bytes, exptime: Any = 0, noreply: bool = False) -> Any:
        return self.client.set(_key(key), value, ttl=exptime, set_mode=mode, no_reply=noreply)

    def set(self, **line: Any) -> Any:
        return self._store(SetMode.SET, **line)

    def add(self, **line: Any) -> Any:
        return self._store(SetMode.ADD, **line)

    def replace(self, **line: Any) -> Any:
        return self._store(SetMode.REPLACE, **line)

    def append(self, **line: Any) -> Any:
        return self._store(SetMode.APPEND, **line)

    def prepend(self, **line: Any) -> Any:
        return self._store(SetMode.PREPEND, **line)

    def cas(self, key: bytes, value: bytes, cas: int, exptime: Any = 0) -> Any:
        return self.client.set(_key(key), value, ttl=exptime, cas_token=cas)

    def get(self, key: bytes) -> Any:
        return item(self.client.get(_key(key)))

    def gets(self, key: bytes) -> Any:
        return item(*self.client.get_cas(_key(key)))

    def gat(self, key: bytes, exptime: Any) -> Any:
        return item(self.client.get(_key(key), touch_ttl=exptime))

    def get_many(self, keys: list[bytes]) -> Any:
        found = self.client.multi_get([_key(key) for key in keys])
        return items((getattr(key, "key", key), item(value)) for key, value in found.items())

    def delete(self, key: bytes, noreply: bool = False) -> Any:
        return self.client.delete(_key(key), no_reply=noreply)

    def incr(self, key: bytes, by: int = 1) -> Any:
        return number(self.client.delta_and_get(_key(key), by))

    def decr(self, key: bytes, by: int = 1) -> Any:
        return number(self.client.delta_and_get(_key(key), -by))

    def touch(self, key: bytes, exptime: Any, noreply: bool = False) -> Any:
        return self.client.touch(_key(key), exptime, no_reply=noreply)


version = importlib.metadata.version("meta-memcache")
run({"client": "meta-memcache", "version": version, "protocols": ["meta"]}, Driver())
