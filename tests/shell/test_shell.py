"""Lines through the shell to a server, and what is shown."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from waiting import SECONDS_MAX

from mclite.protocol import replies
from mclite.shell.shell import DONE, LOST, REFUSED, Shell
from mclite.testing import ServerThread


class Seen:
    """A shell whose output is kept."""

    def __init__(self, server: ServerThread, **options: bool) -> None:
        self.out: list[str] = []
        self.complaints: list[str] = []
        self.shell = Shell(server.host, server.port, self.out.append, self.complaints.append, SECONDS_MAX, **options)

    def run(self, line: str) -> tuple[int, str]:
        self.out.clear()
        self.complaints.clear()
        return self.shell.run(line), "".join(self.out)


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with ServerThread() as server:
        yield server


@pytest.fixture
def seen(server: ServerThread) -> Iterator[Seen]:
    seen = Seen(server)
    yield seen
    seen.shell.close()


def test_a_conversation(seen: Seen) -> None:
    assert seen.run("set greeting hello") == (DONE, "STORED\n")
    assert seen.run("get greeting none") == (DONE, "VALUE greeting 0 5\nhello\nEND\n")
    assert seen.run("get none") == (DONE, "END\n")
    assert seen.run(r"set k 3 0 \x00\x1b[2J\n") == (DONE, "STORED\n")
    assert seen.run("gets k")[1].endswith("\n" + r"\0\x1b[2J\n" + "\nEND\n")
    assert seen.run("mg greeting v t f") == (DONE, "VA 5 t-1 f0\nhello\n")
    assert seen.run("mg none") == (DONE, "EN\n")
    assert seen.run("ms page 'x y' T60 s") == (DONE, "HD s3\n")
    assert seen.run("incr greeting 1") == (
        REFUSED,
        "CLIENT_ERROR cannot increment or decrement non-numeric value\n",
    )
    assert seen.run("stats detail on") == (DONE, "OK\n")
    assert seen.run("  ") == (DONE, "")
    assert seen.run("# a remark") == (DONE, "")


def test_what_is_silent(seen: Seen) -> None:
    assert seen.run("set k 5 noreply") == (DONE, "")
    assert seen.run("mg none q") == (DONE, "")
    assert seen.run("mg k q v") == (DONE, "VA 1 Oq\n5\n")
    assert seen.run("get k")[1] == "VALUE k 0 1\n5\nEND\n"


def test_what_is_not_understood(seen: Seen) -> None:
    assert seen.run("gte k") == (REFUSED, "")
    assert "did you mean get" in seen.complaints[0]
    assert seen.run('set k "open') == (REFUSED, "")
    assert seen.run("connect nowhere:port") == (REFUSED, "")


def test_the_server_goes_away_and_comes_back(server: ServerThread, seen: Seen) -> None:
    seen.run("set k 1")
    server.stop()
    assert seen.run("incr k 1") == (LOST, "")
    assert "refused" in seen.complaints[0]
    server.start()
    assert seen.run("incr k 1") == (DONE, "2\n")
    server.stop()
    server.start()
    assert seen.run("incr k 1") == (DONE, "3\n")  # found closed, and opened again at once


def test_a_timeout_is_said(server: ServerThread, seen: Seen) -> None:
    seen.shell.timeout = 0.1
    seen.shell.run(f"connect {server.address}")
    server.faults.delay(1.0)
    assert seen.run("get k") == (LOST, "")
    assert "0.1 s" in seen.complaints[0]
    assert seen.run("get k") == (DONE, "END\n")


def test_a_server_that_makes_no_sense(server: ServerThread, seen: Seen) -> None:
    server.faults.error("\x1b[31mwhat?")
    assert seen.run("get k") == (LOST, "")
    assert "\x1b" not in seen.complaints[0]


def test_raw_mode(seen: Seen) -> None:
    assert seen.run("raw") == (DONE, "")
    assert seen.run("set k 0 0 7") == (DONE, "")
    assert seen.shell.data_due == 7
    assert seen.run("ab") == (DONE, "")
    assert seen.shell.data_due == 3
    assert seen.run("cde") == (DONE, "STORED\n")
    assert seen.run("get k") == (DONE, "VALUE k 0 7\nab\ncde\nEND\n")
    assert seen.run("bogus") == (REFUSED, "ERROR\n")
    assert seen.run("set k 0 0 1") == (DONE, "")
    assert seen.run("too long")[0] == REFUSED
    assert seen.run("lru_crawler metadump all")[1].endswith("END\n")
    assert seen.run("mg none q") == (DONE, "")
    assert seen.run("version") == (DONE, f"VERSION {replies.RELEASE}\n")
    assert seen.run("raw") == (DONE, "")
    assert seen.run("raw mn") == (DONE, "MN\n")
    assert seen.run("mn") == (DONE, "MN\n")


def test_raw_mode_after_a_hang_up(seen: Seen) -> None:
    seen.run("raw")
    assert seen.run("quit") == (DONE, "")
    assert seen.run("mn") == (DONE, "MN\n")


def test_leaving(seen: Seen) -> None:
    seen.run("exit")
    assert seen.shell.leave
    seen.shell.leave = False
    seen.run("quit")
    assert seen.shell.leave


def test_a_person_is_told_more(server: ServerThread) -> None:
    seen = Seen(server, terminal=True)
    seen.shell.greet()
    assert f"connected to {server.address}" in "".join(seen.out)
    assert seen.run("set k " + "x" * 5000) == (DONE, "> set k 0 0 5000\nSTORED\n")
    assert seen.run("get k")[1].splitlines()[1] == "x" * 4096 + " ... and 904 bytes more"
    assert "never expires" in seen.run("mg k t")[1]
    assert list(seen.shell.keys) == ["k"]
    seen.shell.close()


def test_colours(server: ServerThread) -> None:
    seen = Seen(server, colours=True)
    assert seen.run("set k 1")[1] == "\033[32mSTORED\033[0m\n"
    seen.shell.close()


def test_nobody_listens_at_first() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        out: list[str] = []
        shell = Shell("127.0.0.1", sock.getsockname()[1], out.append, out.append, terminal=True)
        assert shell.greet() == LOST
        assert "cannot connect" in out[0]
