"""Holds tables of TOML against the keys that they may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def misfit(table: Any, kinds: Mapping[str, type], where: str) -> str | None:
    """Return what is wrong with a table: that it is none, an unknown key, a value of another type; None if it fits."""
    if not isinstance(table, dict):
        return f"{where} must be a table"
    for key, value in table.items():
        if key not in kinds:
            return f"{where}: unknown key {key!r}; there are {', '.join(kinds)}"
        if not isinstance(value, kinds[key]):
            return f"{where}: {key} must be a {kinds[key].__name__}"
    return None
