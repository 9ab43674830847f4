"""Items and where they live: the abstract Store, which knows what an item means, its engines and its counters.

May import the protocol, for its numbers.
"""

from mclite.store.base import ArithmeticResult, Outcome, Store, StoreError
from mclite.store.clock import Clock, DebugClock, SystemClock
from mclite.store.item import Item
from mclite.store.memory import MemoryStore
from mclite.store.slabs import SlabClasses

__all__ = [
    "ArithmeticResult",
    "Clock",
    "DebugClock",
    "Item",
    "MemoryStore",
    "Outcome",
    "SlabClasses",
    "Store",
    "StoreError",
    "SystemClock",
]
