"""Starting, addressing and stopping servers, and what is said when that fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest

from mclite.bench import servers
from mclite.bench.connection import TargetDiedError
from mclite.bench.servers import BadTargetError, Server
from mclite.protocol.replies import RELEASE

OURS = f"{sys.executable} -m mclite serve -p {{port}}"


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("localhost:11211", ("localhost", 11211)),
        ("[::1]:1", ("::1", 1)),
        ("10.0.0.1:65535", ("10.0.0.1", 65535)),
    ],
)
def test_addresses(target: str, address: tuple[str, int]) -> None:
    assert Server.parse(target) == address


@pytest.mark.parametrize("target", ["localhost", ":11211", "host:", "host:0", "host:65536", "host:x", "host:²"])
def test_no_addresses(target: str) -> None:
    with pytest.raises(BadTargetError, match=r"is no host:port"):
        Server.parse(target)


def test_a_spawned_server_answers_and_ends() -> None:
    server = Server.spawn(OURS)
    assert server.name == f"mclite {RELEASE}"
    assert server.start_seconds is not None
    assert 0 < server.start_seconds < 15
    assert (server.memory() or 0) > 1_000_000
    pid = server.pids[0]
    server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_spawned_server_is_born_on_its_core() -> None:
    split = servers.cores()
    if split is None:
        pytest.skip("one core only")
    before = os.sched_getaffinity(0)
    server = Server.spawn(OURS, where=split[0])
    try:
        assert os.sched_getaffinity(server.pids[0]) == split[0]
        assert os.sched_getaffinity(0) == before
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("memcached -p 11211", "has no {port} in it"),
        ("memcached -p '{port}", "No closing quotation"),
        ("no-such-server-anywhere {port}", "cannot run 'no-such-server-anywhere': No such file"),
    ],
)
def test_commands_that_cannot_be_meant(command: str, words: str) -> None:
    with pytest.raises(BadTargetError) as caught:
        Server.spawn(command)
    assert words in str(caught.value)


def test_the_last_words_of_a_server_that_ends_at_once() -> None:
    command = f"{sys.executable} -c 'import sys; print(1, flush=True); sys.exit(\"no luck today\")' {{port}}"
    with pytest.raises(TargetDiedError, match=r"ended at once: 1 / no luck today"):
        Server.spawn(command)


def test_a_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "START_LIMIT", 0.3)
    with pytest.raises(TargetDiedError, match="did not answer"):
        Server.spawn(f"{sys.executable} -c 'import time; time.sleep(60)' {{port}}")


def test_how_a_server_ended() -> None:
    server = Server.spawn(OURS)
    assert server.ended() == ""
    os.kill(server.pids[0], 9)
    assert server.ended() == " (killed by SIGKILL)"
    server.stop()


def test_a_server_that_runs_already_is_left_alone(scripted: Callable) -> None:
    host, port = scripted().address
    server = Server.at(f"{host}:{port}")
    assert server.name == f"{host}:{port} scripted"
    assert server.pids == []
    assert server.memory() is None
    server.stop()
    assert Server.at(f"{host}:{port}").name == server.name


def test_something_else_listens_there(scripted: Callable) -> None:
    host, port = scripted(lambda line: b"220 mail ready\r\n").address
    with pytest.raises(TargetDiedError, match="is no memcached: it answers version with b'220 mail"):
        Server.at(f"{host}:{port}")


def test_stat(scripted: Callable) -> None:
    reply = b"STAT pid 1\r\nSTAT version x\r\nSTAT curr_items 77\r\nEND\r\n"
    host, port = scripted(lambda line: b"VERSION 1\r\n" if line == b"version\r\n" else reply).address
    server = Server.at(f"{host}:{port}")
    assert server.stat("curr_items") == 77
    assert server.stat("version") is None
    assert server.stat("no_such") is None


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["/usr/bin/memcached", "-p", "1"], "memcached"),
        (["/usr/bin/python3.11", "-m", "mclite", "serve"], "mclite"),
        (["python", "server.py"], "python"),
    ],
)
def test_program(arguments: list[str], name: str) -> None:
    assert servers.program(arguments) == name


def test_a_stranger_on_the_port_is_not_measured(scripted: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers as a memcached, and the started process neither listens nor ends."""
    monkeypatch.setattr(servers, "free_port", lambda: scripted().address[1])
    with pytest.raises(TargetDiedError, match="does not listen: another process has"):
        Server.spawn("sleep 60 {port}")


def test_another_port_is_taken_when_a_stranger_has_one(scripted: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = [scripted().address[1]]
    free_port = servers.free_port
    monkeypatch.setattr(servers, "free_port", lambda: taken.pop() if taken else free_port())
    script = "test $1 = {} && exec sleep 60; exec {} -m mclite serve -p $1"
    server = Server.spawn(f"sh -c '{script.format(taken[0], sys.executable)}' x {{port}}")
    assert server.name.endswith(f" {RELEASE}")
    server.stop()
