"""`mclite shell` as a user runs it: from a pipe, with -c, and on a terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import SECONDS_MAX, until

from mclite.protocol import replies
from mclite.testing import ServerThread

COMMAND = [sys.executable, "-m", "mclite", "shell"]


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with ServerThread() as server:
        yield server


def shell(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
    done = subprocess.run([*COMMAND, *arguments], input=stdin, capture_output=True, timeout=SECONDS_MAX)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_a_pipe(server: ServerThread) -> None:
    lines = b'set greeting "hello you"\nget greeting\r\nget none\nset raw \xff\nget raw\n'
    code, out, err = shell(server.address, stdin=lines)
    assert (code, err) == (0, "")
    assert out == "STORED\nVALUE greeting 0 9\nhello you\nEND\nEND\nSTORED\nVALUE raw 0 1\n\\xff\nEND\n"


def test_exit_codes(server: ServerThread) -> None:
    assert shell(server.address, stdin=b"set k v\nincr k 1\nget none\n") == (
        1,
        "STORED\nCLIENT_ERROR cannot increment or decrement non-numeric value\nEND\n",
        "",
    )
    code, out, err = shell(server.address, stdin=b"bogus\nversion\n")
    assert (code, out) == (1, f"VERSION {replies.RELEASE}\n")
    assert err == "mclite shell: unknown command 'bogus'; help lists what there is\n"
    assert shell(server.address, stdin=b"exit\nversion\n")[:2] == (0, "")
    assert shell("a:b")[0] == 2
    assert shell("--timeout", "0")[0] == 2


def test_nobody_listens() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        code, out, err = shell(f"127.0.0.1:{sock.getsockname()[1]}", stdin=b"get a\nget b\n")
    assert (code, out) == (3, "")
    assert err.count("Connection refused") == 1


def test_the_server_hangs_up(server: ServerThread) -> None:
    server.faults.close(on="incr")
    assert shell(server.address, stdin=b"incr n 1\nversion\n")[:2] == (3, "")


def test_lines_as_arguments(server: ServerThread) -> None:
    assert shell(server.address, "-c", "set n 1", "-c", "incr n 1") == (0, "STORED\n2\n", "")


def test_raw(server: ServerThread) -> None:
    lines = b"set k 0 0 2\r\nab\r\nget k\r\n"
    assert shell(server.address, "--raw", stdin=lines)[:2] == (0, "STORED\nVALUE k 0 2\nab\nEND\n")


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, address: str, home: Path, without: str = "") -> None:
        code = f"import sys; {without}from mclite.cli import main; sys.exit(main(['shell', {address!r}]))"
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever started pytest may ignore it
            os.environ.update(XDG_STATE_HOME=str(home), TERM="xterm", PROMPT_TOOLKIT_NO_CPR="1")
            os.execv(sys.executable, [sys.executable, "-c", code])
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def expect(self, text: str) -> str:
        """Read until `text` arrives; return all since the last call."""
        while text not in self.seen:
            assert select.select([self._fd], [], [], SECONDS_MAX)[0], f"{text!r} did not arrive: {self.seen!r}"
            try:
                self.seen += os.read(self._fd, 65536).decode("utf-8", "replace")
            except OSError:
                break
        before, found, self.seen = self.seen.partition(text)
        assert found, f"{text!r} did not arrive: {before!r}"
        return before + found

    def wait(self) -> int:
        try:
            _, status = until(lambda: found if (found := os.waitpid(self.pid, os.WNOHANG))[0] else None)
        except AssertionError:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            raise
        finally:
            os.close(self._fd)
        return os.waitstatus_to_exitcode(status)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("without", ["", "sys.modules['prompt_toolkit'] = None; "], ids=["toolkit", "plain"])
def test_on_a_terminal(server: ServerThread, tmp_path: Path, without: str) -> None:
    if not without:
        pytest.importorskip("prompt_toolkit")
    terminal = Terminal(server.address, tmp_path, without)
    began = terminal.expect("connected to")
    assert ("pip install 'mclite[shell]'" in began) == bool(without)
    terminal.expect("> ")
    terminal.type("set greeting hello\r")
    terminal.expect("STORED")
    terminal.expect("> ")
    terminal.type("this is cancelled")
    terminal.expect("cancelled")
    terminal.type("\x03")
    terminal.expect("> ")
    terminal.type("get greeting\r")
    terminal.expect("VALUE")
    assert "unknown command" not in terminal.expect("END")
    terminal.expect("> ")
    terminal.type("\x04")
    assert terminal.wait() == 0
    if not without:
        assert "+get greeting" in (tmp_path / "mclite" / "history").read_text()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_ctrl_c_while_an_answer_is_due(server: ServerThread, tmp_path: Path) -> None:
    pytest.importorskip("prompt_toolkit")
    terminal = Terminal(server.address, tmp_path)
    terminal.expect("connected to")
    terminal.expect("> ")
    server.faults.stall(on="get")
    terminal.type("get k\r")
    until(lambda: not len(server.faults))
    terminal.type("\x03")
    terminal.expect("interrupted")
    terminal.expect("> ")
    terminal.type("mn\r")
    terminal.expect("MN")
    terminal.expect("> ")
    terminal.type("exit\r")
    assert terminal.wait() == 0
