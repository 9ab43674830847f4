"""Real servers on one directory: killed in the middle of what they do, and racing each other."""

from __future__ import annotations

import contextlib
import os
import random
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import SECONDS_MAX, until

KILLS = int(os.environ.get("MCLITE_TEST_KILLS", "20"))
"""How often to kill; `MCLITE_TEST_KILLS=100 pytest tests/store/test_disk_processes.py` for the long way."""

Start = Callable[..., "Server"]


class Server:
    """`mclite serve` on a directory and a free port."""

    def __init__(self, directory: Path, sync: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mclite", "serve", "-v", "-p", "-1", "--store", f"disk:{directory}", "--sync", sync],
            stderr=subprocess.PIPE,
        )
        assert self.process.stderr is not None
        said = b""
        while (found := re.search(rb"tcp:127\.0\.0\.1:(\d+)", said)) is None:
            assert select.select([self.process.stderr], [], [], SECONDS_MAX)[0], said
            part = os.read(self.process.stderr.fileno(), 1 << 16)
            assert part, said
            said += part
        self.said = said
        self.port = int(found[1])

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS_MAX)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(SECONDS_MAX)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Server] = []

    def start(sync: str = "off") -> Server:
        started.append(Server(tmp_path / "store", sync))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.kill()
        assert server.process.stderr is not None
        server.process.stderr.close()


def ask(sock: socket.socket, request: bytes, end: bytes = b"\r\n") -> bytes:
    sock.sendall(request)
    answer = b""
    while not answer.endswith(end):
        part = sock.recv(1 << 16)
        assert part, answer
        answer += part
    return answer


def get(sock: socket.socket, key: bytes) -> tuple[int, bytes, int] | None:
    """Return flags, data and cas unique of an item."""
    answer = ask(sock, b"gets %b\r\n" % key, b"END\r\n")
    if answer == b"END\r\n":
        return None
    line, _, rest = answer.partition(b"\r\n")
    _, found, flags, length, cas = line.split()
    assert found == key
    assert rest[int(length) :] == b"\r\nEND\r\n"
    return int(flags), rest[: int(length)], int(cas)


def content(number: int) -> bytes:
    """Data that says which number it belongs to, over several pages of the file; torn, it would not match itself."""
    return b"%d;" % number * (1 + number % 1500)


def store_until_it_dies(server: Server, number: int, depth: int, acknowledged: dict[bytes, int]) -> int:
    """Send sets of ever new numbers, `depth` at once; note each that was answered with STORED; return the last sent."""
    with contextlib.suppress(ConnectionError), server.connect() as sock:  # it may be dead already
        while True:
            batch = range(number + 1, number + 1 + depth)
            request = b"".join(
                b"set key/%d %d 0 %d\r\n%b\r\n" % (n % 40, n, len(content(n)), content(n)) for n in batch
            )
            number += depth
            sock.sendall(request)
            answers = b""
            while answers.count(b"\r\n") < depth:
                part = sock.recv(1 << 16)
                if not part:
                    break
                answers += part
            lines = answers.split(b"\r\n")[:-1]
            assert set(lines) <= {b"STORED"}
            for n, _ in zip(batch, lines, strict=False):
                acknowledged[b"key/%d" % (n % 40)] = n
            if len(lines) < depth:
                break
    return number


