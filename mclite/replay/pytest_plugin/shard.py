"""What `--shard` leaves out of the items that pytest collected."""

from __future__ import annotations

import pytest

from mclite.replay.pytest_plugin.items import ScenarioItem
from mclite.replay.results.shard import Shard, cost, deal


def leave_out(items: list[pytest.Item], shard: Shard) -> list[pytest.Item]:
    """Keep the items of `shard`, and return the others; what is no scenario belongs to the first shard."""
    parts = deal({item.nodeid: cost(item.scenario) for item in items if isinstance(item, ScenarioItem)}, shard.of)
    kept = [item for item in items if parts.get(item.nodeid, 1) in shard.numbers]
    left = [item for item in items if parts.get(item.nodeid, 1) not in shard.numbers]
    items[:] = kept
    return left
