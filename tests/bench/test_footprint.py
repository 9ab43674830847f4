"""What is no rate, on servers and a load process that say what a test tells them."""

from __future__ import annotations

from typing import Any

import pytest

from mclite.bench import footprint
from mclite.bench.compare import Settings


class FakeServer:
    """A server whose memory grows as `memory` says, and whose statistics are `stats`."""

    def __init__(self, start_seconds: float = 0.1, memory: list[int | None] | None = None, **stats: int) -> None:
        self.start_seconds = start_seconds
        self.sizes = memory or []
        self.stats = stats
        self.stopped = 0

    def memory(self) -> int | None:
        return self.sizes.pop(0)

    def stat(self, name: str) -> int | None:
        return self.stats.get(name)

    def stop(self) -> None:
        self.stopped += 1


class FakeDriver:
    """A load process that answers each order with the next of `results`."""

    def __init__(self, *results: dict[str, Any] | Exception) -> None:
        self.results = list(results)
        self.orders: list[tuple[str, dict[str, Any]]] = []

    def order(self, do: str, server: object = None, **arguments: Any) -> dict[str, Any]:
        self.orders.append((do, arguments))
        if do == "release":
            return {}
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


@pytest.fixture
def spawn(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the next servers be those of a test; return the commands with which they were started."""
    commands: list[tuple[str, str]] = []
    monkeypatch.setattr(footprint, "SETTLE", 0.0)

    def serve(*servers: FakeServer) -> list[tuple[str, str]]:
        waiting = list(servers)

        def started(command: str, extra: str = "", where: set[int] | None = None) -> FakeServer:
            commands.append((command, extra))
            return waiting.pop(0)

        monkeypatch.setattr(footprint.Server, "spawn", started)
        return commands

    return serve


def test_start_is_the_median_of_rounds_that_alternate(spawn: Any) -> None:
    servers = [FakeServer(seconds) for seconds in (0.3, 1.0, 0.1, 3.0, 0.2, 2.0)]
    commands = spawn(*servers)
    lines: list[str] = []
    found = footprint.start(["a", "b"], Settings(rounds=3), None, lines.append)
    assert [command for command, _ in commands] == ["a", "b"] * 3
    assert [result["seconds"] for result in found["results"]] == [0.2, 2.0]
    assert found["ratios"] == [{"against": 1, "ratio": 0.1, "low": pytest.approx(0.1 / 3), "high": 0.3}]
    assert lines == ["start: 200 ms, 2000 ms"]
    assert {server.stopped for server in servers} == {1}


def test_memory_is_divided_by_the_items_that_are_held(spawn: Any) -> None:
    commands = spawn(FakeServer(memory=[1000, 6000], curr_items=50), FakeServer(memory=[1000, None]))
    driver = FakeDriver({"items": 100, "seconds": 1.0}, {"items": 100, "seconds": 1.0})
    found = footprint.memory(driver, ["a", "b"], Settings(items=100), None, lambda line: None)
    assert commands == [("a", "-m 1024"), ("b", "-m 1024")]
    assert driver.orders == [("fill", {"items": 100})] * 2
    first, second = found["results"]
    assert (first["held"], first["bytes_an_item"]) == (50, 100.0)
    assert (second["held"], second["bytes_an_item"]) == (None, None)


def test_memory_stops_the_server_that_fails(spawn: Any) -> None:
    server = FakeServer(memory=[1000])
    spawn(server)
    with pytest.raises(ValueError, match="broke"):
        footprint.memory(FakeDriver(ValueError("broke")), ["a"], Settings(items=10), None, print)
    assert server.stopped == 1


def test_connections_that_are_held_are_driven_few_and_all(spawn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed: list[int] = []
    monkeypatch.setattr(footprint, "allow_files", allowed.append)
    commands = spawn(FakeServer(memory=[1000, 4000]))
    driver = FakeDriver({"held": 300, "seconds": 0.5}, {"rate": 10.0}, {"rate": 20.0})
    settings = Settings(held=300, connections=20, seconds=0.01)
    found = footprint.connections(driver, ["a"], settings, None, lambda line: None)
    assert allowed == [500]
    assert commands == [("a", "-c 400")]
    assert driver.orders == [
        ("hold", {"connections": 300}),
        ("active", {"connections": 20, "seconds": 0.01}),
        ("active", {"connections": 300, "seconds": footprint.COME_ROUND * 300}),
        ("release", {}),
    ]
    (result,) = found["results"]
    assert (result["bytes_a_connection"], result["few_active"]["rate"], result["all_active"]["rate"]) == (10, 10, 20)
    assert found["ratios"].keys() == {"few_active", "all_active"}


def test_a_server_that_takes_fewer_connections_is_not_driven(spawn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footprint, "allow_files", lambda count: None)
    server = FakeServer(memory=[1000, 1000])
    spawn(server)
    driver = FakeDriver({"held": 5, "reason": "hung up on"})
    lines: list[str] = []
    found = footprint.connections(driver, ["a"], Settings(held=300), None, lines.append)
    assert [do for do, _ in driver.orders] == ["hold", "release"]
    assert (found["results"][0]["reason"], found["results"][0]["few_active"]) == ("hung up on", None)
    assert found["ratios"] == {}
    assert lines == ["connections: 5 held"]
    assert server.stopped == 1
