"""What mclite.client is told to do, as calls: the same for the sync and the async client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from driver import Unsupported, item, items, number, statistics, version

from mclite.client import Item, MetaResult
from mclite.client.call import Call
from mclite.client.commands import Commands

#: A call, and what makes a driver's result of its result.
Plan = tuple[Call[Any], Callable[[Any], Any]]
STORING = ("set", "add", "replace", "append", "prepend")
OPERATIONS = (
    "open", "close", *STORING, "cas", "get", "gets", "gat", "get_many", "gets_many", "delete", "incr", "decr",
    "touch", "flush_all", "version", "stats",
)  # fmt: skip


def plan(commands: Commands[bytes], meta: bool, operation: str, **line: Any) -> Plan:
    """Return how `operation` is carried out with the classic commands, or with the meta commands."""
    if operation == "flush_all":
        return commands.flush_all(), lambda _: True
    if operation == "version":
        return commands.version(), version
    if operation == "stats":
        return commands.stats(), lambda found: statistics(found.items())
    if meta:
        return _meta(commands, operation, **line)
    if operation in (*STORING, "delete", "touch"):
        return getattr(commands, operation)(**line), bool
    if operation == "cas":
        return commands.cas(**line), bool
    if operation in ("incr", "decr"):
        line["value"] = line.pop("by", 1)
        return getattr(commands, operation)(**line), number
    if operation == "get":
        return commands.get(**line), item
    if operation in ("gets", "gat"):
        return getattr(commands, operation)(**line), _item
    many: Call[Any] = getattr(commands, operation)(line["keys"])
    return many, lambda found: items((key, _item(one)) for key, one in found.items())


def _item(found: Item[bytes] | bytes | None) -> Any:
    return item(found.value, found.cas, found.flags) if isinstance(found, Item) else item(found)


def _meta(commands: Commands[bytes], operation: str, **line: Any) -> Plan:
    if line.pop("noreply", False):
        raise Unsupported("meta commands have no noreply")
    if operation in STORING:
        return commands.ms(**line, mode=operation), lambda found: found.hit  # type: ignore[arg-type]
    if operation == "cas":
        unique = line.pop("cas")
        return commands.ms(**line, compare=unique), lambda found: found.hit
    if operation in ("get", "gets", "gat"):
        return commands.mg(**line, cas=operation == "gets", flags=True), _result
    if operation == "touch":
        if line["exptime"] is None:
            raise Unsupported("None leaves the exptime as it is")
        return commands.mg(**line, value=False), lambda found: found.hit
    if operation == "delete":
        return commands.md(**line), lambda found: found.hit
    if operation in ("incr", "decr"):
        delta = line.pop("by", 1)
        call = commands.ma(**line, delta=delta, mode="incr" if operation == "incr" else "decr")
        return call, lambda found: number(found.number) if found.hit else None
    raise Unsupported(f"{operation} is several mg in a pipeline")


def _result(found: MetaResult[bytes]) -> Any:
    return item(found.value, found.cas, found.flags)


def many(commands: Commands[bytes], keys: list[bytes], cas: bool) -> list[Call[Any]]:
    """Return the calls that fetch several keys with meta commands, in one pipeline; the client checks the keys."""
    return [commands.mg(key, cas=cas, flags=True, return_key=True) for key in keys]


def found_many(keys: list[bytes], results: list[MetaResult[bytes]]) -> Any:
    """Return what `many` gave as the result of a get_many."""
    return items((key, _result(one)) for key, one in zip(keys, results, strict=True))
