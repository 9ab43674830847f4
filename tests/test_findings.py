"""docs/findings.md says of memcached 1.6.45 what conformance/releases.toml says, and what a real one answers.

Without a real memcached (MCLITE_TEST_MEMCACHED=/path/to/it, or `.memcached/sid/memcached`) the bytes are not asked for.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from waiting import SECONDS_MAX, connected, free_port

from mclite.replay.judge.faults import Fault, read
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.versions import KNOWN_VERSIONS, written

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "findings.md").read_text("utf-8")
NEWEST = KNOWN_VERSIONS[-1]
FAULTS = {one.id: one for one in read(default_root() / "releases.toml").faults if NEWEST in one.releases}
#: Findings that no scenario shows: the suite leaves open what a server answers there.
BESIDE_THE_SUITE = {"blank-value-reads-freed-memory", "short-line-closes-before-authentication"}
SECTIONS = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))
BLOCKS = [
    pytest.param(kind, text, id=f"{name}-{number}")
    for name, section in SECTIONS.items()
    for number, (kind, text) in enumerate(re.findall(r"^```(\w+)\n(.*?)^```", section, re.M | re.S), 1)
]


@dataclass
class Step:
    """One write and the bytes that answer it; `closes` when the server then hangs up."""

    sent: list[bytes] = field(default_factory=list)
    answered: list[bytes] = field(default_factory=list)
    closes: bool = False


def steps(block: str, *, datagrams: bool) -> list[Step]:
    """Read a block: each run of `>` lines is one write, and the `<` lines after it its answers."""
    made: list[Step] = []
    for line in block.splitlines():
        sign, text = line[:1], line[2:]
        data = re.sub(r"\{(.)\*(\d+)\}", lambda found: found[1] * int(found[2]), text).encode()
        data = data.decode("unicode_escape").encode("latin-1") if datagrams else data + b"\r\n"
        if sign == ">" and (not made or made[-1].answered):
            made.append(Step())
        if sign == "!":
            made[-1].closes = True
        else:
            (made[-1].sent if sign == ">" else made[-1].answered).append(data)
    return made


def bullet(section: str, name: str) -> str:
    """Return what a section says behind `- **NAME:**`."""
    found = re.search(rf"^- \*\*{name}:\*\* (.*?)(?=^- |^$)", section, re.M | re.S)
    assert found, name
    return " ".join(found[1].split())


def test_each_fault_of_the_newest_release_is_a_finding() -> None:
    assert set(SECTIONS) == set(FAULTS) | BESIDE_THE_SUITE


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_finding_names_the_releases_and_the_lines_of_its_fault(fault: Fault) -> None:
    section = SECTIONS[fault.id]
    releases = written([one for one in KNOWN_VERSIONS if one in fault.releases]).replace("..", " to ")
    assert bullet(section, "Releases") == releases
    cited = re.findall(r"protocol\.txt ([\d, -]+)", fault.reason)
    assert bullet(section, "Lines") in [one.strip(" ,-") for one in cited]
    assert f"| {releases} |" in next(line for line in PAGE.splitlines() if f"(#{fault.id})" in line)


@pytest.mark.parametrize("name", SECTIONS)
def test_a_finding_is_complete(name: str) -> None:
    section = SECTIONS[name]
    for part in ("Releases", "Lines", "Source", "Harm"):
        assert bullet(section, part)
    assert "Expected: " in section
    assert re.search(r"^```(wire|udp|auth)$", section, re.M)


@pytest.fixture
def memcached(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """Start a new memcached for the kind of a block; return its port."""
    usual = ROOT / ".memcached" / "sid" / "memcached"
    program = os.environ.get("MCLITE_TEST_MEMCACHED") or (str(usual) if usual.is_file() else None)
    if program is None:
        pytest.skip("needs memcached 1.6.45: MCLITE_TEST_MEMCACHED=/path/to/it")
    port, kind = free_port(), request.node.callspec.params["kind"]
    users = tmp_path / "users"
    users.write_text("mclite:secret\n", "utf-8")
    more = {"udp": ["-U", str(port)], "auth": ["-U", "0", "-Y", str(users)]}.get(kind, ["-U", "0"])
    command = [program, "-l", "127.0.0.1", "-p", str(port), *more, *(["-u", "root"] if os.getuid() == 0 else [])]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        connected(port, process).close()
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.mark.memcached
@pytest.mark.parametrize(("kind", "block"), BLOCKS)
def test_memcached_answers_so(memcached: int, kind: str, block: str) -> None:
    udp = kind == "udp"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as sock:
        sock.settimeout(SECONDS_MAX)
        sock.connect(("127.0.0.1", memcached))
        for step in steps(block, datagrams=udp):
            sock.sendall(b"".join(step.sent))
            if udp:
                assert [sock.recv(65536) for _ in step.answered] == step.answered
                continue
            wanted = b"".join(step.answered)
            assert wanted == receive(sock, len(wanted))
            if step.closes:
                assert sock.recv(1) == b""
        if not udp and not step.closes and kind != "auth":
            sock.sendall(b"slabs reassign 1 1\r\n")  # nothing more was on its way
            assert sock.recv(65536) == b"SAME src and dst class are identical\r\n"


def receive(sock: socket.socket, size: int) -> bytes:
    """Read `size` bytes, or all up to the end of the connection."""
    data = b""
    while len(data) < size and (part := sock.recv(size - len(data))):
        data += part
    return data
