"""The loop of a driver in Python: JSON lines in, JSON lines out; docs/clients.md has the form.

A driver gives `run` what it says of itself, and an object with a method an operation. Methods take what the line has:
`key` or `keys`, `value`, and the options. A method that is a coroutine runs beside others: `cancel` and `tick` work.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import inspect
import json
import os
import platform
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

LANGUAGE = f"Python {platform.python_version()}"
#: What a client prints is no answer of the driver.
_OUT = os.fdopen(os.dup(1), "wb", buffering=0)
os.dup2(2, 1)


class Unsupported(Exception):  # noqa: N818  # no error: the client has no such thing
    """The client has no such thing; the text says which."""


def text(key: bytes) -> Any:
    """Return a key as text, for clients that take it so; bytes that are no UTF-8 stay bytes."""
    try:
        return key.decode()
    except UnicodeDecodeError:
        return key


def item(value: Any, cas: Any = None, flags: Any = None) -> Any:
    """Return a value that a client gave as the result of a get, None for a miss."""
    if value is None:
        return None
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    if not isinstance(value, bytes | bytearray):
        return {"odd": f"{type(value).__name__} {value!r}"[:200]}
    found = {"value": base64.b64encode(value).decode()}
    return found | {name: str(one) for name, one in (("cas", cas), ("flags", flags)) if one is not None}


def items(found: Iterable[tuple[Any, Any]]) -> Any:
    """Return keys and results of `item` as the result of a get_many."""
    out = []
    for key, one in found:
        raw = key.encode() if isinstance(key, str) else key
        if one is None:
            continue
        if "odd" in one:
            return one
        out.append({"key": base64.b64encode(raw).decode(), **one})
    return out


def number(value: Any) -> Any:
    """Return what a client gave for incr or decr: None for a miss."""
    if value is None or value is False:
        return None
    return str(int(value)) if isinstance(value, int) else {"odd": repr(value)[:200]}


def version(value: Any) -> Any:
    """Return what a client gave as the version."""
    if value is None:
        return None
    return {"text": value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)}


def statistics(pairs: Iterable[tuple[Any, Any]]) -> Any:
    """Return what a client gave as statistics."""

    def word(one: Any) -> str:
        return one.decode("utf-8", "backslashreplace") if isinstance(one, bytes) else str(one)

    return [[word(name), word(value)] for name, value in pairs]


def _fields(line: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a line as Python has them."""
    fields = {name: value for name, value in line.items() if name not in ("id", "op")}
    for name in ("key", "value"):
        if name in fields:
            fields[name] = base64.b64decode(fields[name])
    if "keys" in fields:
        fields["keys"] = [base64.b64decode(key) for key in fields["keys"]]
    for name in ("cas", "by"):
        if name in fields:
            fields[name] = int(fields[name])
    if isinstance(time := fields.get("exptime"), dict):
        if "timedelta" in time:
            fields["exptime"] = datetime.timedelta(seconds=time["timedelta"])
        else:
            fields["exptime"] = datetime.datetime.fromtimestamp(time["datetime"], datetime.UTC)
    return fields


def _method(driver: Any, line: dict[str, Any]) -> Callable[..., Any]:
    """Return what carries a line out; an option that the method does not take is none of the client."""
    method: Callable[..., Any] = getattr(driver, line["op"])
    parameters = inspect.signature(method).parameters
    if not any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values()):
        for name in line.keys() - {"id", "op"} - parameters.keys():
            raise Unsupported(f"{line['op']} takes no {name}")
    return method


def _say(line: dict[str, Any]) -> None:
    _OUT.write(json.dumps(line).encode() + b"\n")


def _error(number: int, error: BaseException) -> dict[str, Any]:
    if isinstance(error, Unsupported):
        return {"id": number, "unsupported": str(error)}
    return {"id": number, "error": {"class": type(error).__name__, "text": str(error)[:500]}}


def run(hello: dict[str, Any], driver: Any) -> None:
    """Do what standard input says until it ends."""
    operations = [name for name in dir(driver) if not name.startswith("_") and callable(getattr(driver, name))]
    _say({"language": LANGUAGE, "operations": operations, **hello})
    if hello.get("concurrent"):
        asyncio.run(_concurrently(driver, hello.get("timeout") == "cancelled"))
        return
    for raw in sys.stdin.buffer:
        line = json.loads(raw)
        try:
            _say({"id": line["id"], "result": _method(driver, line)(**_fields(line))})
        except Exception as error:
            _say(_error(line["id"], error))


async def _concurrently(driver: Any, bound: bool) -> None:
    """Take lines while operations are under way; with `bound` each is cancelled after the timeout of `open`."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        for raw in sys.stdin.buffer:
            loop.call_soon_threadsafe(lines.put_nowait, raw)
        loop.call_soon_threadsafe(lines.put_nowait, b"")

    threading.Thread(target=read, daemon=True).start()
    tasks: dict[int, asyncio.Task[None]] = {}
    seconds: float | None = None

    async def work(line: dict[str, Any]) -> None:
        try:
            method = _method(driver, line)
            limit = seconds if bound and line["op"] not in ("open", "close") else None
            _say({"id": line["id"], "result": await asyncio.wait_for(method(**_fields(line)), limit)})
        except (Exception, asyncio.CancelledError) as error:
            _say(_error(line["id"], error))

    while raw := await lines.get():
        line = json.loads(raw)
        if line["op"] == "tick":
            _say({"id": line["id"], "result": True})
        elif line["op"] == "cancel":
            task = tasks.get(line["target"])
            _say({"id": line["id"], "result": task is not None and task.cancel()})
        else:
            if line["op"] == "open":
                seconds = line["timeout"]
            tasks[line["id"]] = loop.create_task(work(line))
