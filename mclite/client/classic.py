"""The classic commands: storage, retrieval, deletion, arithmetic, touch (protocol.txt 204-461)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from mclite.client import arguments
from mclite.client.arguments import Data, Exptime, Key
from mclite.client.binding import command
from mclite.client.call import Call, call, said
from mclite.client.errors import BadArgumentError, NotTextError
from mclite.client.results import Item
from mclite.client.value import V
from mclite.protocol.reader import Number, Reply, Status, Value

T = TypeVar("T")


def text_of(value: bytes) -> str:
    """Decode a value as UTF-8. Raises NotTextError."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotTextError(f"the value is not UTF-8 text: {error}") from None


class ClassicCommands(Generic[V]):
    """Calls of the classic commands. `decode` makes what values are given as, bytes or str."""

    def __init__(self, decode: Callable[[bytes], V]) -> None:
        self._decode = decode

    # Storage.

    def _store(self, name: bytes, key: Key, value: Data, flags: int, exptime: Exptime, noreply: bool) -> Call[bool]:
        data = arguments.data(value)
        args = [arguments.plain_key(key), arguments.flags(flags), arguments.exptime(exptime), b"%d" % len(data)]
        return call(name, args, said(b"STORED"), data, noreply)

    @command
    def set(self, key: Key, value: Data, exptime: Exptime = 0, *, flags: int = 0, noreply: bool = False) -> Call[bool]:
        """Store `value` under `key`.

        `exptime`: 0 never, negative at once, seconds from now, a timedelta, a datetime, or Unix time. `flags`: 32 bits
        of the caller's own. With `noreply` the server does not answer and True is returned at once.
        """
        return self._store(b"set", key, value, flags, exptime, noreply)

    @command
    def add(self, key: Key, value: Data, exptime: Exptime = 0, *, flags: int = 0, noreply: bool = False) -> Call[bool]:
        """Store `value` if `key` is not held yet; return whether it was stored."""
        return self._store(b"add", key, value, flags, exptime, noreply)

    @command
    def replace(
        self, key: Key, value: Data, exptime: Exptime = 0, *, flags: int = 0, noreply: bool = False
    ) -> Call[bool]:
        """Store `value` if `key` is held already; return whether it was stored."""
        return self._store(b"replace", key, value, flags, exptime, noreply)

    @command
    def append(self, key: Key, value: Data, *, noreply: bool = False) -> Call[bool]:
        """Add `value` after the existing data; return False if `key` is not held."""
        return self._store(b"append", key, value, 0, 0, noreply)

    @command
    def prepend(self, key: Key, value: Data, *, noreply: bool = False) -> Call[bool]:
        """Add `value` before the existing data; return False if `key` is not held."""
        return self._store(b"prepend", key, value, 0, 0, noreply)

    @command
    def cas(
        self, key: Key, value: Data, cas: int, exptime: Exptime = 0, *, flags: int = 0, noreply: bool = False
    ) -> Call[bool | None]:
        """Store `value` if the item still has the cas unique `cas`, as `gets` gave it.

        True: stored. False: somebody changed the item since. None: `key` is not held.
        """
        data = arguments.data(value)
        args = [arguments.plain_key(key), arguments.flags(flags), arguments.exptime(exptime), b"%d" % len(data)]
        args.append(arguments.unsigned64(cas, "a cas unique"))
        return call(b"cas", args, _cas_result, data, noreply)

    @command
    def set_str(
        self, key: Key, value: str, exptime: Exptime = 0, *, flags: int = 0, noreply: bool = False
    ) -> Call[bool]:
        """Store the text `value` as UTF-8 under `key`."""
        return self._store(b"set", key, value, flags, exptime, noreply)

    # Retrieval.

    def _one(self, name: bytes, key: Key, exptime: Exptime | None) -> Call[Item[V] | None]:
        args = _fetch_args({arguments.plain_key(key): key}, exptime)
        return call(name, args, lambda replies: next(iter(self._items(replies).values()), None))

    def _many(self, name: bytes, keys: Iterable[Key], exptime: Exptime | None) -> Call[dict[Key, Item[V]]]:
        """Return a call that gives the items under the keys as the caller wrote them."""
        names = {arguments.plain_key(key): key for key in keys}
        args = _fetch_args(names, exptime)
        return call(name, args, lambda replies: {names[key]: item for key, item in self._items(replies).items()})

    def _items(self, replies: list[Reply]) -> dict[bytes, Item[V]]:
        return {
            reply.key: Item(reply.key, self._decode(reply.data), reply.flags, reply.cas)
            for reply in replies
            if isinstance(reply, Value)
        }

    @command
    def get(self, key: Key) -> Call[V | None]:
        """Return the value under `key`, None if there is none."""
        return call(b"get", [arguments.plain_key(key)], lambda replies: self._value(replies, self._decode))

    @command
    def get_str(self, key: Key) -> Call[str | None]:
        """Return the value under `key` as text, None if there is none. Raises NotTextError if it is not UTF-8."""
        return call(b"get", [arguments.plain_key(key)], lambda replies: self._value(replies, text_of))

    def _value(self, replies: list[Reply], decode: Callable[[bytes], T]) -> T | None:
        return decode(replies[0].data) if isinstance(replies[0], Value) else None

    @command
    def get_item(self, key: Key) -> Call[Item[V] | None]:
        """Return the item under `key` with its flags, None if there is none."""
        return self._one(b"get", key, None)

    @command
    def gets(self, key: Key) -> Call[Item[V] | None]:
        """Return the item under `key` with its flags and its cas unique, None if there is none."""
        return self._one(b"gets", key, None)

    @command
    def gat(self, key: Key, exptime: Exptime) -> Call[Item[V] | None]:
        """Return the item under `key` and set its exptime."""
        return self._one(b"gat", key, exptime)

    @command
    def gats(self, key: Key, exptime: Exptime) -> Call[Item[V] | None]:
        """Return the item under `key` with its cas unique, and set its exptime."""
        return self._one(b"gats", key, exptime)

    @command
    def get_many(self, keys: Iterable[Key]) -> Call[dict[Key, V]]:
        """Return the values of those `keys` that are held, under the keys as they were given."""
        names = {arguments.plain_key(key): key for key in keys}
        args = _fetch_args(names, None)
        return call(
            b"get", args, lambda replies: {names[key]: item.value for key, item in self._items(replies).items()}
        )

    @command
    def gets_many(self, keys: Iterable[Key]) -> Call[dict[Key, Item[V]]]:
        """Return the items of those `keys` that are held, with their cas uniques."""
        return self._many(b"gets", keys, None)

    @command
    def gat_many(self, keys: Iterable[Key], exptime: Exptime) -> Call[dict[Key, Item[V]]]:
        """Return the items of those `keys` that are held, and set their exptime."""
        return self._many(b"gat", keys, exptime)

    @command
    def gats_many(self, keys: Iterable[Key], exptime: Exptime) -> Call[dict[Key, Item[V]]]:
        """Return the items of those `keys` that are held, with their cas uniques, and set their exptime."""
        return self._many(b"gats", keys, exptime)

    # Deletion, arithmetic, touch.

    @command
    def delete(self, key: Key, *, noreply: bool = False) -> Call[bool]:
        """Delete the item under `key`; return whether there was one."""
        return call(b"delete", [arguments.plain_key(key)], said(b"DELETED"), None, noreply)

    @command
    def incr(self, key: Key, value: int = 1, *, noreply: bool = False) -> Call[int | None]:
        """Add `value` to the number under `key`, wrapping at 64 bits; return the new one, None if `key` is not held."""
        return self._arithmetic(b"incr", key, value, noreply)

    @command
    def decr(self, key: Key, value: int = 1, *, noreply: bool = False) -> Call[int | None]:
        """Subtract `value` from the number under `key`, down to 0; return the new one, None if `key` is not held."""
        return self._arithmetic(b"decr", key, value, noreply)

    def _arithmetic(self, name: bytes, key: Key, value: int, noreply: bool) -> Call[int | None]:
        args = [arguments.plain_key(key), arguments.unsigned64(value, "the amount")]
        return call(name, args, _number, None, noreply)

    @command
    def touch(self, key: Key, exptime: Exptime, *, noreply: bool = False) -> Call[bool]:
        """Set the exptime of the item under `key`; return whether there is one."""
        args = [arguments.plain_key(key), arguments.exptime(exptime)]
        return call(b"touch", args, said(b"TOUCHED"), None, noreply)


def _fetch_args(keys: Mapping[bytes, Key], exptime: Exptime | None) -> list[bytes]:
    if not keys:
        raise BadArgumentError("at least one key is needed")
    return [*keys] if exptime is None else [arguments.exptime(exptime), *keys]


def _number(replies: list[Reply]) -> int | None:
    return replies[0].value if replies and isinstance(replies[0], Number) else None


def _cas_result(replies: list[Reply]) -> bool | None:
    code = replies[0].code if isinstance(replies[0], Status) else b""
    return {b"STORED": True, b"NOT_FOUND": None}.get(code, False)
