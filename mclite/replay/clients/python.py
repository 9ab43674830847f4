"""The synchronous libraries for Python: pymemcache, pylibmc, python-memcached and meta-memcache."""

# ruff: noqa: D102  # the methods are documented by Library

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from mclite.replay.clients.library import Library, Place, module

TIMEOUT = 2.0


class _Pymemcache(Library):
    """What the three clients of pymemcache have in common."""

    package = "pymemcache"
    client: Any

    def _options(self) -> dict[str, Any]:
        serde = module("pymemcache.serde").pickle_serde
        return {"serde": serde, "connect_timeout": TIMEOUT, "timeout": TIMEOUT, "default_noreply": False}

    def set(self, key: str, value: Any, seconds: int = 0) -> bool:
        return bool(self.client.set(key, value, expire=seconds))

    def get(self, key: str) -> Any:
        return self.client.get(key)

    def get_many(self, keys: Sequence[str]) -> dict[str, Any]:
        return dict(self.client.get_many(keys))

    def add(self, key: str, value: Any) -> bool:
        return bool(self.client.add(key, value))

    def delete(self, key: str) -> bool:
        return bool(self.client.delete(key))

    def incr(self, key: str, by: int) -> int:
        return int(self.client.incr(key, by) if by >= 0 else self.client.decr(key, -by))

    def change(self, key: str, function: Callable[[Any], Any]) -> bool:
        value, unique = self.client.gets(key)
        return self.client.cas(key, function(value), unique) is True

    def close(self) -> None:
        self.client.close()


class PymemcacheClient(_Pymemcache):
    """The plain client: one connection."""

    name = "pymemcache.Client"

    def __init__(self, places: Sequence[Place]) -> None:
        self.client = module("pymemcache.client.base").Client(places[0], **self._options())


class PymemcachePooled(_Pymemcache):
    """The client with a pool of connections."""

    name = "pymemcache.PooledClient"

    def __init__(self, places: Sequence[Place]) -> None:
        self.client = module("pymemcache.client.base").PooledClient(places[0], max_pool_size=4, **self._options())


class PymemcacheHash(_Pymemcache):
    """The client that spreads keys over several servers."""

    name = "pymemcache.HashClient"
    servers = 2

    def __init__(self, places: Sequence[Place]) -> None:
        options = {**self._options(), "retry_attempts": 1, "retry_timeout": 0.1, "dead_timeout": 0.2}
        self.client = module("pymemcache.client.hash").HashClient(list(places), **options)


class Pylibmc(Library):
    """libmemcached under Python, over the text protocol."""

    name = "pylibmc"
    package = "pylibmc"
    values = tuple(value for value in Library.values if value is not True)  # True comes back as 1
    binary = False

    def __init__(self, places: Sequence[Place]) -> None:
        behaviors = {
            "cas": True,
            "tcp_nodelay": True,
            "connect_timeout": int(TIMEOUT * 1000),
            "receive_timeout": int(TIMEOUT * 1_000_000),
            "retry_timeout": 1,
        }
        if len(places) > 1:
            behaviors |= {"ketama": True}
        servers = [f"{host}:{port}" for host, port in places]
        self.client = module("pylibmc").Client(servers, binary=self.binary, behaviors=behaviors)

    def set(self, key: str, value: Any, seconds: int = 0) -> bool:
        return bool(self.client.set(key, value, time=seconds))

    def get(self, key: str) -> Any:
        return self.client.get(key)

    def get_many(self, keys: Sequence[str]) -> dict[str, Any]:
        return dict(self.client.get_multi(list(keys)))

    def add(self, key: str, value: Any) -> bool:
        return bool(self.client.add(key, value))

    def delete(self, key: str) -> bool:
        return bool(self.client.delete(key))

    def incr(self, key: str, by: int) -> int:
        return int(self.client.incr(key, by) if by >= 0 else self.client.decr(key, -by))

    def change(self, key: str, function: Callable[[Any], Any]) -> bool:
        value, unique = self.client.gets(key)
        if value is None:  # with real memcached, too, now and then while others change the item
            return False
        return bool(self.client.cas(key, function(value), unique))

    def close(self) -> None:
        self.client.disconnect_all()


