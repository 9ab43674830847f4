"""Drives python-memcached. It connects again at once after a failure, where by default it waits 30 s."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import memcache
from driver import item, items, number, run, statistics, text


class Driver:
    """What the client is told to do."""

    def open(self, host: str, port: int, protocol: str, timeout: float) -> None:
        self.client = memcache.Client([f"{host}:{port}"], socket_timeout=timeout, dead_retry=0, cache_cas=True)

    def close(self) -> None:
        self.client.disconnect_all()

    def _store(self, name: str, key: bytes, value: bytes, exptime: Any, noreply: bool) -> Any:
        return bool(getattr(self.client, name)(text(key), value, time=exptime, noreply=noreply))

    def set(self, key: bytes, value: bytes, exptime: Any = 0, noreply: bool = False) -> Any:
        return self._store("set", key, value, exptime, noreply)

    def add(self, key: bytes, value: bytes, exptime: Any = 0, noreply: bool = False) -> Any:
        return self._store("add", key, value, exptime, noreply)

    def replace(self, key: bytes, value: bytes, exptime: Any = 0, noreply: bool = False) -> Any:
        return self._store("replace", key, value, exptime, noreply)

    def append(self, key: bytes, value: bytes, exptime: Any = 0, noreply: bool = False) -> Any:
        return self._store("append", key, value, exptime, noreply)

    def prepend(self, key: bytes, value: bytes, exptime: Any = 0, noreply: bool = False) -> Any:
        return self._store("prepend", key, value, exptime, noreply)

    def cas(self, key: bytes, value: bytes, cas: int, exptime: Any = 0) -> Any:
        self.client.cas_ids[key] = cas  # gets has noted it there
        return self._store("cas", key, value, exptime, False)

    def get(self, key: bytes) -> Any:
        return item(self.client.get(text(key)))

    def gets(self, key: bytes) -> Any:
        value = self.client.gets(text(key))
        return item(value, self.client.cas_ids.get(key))

    def get_many(self, keys: list[bytes]) -> Any:
        return items((key, item(value)) for key, value in self.client.get_multi([text(key) for key in keys]).items())

    def delete(self, key: bytes, noreply: bool = False) -> Any:
        # 1 is said of an item that is not there, too, and 0 of a failure.
        return False if not self.client.delete(text(key), noreply=noreply) else None

    def incr(self, key: bytes, by: int = 1, noreply: bool = False) -> Any:
        return number(self.client.incr(text(key), by, noreply=noreply))

    def decr(self, key: bytes, by: int = 1, noreply: bool = False) -> Any:
        return number(self.client.decr(text(key), by, noreply=noreply))

    def touch(self, key: bytes, exptime: Any, noreply: bool = False) -> Any:
        return bool(self.client.touch(text(key), exptime, noreply=noreply))

    def flush_all(self) -> Any:
        self.client.flush_all()

    def stats(self) -> Any:
        return statistics(pair for _, found in self.client.get_stats() for pair in found.items())


version = importlib.metadata.version("python-memcached")
run({"client": "python-memcached", "version": version, "protocols": ["text"]}, Driver())
