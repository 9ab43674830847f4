"""Which worker plays what."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mclite.replay.pytest_plugin.share import StaticScheduling, is_controller, worker_share


def config(**fields: Any) -> Any:
    return SimpleNamespace(option=SimpleNamespace(dist=fields.pop("dist", "no")), **fields)


def worker(number: int, count: int) -> Any:
    return config(workerinput={"workerid": f"gw{number}", "workercount": count}, dist="load")


def test_only_a_process_with_workers_controls() -> None:
    assert not is_controller(config())
    assert is_controller(config(dist="load"))
    assert not is_controller(worker(0, 2))
    assert not is_controller(SimpleNamespace(option=SimpleNamespace()))  # type: ignore[arg-type]  # no xdist


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_shares_are_everything_and_do_not_overlap(workers: int) -> None:
    items = list(range(20))
    shares = [worker_share(worker(number, workers), items) for number in range(workers)]
    assert sorted(item for share in shares for item in share) == items
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert worker_share(config(), items) == items


class Node:
    """A worker as the scheduler sees it: it notes what it is told to run."""

    def __init__(self, number: int) -> None:
        self.gateway = SimpleNamespace(id=f"gw{number}")
        self.sent: list[int] = []
        self.shutting_down = False

    def send_runtest_some(self, indexes: list[int]) -> None:
        self.sent += indexes

    def shutdown(self) -> None:
        self.shutting_down = True


def scheduled(collections: list[list[str]]) -> list[Node]:
    """Schedule the collections of some workers; return the workers."""
    pytest.importorskip("xdist")
    scheduling: Any = StaticScheduling(
        SimpleNamespace(
            getvalue=lambda name: [f"{len(collections)}*popen"],
            option=SimpleNamespace(maxschedchunk=None),
            hook=SimpleNamespace(pytest_collectreport=lambda report: None),
            getoption=lambda name: None,
        )
    )
    scheduling.numnodes = len(collections)
    nodes = [Node(number) for number in range(len(collections))]
    for node, collection in zip(nodes, collections, strict=True):
        scheduling.add_node(node)
        scheduling.add_node_collection(node, collection)
    scheduling.schedule()
    return nodes


@pytest.mark.parametrize(("count", "workers"), [(7, 2), (1, 2), (9, 3)])
def test_each_worker_is_sent_its_share_at_the_start(count: int, workers: int) -> None:
    names = [f"s{number}" for number in range(count)]
    nodes = scheduled([names] * workers)
    assert [node.sent for node in nodes] == [list(range(count))[number::workers] for number in range(workers)]
