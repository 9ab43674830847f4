"""`mclite serve` as a process: how it starts, what it says when it cannot, how it stops."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import SECONDS_MAX, connected, free_port, until

import mclite
from mclite.cli.serve import run_raw
from mclite.protocol import replies
from mclite.server.options import usage
from mclite.testing.server import TLS_FILES

ROOT = Path(__file__).parents[2]


class Process:
    """A running `mclite serve`."""

    def __init__(self, *arguments: str) -> None:
        self.port = free_port()
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mclite", "serve", "-p", str(self.port), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def connect(self) -> socket.socket:
        """Connect, once it listens."""
        return connected(self.port, self.process)

    def ask(self, data: bytes) -> bytes:
        """Send `data` on a connection of its own, and return a first part of the answer."""
        with self.connect() as sock:
            sock.sendall(data)
            return sock.recv(65536)

    def end(self) -> tuple[int, str, str]:
        """Wait until it ends; return its exit code, output and errors."""
        output, errors = self.process.communicate(timeout=SECONDS_MAX)
        return self.process.returncode, output, errors


@pytest.fixture
def spawn() -> Iterator[Callable[..., Process]]:
    """Return what starts `mclite serve` with arguments."""
    started: list[Process] = []

    def start(*arguments: str) -> Process:
        started.append(Process(*arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it(number: signal.Signals, spawn: Callable[..., Process], tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    server = spawn("-P", str(pid_file))
    with server.connect() as sock:
        sock.sendall(b"set a 0 0 1\r\nx\r\n")
        assert sock.recv(100) == b"STORED\r\n"
        assert pid_file.read_text() == f"{server.process.pid}\n"
        server.process.send_signal(number)
        assert sock.recv(100) == b""
    assert server.end() == (0, "", "")
    assert not pid_file.exists()


def test_shutdown_stops_it(spawn: Callable[..., Process]) -> None:
    server = spawn("-A")
    server.ask(b"shutdown\r\n")
    assert server.end() == (0, "", "")


def test_a_port_that_is_taken(spawn: Callable[..., Process]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output, errors = spawn("-p", str(port)).end()
    assert (code, output) == (1, "")
    assert errors == f"mclite serve: cannot listen on 127.0.0.1:{port}: Address already in use\n"


def test_the_pid_file_of_another_server_stays(spawn: Callable[..., Process], tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    first = spawn("-P", str(pid_file))
    first.ask(b"version\r\n")
    assert spawn("-P", str(pid_file), "-p", str(first.port)).end()[0] == 1
    assert pid_file.read_text() == f"{first.process.pid}\n"


def test_verbose_says_where_it_listens(spawn: Callable[..., Process]) -> None:
    server = spawn("-v")
    server.ask(b"version\r\n")
    server.process.terminate()
    code, _, errors = server.end()
    assert code == 0
    assert f"listening on tcp:127.0.0.1:{server.port}, answering as memcached {replies.RELEASE}\n" in errors


def test_notes_on_what_has_no_effect(spawn: Callable[..., Process]) -> None:
    server = spawn("-t", "4", "-k", "-o", "modern")
    server.ask(b"version\r\n")
    server.process.terminate()
    code, _, errors = server.end()
    assert code == 0
    assert errors.splitlines() == [
        "mclite serve: -t has no effect in mclite: it has one thread",
        "mclite serve: -k has no effect in mclite",
        "mclite serve: -o modern has no effect in mclite",
    ]


def test_a_config_file(spawn: Callable[..., Process], tmp_path: Path) -> None:
    file = tmp_path / "mclite.toml"
    file.write_text("port = 1\nmemory-limit = 99\nmax_item_size = '2m'\n")
    server = spawn("--config", str(file))  # -p wins
    answer = server.ask(b"stats settings\r\n")
    assert b"STAT maxbytes 103809024\r\n" in answer
    assert b"STAT item_size_max 2097152\r\n" in answer


def test_a_unix_socket(spawn: Callable[..., Process], tmp_path: Path) -> None:
    path = tmp_path / "socket"
    server = spawn("-s", str(path), "-a", "0770")
    until(path.exists)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(SECONDS_MAX)
        sock.connect(str(path))
        sock.sendall(b"version\r\n")
        assert sock.recv(100) == replies.VERSION
    assert stat.S_IMODE(path.stat().st_mode) == 0o770
    server.process.terminate()
    assert server.end()[0] == 0
    assert not path.exists()


def test_in_the_background(tmp_path: Path) -> None:
    port, pid_file = free_port(), tmp_path / "pid"
    command = [sys.executable, "-m", "mclite", "serve", "-d", "-p", str(port), "-P", str(pid_file)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=SECONDS_MAX, check=False)
    assert done.returncode == 0
    until(lambda: pid_file.exists() and pid_file.read_text())
    pid = int(pid_file.read_text())
    try:
        with socket.create_connection(("127.0.0.1", port), SECONDS_MAX) as sock:
            sock.sendall(b"version\r\n")
            assert sock.recv(100) == replies.VERSION
            os.kill(pid, signal.SIGHUP)
            sock.sendall(b"version\r\n")
            assert sock.recv(100) == replies.VERSION
    finally:
        os.kill(pid, signal.SIGTERM)
    until(lambda: not pid_file.exists())


# In this process: what ends at once.


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-q"], "option -q not recognized"),
        (["-p", "x"], "-p takes a number, not 'x'"),
        (["-o", "wrong"], "unknown option -o wrong"),
        (["--config", "/no/such/file"], "cannot read /no/such/file: No such file or directory"),
    ],
)
def test_bad_options(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_raw(arguments) == 2
    shown = capsys.readouterr()
    assert shown.err == f"usage: mclite serve [options] (--help names them)\nmclite serve: {says}\n"
    assert shown.out == ""


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_raw(["-h"]) == 0
    assert capsys.readouterr().out == usage() + "\n"
    assert run_raw(["-V"]) == 0
    said = capsys.readouterr().out
    assert re.fullmatch(r"mclite [0-9.]+ \((compiled|pure Python)\), answers as memcached (.*)\n", said)
    assert said.endswith(f" {replies.RELEASE}\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-Y", "/no/such/file"], "cannot read the authentication file /no/such/file: No such file or directory"),
        (["--store", "wrong"], "--store wrong: unknown store 'wrong'; there is: memory, disk"),
        (["--store", "memory:x"], "--store memory:x: the store memory takes no argument"),
        (["-Z"], "-Z needs -o ssl_chain_cert=FILE,ssl_key=FILE"),
        (["-l", "127.0.0.1:x"], "bad port in the address 127.0.0.1:x"),
        (["-P", "/no/such/folder/pid"], "cannot write /no/such/folder/pid: No such file or directory"),
    ],
)
def test_what_cannot_be_started(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_raw(["-p", "-1", *arguments]) == 1
    assert capsys.readouterr().err == f"mclite serve: {says}\n"


@pytest.mark.skipif(os.getuid() != 0, reason="only root becomes another user")
def test_a_user_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_raw(["-p", "-1", "-u", "no-such-user"]) == 1
    assert capsys.readouterr().err == "mclite serve: -u no-such-user: there is no such user\n"


@pytest.mark.skipif(os.getuid() != 0, reason="only root becomes another user")
def test_another_user(spawn: Callable[..., Process]) -> None:
    server = spawn("-u", "nobody")
    server.ask(b"version\r\n")
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    assert re.search(r"^Uid:\t(\d+)\t\1\t\1\t\1$", status, re.MULTILINE)
    assert "Uid:\t0\t" not in status


def test_the_disk_store(spawn: Callable[..., Process], tmp_path: Path) -> None:
    for expected in (b"END\r\n", b"VALUE a 0 1\r\nx\r\nEND\r\n"):
        server = spawn("--store", f"disk:{tmp_path / 'items'}", "--sync", "off")
        assert server.ask(b"get a\r\n") == expected
        assert server.ask(b"set a 0 0 1\r\nx\r\n") == b"STORED\r\n"
        server.process.terminate()
        assert server.end() == (0, "", "")


def test_a_ready_file_holds_the_addresses_while_it_listens(spawn: Callable[..., Process], tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ready.write_text("127.0.0.1:1\n")  # left by a server that was killed
    server = spawn("--port", "0", "--ready-file", str(ready))
    until(lambda: ready.exists() and ready.read_text() != "127.0.0.1:1\n")
    host, _, port = ready.read_text().removesuffix("\n").partition(":")
    with socket.create_connection((host, int(port)), SECONDS_MAX) as sock:
        sock.sendall(b"mn\r\n")
        assert sock.recv(100) == b"MN\r\n"
    server.process.send_signal(signal.SIGTERM)
    assert server.end() == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_a_ready_file_that_cannot_be_written(spawn: Callable[..., Process], tmp_path: Path) -> None:
    code, _, errors = spawn("--port", "0", "--ready-file", str(tmp_path / "none" / "ready")).end()
    assert (code, errors) == (1, f"mclite serve: cannot write {tmp_path}/none/ready: No such file or directory\n")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="POSIX only")
def test_sighup_reads_the_users_again_and_ends_nothing(spawn: Callable[..., Process], tmp_path: Path) -> None:
    def token(user: bytes) -> bytes:
        return b"set x 0 0 %d\r\n%b\r\n" % (len(user), user)

    plain = spawn()
    assert plain.ask(b"mn\r\n") == b"MN\r\n"
    plain.process.send_signal(signal.SIGHUP)
    assert plain.ask(b"mn\r\n") == b"MN\r\n"
    file = tmp_path / "users"
    file.write_text("old:one\n")
    process = spawn("-Y", str(file))
    assert process.ask(token(b"old one")) == b"STORED\r\n"
    file.write_text("new:two\n")
    process.process.send_signal(signal.SIGHUP)
    until(lambda: process.ask(token(b"new two")) == b"STORED\r\n")
    file.write_text("rubbish\n")
    process.process.send_signal(signal.SIGHUP)
    assert process.process.stderr is not None
    said = process.process.stderr.readline()
    assert said == f"mclite serve: {file}, line 1: not of the form user:password; the users are those of before\n"
    assert process.ask(token(b"new two")) == b"STORED\r\n"
    for one in (plain, process):
        one.process.send_signal(signal.SIGTERM)
        assert one.end()[0] == 0


def test_under_the_name_of_memcached(tmp_path: Path) -> None:
    program = tmp_path / "memcached"
    program.write_text(f"#!{sys.executable}\nimport sys\nfrom mclite.cli import main\nsys.exit(main())\n")
    program.chmod(0o755)

    def said(*command: str) -> str:
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    as_memcached = (sys.executable, "-m", "mclite", "serve", "--as-memcached")
    for command in ((str(program),), as_memcached):
        assert said(*command, "-V") == f"memcached {replies.RELEASE} (mclite {mclite.__version__})\n"
        first, usage_line = said(*command, "-h").splitlines()[:2]
        assert first == f"memcached {replies.RELEASE}"
        assert usage_line.startswith("usage: mclite serve")
    assert said(*as_memcached[:-1], "-V").startswith("mclite ")
    pid_file, log = tmp_path / "pid", tmp_path / "log"
    port = free_port()
    with log.open("w") as file:
        process = subprocess.Popen(
            [str(program), "-vv", "-p", str(port), "-P", str(pid_file)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=file,
        )
    try:
        until(pid_file.exists)
        assert pid_file.read_text() == f"{process.pid}\n"
        with socket.create_connection(("127.0.0.1", port), SECONDS_MAX) as sock:
            sock.sendall(b"get a\r\n")
            assert sock.recv(10) == b"END\r\n"
        lines = ("new auto-negotiating client connection", "get a", "END", "connection closed.")
        until(lambda: all(line in log.read_text() for line in lines))
    finally:
        process.terminate()
        assert process.wait(SECONDS_MAX) == 0


def test_a_reader_of_help_that_goes_is_no_fault() -> None:
    command = f"'{sys.executable}' -m mclite serve -h | head -c 1"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("u", "")


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_tls_on_each_event_loop(spawn: Callable[..., Process], loop: str) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    files = f"ssl_chain_cert={TLS_FILES / 'certificate.pem'},ssl_key={TLS_FILES / 'key.pem'}"
    server = spawn("--loop", loop, "-Z", "-o", files)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    server.connect().close()  # it listens, and lives when no hands are shaken
    for number in range(50):  # the client speaks first, and an event loop may read that at once
        with context.wrap_socket(server.connect()) as sock:
            sock.sendall(b"set a 0 0 2\r\n%02d\r\nget a\r\n" % number)
            answer = b""
            while not answer.endswith(b"END\r\n"):
                answer += sock.recv(100)
            assert answer == b"STORED\r\nVALUE a 0 2\r\n%02d\r\nEND\r\n" % number
    server.process.terminate()
    assert server.end() == (0, "", "")
