"""Several servers at once, and one that dies."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mclite.client import TimedOutError
from mclite.testing import Cluster


def test_a_node_dies_and_comes_back() -> None:
    with Cluster(2) as cluster:
        first, second = cluster
        with first.client() as client:
            client.set("k", "1")
        address = first.address
        first.stop()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((first.host, first.port), 5)
        with second.client() as client:
            assert client.get("k") is None
        cluster.start()
        assert first.address == address
        with first.client() as client:
            assert client.get("k") == b"1"
    assert not any(node.running for node in cluster)


def test_one_clock_moves_all() -> None:
    with Cluster(2) as cluster:
        for node in cluster:
            with node.client() as client:
                client.set("k", "1", 60)
        cluster.clock.advance(60)
        for node in cluster:
            with node.client() as client:
                assert client.get("k") is None


def test_a_frozen_node_answers_nothing() -> None:
    with Cluster(2) as cluster:
        with cluster[0].frozen(), cluster[0].client(timeout=0.1) as client, pytest.raises(TimedOutError):
            client.get("k")
        with cluster[1].client() as client:
            assert client.get("k") is None


def test_unix_sockets_and_tls(tmp_path: Path) -> None:
    with Cluster(2, unix_socket=str(tmp_path / "node{}"), enable_ssl=True) as cluster:
        assert cluster.addresses == [f"unix:{tmp_path}/node0", f"unix:{tmp_path}/node1"]
    with pytest.raises(ValueError, match="the node's number"):
        Cluster(2, unix_socket=str(tmp_path / "node"))
    with pytest.raises(ValueError, match="at least one node"):
        Cluster(0)
    with Cluster(2, enable_ssl=True) as cluster, cluster[1].client() as client:
        assert client.set("k", "1")


def test_options_are_checked() -> None:
    with pytest.raises(TypeError, match="did you mean 'memory_limit'"):
        Cluster(2, memory=5)  # type: ignore[call-arg]
    with Cluster(3, memory_limit=8) as cluster:
        assert {node.instance.settings.max_bytes for node in cluster[:2]} == {8 << 20}
