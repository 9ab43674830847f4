"""What the commands return, where a bool, a number or a value is not enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal

from mclite.client.value import V

MetaCode = Literal["HD", "VA", "EN", "NF", "NS", "EX", "MN"]


@dataclass(frozen=True, slots=True)
class Item(Generic[V]):
    """An item as a retrieval command gives it: `cas` is None unless it was fetched with gets or gats."""

    key: bytes
    value: V
    flags: int
    cas: int | None = None


@dataclass(frozen=True, slots=True)
class MetaResult(Generic[V]):
    """The answer to a meta command: what was not asked for is None.

    `value` the data; `flags` the client flags; `cas` the cas unique; `ttl` the seconds left, -1 for ever; `size` the
    bytes of the data; `hit_before` and `last_access` (seconds ago) as they were before this command; `key` and
    `opaque` as the server returned them. `won`: this client won the recache; `stale`: the item was marked as stale;
    `sent_win`: another client has won (protocol.txt 667-694).
    """

    code: MetaCode
    value: V | None = None
    flags: int | None = None
    cas: int | None = None
    ttl: int | None = None
    size: int | None = None
    hit_before: bool | None = None
    last_access: int | None = None
    key: bytes | None = None
    opaque: bytes | None = None
    won: bool = False
    stale: bool = False
    sent_win: bool = False

    @property
    def hit(self) -> bool:
        """Did the command find, store, change or delete what it was meant to?"""
        return self.code in ("HD", "VA")

    @property
    def number(self) -> int:
        """The value as a number, as meta arithmetic returns it. Raises ValueError if there is none."""
        if self.value is None:
            raise ValueError("the answer has no value")
        return int(self.value)  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True, slots=True)
class DumpedItem:
    """An item as `lru_crawler metadump` lists it: exptime in Unix seconds, -1 for never (protocol.txt 1138-1165)."""

    key: bytes
    exptime: int
    last_access: int
    cas: int
    fetched: bool
    size: int
    fields: dict[str, str]
    """everything on the line, unchanged"""
