"""A driver: the process that does with a client what it is told, a JSON line a request and a JSON line an answer.

The form is in docs/clients.md. A driver is not trusted: what it prints is bounded, and it is ended when it is silent
for too long. That it dies or hangs while the client is at work is the client's affair, and no error here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from mclite.replay.clientcheck.arrival import PROTOCOLS, Protocol
from mclite.replay.clientcheck.notation import CONTROLS, OPERATIONS
from mclite.replay.scenario.wire import brief
from mclite.replay.target import processes

#: Seconds until a driver has said what it is, and bytes of a line that it prints.
START_SECONDS, LINE_MAX = 30.0, 64 << 20
#: Bytes of its standard error that a message shows.
_LAST = 400


class DriverError(Exception):
    """The driver does not do what a driver does; the text is a sentence about it."""


class DriverDied(Exception):  # noqa: N818  # the word for what it is
    """The driver's process ended while it was asked for something; the text says how."""


@dataclass(frozen=True, slots=True)
class Hello:
    """What a driver says of itself.

    Attributes:
        client: the name of the client under test
        version: of the client
        language: and its version
        protocols: that the client speaks
        operations: that the client has
        concurrent: whether the driver takes a line while an operation is under way: `cancel` and `tick` need it
        timeout: `own` when the client gives up by itself, `cancelled` when the driver cancels it, as applications do
    """

    client: str
    version: str
    language: str
    protocols: tuple[Protocol, ...]
    operations: frozenset[str]
    concurrent: bool = False
    timeout: str = "own"

    @classmethod
    def read(cls, line: Any) -> Hello:
        """Read the first line of a driver. Raises DriverError."""
        if not isinstance(line, dict):
            raise DriverError("its first line is no object that says what it is")
        for name in ("client", "version", "language"):
            if not isinstance(line.get(name), str) or not line[name]:
                raise DriverError(f"its first line does not say the {name}")
        for name, known in (("protocols", PROTOCOLS), ("operations", (*OPERATIONS, *CONTROLS))):
            values = line.get(name)
            if not isinstance(values, list) or not values:
                raise DriverError(f"its first line has no {name}")
            for one in values:
                if one not in known:
                    raise DriverError(
                        f"its first line has {one!r} among its {name}, which is none of {', '.join(known)}"
                    )
        if line.get("timeout", "own") not in ("own", "cancelled"):
            raise DriverError(f"its first line says timeout {line['timeout']!r}, which is neither own nor cancelled")
        return cls(
            line["client"][:60],
            line["version"][:40],
            line["language"][:40],
            tuple(line["protocols"]),
            frozenset(line["operations"]),
            line.get("concurrent") is True,
            line.get("timeout", "own"),
        )


@dataclass(slots=True)
class Driver:
    """A running driver."""

    command: Sequence[str]
    hello: Hello = field(init=False)
    _process: processes.Process = field(init=False)
    _log: BinaryIO = field(init=False)
    _output: asyncio.ReadTransport = field(init=False)
    _writer: asyncio.StreamWriter = field(init=False)
    _pump: asyncio.Task[None] = field(init=False)
    _pending: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _given_up: set[int] = field(default_factory=set)
    _number: int = 0
    fault: DriverError | None = None
    alive: bool = True

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    async def start(self) -> Hello:
        """Start the process and read what it says of itself. Raises DriverError."""
        self._log = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  # closed by `end`
        try:
            self._process = processes.start(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, bufsize=0
            )
        except OSError as error:
            self._log.close()
            self.alive = False
            raise DriverError(f"cannot be started: {error.strerror or error}") from None
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=LINE_MAX)
        popen = self._process.popen
        protocol = asyncio.StreamReaderProtocol(reader)
        self._output, _ = await loop.connect_read_pipe(lambda: protocol, cast("Any", popen.stdout))
        transport, flow = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, cast("Any", popen.stdin))
        self._writer = asyncio.StreamWriter(transport, flow, None, loop)
        try:
            async with asyncio.timeout(START_SECONDS):
                line = await self._line(reader)
            if line is None:
                raise DriverError(f"ended before it said what it is: {self.how_it_ended()}")
            self.hello = Hello.read(line)
        except TimeoutError:
            await self.end()
            raise DriverError(f"said nothing for {START_SECONDS:g} s") from None
        except DriverError:
            await self.end()
            raise
        self._pump = loop.create_task(self._read(reader))
        return self.hello

    async def _line(self, reader: asyncio.StreamReader) -> Any:
        """Return the next line as JSON, None at the end. Raises DriverError."""
        try:
            line = await reader.readline()
        except ValueError:
            raise DriverError(f"printed a line of more than {LINE_MAX} bytes") from None
        if not line:
            return None
        try:
            return json.loads(line)
        except ValueError:
            raise DriverError(f"printed what is no JSON: {brief(line.rstrip(), 80, 0)}") from None

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while (line := await self._line(reader)) is not None:
                self._take(line)
        except DriverError as error:
            self.fault = error
        self.alive = False
        for future in self._pending.values():
            if not future.done():
                future.set_exception(self.fault or DriverDied(self.how_it_ended()))
        self._pending.clear()

    def _take(self, line: Any) -> None:
        if not isinstance(line, dict) or not isinstance(line.get("id"), int):
            raise DriverError(f"printed a line without an id: {brief(json.dumps(line).encode(), 80, 0)}")
        number = line["id"]
        future = self._pending.pop(number, None)
        if future is None:
            if number in self._given_up:
                return
            raise DriverError(f"answered id {number}, and {', '.join(map(str, self._pending)) or 'nothing'} was asked")
        if sum(name in line for name in ("result", "error", "unsupported")) != 1:
            future.set_exception(DriverError(f"answered id {number} with neither result nor error nor unsupported"))
        elif not future.done():
            future.set_result(line)

    def ask(self, operation: str, **fields: Any) -> tuple[int, asyncio.Future[dict[str, Any]]]:
        """Tell the driver to do something; return the id, and what will be the answer.

        The answer raises DriverDied, or DriverError for one that is none.
        """
        self._number += 1
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        if not self.alive:
            future.set_exception(self.fault or DriverDied(self.how_it_ended()))
            return self._number, future
        self._pending[self._number] = future
        self._writer.write(json.dumps({"id": self._number, "op": operation, **fields}).encode() + b"\n")
        return self._number, future

    def give_up(self, number: int) -> None:
        """Wait no longer for an answer; one that comes is no fault."""
        self._pending.pop(number, None)
        self._given_up.add(number)

    def how_it_ended(self) -> str:
        """Return how the process ended, and the end of what it printed as errors."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        status = self._process.poll()
        if status is None:
            how = "it closed its standard output"
        else:
            how = f"it ended with {status}" if status >= 0 else f"it was ended by signal {-status}"
        return f"{how}; {said}" if (said := self.last_words()) else how

    def last_words(self) -> str:
        """Return the end of what the process printed to its standard error, as one line."""
        with contextlib.suppress(OSError, ValueError):
            size = os.fstat(self._log.fileno()).st_size
            found = os.pread(self._log.fileno(), _LAST, max(0, size - _LAST)).decode("utf-8", "replace")
            return " ".join(found.split())
        return ""

    def memory(self) -> int:
        """Return the bytes that the process holds in memory; 0 where that cannot be told."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return 0

    async def end(self) -> None:
        """End the process."""
        self.alive = False
        if pump := getattr(self, "_pump", None):
            pump.cancel()
        self._writer.close()
        self._output.close()
        self._process.end()
        self._log.close()
        with contextlib.suppress(Exception):
            await self._writer.wait_closed()
