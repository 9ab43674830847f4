"""Drives pymemcache.Client, with the serializer that it offers for objects."""

from __future__ import annotations

from typing import Any

import pymemcache
from driver import item, items, number, run, statistics, text, version
from pymemcache import serde


class Driver:
    """What the client is told to do."""

    def open(self, host: str, port: int, protocol: str, timeout: float) -> None:
        self.client = pymemcache.Client(
            (host, port), connect_timeout=timeout, timeout=timeout, serde=serde.pickle_serde, default_noreply=False
        )

    def close(self) -> None:
        self.client.close()

    def _store(self, name: str, key: bytes, value: bytes, exptime: Any = 0, noreply: bool = False, **more: Any) -> Any:
        return getattr(self.client, name)(text(key), value, expire=exptime, noreply=noreply, **more)

    def set(self, **line: Any) -> Any:
        return self._store("set", **line)

    def add(self, **line: Any) -> Any:
        return self._store("add", **line)

    def replace(self, **line: Any) -> Any:
        return self._store("replace", **line)

    def append(self, **line: Any) -> Any:
        return self._store("append", **line)

    def prepend(self, **line: Any) -> Any:
        return self._store("prepend", **line)

    def cas(self, key: bytes, value: bytes, cas: int, **line: Any) -> Any:
        return bool(self._store("cas", key, value, cas=cas, **line))  # None: it is not there

    def get(self, key: bytes) -> Any:
        return item(self.client.get(text(key)))

    def gets(self, key: bytes) -> Any:
        value, cas = self.client.gets(text(key))
        return item(value, None if cas is None else int(cas))

    def get_many(self, keys: list[bytes]) -> Any:
        return items((key, item(value)) for key, value in self.client.get_many([text(key) for key in keys]).items())

    def gets_many(self, keys: list[bytes]) -> Any:
        found = self.client.gets_many([text(key) for key in keys])
        return items((key, item(value, int(cas))) for key, (value, cas) in found.items())

    def delete(self, key: bytes, noreply: bool = False) -> Any:
        return self.client.delete(text(key), noreply=noreply)

    def incr(self, key: bytes, by: int = 1, noreply: bool = False) -> Any:
        return number(self.client.incr(text(key), by, noreply=noreply))

    def decr(self, key: bytes, by: int = 1, noreply: bool = False) -> Any:
        return number(self.client.decr(text(key), by, noreply=noreply))

    def touch(self, key: bytes, exptime: Any, noreply: bool = False) -> Any:
        return self.client.touch(text(key), expire=exptime, noreply=noreply)

    def flush_all(self) -> Any:
        return self.client.flush_all(noreply=False)

    def version(self) -> Any:
        return version(self.client.version())

    def stats(self) -> Any:
        return statistics(self.client.stats().items())


run({"client": "pymemcache", "version": pymemcache.__version__, "protocols": ["text"]}, Driver())
