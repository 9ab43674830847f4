"""Authentication by a fake set: what opens the gate, what does not, and the file of users."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mclite.protocol import errors, replies

if TYPE_CHECKING:
    from tests.conftest import Server, Start

REFUSED = errors.UNAUTHENTICATED
FAILED = errors.AUTHENTICATION_FAILED
FORMAT = errors.BAD_TOKEN_FORMAT
TERMINATION = errors.BAD_TERMINATION
TOO_LONG = errors.TOKEN_TOO_LONG
GOOD = b"alice secret\r\n"


@pytest.fixture
def server(start: Start, tmp_path: Path) -> Server:
    """A server that knows alice and bob."""
    users = tmp_path / "users"
    users.write_text("alice:secret\nbob:hunter2\n")
    for folder in (users, *users.parents[:3]):
        folder.chmod(0o755)  # memcached becomes another user
    return start(f"-Y {users}")


@pytest.mark.parametrize(
    "sent",
    [
        b"set a 0 0 12\r\n" + GOOD,
        b"set a 0 0 11\r\nbob hunter2\r\n",
        b"set a x y 12\r\n" + GOOD,
        b"set  a 0  0 12 \r\n" + GOOD,
        b"set a 0 0 12 x y z\r\n" + GOOD,
        b"set a 0 0 12 noreply\r\n" + GOOD,
        b"set a 0 0 00000000012\r\n" + GOOD,
        b"set " + b"k" * 300 + b" 0 0 12\r\n" + GOOD,
        b"set " + b"k" * 3000 + b" 0 0 12\r\n" + GOOD,
        b"set a 0 0 12 \n" + GOOD,
    ],
)
def test_what_opens(sent: bytes, server: Server) -> None:
    assert server.ask(sent + b"version\r\nget a\r\n") == b"STORED\r\n" + replies.VERSION + b"END\r\n"


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"get a\r\n", REFUSED),
        (b"version\r\n", REFUSED),
        (b"set a\r\n", REFUSED),
        (b"set a 0 0\r\n", REFUSED),
        (b"set a 0 0 x\r\n", REFUSED),
        (b"set a 0 0 -1\r\n", REFUSED),
        (b"set a 0 0 +12\r\n", REFUSED),
        (b"set a 0 0 12x\r\n", REFUSED),
        (b"set a 0 0 000000000012\r\n", REFUSED),
        (b" set a 0 0 12\r\n", REFUSED),
        (b"SET a 0 0 12\r\n", REFUSED),
        (b"add a 0 0 12\r\n", REFUSED),
        (b"foobar\n", REFUSED),
        (b"GET / HTTP/1.1\r\n", REFUSED),
        (b"y" * 5000 + b"\r\n", REFUSED),
        (b"set a 0 0 9\r\nbob wrong\r\n", FAILED),
        (b"set a 0 0 9 noreply\r\nbob wrong\r\n", FAILED),
        (b"set a 0 0 13\r\nalice secret1\r\n", FAILED),
        (b"set a 0 0 11\r\nalice secre\r\n", FAILED),
        (b"set a 0 0 13\r\nalice  secret\r\n", FAILED),
        (b"set a 0 0 1\r\n \r\n", FAILED),
        (b"set a 0 0 5\r\nalice\r\n", FORMAT),
        (b"set a 0 0 0\r\n\r\n", FORMAT),
        (b"set a 0 0 16000\r\n" + b"x" * 16000 + b"\r\n", FORMAT),
        (b"set a 0 0 12\r\nalice secretxy", TERMINATION),
        (b"set a 0 0 12\r\nalice secret\n\n", TERMINATION),
        (b"set a 0 0 16385\r\n", TOO_LONG),
        (b"set a 0 0 4294967295\r\n", TOO_LONG),
        (b"set a 0 0 4294967296\r\n", REFUSED),
    ],
)
def test_what_does_not(sent: bytes, answered: bytes, server: Server) -> None:
    assert server.ask(sent, barrier=False) == answered
    assert not server.talk.closed
    assert server.ask(b"version\r\n", barrier=False) == REFUSED
    assert server.ask(b"set a 0 0 12\r\n" + GOOD + b"version\r\n") == b"STORED\r\n" + replies.VERSION


@pytest.mark.parametrize("sent", [b"mn\r\n", b"a\r\n", b"quit\r\n", b"abcde\n", b"mg a\r\n", b"x" * 2049])
def test_what_it_hangs_up_on(sent: bytes, server: Server) -> None:
    assert server.ask(sent, barrier=False) == b""
    assert server.talk.closed


@pytest.mark.parametrize(
    "sent", [b"\r\n", b"\n", b"a\n", b"x" * 2048, b"set a 0 0 16384\r\n", b"set a 0 0 12\r\nalice secretx"]
)
def test_what_it_waits_behind(sent: bytes, server: Server) -> None:
    assert server.ask(sent, barrier=False) == b""
    assert not server.talk.closed


@pytest.mark.parametrize("size", [1, 2, 5])
def test_in_pieces(size: int, server: Server) -> None:
    sent = b"set a 0 0 9\r\nbob wrong\r\nset a 0 0 12\r\n" + GOOD
    for at in range(0, len(sent) - size, size):
        assert server.ask(sent[at : at + size], barrier=False) == (FAILED if at < 24 <= at + size else b"")
        if server.real:
            break  # byte by byte takes the real one long
    else:
        assert server.ask(sent[at + size :] + b"version\r\n") == b"STORED\r\n" + replies.VERSION


def test_no_answer_is_lost(start: Start, server: Server) -> None:
    """memcached 1.6.45 sends only the last of these; protocol.txt says that each failure is answered (200-201)."""
    if not server.real:
        assert server.ask(b"version\r\nget a\r\nset a 0 0 9\r\nbob wrong\r\nset a 0 0 12\r\n" + GOOD) == (
            REFUSED + REFUSED + FAILED + b"STORED\r\n"
        )


def test_counters(server: Server) -> None:
    server.ask(b"version\r\n", barrier=False)
    server.ask(b"set a 0 0 9\r\nbob wrong\r\n", barrier=False)
    server.ask(b"set a 0 0 5\r\nalice\r\n", barrier=False)
    server.ask(b"set a 0 0 12\r\n" + GOOD, barrier=False)
    shown = server.stats()
    assert {name: shown[name] for name in ("auth_cmds", "auth_errors", "cmd_set", "total_items")} == {
        "auth_cmds": "2", "auth_errors": "1", "cmd_set": "0", "total_items": "0",
    }  # fmt: skip


def test_another_set_after_it_is_a_set(server: Server) -> None:
    server.ask(b"set a 0 0 12\r\n" + GOOD, barrier=False)
    assert server.ask(b"set a 3 0 12\r\n" + GOOD + b"get a\r\n") == b"STORED\r\nVALUE a 3 12\r\n" + GOOD + b"END\r\n"


def test_each_connection_by_itself(server: Server) -> None:
    server.ask(b"set a 0 0 12\r\n" + GOOD, barrier=False)
    assert server.connect().ask(b"version\r\n", barrier=False) == REFUSED
