"""Servers that the suite starts: each on a free port, in a folder of its own, stopped by its process id."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from mclite.replay.play.transport import Address, Connection, Unreachable
from mclite.replay.scenario.scenario import Kind
from mclite.replay.target.ports import free_port, release
from mclite.replay.target.spec import TargetError, TargetSpec, common_values, find_spec

#: Seconds a server may take until it listens, and to end when it is told to: it holds nothing worth saving,
#: and real memcached takes a whole second.
START, STOP = 20.0, 0.2
#: How often a port that was taken meanwhile is tried anew.
TRIES = 5

_UDP = ("udp", "udp-raw")
_running: set[Server] = set()
_guard = threading.Lock()


class Server:
    """A server process; `address` is where it listens, `needs` how it was started."""

    def __init__(self, spec: TargetSpec, needs: frozenset[str] = frozenset()) -> None:
        """Start it and wait until it listens; raise TargetError, with what it printed, when it does not."""
        self.spec = spec
        self.needs = needs
        self.backend: Server | None = None
        self.ports: list[int] = []
        self.folder = Path(tempfile.mkdtemp(prefix="mclite-server-"))
        self.folder.chmod(0o777 if os.geteuid() == 0 else 0o700)  # the server may drop to another user
        _watch_for_the_end()
        with _guard:
            _running.add(self)
        try:
            if spec.backend:
                here = spec.file.parent if spec.file else Path()
                self.backend = Server(find_spec(spec.backend, here))
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        problem = ""
        for _ in range(TRIES):
            values, address = self._prepare()
            words = self.spec.command_for(self.needs, values)
            self.command = " ".join(words)
            log = (self.folder / "log").open("wb")
            try:
                with log:
                    self.process = subprocess.Popen(
                        [_absolute(words[0]), *words[1:]],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        cwd=self.folder,
                        env={**os.environ, "PYTHONPATH": _python_path(), **self.spec.environment(self.needs)},
                        start_new_session=True,
                    )
            except OSError as error:
                hint = "" if "/" in words[0] else f": install it, or say where it is (--spawn {self.hint()})"
                raise TargetError(f"{words[0]} cannot be started: {error.strerror}{hint}") from None
            self.address = address
            if self._listens(address):
                return
            problem = self.printed()
            self._end()
            if "in use" not in problem:
                break
        raise TargetError(f"`{self.command}` does not listen: {problem or 'it printed nothing'}")

    def hint(self) -> str:
        """Return how a program can be given."""
        return f"{self.spec.file.stem}=/path/to/program" if self.spec.file else "'COMMAND with {port}'"

    def _prepare(self) -> tuple[dict[str, str], Address]:
        """Write the files that the command names; return the values of its slots and where it will listen."""
        self._release()
        self.ports = [port := free_port(udp="udp" in self.needs)]
        values = {**common_values(), "port": str(port), "dir": str(self.folder), "program": self.spec.program}
        if "{port2}" in self.spec.command:
            self.ports.append(free_port())
            values["port2"] = str(self.ports[-1])
        if self.backend is not None:
            values["backend"] = str(self.backend.address.port)
        kind: Kind = "tcp"
        path = ""
        for name, content in self.spec.files.items():
            self._write(name, content, values)
        for need in sorted(self.needs):
            way = self.spec.starts.get(need)
            if way is None:
                continue
            for name, content in way.files.items():
                self._write(name, content, values)
            for name, source in way.copies.items():
                shutil.copyfile(source, self._file(name))
                values[name] = str(self._file(name))
            if way.kind != "tcp":
                kind, path = way.kind, way.path
        if kind == "unix":
            return values, Address("unix", path.replace("{dir}", str(self.folder)))
        return values, Address(kind if kind != "udp" else "tcp", values["host"], port)

    def _write(self, name: str, content: str, values: dict[str, str]) -> None:
        for slot, value in values.items():
            content = content.replace(f"{{{slot}}}", value)
        self._file(name).write_text(content, encoding="utf-8")
        values[name] = str(self._file(name))

    def _file(self, name: str) -> Path:
        return self.folder / name

    def _listens(self, address: Address) -> bool:
        deadline = time.monotonic() + START
        pause = 0.002
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return False
            try:
                Connection(address, 1.0).close()
            except Unreachable:
                time.sleep(pause)
                pause = min(0.05, pause * 1.5)
                continue
            # What answers could be another program that took the port: then ours ends at once.
            time.sleep(0.001)
            return self.process.poll() is None
        return False

    def address_for(self, kind: Kind) -> Address:
        """Return where it is spoken to over UDP (the same port) or as it was started."""
        return Address(kind, self.address.host, self.address.port) if kind in _UDP else self.address

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return hasattr(self, "process") and self.process.poll() is None

    def printed(self) -> str:
        """Return the last lines of what the server printed."""
        with contextlib.suppress(OSError):
            with (self.folder / "log").open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 2000))
                lines = file.read().decode("utf-8", "replace").strip().splitlines()
            return " / ".join(line.strip() for line in lines[-5:])
        return ""

    def ended(self) -> str:
        """Return how the process ended, for people."""
        code = self.process.poll()
        if code is None:
            return "it runs"
        return f"it was ended by {signal.Signals(-code).name}" if code < 0 else f"it exited with {code}"

    def tell(self) -> None:
        """Tell the server to end, without waiting for it."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)

    def _end(self, at_once: bool = False) -> None:
        process = getattr(self, "process", None)
        if process is None:
            return
        for number, patience in ((signal.SIGTERM, STOP), (signal.SIGKILL, START)):
            if process.poll() is not None:
                break
            if at_once and number == signal.SIGTERM:
                continue
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)  # it leads a session of its own, so its children end with it
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)

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
        with _guard:
            _running.discard(self)
        self._end(at_once)
        self._release()
        if self.backend is not None:
            self.backend.stop(at_once)
        shutil.rmtree(self.folder, ignore_errors=True)


@atexit.register
def stop_all() -> None:
    """Stop every server that this process started."""
    for server in tuple(_running):
        server.tell()
    for server in tuple(_running):
        server.stop()


def _watch_for_the_end() -> None:
    """Stop the servers also when this process is told to end by SIGTERM, if nobody else sees to that."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        return

    def end(number: int, frame: object) -> None:
        stop_all()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, end)


def _absolute(program: str) -> str:
    """Return a PROGRAM given by a relative path as seen from here: the server starts in a folder of its own."""
    return str(Path(program).absolute()) if "/" in program else program


def _python_path() -> str:
    """Return a PYTHONPATH with which a target written in Python finds this very mclite."""
    here = str(Path(__file__).resolve().parents[3])
    before = os.environ.get("PYTHONPATH")
    return f"{here}{os.pathsep}{before}" if before else here
