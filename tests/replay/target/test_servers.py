from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mclite.replay.play.transport import Connection
from mclite.replay.target.servers import Server, free_port
from mclite.replay.target.spec import TargetError, find_spec, read_spec

ROOT = Path(__file__).resolve().parents[3]


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
        ("sh -c 'echo no such option; exit 2' {port}", "does not listen: no such option"),
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


def test_servers_end_with_a_process_that_is_told_to_end(tmp_path: Path, toy: str) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from mclite.replay.target.servers import Server; from mclite.replay.target.spec import find_spec\n"
        "server = Server(find_spec(sys.argv[1], Path()))\n"
        "print(server.process.pid, server.folder, flush=True); time.sleep(30)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, toy], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid, folder = process.stdout.readline().split()
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGTERM
    assert not Path(folder).exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)
