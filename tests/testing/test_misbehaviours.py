"""Each misbehaviour on the wire, as it was reported; several together; wrong names."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import SECONDS_MAX, until

from mclite.cli import main
from mclite.testing import MISBEHAVIOURS, Request, ServerThread

SET = b"set k 0 0 2\r\n10\r\n"
LONG = b"get" + b" k" * 101 + b"\r\n"

TALKS: dict[str, list[tuple[bytes, bytes]]] = {
    "noreply-answered": [
        (b"set k 0 0 1 noreply\r\nv\r\n", b"STORED\r\n"),
        (b"delete k noreply\r\n", b"DELETED\r\n"),
        (b"incr k 1 noreply\r\n", b"NOT_FOUND\r\n"),
        (b"set k 0 0 1\r\nv\r\n", b"STORED\r\n"),
    ],
    "noreply-closes": [
        (b"delete k noreply\r\nmn\r\n", b"MN\r\n"),
        (b"set k 0 0 1 noreply\r\nv\r\nmn\r\n", b"<closed>"),
    ],
    "bare-lf": [
        (SET, b"STORED\r\n"),
        (b"incr k 1\r\n", b"11\n"),
        (b"version\r\n", b"VERSION 1.6.45\n"),
        (b"touch k 0\r\n", b"TOUCHED\n"),
        (b"stats bogus\r\n", b"ERROR\n"),
        (b"get k\r\n", b"VALUE k 0 2\r\n11\r\nEND\r\n"),
    ],
    "version-ubuntu": [(b"version\r\n", b"VERSION 1.4.14 (Ubuntu)\r\n"), (b"mn\r\n", b"MN\r\n")],
    "version-no-number": [(b"version\r\n", b"VERSION App Engine\r\n")],
    "version-with-v": [(b"version\r\n", b"VERSION v1.12.0\r\n")],
    "stat-with-spaces": [(b"stats sizes\r\n", b"STAT sizes_status disabled\r\nSTAT logger standard error\r\nEND\r\n")],
    "stats-blank-line": [(b"stats sizes\r\n", b"STAT sizes_status disabled\r\n\r\nEND\r\n")],
    "get-miss-not-found": [
        (b"get k\r\n", b"NOT_FOUND\r\n"),
        (b"get k l\r\n", b"END\r\n"),
        (SET + b"get k\r\n", b"STORED\r\nVALUE k 0 2\r\n10\r\nEND\r\n"),
    ],
    "delete-end": [(SET + b"delete k\r\n", b"STORED\r\nEND\r\n"), (b"delete k\r\n", b"NOT_FOUND\r\n")],
    "gets-cas-zero": [(SET + b"gets k k\r\n", b"STORED\r\n" + b"VALUE k 0 2 0\r\n10\r\n" * 2 + b"END\r\n")],
    "gets-without-cas": [(SET + b"gets k\r\n", b"STORED\r\nVALUE k 0 2\r\n10\r\nEND\r\n")],
    "reversed-multiget": [
        (
            SET + b"set l 0 0 5\r\nVALUE\r\nget k none l\r\n",
            b"STORED\r\nSTORED\r\nVALUE l 0 5\r\nVALUE\r\nVALUE k 0 2\r\n10\r\nEND\r\n",
        )
    ],
    "long-multiget-error": [(LONG, b"ERROR\r\n"), (b"get k l\r\n", b"END\r\n")],
    "decr-stale-length": [
        (SET + b"decr k 1\r\nget k\r\n", b"STORED\r\n9\r\nVALUE k 0 2\r\n9\r\nEND\r\n"),
        (b"set k 0 0 2\r\na \r\nget k\r\n", b"STORED\r\nVALUE k 0 2\r\na \r\nEND\r\n"),
    ],
    "meta-miss-without-opaque": [(b"mg k O1 k v\r\n", b"EN\r\n"), (b"md k O1\r\n", b"NF O1\r\n")],
    "meta-1.6.6": [
        (b"ms k S1 T0 c\r\nv\r\n", b"OK \r\n"),
        (b"ms k S1 O1 k\r\nv\r\n", b"OK  O1 kk\r\n"),
        (b"ms k 1\r\n", b"CLIENT_ERROR invalid flag\r\n"),
        (b"ms none S1 MR\r\nv\r\n", b"NS \r\n"),
        (b"mg k s\r\n", b"OK s1\r\n"),
        (b"mg k v\r\n", b"VA 1\r\nv\r\n"),
        (b"flush_all\r\n", b"OK\r\n"),
    ],
    "gat-refused": [(b"gat 0 k\r\n", b"CLIENT_ERROR malformed request\r\n"), (b"get k\r\n", b"END\r\n")],
    "touch-unknown": [(SET + b"touch k -1\r\nget k\r\n", b"STORED\r\nERROR\r\nVALUE k 0 2\r\n10\r\nEND\r\n")],
}


def ask(server: ServerThread, data: bytes, length: int) -> bytes:
    """Send `data` on a connection of its own, and read `length` bytes and then what comes until a barrier."""
    with socket.create_connection((server.host, server.port), SECONDS_MAX) as sock:
        sock.sendall(data + b"mn\r\n")
        got = b""
        while len(got) < length + 4:
            part = sock.recv(65536)
            if not part:
                return got + b"<closed>"
            got += part
        assert got.endswith(b"MN\r\n")
        return got.removesuffix(b"MN\r\n")


def test_each_has_a_talk_here_and_a_source() -> None:
    assert TALKS.keys() == MISBEHAVIOURS.keys()
    for row in MISBEHAVIOURS.values():
        assert re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", row.source)
        assert not row.summary.endswith(".")


@pytest.mark.parametrize("name", MISBEHAVIOURS)
def test_misbehaviour(name: str) -> None:
    with ServerThread(misbehave=name) as server:
        for data, answer in TALKS[name]:
            assert ask(server, data, 0 if answer == b"<closed>" else len(answer)) == answer
        server.misbehave()
        assert ask(server, b"version\r\n", 16) == b"VERSION 1.6.45\r\n"


def test_several_and_what_is_recorded() -> None:
    with ServerThread(misbehave="noreply-answered, bare-lf") as server:
        assert ask(server, SET, 8) == b"STORED\r\n"
        assert ask(server, b"incr k 1 noreply\r\n", 3) == b"11\n"
        assert server.requests.of("incr") == [Request("incr", "k", delta=1, noreply=True)]
        server.misbehave("touch-unknown")
        assert ask(server, b"touch k 0\r\n", 7) == b"ERROR\r\n"
        assert server.requests.of("touch") == [Request("touch", "k")]


def test_a_wrong_name_is_an_error_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="no misbehaviour 'bare-fl'; did you mean 'bare-lf'"):
        ServerThread(misbehave="bare-fl")
    with pytest.raises(ValueError, match="no misbehaviour 'x'; there are bare-lf, "):
        ServerThread().misbehave("x")


def test_mclite_serve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--misbehave", "bare-fl"]) == 2
    assert "did you mean 'bare-lf'" in capsys.readouterr().err
    assert main(["serve", "--misbehave", "list"]) == 0
    assert capsys.readouterr().out.count("#") == len(MISBEHAVIOURS)
    ready = tmp_path / "ready"
    words = ["serve", "--port", "0", "-A", "--ready-file", str(ready), "--misbehave", "version-ubuntu"]
    server = subprocess.Popen([sys.executable, "-m", "mclite", *words], cwd=Path(__file__).parents[2])
    try:
        until(lambda: ready.exists() or server.poll() is not None)
        host, _, port = ready.read_text().strip().partition(":")
        with socket.create_connection((host, int(port)), SECONDS_MAX) as sock:
            sock.sendall(b"version\r\nshutdown\r\n")
            assert sock.makefile("rb").readline() == b"VERSION 1.4.14 (Ubuntu)\r\n"
        assert server.wait(SECONDS_MAX) == 0
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()
