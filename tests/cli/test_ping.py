"""`mclite ping`: what it says and how it exits, and that it waits for a server that is starting."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from mclite.cli import main
from mclite.protocol import replies
from mclite.testing import ServerThread


def test_a_server_that_answers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with ServerThread() as server:
        assert main(["ping", server.address]) == 0
        assert capsys.readouterr().out.startswith(f"{server.address} answers: memcached {replies.RELEASE} (")
        assert main(["ping", "-q", server.address]) == 0
        assert capsys.readouterr().out == ""
    with ServerThread(unix_socket=tmp_path / "s") as server:
        assert main(["ping", server.address]) == 0


def test_a_server_that_asks_for_authentication_answers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("a:b\n")
    with ServerThread(auth_file=users) as server:
        assert main(["ping", server.address]) == 0
    assert "unauthenticated" in capsys.readouterr().out


def test_nobody_listens(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    assert main(["ping", address]) == 1
    assert capsys.readouterr().out == f"cannot connect to {address}: Connection refused\n"
    assert main(["ping", address, "--wait", "0.1"]) == 1


def test_what_listens_is_no_memcached(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        assert main(["ping", address, "--wait", "0.1"]) == 1
    assert f"no answer of a memcached server at {address}" in capsys.readouterr().out


def test_it_waits() -> None:
    with ServerThread() as server:
        address = server.address
    starting = threading.Timer(0.3, server.start)
    starting.start()
    try:
        assert main(["ping", address, "--wait", "30"]) == 0
    finally:
        starting.join()
        server.stop()


@pytest.mark.parametrize("words", [["localhost:x"], ["127.0.0.1:1", "--wait", "-1"], ["127.0.0.1:1", "--wait", "nan"]])
def test_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ping", *words]) == 2
    assert capsys.readouterr().err.startswith("mclite ping: ")
