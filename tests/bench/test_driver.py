"""The other end of the load process: what it cannot do becomes an exception, and it ends with its block."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest
from waiting import until

from mclite.bench.connection import TargetDiedError, WrongReplyError
from mclite.bench.driver import Driver
from mclite.bench.servers import Server
from mclite.replay.target.processes import row_of

TIMES = {"connections": 3, "seconds": 0.05, "warm_up": 0.01}


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as made:
        yield made


def at(scripted_server: object) -> Server:
    host, port = scripted_server.address
    return Server.at(f"{host}:{port}")


def test_an_order_is_carried_out_also_after_bad_news(driver: Driver, scripted: Callable) -> None:
    server = scripted()
    gone = at(server)
    gone.address = ("127.0.0.1", 1)
    with pytest.raises(TargetDiedError, match="scripted: cannot connect to 127"):
        driver.order("run", gone, workload="get", **TIMES)
    with pytest.raises(WrongReplyError, match=r"^127.0.0.1:\d+ scripted: wrong answer to"):
        driver.order("run", at(server), workload="delete", **TIMES)
    assert driver.order("run", at(server), workload="get", **TIMES)["requests"] > 0


def test_a_load_process_that_breaks_is_no_failure_of_the_server(driver: Driver) -> None:
    os.kill(driver._process.pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="the load process ended with exit code -9"):
        driver.order("release")


def test_the_load_process_ends_with_the_block() -> None:
    with Driver() as driver:
        pid = driver._process.pid
        assert row_of(pid) is not None
    until(lambda: (row := row_of(pid)) is None or row.zombie)
    assert driver._process.returncode == 0


def test_the_cores_are_those_asked_for() -> None:
    core = min(os.sched_getaffinity(0))
    with Driver({core}) as driver:
        assert os.sched_getaffinity(driver._process.pid) == {core}
    assert len(os.sched_getaffinity(0)) >= 1
