"""Drives python-binary-memcached, which speaks the binary protocol only."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import bmemcached
from driver import item, items, number, run, statistics, text


class Driver:
    """What the client is told to do."""

    def open(self, host: str, port: int, protocol: str, timeout: float) -> None:
        self.client = bmemcached.Client([f"{host}:{port}"], socket_timeout=timeout)
        self.client.enable_retry_delay(False)

    def close(self) -> None:
        self.client.disconnect_all()

    def set(self, key: bytes, value: bytes, exptime: Any = 0) -> Any:
        return self.client.set(text(key), value, time=exptime)

    def add(self, key: bytes, value: bytes, exptime: Any = 0) -> Any:
        return self.client.add(text(key), value, time=exptime)

    def replace(self, key: bytes, value: bytes, exptime: Any = 0) -> Any:
        return self.client.replace(text(key), value, time=exptime)

    def cas(self, key: bytes, value: bytes, cas: int, exptime: Any = 0) -> Any:
        return self.client.cas(text(key), value, cas, time=exptime)

    def get(self, key: bytes) -> Any:
        return item(self.client.get(text(key)))

    def gets(self, key: bytes) -> Any:
        return item(*self.client.gets(text(key)))

    def get_many(self, keys: list[bytes]) -> Any:
        return items((key, item(value)) for key, value in self.client.get_multi([text(key) for key in keys]).items())

    def gets_many(self, keys: list[bytes]) -> Any:
        found = self.client.get_multi([text(key) for key in keys], get_cas=True)
        return items((key, item(*pair)) for key, pair in found.items())

    def delete(self, key: bytes) -> Any:
        # True is said of an item that is not there, too.
        return None if self.client.delete(text(key)) else False

    def incr(self, key: bytes, by: int = 1) -> Any:
        return number(self.client.incr(text(key), by))

    def decr(self, key: bytes, by: int = 1) -> Any:
        return number(self.client.decr(text(key), by))

    def flush_all(self) -> Any:
        return self.client.flush_all()

    def stats(self) -> Any:
        return statistics(pair for found in self.client.stats().values() for pair in found.items())


version = importlib.metadata.version("python-binary-memcached")
run({"client": "python-binary-memcached", "version": version, "protocols": ["binary"]}, Driver())
