"""Which requests client libraries send, held against libraries that are installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mclite.replay.report.client_requests import COMMANDS, OTHER, command_of, is_usual
from mclite.testing.server import Server


@pytest.mark.parametrize(
    "request_",
    [
        ["get key"], ["get key key2 "], ["gets key[250]"], ["set key 0 0 1", "a"], ["set key 0 -1 3 noreply", "abc"],
        ["cas key 0 0 1 <cas>", "a"], ["delete key"], ["delete key noreply"], ["incr key 1"], ["touch key 300"],
        ["gat 300 key"], ["mg key v f t N60"], ["ms key 2 T0 I F5", "ab"], ["md key q"], ["ma key N0 J5 v"], ["mn"],
        ["flush_all"], ["flush_all 10 noreply"], ["version"], ["stats"], ["mg key q", "mg key2 q", "mn"],
    ],
)  # fmt: skip
def test_usual(request_: list[str]) -> None:
    assert is_usual(request_)
    assert command_of(request_) in COMMANDS


@pytest.mark.parametrize(
    "request_",
    [
        ["get"], ["get  key"], ["gets key[251]"], ["set key 0 0 1", "abcd"], ["set key 0 0 1"], ["set key -1 0 1", "a"],
        ["incr key +1"], ["incr key 1 a"], ["touch key x"], ["mg key v v"], ["mg key N2147483648"], ["delete key now"],
        ["ms key 2 S2", "abc"], ["version 1"], ["bget key"], ["set key 0 0 1 yes", "a"], [""], ["get key", "unknown"],
        ["delete noreply"], ["stats settings"],
    ],
)  # fmt: skip
def test_not_usual(request_: list[str]) -> None:
    assert not is_usual(request_)


def test_command_of_what_is_no_command() -> None:
    assert [command_of([line]) for line in ("get x", "bget x", "", "mn", "GET x")] == ["get", OTHER, OTHER, "mn", OTHER]


def _pymemcache(host: str, port: int) -> Any:
    library = pytest.importorskip("pymemcache.client.base")
    return library.Client((host, port), default_noreply=False)


def _pylibmc(host: str, port: int) -> Any:
    library = pytest.importorskip("pylibmc")
    return library.Client([f"{host}:{port}"], behaviors={"cas": True})


def _memcache(host: str, port: int) -> Any:
    library = pytest.importorskip("memcache")
    return library.Client([f"{host}:{port}"])


@pytest.mark.parametrize("connect", [_pymemcache, _pylibmc, _memcache])
def test_what_libraries_send_is_usual(mclite_server: Server, connect: Callable[[str, int], Any]) -> None:
    client = connect("127.0.0.1", mclite_server.port)
    client.set("a", "1", 60)
    client.add("b", "2")
    client.replace("b", "3")
    client.append("b", "4")
    client.gets("a")
    client.get("a")
    client.incr("a", 2)
    client.decr("a", 1)
    client.touch("a", 100)
    client.delete("a")
    client.flush_all()
    client.disconnect_all() if hasattr(client, "disconnect_all") else client.close()
    sent = [request.raw.decode("latin-1") for request in mclite_server.requests]
    assert len(sent) >= 10
    for text in sent:
        lines = text.split("\r\n")[:-1]
        assert is_usual(lines), lines