@pytest.mark.parametrize("sync", ["always", "interval"])
def test_kill_in_the_middle_of_acknowledged_sets(sync: str, start: Start) -> None:
    """Nothing acknowledged is missing, nothing is torn, and no cas unique comes twice."""
    chance = random.Random(sync)
    acknowledged: dict[bytes, int] = {}
    sent = highest_cas = 0
    server = start(sync)
    for turn in range(KILLS if sync == "always" else KILLS // 4):
        killer = threading.Timer(chance.uniform(0.0, 0.25), server.process.kill)
        killer.start()
        sent = store_until_it_dies(server, sent, (1, 1, 3, 20)[turn % 4], acknowledged)
        killer.join()
        assert server.process.wait(SECONDS_MAX) == -signal.SIGKILL
        server = start(sync)
        assert b"damaged" not in server.said
        with server.connect() as sock:
            for slot in range(40):
                key = b"key/%d" % slot
                item = get(sock, key)
                least = acknowledged.get(key, 0)
                if item is None:
                    assert not least, f"turn {turn}: {key!r} is missing, {least} was acknowledged"
                    continue
                flags, data, cas = item
                assert least <= flags <= sent
                assert flags % 40 == slot
                assert data == content(flags), f"turn {turn}: {key!r} is torn"
                highest_cas = max(highest_cas, cas)
            assert ask(sock, b"set probe 0 0 1\r\nx\r\n") == b"STORED\r\n"
            probe = get(sock, b"probe")
            assert probe is not None
            assert probe[2] > highest_cas
            highest_cas = probe[2]
    assert len(acknowledged) == 40


def test_kill_of_one_of_two_servers_leaves_the_other_working(start: Start) -> None:
    one, other = start(), start()
    for turn in range(5):
        killer = threading.Timer(0.1, one.process.kill)
        killer.start()
        acknowledged: dict[bytes, int] = {}
        store_until_it_dies(one, turn * 100_000, 5, acknowledged)
        killer.join()
        one.process.wait(SECONDS_MAX)
        with other.connect() as sock:
            for key, number in acknowledged.items():
                item = get(sock, key)
                assert item is not None
                assert item[0] >= number
                assert item[1] == content(item[0])
            assert ask(sock, b"set other 0 0 1\r\nx\r\n") == b"STORED\r\n"
        one = start()


def increase(server: Server, keys: list[bytes], times: int, won: list[bytes], uniques: list[int]) -> None:
    """Add 1 to numbers `times` times, by gets and cas, again whenever another was faster."""
    with server.connect() as sock:
        for turn in range(times):
            key = keys[turn % len(keys)]
            while True:
                item = get(sock, key)
                assert item is not None
                data = b"%d" % (int(item[1]) + 1)
                answer = ask(sock, b"cas %b 0 0 %d %d\r\n%b\r\n" % (key, len(data), item[2], data))
                if answer == b"STORED\r\n":
                    won.append(key)
                    uniques.append(item[2])
                    break
                assert answer == b"EXISTS\r\n"


def test_two_servers_hammer_the_same_keys_with_cas(start: Start) -> None:
    """Each update that was acknowledged counts: none is lost."""
    servers = [start(), start()]
    keys = [b"counter/%d" % number for number in range(3)]
    with servers[0].connect() as sock:
        for key in keys:
            assert ask(sock, b"set %b 0 0 1\r\n0\r\n" % key) == b"STORED\r\n"
    won: list[bytes] = []
    uniques: list[int] = []
    threads = [threading.Thread(target=increase, args=(server, keys, 150, won, uniques)) for server in servers * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(4 * SECONDS_MAX)
    assert len(won) == 600
    assert len(set(uniques)) == 600  # no cas unique was won twice
    for server in servers:
        with server.connect() as sock:
            for key in keys:
                item = get(sock, key)
                assert item is not None
                assert int(item[1]) == won.count(key) == 200


def test_two_servers_add_to_the_same_numbers(start: Start) -> None:
    """incr, append and add are one step each, also between processes and pipelined."""
    servers = [start(), start()]
    with servers[0].connect() as sock:
        ask(sock, b"set n 0 0 1\r\n0\r\n")
        ask(sock, b"set a 0 0 0\r\n\r\n")
    added: list[bytes] = []

    def work(server: Server) -> None:
        with server.connect() as sock:
            for turn in range(40):
                request = b"incr n 1\r\nappend a 0 0 1\r\nx\r\n" * 5 + b"add once/%d 0 0 1\r\nx\r\n" % turn
                answer = ask(sock, request, b"STORED\r\n" if turn < 0 else b"\r\n")
                while answer.count(b"\r\n") < 11:
                    answer += sock.recv(1 << 16)
                added.append(answer.split(b"\r\n")[10])

    threads = [threading.Thread(target=work, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(4 * SECONDS_MAX)
    with servers[1].connect() as sock:
        number, text = get(sock, b"n"), get(sock, b"a")
    assert number is not None
    assert text is not None
    assert int(number[1]) == len(text[1]) == 400
    assert added.count(b"STORED") == added.count(b"NOT_STORED") == 40


def test_a_restart_keeps_items_and_a_stop_writes_all(start: Start) -> None:
    server = start("interval")
    began = time.monotonic()
    with server.connect() as sock:
        assert ask(sock, "set schlüssel/€ 4294967295 0 3\r\n\r\n\0\r\n".encode()) == b"STORED\r\n"
        assert ask(sock, b"set soon 1 2 1\r\nx\r\n") == b"STORED\r\n"
        before = get(sock, "schlüssel/€".encode())
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(SECONDS_MAX) == 0
    server = start("interval")
    with server.connect() as sock:
        assert get(sock, "schlüssel/€".encode()) == before
        until(lambda: get(sock, b"soon") is None)
    assert time.monotonic() >= began + 1  # a clock of whole seconds: it lives for more than one
