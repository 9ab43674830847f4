from __future__ import annotations

import pytest

from mclite.replay.combinations.table import STATES, Table
from mclite.replay.combinations.tables import CHANGES, TABLES
from mclite.replay.scenario.sections import SECTIONS
from mclite.replay.scenario.versions import KNOWN


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_whole(table: Table) -> None:
    names = [dimension.name for dimension in table.dimensions]
    assert len(set(names)) == len(names)
    assert set(table.order) <= set(names)
    assert {"state", "delivery"} <= set(names)
    assert names[-1] == "ask"
    first, last = SECTIONS[table.section]
    low, high = table.lines.split("-")
    assert first <= int(low) < int(high) <= last
    for dimension in table.dimensions:
        assert set(dimension.since) <= set(dimension.values)
        assert set(dimension.since.values()) <= set(KNOWN)
    assert set(next(one for one in table.dimensions if one.name == "state").values) <= set(STATES)


def test_every_command_has_a_table() -> None:
    said = {request.split(" ")[0] for request, _ in CHANGES.values()}
    assert said >= {"set", "add", "replace", "append", "prepend", "cas", "incr", "decr", "delete", "touch"}
    assert said >= {"get", "gets", "gat", "gats", "mg", "ms", "md", "ma"}
    assert len({table.name for table in TABLES}) == len(TABLES)
