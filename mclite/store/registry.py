"""The engines by name: the built-in ones, and those that other distributions offer as entry points `mclite.stores`.

An engine is chosen by NAME or NAME:ARGUMENT. What is registered is a factory: called with the argument, empty if there
is none, and StoreOptions, it returns a Store, or raises StoreError with a sentence for the user.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from mclite.store.base import Store, StoreError
from mclite.store.clock import Clock
from mclite.store.memory import MemoryStore
from mclite.store.slabs import SlabClasses

if TYPE_CHECKING:
    from mclite.store.stats import Stats

GROUP: Final = "mclite.stores"


class StoreOptions(NamedTuple):
    """What every engine is told: the first five are for the constructor of Store.

    `maxbytes` is what items may take, in bytes, 0 for no limit; with `evict` false a full store refuses new items.
    `sync` is what --sync says, for an engine that writes to a disk: always, interval or off.
    """

    clock: Clock
    stats: Stats
    slabs: SlabClasses
    maxbytes: int
    evict: bool
    sync: str = "interval"


Factory = Callable[[str, StoreOptions], Store]


def make_memory(argument: str, options: StoreOptions) -> Store:
    """Make a MemoryStore."""
    if argument:
        raise StoreError("the store memory takes no argument")
    return MemoryStore(options.clock, options.stats, options.slabs, options.maxbytes, options.evict)


def make_disk(argument: str, options: StoreOptions) -> Store:
    """Make a DiskStore in the directory `argument`."""
    if not argument:
        raise StoreError("the store disk needs a directory: disk:DIR")
    try:
        from mclite.store.disk.engine import DiskStore
    except ModuleNotFoundError as error:
        if error.name != "fcntl":
            raise
        raise StoreError("the store disk needs file locks (fcntl), which this system does not have") from None
    return DiskStore(
        argument, options.clock, options.stats, options.slabs, options.maxbytes, options.evict, options.sync
    )


BUILT_IN: Final[dict[str, Factory]] = {"memory": make_memory, "disk": make_disk}


def open_store(text: str, options: StoreOptions) -> Store:
    """Open the store that `text`, NAME or NAME:ARGUMENT, asks for. Raises StoreError."""
    name, _, argument = text.partition(":")
    if name in BUILT_IN:
        return BUILT_IN[name](argument, options)
    factory = _plugin(name)
    try:
        return factory(argument, options)
    except StoreError:
        raise
    except Exception as error:  # whatever a stranger's engine does
        raise StoreError(f"the store {name} cannot be opened: {error!r}") from error


def _plugin(name: str) -> Factory:
    from importlib.metadata import entry_points  # takes long to import, and is seldom needed

    found = entry_points(group=GROUP)
    for entry in found:
        if entry.name == name:
            try:
                factory: Factory = entry.load()
            except Exception as error:  # whatever a stranger's module does when it is imported
                raise StoreError(f"cannot load the store {name} ({entry.value}): {error!r}") from error
            return factory
    names = ", ".join([*BUILT_IN, *sorted({entry.name for entry in found})])
    raise StoreError(f"unknown store {name!r}; there is: {names}")
