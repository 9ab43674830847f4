"""The load process: one order a line, one result a line, bad news included."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from mclite.bench.connection import WrongReplyError
from mclite.bench.driver import Driver
from mclite.bench.load import percentile
from mclite.bench.servers import Server
from mclite.bench.workloads import WORKLOADS

TIMES = {"connections": 3, "seconds": 0.05, "warm_up": 0.01}


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    with Driver() as made:
        yield made


def at(scripted_server: object) -> Server:
    host, port = scripted_server.address
    return Server.at(f"{host}:{port}")


def test_run_returns_what_was_measured(driver: Driver, scripted: Callable) -> None:
    result = driver.order("run", at(scripted()), workload="gets", **TIMES)
    assert result["requests"] > 0
    assert result["rate"] == pytest.approx(result["requests"] / result["seconds"])
    assert 0 < result["p50"] <= result["p99"] <= result["p999"]
    assert result["server_busy"] == 0
    assert result["load_busy"] > 0


def test_a_run_in_which_nothing_was_answered_is_no_measure(driver: Driver, scripted: Callable) -> None:
    """A busy machine gives the server no core for longer than a short round lasts."""
    server = scripted(lambda line: (line[:4] == b"get " and time.sleep(0.2)) or server.get(line))
    result = driver.order("run", at(server), workload="get", **TIMES | {"connections": 1, "seconds": 0.01})
    assert result["requests"] > 0
    assert result["seconds"] > 0.2


def test_run_at_a_rate(driver: Driver, scripted: Callable) -> None:
    result = driver.order("run", at(scripted()), workload="get", rate=200, **TIMES | {"seconds": 0.2})
    assert result["requests"] == 40
    assert result["asked_rate"] == 200


@pytest.mark.parametrize(
    "name", [name for name, workload in WORKLOADS.items() if workload.verb not in ("get", "gets", "set", "mixed")]
)
def test_a_server_that_knows_only_get_and_set_is_found_out(driver: Driver, scripted: Callable, name: str) -> None:
    with pytest.raises(WrongReplyError, match="wrong answer to"):
        driver.order("run", at(scripted()), workload=name, **TIMES)


def test_fill(driver: Driver, scripted: Callable) -> None:
    server = scripted()
    assert driver.order("fill", at(server), items=2500)["items"] == 2500
    assert len(server.items) == 2500
    assert {len(data) for data in server.items.values()} == {32}


def test_held_connections_are_all_answered(driver: Driver, scripted: Callable) -> None:
    server = scripted()
    held = driver.order("hold", at(server), connections=20)
    assert held["held"] == 20
    before = server.lines
    active = driver.order("active", at(server), connections=20, seconds=0.05)
    assert active["requests"] > 0
    assert server.lines - before >= 20
    assert driver.order("release") == {}


def test_clean_deletes_every_key(driver: Driver, scripted: Callable) -> None:
    def answer(line: bytes) -> bytes:
        if line.startswith(b"delete "):
            server.items.pop(line.split()[1], None)
            return b""
        return server.get(line)

    server = scripted(answer)
    driver.order("run", at(server), workload="get-100-keys", **TIMES)
    assert len(server.items) == 600
    driver.order("clean", at(server), workloads=["get-100-keys"], connections=3)
    assert server.items == {}


def test_clean_notices_a_key_that_stays(driver: Driver, scripted: Callable) -> None:
    server = scripted(lambda line: b"" if line.startswith(b"delete ") else server.get(line))
    driver.order("run", at(server), workload="get", **TIMES)
    with pytest.raises(WrongReplyError):
        driver.order("clean", at(server), workloads=["get"], connections=3)


@pytest.mark.parametrize(
    ("count", "share", "value"),
    [(0, 0.5, None), (1, 0.99, 0.0), (100, 0.5, 50.0), (100, 0.99, 99.0), (1000, 0.999, 999.0)],
)
def test_percentile(count: int, share: float, value: float | None) -> None:
    assert percentile([float(number) for number in range(count)], share) == value
