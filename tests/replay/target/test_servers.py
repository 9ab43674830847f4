from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from waiting import SECONDS_MAX, until

from mclite.replay.play.transport import Connection
from mclite.replay.target import servers
from mclite.replay.target.ports import free_port
from mclite.replay.target.processes import row_of
from mclite.replay.target.servers import Server
from mclite.replay.target.spec import TargetError, find_spec, read_spec


def test_started_and_stopped(toy: str) -> None:
    server = Server(find_spec(toy, Path()))
    folder = server.folder
    Connection(server.address, 1.0).close()
    assert server.alive
    assert folder.is_dir()
    server.stop()
    assert not server.alive
    assert not folder.exists()
    assert server.ended() == "it was ended by SIGTERM"
    with pytest.raises(ProcessLookupError):
        os.kill(server.process.pid, 0)


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (
            "sh -c 'echo no such option; exit 2' {port}",
            "does not listen: it exited with 2; it printed: no such option; it ran in a temporary folder",
        ),
        ("/nowhere/server {port}", "/nowhere/server cannot be started: No such file"),
        ("nosuchserver {port}", "install it, or say where it is"),
    ],
)
def test_a_server_that_does_not_start(command: str, problem: str) -> None:
    with pytest.raises(TargetError, match=problem):
        Server(find_spec(command, Path()))


def test_a_port_that_was_taken_meanwhile_is_tried_anew(tmp_path: Path, toy: str) -> None:
    flag = tmp_path / "second"
    script = tmp_path / "server.sh"
    program = toy.replace("{port}", "$1").replace("{python}", "$2")
    script.write_text(f"test -e {flag} && exec {program}\ntouch {flag}\necho Address already in use\nexit 1\n")
    server = Server(find_spec(f"sh {script} {{port}} {{python}}", Path()))
    assert server.alive
    server.stop()


def test_files_and_copies_lie_in_its_own_folder(tmp_path: Path, toy: str) -> None:
    (tmp_path / "certificate.pem").write_text("secret")
    file = tmp_path / "x.toml"
    file.write_text(
        f'command = "{toy}"\n[start.auth]\nadd = "{{users}} {{cert}}"\nfiles = {{ users = "a:b port {{port}}" }}\n'
        'copies = { cert = "certificate.pem" }\n'
    )
    server = Server(read_spec(file), frozenset({"auth"}))
    try:
        assert (server.folder / "users").read_text() == f"a:b port {server.address.port}"
        assert (server.folder / "cert").read_text() == "secret"
        assert str(server.folder / "cert") in server.command
    finally:
        server.stop()


def test_a_backend_is_started_first_and_stopped_with_it(tmp_path: Path, toy: str) -> None:
    (tmp_path / "back.toml").write_text(f'command = "{toy}"\n')
    (tmp_path / "front.toml").write_text(f'command = "{toy} {{backend}}"\nbackend = "back"\n')
    server = Server(find_spec("front", tmp_path))
    backend = server.backend
    assert backend is not None
    assert server.command.endswith(str(backend.address.port))
    server.stop()
    assert not backend.alive


def test_free_ports_differ() -> None:
    assert free_port() != free_port()
    assert free_port(udp=True) > 0


def test_a_server_in_the_background_is_followed(tmp_path: Path, toy: str) -> None:
    program = toy.replace("{port}", "$1").replace("{python}", "$2")
    script = tmp_path / "server.sh"
    script.write_text(f"setsid {program} &\n")
    server = Server(find_spec(f"sh {script} {{port}} {{python}}", Path()))
    assert server.alive
    assert server.process.in_background
    assert server.ended() == "it runs"
    members = server.process.members()
    assert len(members) == 1
    os.kill(members[0], signal.SIGKILL)
    server.process.wait(SECONDS_MAX)
    assert server.ended() == "it ended, in the background"
    server.stop()


def test_a_background_server_ends_with_stop(tmp_path: Path, toy: str) -> None:
    program = toy.replace("{port}", "$1").replace("{python}", "$2")
    script = tmp_path / "server.sh"
    script.write_text(f"setsid {program} &\n")
    server = Server(find_spec(f"sh {script} {{port}} {{python}}", Path()))
    (member,) = server.process.members()
    server.stop()
    ends(member)


def test_the_child_of_a_shell_ends_with_it(tmp_path: Path, toy: str) -> None:
    program = toy.replace("{port}", "$1").replace("{python}", "$2")
    script = tmp_path / "server.sh"
    script.write_text(f"{program}\necho it ended\n")  # no exec: the shell waits
    server = Server(find_spec(f"sh {script} {{port}} {{python}}", Path()))
    members = server.process.members()
    assert len(members) == 2
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(SECONDS_MAX)
    server.stop()
    for pid in members:
        ends(pid)


def test_a_strangers_port_is_not_taken_for_the_server(monkeypatch: pytest.MonkeyPatch, toy: str) -> None:
    """The started server neither listens nor ends, so only the owner of the socket tells."""
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = stranger.getsockname()[1]
        monkeypatch.setattr(servers, "free_port", lambda udp=False: taken)
        with pytest.raises(TargetError, match="another process, which it did not start, listens on its port"):
            Server(find_spec("sleep 60 {port}", Path()))


def test_another_port_is_chosen_when_a_stranger_has_it(monkeypatch: pytest.MonkeyPatch, toy: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        ports = iter([stranger.getsockname()[1]])
        monkeypatch.setattr(servers, "free_port", lambda udp=False: next(ports, None) or free_port(udp))
        server = Server(find_spec(toy, Path()))
        assert server.address.port != stranger.getsockname()[1]
        server.stop()


def test_a_udp_port_that_nobody_serves(toy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "UDP_START", 0.05)
    file = tmp_path / "x.toml"
    file.write_text(f'command = "{toy}"\n[start.udp]\nadd = "udp"\n')
    with pytest.raises(TargetError, match="does not listen: nothing is on udp://"):
        Server(read_spec(file), frozenset({"udp"}))


def test_a_server_that_is_stopped_while_it_starts_is_not_started(toy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Server] = []
    prepare = Server._prepare

    def stopped(self: Server) -> object:
        begun.append(self)
        self.stop()
        self.folder.mkdir()
        return prepare(self)

    monkeypatch.setattr(Server, "_prepare", stopped)
    with pytest.raises(TargetError, match="is not started: the run ends"):
        Server(find_spec(toy, Path()))
    assert not begun[0].alive
    assert not begun[0].folder.exists()


def test_the_head_and_the_tail_of_a_long_log_are_shown() -> None:
    command = """sh -c 'echo the reason; seq 1 5000; echo the end; exit 3' {port}"""
    with pytest.raises(TargetError) as error:
        Server(find_spec(command, Path()))
    text = str(error.value)
    assert "it printed: the reason / 1 / 2 / ... / 4997 / 4998 / 4999 / 5000 / the end" in text
    assert "it ran in a temporary folder of its own, /" in text


def test_relative_paths_are_those_of_the_current_folder(
    toy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program = toy.replace("{port}", "$1").replace("{python}", sys.executable)
    (tmp_path / "server").write_text(f"#!/bin/sh\nexec {program}\n")
    (tmp_path / "server").chmod(0o700)
    for command in ("./server {port}", "sh server {port}", "sh ./server {port}"):
        server = Server(find_spec(command, Path("targets")))
        assert str(tmp_path / "server") in server.command
        server.stop()


def ends(pid: int) -> None:
    """Wait until there is no process `pid`, or only its zombie."""
    until(lambda: (row := row_of(pid)) is None or row.zombie, f"the end of process {pid}")
