from __future__ import annotations

import pytest

from mclite.replay.combinations.model import Model
from mclite.replay.combinations.table import GONE, STATES


@pytest.mark.parametrize("name", STATES)
def test_a_state_is_what_it_is_called(name: str) -> None:
    model = Model()
    for request, data in STATES[name].requests:
        verb = request.split(" ")[0]
        (model.meta if verb in ("mg", "md", "ms") else model.classic)(request, data)
    item = model.alive()
    assert (item is None) == (name in GONE)
    if item is not None:
        assert item.stale == (name in ("stale", "won"))
        assert item.won == (name in ("won", "vivified"))
        assert (item.ttl is None) == name.startswith("endless")
