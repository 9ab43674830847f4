"""A whole run with servers of mclite: which are started, in which order rows appear, and what the result says."""

from __future__ import annotations

import re

import pytest

from mclite.bench import run as module
from mclite.bench.compare import Settings
from mclite.bench.connection import TargetDiedError
from mclite.bench.run import machine, run
from mclite.bench.servers import OWN_COMMAND, Server
from mclite.replay.target.processes import row_of

TINY = {"seconds": 0.02, "warm_up": 0.0, "rounds": 1, "connections": 2, "held": 10, "items": 100}


def settings(*names: str) -> Settings:
    return Settings(**TINY, names=names)


def test_two_servers_are_compared_and_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Server] = []
    spawn = Server.spawn

    def noted(*arguments: object) -> Server:
        started.append(spawn(*arguments))
        return started[-1]

    monkeypatch.setattr(Server, "spawn", noted)
    lines: list[str] = []
    names = ("zipf-9to1-10-evicting", "get", "latency")
    result = run(None, [OWN_COMMAND, OWN_COMMAND], settings(*names), lines.append)
    assert [row["name"] for row in result["workloads"]] == ["zipf-9to1-10-evicting", "get"]
    assert [one["rounds"][0]["requests"] > 0 for row in result["workloads"] for one in row["results"]] == [True] * 4
    assert result["latency"]["rate"] > 0
    first, second = (server["name"] for server in result["servers"])
    assert second == f"{first} #2"
    assert [server["ours"] for server in result["servers"]] == [True, True]
    assert (result["format"], result["settings"]["names"], result["seconds"] > 0) == ("mclite-bench", names, True)
    assert [line.split(":")[0] for line in lines[:1] + lines[-1:]] == ["get", "zipf-9to1-10-evicting"]
    assert len(started) == 4  # two of them small ones, for what evicts
    assert not any((row := row_of(pid)) and not row.zombie for server in started for pid in server.pids)


def test_of_a_server_that_runs_no_key_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server.spawn(OWN_COMMAND)
    try:
        result = run(f"127.0.0.1:{server.address[1]}", [], settings("get"), lambda line: None)
        assert [one["ours"] for one in result["servers"]] == [False]
        assert server.stat("curr_items") == 0
        assert server.stat("total_items") > 0
    finally:
        server.stop()


def test_what_was_started_is_stopped_when_a_later_server_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Server] = []
    spawn = module._spawn

    def noted(*arguments: object) -> Server:
        started.append(spawn(*arguments))
        return started[-1]

    monkeypatch.setattr(module, "_spawn", noted)
    with pytest.raises(TargetDiedError):
        run(None, [OWN_COMMAND, "false {port}"], settings("get"), print)
    assert not any((row := row_of(pid)) and not row.zombie for pid in started[0].pids)


def test_the_machine_is_named() -> None:
    found = machine(({0}, {1}))
    assert found["processor"]
    assert found["cores"] >= 1
    assert re.fullmatch(r"3\.\d+\.\d+\S*", found["python"])
    assert found["pinned"] == {"servers": [0], "load": [1]}
    assert machine(None)["pinned"] is None
