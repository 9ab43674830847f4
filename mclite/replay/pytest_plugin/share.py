"""Which worker of pytest-xdist plays what: every n-th item, known before the first one is played."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import pytest

try:
    from xdist.scheduler import LoadScheduling  # type: ignore[import-untyped]
except ImportError:  # without pytest-xdist nobody asks for a scheduler
    if not TYPE_CHECKING:
        LoadScheduling = object

Item = TypeVar("Item")


def is_controller(config: pytest.Config) -> bool:
    """Tell whether this process only hands out work to xdist workers."""
    return not hasattr(config, "workerinput") and getattr(config.option, "dist", "no") != "no"


def worker_share(config: pytest.Config, items: Sequence[Item]) -> list[Item]:
    """Return the items that this process plays: all, or a worker's share."""
    worker = getattr(config, "workerinput", None)
    if worker is None:
        return list(items)
    return list(items[_number(worker["workerid"]) :: worker["workercount"]])


def _number(worker_id: str) -> int:
    return int(worker_id.removeprefix("gw"))


class StaticScheduling(LoadScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Hands every worker its share at the start; only what a crashed worker left is handed out anew."""

    collection: list[str] | None
    maxschedchunk: int | None

    def schedule(self) -> None:
        """Send the shares when all workers have collected the same."""
        if self.collection is not None or not self._check_nodes_have_same_collection():
            super().schedule()
            return
        self.collection = next(iter(self.node2collection.values()))
        if self.maxschedchunk is None:
            self.maxschedchunk = len(self.collection)
        everything = range(len(self.collection))
        taken: set[int] = set()
        for node in self.nodes:
            share = list(everything[_number(node.gateway.id) :: self.numnodes])
            taken.update(share)
            self.node2pending[node].extend(share)
            if share:
                node.send_runtest_some(share)
        self.pending[:] = [index for index in everything if index not in taken]
        for node in self.nodes:
            self.check_schedule(node)