class PylibmcBinary(Pylibmc):
    """libmemcached over the binary protocol, which protocol.txt does not describe."""

    name = "pylibmc, binary"
    protocol = "binary"
    binary = True
    faults: ClassVar[dict[str, str]] = {
        "reconnecting": "libmemcached gives a server up for good that was away, in binary mode"
    }


class PylibmcHash(Pylibmc):
    """libmemcached with keys spread over several servers."""

    name = "pylibmc, ketama"
    servers = 2


class PythonMemcached(Library):
    """python-memcached."""

    name = "python-memcached"
    package = "python-memcached"

    def __init__(self, places: Sequence[Place]) -> None:
        servers = [f"{host}:{port}" for host, port in places]
        self.client = module("memcache").Client(servers, socket_timeout=TIMEOUT, dead_retry=0.2, cache_cas=True)

    def set(self, key: str, value: Any, seconds: int = 0) -> bool:
        return bool(self.client.set(key, value, time=seconds))

    def get(self, key: str) -> Any:
        return self.client.get(key)

    def get_many(self, keys: Sequence[str]) -> dict[str, Any]:
        return dict(self.client.get_multi(list(keys)))

    def add(self, key: str, value: Any) -> bool:
        return bool(self.client.add(key, value))

    def delete(self, key: str) -> bool:
        # It says the same of an item that was not there, so the item is looked at first.
        return self.client.get(key) is not None and bool(self.client.delete(key))

    def incr(self, key: str, by: int) -> int:
        return int(self.client.incr(key, by) if by >= 0 else self.client.decr(key, -by))

    def change(self, key: str, function: Callable[[Any], Any]) -> bool:
        value = self.client.gets(key)  # the client remembers the cas unique
        return bool(self.client.cas(key, function(value)))

    def close(self) -> None:
        self.client.disconnect_all()


class MetaMemcache(Library):
    """meta-memcache: all that it does is done with meta commands."""

    name = "meta-memcache"
    package = "meta-memcache"
    protocol = "meta"
    values = tuple(value for value in Library.values if value != "")  # an empty text comes back as bytes

    def __init__(self, places: Sequence[Place]) -> None:
        meta = module("meta_memcache")
        pools = meta.connection_pool_factory_builder
        self._modes = meta.SetMode
        self.client = meta.CacheClient.cache_client_from_servers(
            servers=[meta.ServerAddress(host, port) for host, port in places],
            connection_pool_factory_fn=pools(connection_timeout=TIMEOUT, recv_timeout=TIMEOUT),
        )

    def set(self, key: str, value: Any, seconds: int = 0) -> bool:
        return bool(self.client.set(key, value, ttl=seconds))

    def get(self, key: str) -> Any:
        return self.client.get(key)

    def get_many(self, keys: Sequence[str]) -> dict[str, Any]:
        found = self.client.multi_get(list(keys))
        return {getattr(key, "key", key): value for key, value in found.items() if value is not None}

    def add(self, key: str, value: Any) -> bool:
        return bool(self.client.set(key, value, ttl=0, set_mode=self._modes.ADD))

    def delete(self, key: str) -> bool:
        return bool(self.client.delete(key))

    def counter(self, key: str, value: int) -> bool:
        return bool(self.client.set(key, value, ttl=0))

    def incr(self, key: str, by: int) -> int:
        return int(self.client.delta_and_get(key, by))

    def change(self, key: str, function: Callable[[Any], Any]) -> bool:
        value, unique = self.client.get_cas(key)
        return bool(self.client.set(key, function(value), ttl=0, cas_token=unique))

    def close(self) -> None:
        self.client.close() if hasattr(self.client, "close") else None
