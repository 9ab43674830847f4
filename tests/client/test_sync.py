"""The sync client: shared by threads, without a socket, and as a log stream."""

from __future__ import annotations

import threading

import pytest

from mclite.client import Client


def test_threads_share_a_client(mclite_port: int) -> None:
    with Client("127.0.0.1", mclite_port) as client:
        client.set("n", b"0")
        threads = [threading.Thread(target=lambda: [client.incr("n") for _ in range(50)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert client.get("n") == b"200"


def test_in_process_nothing_blocks() -> None:
    with Client.in_process() as client:
        streams = client.watch("mutations")
        assert list(streams) == []


def test_watch(mclite_port: int) -> None:
    with Client("127.0.0.1", mclite_port) as watcher, Client("127.0.0.1", mclite_port) as client:
        stream = watcher.watch("mutations")
        client.set("a b".replace(" ", "%"), b"12")
        line = next(stream)
        assert (line["type"], line["key"], line["size"]) == ("item_store", "a%b", "2")
        with pytest.raises(ConnectionError, match="log stream"):
            watcher.get("k")
