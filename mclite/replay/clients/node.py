"""Libraries for Node.js, driven by driver.js in a process of its own: a JSON line a call, a JSON line an answer."""

# the methods are documented by Library

from __future__ import annotations

import contextlib
import functools
import json
import select
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from mclite.replay.clients.library import Library, NotOffered, Place
from mclite.replay.target.processes import run, start

DRIVER = Path(__file__).with_name("driver.js")
#: Seconds for a call, and until node runs: on a busy machine that takes longer than any call.
TIMEOUT, START = 10.0, 60.0


class ClientError(Exception):
    """The library said that a call failed."""


@functools.cache
def _version(package: str) -> str | None:
    """Return the version of an npm package that node finds from the current folder, None when it finds none."""
    node = shutil.which("node")
    if node is None:
        return None
    code = f"console.log(require(require.resolve({json.dumps(package + '/package.json')}, {{paths: ['.']}})).version)"
    _, said = run([node, "-e", code], timeout=30, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return said.decode().strip() or None


class _Node(Library):
    """A library that driver.js knows by its package; values are texts."""

    language = "Node.js"
    values = ("text", "höhe \N{SNOWMAN}", "")
    lacks: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, places: Sequence[Place]) -> None:
        servers = ",".join(f"{host}:{port}" for host, port in places)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close()
        self._started = start(
            [shutil.which("node") or "node", str(DRIVER), self.package, servers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
        )
        self._process = self._started.popen
        try:
            self._answer("node", START)
        except BaseException:
            self.close()
            raise

    @classmethod
    def version(cls) -> str | None:
        return _version(cls.package)

    def _call(self, name: str, *arguments: Any) -> Any:
        if name in self.lacks:
            raise NotOffered(f"{self.package} has no {name}")
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, *arguments]) + "\n")
        self._process.stdin.flush()
        return self._answer(name, TIMEOUT)

    def _answer(self, name: str, seconds: float) -> Any:
        """Return what the driver says next, within so many seconds."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            raise ClientError(f"{name} did not answer within {seconds:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise ClientError(f"node ended with {self._process.wait(TIMEOUT)}: {self._printed()}")
        answer = json.loads(line)
        if "error" in answer:
            raise ClientError(answer["error"])
        return answer["value"]

    def _printed(self) -> str:
        """Return the last words of what node printed."""
        self._log.seek(0)
        return self._log.read()[-300:].decode("utf-8", "replace").strip() or "it printed nothing"

    def set(self, key: str, value: Any, seconds: int = 0) -> bool:
        return bool(self._call("set", key, value, seconds))

    def get(self, key: str) -> Any:
        return self._call("get", key)

    def get_many(self, keys: Sequence[str]) -> dict[str, Any]:
        return dict(self._call("getMany", list(keys)))

    def add(self, key: str, value: Any) -> bool:
        return bool(self._call("add", key, value))

    def delete(self, key: str) -> bool:
        return bool(self._call("delete", key))

    def incr(self, key: str, by: int) -> int:
        return int(self._call("incr", key, by))

    def change(self, key: str, function: Callable[[Any], Any]) -> bool:
        value, unique = self._call("gets", key)
        return bool(self._call("cas", key, function(value), unique))

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._started.wait(2)
        self._started.end()
        self._log.close()


class NodeMemcached(_Node):
    """The npm package memcached, over the text protocol."""

    name = "memcached (npm)"
    package = "memcached"
    install = "npm install --no-save memcached"


class Memjs(_Node):
    """memjs, which speaks the binary protocol only."""

    name = "memjs"
    package = "memjs"
    install = "npm install --no-save memjs"
    protocol = "binary"
    lacks = frozenset({"gets", "cas", "getMany"})
    faults: ClassVar[dict[str, str]] = dict.fromkeys(
        ("large", "reconnecting"), "memjs gives a call the answer of another one after a call that failed"
    )
