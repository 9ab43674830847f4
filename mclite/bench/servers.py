"""The servers under the benchmark: started on a core, waited for, watched, stopped; or just addressed."""

from __future__ import annotations

import itertools
import os
import resource
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mclite.bench.connection import Address, TargetDiedError
from mclite.replay.play import transport
from mclite.replay.target.listeners import owner
from mclite.replay.target.log import excerpt
from mclite.replay.target.ports import free_port, release
from mclite.replay.target.processes import Process, start

START_LIMIT = 15.0  # seconds until the port has to answer
STOP_LIMIT = 10.0  # seconds between SIGTERM and SIGKILL
TRIES = 5  # ports, while other processes take them
_serials = itertools.count()
OWN_COMMAND = f"{shlex.quote(sys.executable)} -m mclite serve -p {{port}}"


class _TakenError(Exception):
    """Another process listens on the port of a server."""


class BadTargetError(Exception):
    """A target that cannot be meant so (an address, a command); the text says why."""


def cores() -> tuple[set[int], set[int]] | None:
    """Return the cores for the servers and for the load, None when they cannot be kept apart."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    ours = sorted(os.sched_getaffinity(0))
    return ({ours[0]}, {ours[-1]}) if len(ours) > 1 else None


@contextmanager
def pinned(where: set[int] | None) -> Iterator[None]:
    """Let processes that are started inside be born on these cores."""
    if where is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, where)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Server:
    """A target: an address, and the process when it is ours.

    Args:
        address: host and port
        command: what started it, None when it runs already
        process: of the command
        errors: the file that its output goes to
    """

    def __init__(
        self,
        address: Address,
        command: str | None = None,
        process: Process | None = None,
        errors: IO[bytes] | None = None,
    ) -> None:
        self.address = address
        self.command = command
        self.process = process
        self.errors = errors
        self.name = f"{address[0]}:{address[1]}"
        self.serial = next(_serials)
        self.start_seconds: float | None = None

    @classmethod
    def at(cls, target: str) -> Server:
        """Take a server that runs already, `host:port` or `[ipv6]:port`.

        Raises:
            BadTargetError: no address
            TargetDiedError: no server answers there
        """
        server = cls(cls.parse(target))
        server.name = f"{target} {server._version(time.monotonic() + 5.0)}"
        return server

    @staticmethod
    def parse(target: str) -> Address:
        """Split `host:port`.

        Raises:
            BadTargetError: it is none
        """
        host, _, port = target.rpartition(":")
        if not host or not (port.isascii() and port.isdecimal()) or not 0 < int(port) < 65536:
            raise BadTargetError(f"{target!r} is no host:port")
        return host.strip("[]"), int(port)

    @classmethod
    def spawn(cls, command: str, extra: str = "", where: set[int] | None = None) -> Server:
        """Start a server and wait until it answers `version`.

        Args:
            command: a command line with `{port}` in it; no shell reads it
            extra: further arguments
            where: cores that it may use

        Raises:
            BadTargetError: the command cannot be run
            TargetDiedError: it ended or did not answer
        """
        arguments = command_line(command, extra)
        for _ in range(TRIES):
            try:
                return cls._spawn(command, arguments, where)
            except _TakenError as error:
                problem = str(error)
        raise TargetDiedError(problem)

    @classmethod
    def _spawn(cls, command: str, arguments: list[str], where: set[int] | None) -> Server:
        port = free_port()
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        began = time.monotonic()
        try:
            with pinned(where):
                process = start(
                    [argument.replace("{port}", str(port)) for argument in arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=errors,
                    stderr=errors,
                )
        except OSError as error:
            errors.close()
            release(port)
            raise BadTargetError(f"cannot run {arguments[0]!r}: {error.strerror or error}") from None
        server = cls(("127.0.0.1", port), command, process, errors)
        try:
            version = server._version(began + START_LIMIT)
            server.start_seconds = time.monotonic() - began
        except BaseException:
            server.stop()
            raise
        server.name = f"{program(arguments)} {version}"
        return server

    def _version(self, until: float) -> str:
        """Ask for the version until it is answered.

        Raises:
            TargetDiedError: the process ended, or the time is over
            _TakenError: what answers is not the process
        """
        while True:
            try:
                with socket.create_connection(self.address, timeout=1.0) as sock:
                    sock.sendall(b"version\r\n")
                    answer = b""
                    while not answer.endswith(b"\r\n") and len(answer) < 1000:
                        piece = sock.recv(1000)
                        if not piece:
                            break
                        answer += piece
                if answer and self.process is not None:
                    said = owner(self.process, transport.Address("tcp", *self.address))
                    if said == "other":
                        raise _TakenError(f"{self.command!r} does not listen: another process has {self.name}")
                    if said == "unknown":
                        raise TargetDiedError(f"nothing here tells whether {self.command!r} listens on {self.name}")
                if answer.startswith(b"VERSION ") and answer.endswith(b"\r\n"):
                    return answer[8:-2].decode("ascii", "backslashreplace")
                if answer:
                    raise TargetDiedError(f"{self.name} is no memcached: it answers version with {answer[:60]!r}")
            except socket.gaierror as error:
                raise TargetDiedError(f"cannot resolve {self.address[0]!r}: {error.strerror}") from None
            except OSError as error:
                if self.process is None:
                    raise TargetDiedError(f"cannot reach {self.name}: {error.strerror or error}") from None
            if self.process is not None and self.process.poll() is not None:
                raise TargetDiedError(f"{self.command!r} ended at once{self.last_words()}")
            if time.monotonic() > until:
                raise TargetDiedError(f"{self.command or self.name!r} did not answer{self.last_words()}")
            time.sleep(0.0005)

    def last_words(self) -> str:
        """Return `: ` and the first and last lines that the process printed, or nothing."""
        printed = excerpt(self.errors) if self.errors is not None else ""
        return f": {printed}" if printed else ""

    def ended(self) -> str:
        """Return how the process ended, or nothing while it runs or is not ours."""
        if self.process is None:
            return ""
        try:
            code = self.process.wait(0.2)
        except subprocess.TimeoutExpired:
            return ""
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"it ended with exit code {code}"
        return f" ({how}{self.last_words()})"

    @property
    def pids(self) -> list[int]:
        """The process and all that it started; nothing when it is not ours."""
        if self.process is None:
            return []
        return sorted(self.process.members(), key=self.process.pid.__ne__)

    def memory(self) -> int | None:
        """Return the resident memory in bytes, None when the process is not ours or nothing says."""
        total = 0
        for pid in self.pids:
            try:
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:
                return None
            total += pages * resource.getpagesize()
        return total or None

    def stat(self, name: str) -> int | None:
        """Return a number of `stats`, None when the server does not show it (protocol.txt 1197-1330)."""
        try:
            with socket.create_connection(self.address, timeout=5.0) as sock, sock.makefile("rwb") as file:
                file.write(b"stats\r\n")
                file.flush()
                for line in file:
                    words = line.split()
                    if words[:2] == [b"STAT", name.encode()] and len(words) == 3 and words[2].isdigit():
                        return int(words[2])
                    if not line.startswith(b"STAT "):
                        return None
        except OSError:
            pass
        return None

    def stop(self) -> None:
        """End the process, if it is ours; a server that runs already is left alone."""
        if self.process is not None:
            self.process.end(STOP_LIMIT)
            release(self.address[1])
        if self.errors is not None:
            self.errors.close()
            self.errors = None


def command_line(command: str, extra: str = "") -> list[str]:
    """Split a command as a shell would.

    Raises:
        BadTargetError: quotes do not match, nothing is there, or `{port}` is missing
    """
    try:
        arguments = shlex.split(command) + shlex.split(extra)
    except ValueError as error:
        raise BadTargetError(f"cannot read the command {command!r}: {error}") from None
    if "{port}" not in command:
        raise BadTargetError(f"the command {command!r} has no {{port}} in it: the benchmark chooses the port")
    return arguments


def program(arguments: list[str]) -> str:
    """Return what to call a program: `memcached`, or `mclite` of `python -m mclite serve`."""
    first = Path(arguments[0]).name
    if first.startswith("python") and "-m" in arguments[:-1]:
        return arguments[arguments.index("-m") + 1]
    return first
