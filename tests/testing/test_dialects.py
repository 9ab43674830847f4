"""Older releases as they answer: what genuine builds were asked, and the genuine builds themselves if there are any.

`MCLITE_TEST_RELEASES=/folder pytest tests/testing/test_dialects.py` compares each dialect with
`/folder/VERSION/memcached`.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import SECONDS_MAX, connected, free_port

from mclite.client import ServerError
from mclite.testing import ServerThread
from mclite.testing.dialects import DIFFERENCES, RELEASES, dialect, number

BARRIER = b"append nothing 0 0 1\r\nx\r\n" * 2
BARRIER_ANSWER = b"NOT_STORED\r\n" * 2
ERROR, BAD = b"ERROR\r\n", b"CLIENT_ERROR bad command line format\r\n"
INVALID = b"CLIENT_ERROR invalid flag\r\n"
LONG_KEY = b"k" * 251
CAS = re.compile(rb"(VALUE a \d+ \d+) \d+")

TALK: list[bytes] = [
    b"version\r\n", b"version foo\r\n", b"x\r\n", b"bogus noreply\r\n", b"get\r\n", b"gets\r\n", b"touch a\r\n",
    b"incr a\r\n", b"delete\r\n", b"verbosity\r\n", b"verbosity x\r\n", b"set a 5 0 2\r\n10\r\n", b"decr a 1\r\n",
    b"get a\r\n", b"touch a 0\r\n", b"gets a a\r\n", b"gat\r\n", b"gat 0\r\n", b"gat 0 a\r\n", b"gats 0 a\r\n",
    b"gats x a\r\n", b"set a 0 0\r\n", b"set a x 0 1\r\n1\r\n", b"set a 0 x 1\r\n1\r\n", b"set a 0 0 x\r\n",
    b"set a 0 0 1 2 3 4\r\n1\r\n", b"set a 4294967297 0 1\r\n1\r\n", b"get a\r\n", b"set a 0 0 1\r\n12\r\n",
    b"set " + LONG_KEY + b" 0 0 1\r\n1\r\n", b"append a 0 0 1\r\n2\r\n", b"incr a -1\r\n", b"incr a 1\r\n",
    b"delete a 5\r\n", b"delete a b c\r\n", b"get a\r\n", b"delete a 0\r\n", b"delete a\r\n", b"flush_all x\r\n",
    b"flush_all 0\r\n", b"cache_memlimit 64\r\n", b"shutdown\r\n", b"slabs reassign 1 2\r\n", b"slabs automove 1\r\n",
    b"lru tune 20 40 0.2 2.0\r\n", b"lru mode flat\r\n", b"lru temp_ttl 60\r\n", b"lru_crawler tocrawl 5\r\n",
    b"stats bogus\r\n", b"mn\r\n", b"mg\r\n", b"md\r\n", b"ms k\r\n", b"mg k\r\n", b"mg k v\r\n", b"mg k k O1 v\r\n",
    b"mg k q v\r\n", b"ms k 1\r\n2\r\n", b"ms k S1\r\n2\r\n", b"ms k S1 T60 c k O1\r\n2\r\n",
    b"ms k 1 T60 k O1\r\n2\r\n", b"mg k s t f v\r\n", b"mg k s\r\n", b"ms n S1 MR\r\n2\r\n", b"ms n 1 MR\r\n2\r\n",
    b"ms k 1 s\r\n2\r\n", b"ms k S1 Sx\r\n2\r\n", b"mg k E5\r\n", b"mg k x\r\n", b"md k x k\r\n",
    b"ms k 1 E9\r\n2\r\n", b"mg k !\r\n", b"mg k v v\r\n", b"mg bg== v k b\r\n", b"ms k 1 Mxx\r\n2\r\n", b"md n\r\n",
    b"md n k O1\r\n", b"md n q\r\n", b"set n 0 0 1\r\n5\r\n", b"md n C1 k\r\n", b"ma n\r\n", b"ma n v\r\n",
    b"ma n t k O1\r\n", b"ma none k O1\r\n", b"ma none N0 J5 v\r\n", b"md n k O1\r\n", b"mn\r\n",
]  # fmt: skip


def answers(address: tuple[str, int]) -> Iterator[tuple[bytes, bytes]]:
    """Ask a server the talk, each part of it until a barrier is answered; yield request and answer."""
    with socket.create_connection(address, SECONDS_MAX) as sock:
        for data in TALK:
            yield data, ask(sock, data)


def ask(sock: socket.socket, data: bytes) -> bytes:
    """Send `data` and a barrier, which every release answers alike; return what is answered to `data`."""
    sock.sendall(data + BARRIER)
    got = b""
    while not got.endswith(BARRIER_ANSWER):
        part = sock.recv(65536)
        assert part, f"{data!r} closed the connection behind {got!r}"
        got += part
    return got.removesuffix(BARRIER_ANSWER)


def asked(release: str, data: bytes) -> bytes:
    """Return what the dialect of `release` answers to `data` while it holds an item `a`."""
    with (
        ServerThread(like=release) as server,
        socket.create_connection((server.host, server.port), SECONDS_MAX) as sock,
    ):
        ask(sock, b"set a 5 0 2\r\n10\r\n")
        return ask(sock, data)


# Each was answered so by the genuine release, and otherwise by the one behind the arrow.
EXPECTED: list[tuple[str, bytes, bytes]] = [
    ("1.4.16", b"decr a 1\r\nget a\r\n", b"9\r\nVALUE a 5 1\r\n9\r\nEND\r\n"),
    ("1.4.17", b"decr a 1\r\nget a\r\n", b"9\r\nVALUE a 5 2\r\n9 \r\nEND\r\n"),
    ("1.4.17", b"lru_crawler enable\r\n", ERROR),
    ("1.4.18", b"lru_crawler enable\r\n", b"OK\r\n"),
    ("1.4.25", b"cache_memlimit 64\r\n", ERROR),
    ("1.4.27", b"cache_memlimit 64\r\n", b"OK\r\n"),
    ("1.4.39", b"lru mode flat\r\n", ERROR),
    ("1.5.0", b"lru mode flat\r\n", b"OK\r\n"),
    ("1.5.2", b"gat 0 a\r\n", ERROR),
    ("1.5.3", b"gat 0 a\r\n", b"VALUE a 5 2\r\n10\r\nEND\r\n"),
    ("1.5.18", b"ms b 1\r\n2\r\n", ERROR * 2),
    ("1.6.0", b"ms b S1\r\n2\r\n", b"OK \r\n"),
    ("1.6.2", b"version foo\r\n", ERROR),
    ("1.6.3", b"version foo\r\n", b"VERSION 1.6.3\r\n"),
    ("1.6.6", b"flush_all x\r\n", b"OK\r\n"),
    ("1.6.7", b"flush_all x\r\n", b"CLIENT_ERROR invalid exptime argument\r\n"),
    ("1.6.6", b"ms b S1 k O1\r\n2\r\n", b"OK  kb O1\r\n"),
    ("1.6.6", b"ms none S1 MR\r\n2\r\n", b"NS \r\n"),
    ("1.6.6", b"mg a s\r\n", b"OK s2\r\n"),
    ("1.6.6", b"md a O1 k\r\n", b"OK  O1 ka\r\n"),
    ("1.6.6", b"ma a\r\n", b"OK\r\n"),
    ("1.6.6", b"mg a b v\r\n", INVALID),
    ("1.6.9", b"ms b 1\r\n2\r\n", INVALID + ERROR),
    ("1.6.10", b"ms b 1\r\n2\r\n", b"HD\r\n"),
    ("1.6.10", b"ms b S1\r\n2\r\n", BAD + ERROR),
    ("1.6.17", b"mg a\r\n", BAD),
    ("1.6.17", b"mg none k O1 v\r\n", b"EN\r\n"),
    ("1.6.17", b"md a O1 k\r\n", b"HD  O1 ka\r\n"),
    ("1.6.17", b"ma none O1 k\r\n", b"NF  O1 knone\r\n"),
    ("1.6.18", b"mg a\r\n", b"HD\r\n"),
    ("1.6.18", b"mg none k O1 v\r\n", b"EN knone O1\r\n"),
    ("1.6.19", b"ms b 2 s\r\n33\r\n", b"HD\r\n"),
    ("1.6.20", b"ms b 2 c s\r\n33\r\n", b"HD c2 s2\r\n"),
    ("1.6.20", b"ms b 2 c k\r\n33\r\n", b"HD c2 s2 kb\r\n"),
    ("1.6.21", b"ms b 2 c k\r\n33\r\n", b"HD c2 kb\r\n"),
    ("1.6.26", b"md a x\r\n", b"CLIENT_ERROR invalid or duplicate flag\r\n"),
    ("1.6.27", b"md a x\r\n", b"HD\r\n"),
    ("1.6.39", b"get\r\n", ERROR),
    ("1.6.39", b"set a x 0 1\r\n1\r\n", BAD + ERROR),
    ("1.6.39", b"delete a 5\r\n", b"CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n"),
    ("1.6.39", b"shutdown\r\n", b"ERROR: shutdown not enabled\r\n"),
    ("1.6.40", b"get\r\n", BAD),
    ("1.6.40", b"set a x 0 1\r\n1\r\n", BAD),
    ("1.6.40", b"delete a 5\r\n", b"DELETED\r\n"),
    ("1.6.40", b"lru mode flat\r\n", ERROR),
    ("1.6.41", b"lru mode flat\r\n", b"OK\r\n"),
]


@pytest.mark.parametrize(("release", "data", "answer"), EXPECTED)
def test_a_release(release: str, data: bytes, answer: bytes) -> None:
    assert asked(release, data) == answer


def test_every_difference_is_between_releases() -> None:
    assert list(RELEASES) == sorted(RELEASES, key=number)
    for row in DIFFERENCES:
        assert number(RELEASES[0]) <= number(row.since) <= number(row.until) < number(RELEASES[-1])
        assert row.answer or row.line


def test_names() -> None:
    assert dialect("memcached-1.6.6")[0].name == "1.6.6"
    with pytest.raises(ValueError, match=r"answer like '1\.6\.66'; did you mean '1\.6\.6'"):
        ServerThread(like="memcached-1.6.66")
    with pytest.raises(ValueError, match=r"1\.4\.26"):
        dialect("1.4.26")


def test_a_dialect_stays_whatever_the_misbehaviour() -> None:
    with ServerThread(like="memcached-1.6.6", misbehave="stat-with-spaces") as server, server.client() as client:
        assert client.version() == "1.6.6"
        assert client.stats("sizes")["logger"] == "standard error"
        server.misbehave()
        assert client.version() == "1.6.6"
        assert "logger" not in client.stats("sizes")
        server.faults.error()
        with pytest.raises(ServerError):
            client.get("k")


def genuine() -> dict[str, Path]:
    """Return the genuine builds that there are, by release."""
    folder = os.environ.get("MCLITE_TEST_RELEASES")
    found = sorted(Path(folder).glob("*/memcached")) if folder else []
    found += sorted((Path(__file__).parents[2] / ".memcached").glob("*/memcached"))
    by_release = {}
    for path in found:
        # Before 1.4.22 there was no -V.
        said = subprocess.run([path, "-V"], capture_output=True, text=True).stdout + path.parent.name
        if release := re.search(r"\d+\.\d+\.\d+", said):
            by_release.setdefault(release[0], path)
    return {release: path for release, path in by_release.items() if release in RELEASES}


GENUINE = genuine()


@pytest.mark.memcached
@pytest.mark.skipif(not GENUINE, reason="there is no genuine memcached; see the head of this file")
@pytest.mark.parametrize("release", GENUINE)
def test_the_genuine_release_answers_the_same(release: str) -> None:
    port = free_port()
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    process = subprocess.Popen([GENUINE[release], "-l", "127.0.0.1", "-p", str(port), *user], stderr=subprocess.DEVNULL)
    try:
        connected(port, process).close()
        true = list(answers(("127.0.0.1", port)))
    finally:
        process.kill()
        process.wait()
    with ServerThread(like=release) as server:
        ours = list(answers((server.host, server.port)))
    for (data, said), (_, wanted) in zip(ours, true, strict=True):
        assert (data, CAS.sub(rb"\1", said)) == (data, CAS.sub(rb"\1", wanted))
