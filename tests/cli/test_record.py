"""`mclite record` as a user runs it: the line that it prints, signals, and what it refuses."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import SECONDS_MAX

from mclite.cli import main
from mclite.store.clock import SystemClock
from mclite.testing import ServerThread

ROOT = Path(__file__).resolve().parents[2]


def say(sock: socket.socket, request: bytes, answer: bytes) -> None:
    sock.sendall(request)
    got = b""
    while len(got) < len(answer):
        got += sock.recv(4096)
    assert got == answer


def run_line(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line as a user would who copies it."""
    return subprocess.run(
        line,
        shell=True,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=2 * SECONDS_MAX,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.parametrize(
    ("request_line", "answer"),
    [(b"mn\r\n", b"MN\r\n"), (b"flush_all\r\n", b"OK\r\n"), (b"set a 0 0 4\r\nblue\r\n", b"STORED\r\n")],
)
def test_the_line_that_is_printed_replays_the_file(tmp_path: Path, request_line: bytes, answer: bytes) -> None:
    (folder := tmp_path / "a folder's").mkdir()
    with ServerThread(clock=SystemClock()) as server:
        with socket.create_connection((server.host, server.port), SECONDS_MAX) as sock:
            say(sock, b"set held 0 0 1\r\nx\r\n", b"STORED\r\n")
        words = ["record", "--listen", ":0", "--target", server.address, "-o", str(folder / "my session.toml")]
        with subprocess.Popen(
            [sys.executable, "-m", "mclite", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            port = int(process.stdout.readline().split(",")[0].rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), SECONDS_MAX) as sock:
                say(sock, request_line, answer)
            process.send_signal(signal.SIGINT)
            said = process.stdout.read().splitlines()
        assert said[0].endswith("my session.toml: 1 requests")
        done = run_line(said[1].strip(), tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "1 passed, 0 failed, 0 skipped" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_writes_the_file(tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "session.toml"
    with ServerThread(clock=SystemClock()) as server:
        words = ["record", "--listen", ":0", "--target", server.address, "-o", str(out)]
        process = subprocess.Popen(
            [sys.executable, "-m", "mclite", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        port = int(first.split(",")[0].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), SECONDS_MAX) as sock:
            say(sock, b"set a 0 0 1\r\nx\r\n", b"STORED\r\n")
            assert not out.exists()
            process.send_signal(number)
            assert process.wait(SECONDS_MAX) == 0
        process.stdout.close()
        assert "> set {key} 0 0 1\n> x\n< STORED\n" in out.read_text()
        assert [path.name for path in tmp_path.iterdir()] == ["session.toml"]
        assert main(["suite", "play", str(out), "--target", server.address]) == 0


def test_the_binary_protocol_is_refused_at_once(tmp_path: Path) -> None:
    out = tmp_path / "session.toml"
    with ServerThread(clock=SystemClock()) as server:
        words = ["record", "--listen", ":0", "--target", server.address, "-o", str(out)]
        with subprocess.Popen(
            [sys.executable, "-m", "mclite", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            port = int(process.stdout.readline().split(",")[0].rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), SECONDS_MAX) as text:
                say(text, b"set a 0 0 1\r\nx\r\n", b"STORED\r\n")
                with socket.create_connection(("127.0.0.1", port), SECONDS_MAX) as binary:
                    binary.sendall(b"\x80\x0a" + bytes(22))  # a no-op
                    assert process.wait(SECONDS_MAX) == 1
            said = process.stderr.read()
    assert said == (
        "mclite record: the application speaks the binary protocol, which a scenario cannot hold: "
        "nothing is written; let it use the text protocol\n"
    )
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--listen", "nowhere", "--target", "127.0.0.1:1"], 2, "it takes a port"),
        (["--listen", ":0", "--target", "127.0.0.1:1"], 3, "refused"),
        (["--listen", ":0", "--target", "udp://127.0.0.1:1"], 2, "stream"),
        (["--listen", ":0", "--target", "127.0.0.1:1", "-o", "no/such/folder.toml"], 6, "there is no folder"),
    ],
)
def test_bad_usage(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", *words]) == code
    assert said in capsys.readouterr().err


def recorded(tmp_path: Path, data: bytes, answer: bytes, *words: str) -> tuple[subprocess.Popen[str], Path]:
    """Let an application say `data` through `mclite record`; return the process, and the file that it is to write."""
    out = tmp_path / "session.toml"
    with ServerThread(clock=SystemClock()) as server:
        command = [sys.executable, "-m", "mclite", "record", "--listen", ":0", "--target", server.address]
        process = subprocess.Popen(
            [*command, "-o", str(out), *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        port = int(process.stdout.readline().split(",")[0].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), SECONDS_MAX) as sock:
            if data:
                say(sock, data, answer)
        if "--seconds" not in words:
            process.send_signal(signal.SIGINT)
        process.wait(SECONDS_MAX)
    return process, out


def test_nothing_said_is_nothing_written(tmp_path: Path) -> None:
    process, out = recorded(tmp_path, b"", b"")
    _, errors = process.communicate()
    assert (process.returncode, errors) == (1, "mclite record: nothing was said, so nothing is written\n")
    assert not out.exists()


def test_it_stops_by_itself(tmp_path: Path) -> None:
    process, out = recorded(tmp_path, b"mn\r\n", b"MN\r\n", "--seconds", "5", "--title", "A no-op")
    said, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    assert f"{out}: 1 requests\n" in said
    assert 'title = "A no-op"' in out.read_text()
