"""Drives pylibmc, which is libmemcached: text and binary."""

from __future__ import annotations

from typing import Any

import pylibmc
from driver import item, items, number, run, statistics, text


class Driver:
    """What the client is told to do."""

    def open(self, host: str, port: int, protocol: str, timeout: float) -> None:
        micro = int(timeout * 1_000_000)
        behaviors = {"cas": True, "tcp_nodelay": True, "connect_timeout": int(timeout * 1000)}
        behaviors |= {"receive_timeout": micro, "send_timeout": micro, "_poll_timeout": int(timeout * 1000)}
        self.client = pylibmc.Client([f"{host}:{port}"], binary=protocol == "binary", behaviors=behaviors)

    def close(self) -> None:
        self.client.disconnect_all()

    def set(self, key: bytes, value: bytes, exptime: Any = 0) -> Any:
        return bool(self.client.set(text(key), value, time=exptime))

    def add(self, key: bytes, value: bytes, exptime: Any = 0) -> Any:
        return bool(self.client.add(text(key), value, time=exptime))

    def replace(self, key: bytes, value: bytes, exptime: Any = 0) -> Any:
        return bool(self.client.replace(text(key), value, time=exptime))

    def append(self, key: bytes, value: bytes) -> Any:
        return bool(self.client.append(text(key), value))

    def prepend(self, key: bytes, value: bytes) -> Any:
        return bool(self.client.prepend(text(key), value))

    def cas(self, key: bytes, value: bytes, cas: int, exptime: Any = 0) -> Any:
        return bool(self.client.cas(text(key), value, cas, time=exptime))

    def get(self, key: bytes) -> Any:
        return item(self.client.get(text(key)))

    def gets(self, key: bytes) -> Any:
        value, cas = self.client.gets(text(key))
        return item(value, cas)

    def get_many(self, keys: list[bytes]) -> Any:
        return items((key, item(value)) for key, value in self.client.get_multi([text(key) for key in keys]).items())

    def delete(self, key: bytes) -> Any:
        return bool(self.client.delete(text(key)))

    def incr(self, key: bytes, by: int = 1) -> Any:
        return self._count(self.client.incr, key, by)

    def decr(self, key: bytes, by: int = 1) -> Any:
        return self._count(self.client.decr, key, by)

    def _count(self, method: Any, key: bytes, by: int) -> Any:
        try:
            return number(method(text(key), by))
        except pylibmc.NotFound:
            return None

    def touch(self, key: bytes, exptime: Any) -> Any:
        return bool(self.client.touch(text(key), exptime))

    def flush_all(self) -> Any:
        return self.client.flush_all()

    def stats(self) -> Any:
        return statistics(pair for _, found in self.client.get_stats() for pair in found.items())


run({"client": "pylibmc", "version": pylibmc.__version__, "protocols": ["text", "binary"]}, Driver())
