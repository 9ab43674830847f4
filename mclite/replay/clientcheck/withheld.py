"""What is left out of what is published: bytes of cases that endanger users, until a client's maintainers had them.

The list lies with the scenarios, in `withheld.toml`: which client, which scenarios, why.
"""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mclite.replay.clientcheck.scenario import WITHHELD, folder
from mclite.replay.scenario.scenario import Fault, SuiteError

_FIELDS = {"client", "scenarios", "reason"}


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the list; `scenarios` are ids, or patterns of them such as `keys/*`."""

    client: str
    scenarios: tuple[str, ...]
    reason: str


def load(path: Path | None = None) -> list[Entry]:
    """Read the list; raise SuiteError with what is wrong in it."""
    path = path or folder() / WITHHELD
    try:
        tables = tomllib.loads(path.read_text("utf-8")).get("withheld", [])
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise SuiteError([Fault(path.name, 1, f"cannot be read: {error}")]) from None
    entries = []
    for number, table in enumerate(tables, 1):
        scenarios = table.get("scenarios")
        whole = table.keys() == _FIELDS and all(
            isinstance(table[name], str) and table[name] for name in ("client", "reason")
        )
        if not whole or not isinstance(scenarios, list) or not all(isinstance(one, str) for one in scenarios):
            raise SuiteError([Fault(path.name, 1, f"entry {number} has not client, scenarios and reason")])
        entries.append(Entry(table["client"], tuple(scenarios), table["reason"]))
    return entries


def reason(entries: Sequence[Entry], client: str, scenario: str) -> str | None:
    """Return why the bytes of a scenario with a client are left out, None when they are not."""
    for entry in entries:
        if entry.client == client and any(fnmatch.fnmatchcase(scenario, pattern) for pattern in entry.scenarios):
            return entry.reason
    return None
