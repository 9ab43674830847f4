"""Whose socket it is, of every kind."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import until

from mclite.replay.play.transport import Address
from mclite.replay.target import listeners
from mclite.replay.target.listeners import listening_pid, owner
from mclite.replay.target.processes import Process, start

#: Listens as its words say and answers `stats` with its process id; with `fork` in a child, with `background` too.
PROGRAM = """
import os, socket, sys
kind, place, how = sys.argv[1:]
if kind == "unix":
    sock = socket.socket(socket.AF_UNIX); sock.bind(place); sock.listen()
elif kind == "udp":
    sock = socket.socket(type=socket.SOCK_DGRAM); sock.bind((how if "." in how else "127.0.0.1", int(place)))
elif ":" in how:
    sock = socket.create_server((how, int(place)), family=socket.AF_INET6, dualstack_ipv6=True)
else:
    sock = socket.create_server((how if "." in how else "127.0.0.1", int(place)))
if how in ("fork", "background") and os.fork():
    os._exit(0) if how == "background" else os.wait()
print(sock.getsockname()[1] if kind != "unix" else place, os.getpid(), flush=True)
while kind != "udp":
    peer = sock.accept()[0]
    if peer.recv(100) == b"stats\\r\\n":
        peer.sendall(b"STAT pid %d\\r\\nEND\\r\\n" % os.getpid())
sock.recv(1)
""".replace("\\\\", "\\")


@pytest.fixture
def listening() -> Iterator[Callable[..., tuple[Process, Address, int]]]:
    """Start a process that listens; return it, the address, and the id of the process that holds the socket."""
    with contextlib.ExitStack() as stack:

        def begin(kind: str, place: str = "0", how: str = "plain") -> tuple[Process, Address, int]:
            process = start([sys.executable, "-c", PROGRAM, kind, place, how], stdout=subprocess.PIPE, text=True)
            stack.enter_context(process)
            assert process.popen.stdout is not None
            stack.enter_context(process.popen.stdout)
            where, pid = process.popen.stdout.readline().split()
            if kind == "unix":
                return process, Address("unix", where), int(pid)
            return process, Address("udp" if kind == "udp" else "tcp", "127.0.0.1", int(where)), int(pid)

        yield begin


@pytest.fixture
def stranger() -> Iterator[Process]:
    """Start a process that listens nowhere."""
    with start(["sleep", "600"]) as process:
        yield process


@pytest.mark.parametrize("kind", ["tcp", "udp", "unix"])
@pytest.mark.parametrize("how", ["plain", "fork", "background"])
def test_a_socket_and_its_owner(
    listening: Callable[..., tuple[Process, Address, int]], stranger: Process, tmp_path: Path, kind: str, how: str
) -> None:
    process, address, pid = listening(kind, str(tmp_path / "socket") if kind == "unix" else "0", how)
    assert owner(process, address) == "ours"
    assert owner(stranger, address) == "other"
    if kind != "udp":
        assert listening_pid(process, address) in ({pid, process.pid} if how == "fork" else {pid})
        assert listening_pid(stranger, address) is None
    os.kill(pid, 9)
    process.end()
    until(lambda: owner(process, address) == "none")


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_server_on_every_address(
    listening: Callable[..., tuple[Process, Address, int]], stranger: Process, host: str
) -> None:
    if ":" in host and not socket.has_dualstack_ipv6():
        pytest.skip("there is no IPv6 here")
    process, address, _ = listening("tcp", "0", host)
    assert owner(process, address) == "ours"
    assert owner(stranger, address) == "other"


def test_tls_is_a_port_like_any_other(listening: Callable[..., tuple[Process, Address, int]]) -> None:
    process, address, _ = listening("tcp")
    assert owner(process, Address("tls", address.host, address.port)) == "ours"


def test_a_server_whose_files_may_not_be_read_is_asked(
    listening: Callable[..., tuple[Process, Address, int]], stranger: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, address, _ = listening("tcp")
    monkeypatch.setattr(listeners, "_sockets_of", lambda pid: None)
    assert owner(process, address) == "ours"
    assert owner(stranger, address) == "other"


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="the users of sockets are read from /proc")
def test_a_server_that_says_nothing_is_told_by_its_user(
    listening: Callable[..., tuple[Process, Address, int]], stranger: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, address, pid = listening("tcp")
    monkeypatch.setattr(listeners, "_sockets_of", lambda pid: None)
    monkeypatch.setattr(listeners, "_by_stats", lambda process, address: None)
    assert owner(process, address) == "unknown"  # this test runs as the same user
    real = listeners._user
    monkeypatch.setattr(listeners, "_user", lambda of: os.getuid() if of == pid else (real(of) or 0) + 1)
    assert owner(process, address) == "ours"
    assert owner(stranger, address) == "unknown"


def test_without_proc_lsof_tells_or_the_server_itself(
    listening: Callable[..., tuple[Process, Address, int]],
    stranger: Process,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    process, address, pid = listening("tcp")
    monkeypatch.setattr(listeners, "_proc_sockets", lambda port, udp: None)
    monkeypatch.setattr(shutil, "which", lambda name, path: None)
    assert owner(process, address) == "ours"
    assert owner(stranger, address) == "other"
    lsof = tmp_path / "lsof"
    lsof.write_text(f"#!/bin/sh\necho {pid}\n")
    lsof.chmod(0o700)
    monkeypatch.setattr(shutil, "which", lambda name, path: str(lsof))
    assert owner(process, address) == "ours"
    assert owner(stranger, address) == "other"
    lsof.write_text("#!/bin/sh\nexit 1\n")
    assert owner(process, address) == "none"
