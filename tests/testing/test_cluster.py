"""Several servers at once, and one that dies."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mclite.client import TimedOutError
from mclite.testing import Cluster, ServerThread


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


def config(server: ServerThread, request: bytes = b"config get cluster\r\n") -> bytes:
    """Ask `server` which nodes there are, and return all that it answers."""
    with socket.create_connection((server.host, server.port), 5) as sock, sock.makefile("rb") as lines:
        sock.sendall(request)
        got = b""
        while not got.endswith(b"END\r\n"):
            line = lines.readline()
            assert line, got
            got += line
        return got


def test_discovery() -> None:
    with Cluster(2, discovery=True) as cluster:
        nodes = b" ".join(b"127.0.0.1|127.0.0.1|%d" % node.port for node in cluster)
        body = b"1\n" + nodes + b"\n"
        expected = b"CONFIG cluster 0 %d\r\n%b\r\nEND\r\n" % (len(body), body)
        assert config(cluster.configuration) == config(cluster[0]) == expected
        old = config(cluster.configuration, b"get AmazonElastiCache:cluster\r\n")
        assert old == b"VALUE AmazonElastiCache:cluster 0 %d\r\n%b\r\nEND\r\n" % (len(body), body)
        cluster[0].stop()  # a node that died is in the list until it is removed
        assert config(cluster.configuration) == expected
        cluster[1].misbehave("bare-lf")
        assert config(cluster[1]) == expected
        added = cluster.add()
        assert len(cluster) == 3
        assert config(added).split(b"\n")[1] == b"2"
        cluster.remove(0)
        assert config(cluster.configuration).split(b"\n")[1:3] == [
            b"3",
            b" ".join(b"127.0.0.1|127.0.0.1|%d" % node.port for node in (cluster[0], added)),
        ]
        with cluster.configuration.client() as client:
            assert client.set("k", "1")
    assert not cluster.configuration.running


def test_discovery_is_off_unless_asked_for() -> None:
    with Cluster(1) as cluster:
        with socket.create_connection((cluster[0].host, cluster[0].port), 5) as sock:
            sock.sendall(b"config get cluster\r\n")
            assert sock.recv(100) == b"ERROR\r\n"
        with pytest.raises(RuntimeError, match="no configuration endpoint"):
            cluster.configuration  # noqa: B018
    with pytest.raises(ValueError, match="not for unix sockets"):
        Cluster(1, discovery=True, unix_socket="/tmp/{}")


def test_back_without_items() -> None:
    with Cluster(1) as cluster:
        cluster[0].items.put("k", "1")
        cluster[0].stop()
        cluster[0].start(empty=True)
        with cluster[0].client() as client:
            assert client.get("k") is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves sockets open
def test_a_client_that_discovers_its_nodes() -> None:
    """django-elastipymemcache, which is pymemcache's client for ElastiCache made up to date."""
    module = pytest.importorskip("django_elastipymemcache.client")
    with Cluster(2, discovery=True) as cluster:
        client = module.AWSElastiCacheClient(
            cluster.configuration.address, discovery_interval=1e-6, default_noreply=False
        )
        try:
            assert sorted(client.clients) == sorted(cluster.addresses)
            for number in range(50):
                client.set(f"k{number}", "v")
            assert sum(len(node.items) for node in cluster) == 50
            added = cluster.add()
            for number in range(50):
                client.set(f"l{number}", "v")
            assert sorted(client.clients) == sorted(cluster.addresses)
            assert len(added.items) > 0
            cluster.remove(0)
            assert client.set("k", "v")
            assert sorted(client.clients) == sorted(cluster.addresses)
        finally:
            client.close()
