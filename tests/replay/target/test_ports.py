"""Ports that are claimed: between threads, and between processes."""

from __future__ import annotations

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mclite.replay.target import ports

CLAIM = "import sys; from mclite.replay.target import ports; sys.exit(not ports._claim({port}))"


def claimable_elsewhere(port: int) -> bool:
    root = Path(__file__).resolve().parents[3]
    return subprocess.run([sys.executable, "-c", CLAIM.format(port=port)], cwd=root, check=False).returncode == 0


def test_no_port_is_handed_out_twice() -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: ports.free_port(), range(200)))
    try:
        assert len(set(found)) == 200
    finally:
        for port in found:
            ports.release(port)


def test_another_process_cannot_claim_a_port_until_it_is_released() -> None:
    port = ports.free_port(udp=True)
    assert not claimable_elsewhere(port)
    ports.release(port)
    assert claimable_elsewhere(port)
    ports.release(port)  # nothing happens


def test_a_port_of_udp_that_is_taken_is_not_free() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as datagram:
        datagram.bind(("127.0.0.1", 0))
        assert not ports._free_for_udp(datagram.getsockname()[1])


def test_a_claim_does_not_outlast_its_process() -> None:
    port = ports.free_port()
    ports.release(port)
    code = f"import os; from mclite.replay.target import ports; assert ports._claim({port}); os._exit(0)"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).resolve().parents[3], check=True)
    assert ports._claim(port)
    ports.release(port)
