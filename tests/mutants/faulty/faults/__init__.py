"""All faults, a row each, by chapter of the suite."""

from __future__ import annotations

from faulty.fault import Fault
from faulty.faults import (
    admin,
    arithmetic,
    authentication,
    connection,
    crawling,
    flush,
    keys,
    later,
    meta,
    meta_items,
    rare,
    retrieval,
    statistics,
    storage,
    values,
    watching,
)

FAULTS: dict[str, Fault] = {}
for _module in (
    connection,
    authentication,
    keys,
    storage,
    values,
    retrieval,
    flush,
    arithmetic,
    meta,
    meta_items,
    statistics,
    admin,
    crawling,
    watching,
    rare,
    later,
):
    for _fault in _module.ROWS:
        if _fault.name in FAULTS:
            raise ValueError(f"two faults are called {_fault.name}")
        FAULTS[_fault.name] = _fault
