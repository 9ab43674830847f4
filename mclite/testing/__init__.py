"""For tests of code that uses memcached: a server in a thread, its clock, and faults to inject.

pytest finds the fixtures by itself (`mclite.testing.fixtures`); this package does not need pytest. Its names are
imported when they are asked for, since pytest imports the package at every start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mclite.store.clock import DebugClock, SystemClock
    from mclite.testing.case import MemcachedTestCase
    from mclite.testing.cluster import Cluster
    from mclite.testing.faults import Faults
    from mclite.testing.misbehaviours import MISBEHAVIOURS
    from mclite.testing.requests import Request, Requests
    from mclite.testing.server import ServerThread

__all__ = [
    "MISBEHAVIOURS",
    "Cluster",
    "DebugClock",
    "Faults",
    "MemcachedTestCase",
    "Request",
    "Requests",
    "ServerThread",
    "SystemClock",
]

_MODULES = {
    "Cluster": "mclite.testing.cluster",
    "DebugClock": "mclite.store.clock",
    "Faults": "mclite.testing.faults",
    "MISBEHAVIOURS": "mclite.testing.misbehaviours",
    "MemcachedTestCase": "mclite.testing.case",
    "Request": "mclite.testing.requests",
    "Requests": "mclite.testing.requests",
    "ServerThread": "mclite.testing.server",
    "SystemClock": "mclite.store.clock",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = globals()[name] = getattr(importlib.import_module(_MODULES[name]), name)
    return value
