"""What an application wants of a client library, whatever the library calls it."""

from __future__ import annotations

import importlib
import importlib.metadata
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

#: Where a server listens: a host and a port.
Place = tuple[str, int]
Protocol = Literal["text", "meta", "binary"]


class NotOffered(Exception):  # noqa: N818  # no error: the library has no such thing
    """The library does not offer what was asked of it; the text says what."""


class Library(ABC):
    """A client of one or more servers. Values are what the library takes: see `values`."""

    name: ClassVar[str]
    package: ClassVar[str]  #: as its registry calls it
    install: ClassVar[str] = "pip install 'mclite[clients]'"
    language: ClassVar[str] = "Python"
    protocol: ClassVar[Protocol] = "text"
    #: Values that the library promises to give back as they were.
    values: ClassVar[tuple[Any, ...]] = (
        "text",
        "höhe \N{SNOWMAN}",
        b"\x00\xff\r\n",
        42,
        1.5,
        {"a": [1, None]},
        True,
        "",
    )
    servers: ClassVar[int] = 1  #: how many it is given
    #: Checks that the library fails with real memcached of every version, too: the fault is its own.
    faults: ClassVar[dict[str, str]] = {}

    @abstractmethod
    def __init__(self, places: Sequence[Place]) -> None:
        """Connect to the servers at `places`, with timeouts of 2 seconds."""

    @classmethod
    def version(cls) -> str | None:
        """Return the version that is installed, None when it is not."""
        try:
            return importlib.metadata.version(cls.package)
        except importlib.metadata.PackageNotFoundError:
            return None

    def value(self, text: str) -> Any:
        """Return a text as a value that the library takes."""
        return text

    @abstractmethod
    def set(self, key: str, value: Any, seconds: int = 0) -> bool:
        """Store; return whether it was stored."""

    @abstractmethod
    def get(self, key: str) -> Any:
        """Return the value, None when there is none."""

    @abstractmethod
    def get_many(self, keys: Sequence[str]) -> dict[str, Any]:
        """Return the values that there are."""

    @abstractmethod
    def add(self, key: str, value: Any) -> bool:
        """Store unless there is one; return whether it was stored."""

    @abstractmethod
    def delete(self, key: str) -> bool:
        """Delete; return whether there was one."""

    @abstractmethod
    def incr(self, key: str, by: int) -> int:
        """Add to a counter, or subtract when `by` is negative; return the new value."""

    def counter(self, key: str, value: int) -> bool:
        """Store a number to count with."""
        return self.set(key, str(value))

    @abstractmethod
    def change(self, key: str, function: Callable[[Any], Any]) -> bool:
        """Fetch with gets, and store what the function makes of it with cas; return whether nobody came between."""

    @abstractmethod
    def close(self) -> None:
        """Hang up."""


def module(name: str) -> Any:
    """Import a module of a client library."""
    return importlib.import_module(name)
