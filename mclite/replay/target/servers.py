"""Servers that the suite starts: each on a free port, in a folder of its own, ended with all that it started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from mclite.replay.play.transport import Address, Connection, Unreachable
from mclite.replay.scenario.scenario import Kind
from mclite.replay.target.listeners import listening_pid, owner
from mclite.replay.target.log import excerpt
from mclite.replay.target.ports import free_port, release
from mclite.replay.target.processes import start, temporary_folder
from mclite.replay.target.spec import TargetError, TargetSpec, common_values, fill, find_spec

#: Seconds a server may take until it listens, and to end when it is told to: it holds nothing worth saving,
#: and real memcached takes a whole second.
START, STOP = 20.0, 0.2
#: Seconds a server may take until it has its UDP port, once it listens on TCP.
UDP_START = 2.0
#: Number of ports that are tried while other processes take them.
TRIES = 5

_UDP = ("udp", "udp-raw")


class Server:
    """A server process; `address` is where it listens, `needs` how it was started."""

    def __init__(self, spec: TargetSpec, needs: frozenset[str] = frozenset()) -> None:
        """Start it and wait until it listens; raise TargetError, with what it printed, when it does not."""
        self.spec = spec
        self.needs = needs
        self.backend: Server | None = None
        self.ports: list[int] = []
        self.folder = temporary_folder("mclite-server-")
        self.folder.chmod(0o777 if os.geteuid() == 0 else 0o700)  # the server may drop to another user
        self._changing = threading.Lock()
        self._stopped = False
        try:
            if spec.backend:
                here = spec.file.parent if spec.file else Path()
                self.backend = Server(find_spec(spec.backend, here))
            self._start()
        except BaseException:
            self.stop(at_once=True)
            raise

    def _start(self) -> None:
        for _ in range(TRIES):
            values, address = self._prepare()
            self._spawn(self.spec.command_for(self.needs, values))
            self.address = address
            problem = self._wait(address)
            if problem is None:
                return
            ended, printed = self.process.poll(), self.printed()
            self._end(at_once=True)
            if problem != _TAKEN and "in use" not in printed:
                break
        raise TargetError(
            f"`{self.command}` does not listen: {problem if ended is None else _how(ended)}; "
            f"{f'it printed: {printed}' if printed else 'it printed nothing'}; "
            f"it ran in a temporary folder of its own, {self.folder}"
        )

    def _spawn(self, words: list[str]) -> None:
        """Start the process, unless the server was stopped meanwhile."""
        self.command = " ".join(words)
        with self._changing, (self.folder / "log").open("wb") as log:
            if self._stopped:
                raise TargetError(f"`{self.command}` is not started: the run ends")
            try:
                self.process = start(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=self.folder,
                    env={**os.environ, "PYTHONPATH": _python_path(), **self.spec.environment(self.needs)},
                )
            except OSError as error:
                hint = "" if "/" in words[0] else f": install it, or say where it is (--spawn {self.hint()})"
                raise TargetError(f"{words[0]} cannot be started: {error.strerror}{hint}") from None

    def hint(self) -> str:
        """Return how a program can be given."""
        return f"{self.spec.file.stem}=/path/to/program" if self.spec.file else "'COMMAND with {port}'"

    def _prepare(self) -> tuple[dict[str, str], Address]:
        """Write the files that the command names; return the values of its slots and where it will listen."""
        self._release()
        self.ports = [port := free_port(udp="udp" in self.needs)]
        values = {**common_values(), "port": str(port), "dir": str(self.folder), "program": self.spec.program}
        if self.spec.uses("port2"):
            self.ports.append(free_port())
            values["port2"] = str(self.ports[-1])
        if self.backend is not None:
            values["backend"] = str(self.backend.address.port)
        ways = [self.spec.starts[need] for need in sorted(self.needs) if need in self.spec.starts]
        contents = dict(self.spec.files)
        kind: Kind = "tcp"
        path = ""
        for way in ways:
            contents |= way.files
            for name, source in way.copies.items():
                shutil.copyfile(source, self.folder / name)
                values[name] = str(self.folder / name)
            if way.kind != "tcp":
                kind, path = way.kind, way.path
        values |= {name: str(self.folder / name) for name in contents}
        for name, content in contents.items():
            (self.folder / name).write_text(fill(content, values), encoding="utf-8")
        if kind == "unix":
            return values, Address("unix", fill(path, values))
        return values, Address(kind if kind != "udp" else "tcp", values["host"], port)

    def _wait(self, address: Address) -> str | None:
        """Wait until it listens at `address`, and on UDP if it was started so; return None, or what is wrong."""
        problem = self._wait_for(address, START)
        if problem is None and "udp" in self.needs:
            problem = self._wait_for(Address("udp", address.host, address.port), UDP_START)
        return problem

    def _wait_for(self, address: Address, seconds: float) -> str | None:
        deadline = time.monotonic() + seconds
        pause = 0.002
        while time.monotonic() < deadline:
            ended = self.process.poll()
            if ended or (ended == 0 and not self.process.members()):
                return "it ended"
            said = owner(self.process, address)
            if said == "other":
                return _TAKEN
            if said == "unknown":
                return (
                    f"nothing on this machine tells whether it is the process that listens on {address}; "
                    "start it as the user who runs the suite, or in a container with --cap-add SYS_PTRACE"
                )
            if said == "ours" and self._connects(address):
                return None
            time.sleep(pause)
            pause = min(0.05, pause * 1.5)
        return f"nothing is on {address} after {seconds:g} s"

    def _connects(self, address: Address) -> bool:
        """Tell whether it takes a connection; one that went into the background is followed there."""
        if address.kind not in _UDP:
            try:
                Connection(address, 1.0).close()
            except Unreachable:
                return False
        if self.process.poll() is None:
            return True
        members = self.process.members()
        pid = listening_pid(self.process, address) or next(iter(members), None)
        return pid is not None and self.process.follow(pid)

    def address_for(self, kind: Kind) -> Address:
        """Return where it is spoken to over UDP (the same port) or as it was started."""
        return Address(kind, self.address.host, self.address.port) if kind in _UDP else self.address

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return hasattr(self, "process") and self.process.poll() is None

    def printed(self) -> str:
        """Return the first and the last lines of what the server printed."""
        with contextlib.suppress(OSError), (self.folder / "log").open("rb") as file:
            return excerpt(file)
        return ""

    def ended(self) -> str:
        """Return how the process ended, for people."""
        status = self.process.poll()
        if status is None:
            return "it runs"
        return "it ended, in the background" if self.process.in_background else _how(status)

    def tell(self) -> None:
        """Tell the server to end, without waiting for it."""
        if self.alive:
            self.process.tell()

    def _end(self, at_once: bool = False) -> None:
        if hasattr(self, "process"):
            self.process.end(0.0 if at_once else STOP)

    def finish(self) -> bool:
        """End the process, if it does not do so itself within a second; return whether it did."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)
            return True
        self._end(at_once=True)
        return False

    def _release(self) -> None:
        for port in self.ports:
            release(port)
        self.ports = []

    def stop(self, at_once: bool = False) -> None:
        """End the process, its backend and its folder; `at_once` without giving it time to do it itself."""
        with self._changing:  # another thread may be about to start the process
            self._stopped = True
            self._end(at_once)
        self._release()
        if self.backend is not None:
            self.backend.stop(at_once)
        shutil.rmtree(self.folder, ignore_errors=True)


#: The problem of a server that has lost its port to another process.
_TAKEN = "another process, which it did not start, listens on its port"


def _how(status: int) -> str:
    return f"it was ended by {signal.Signals(-status).name}" if status < 0 else f"it exited with {status}"


def _python_path() -> str:
    """Return a PYTHONPATH with which a target written in Python finds this very mclite, from any folder."""
    here = str(Path(__file__).resolve().parents[3])
    before = [str(Path(part).absolute()) for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    return os.pathsep.join([here, *before])
