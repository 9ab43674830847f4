"""What the client libraries did, as the results say it: a library an entry, a check a row of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Record = dict[str, Any]

#: Verdicts of scenarios that explain why a client fails.
_WRONG = ("fail", "differs", "warn", "unsupported", "target-died")
#: So many of them are named.
MOST = 10


def gather(clients: dict[str, Record], found: Record) -> None:
    """Add one check of one library to `clients`."""
    entry = clients.setdefault(
        found["name"],
        {**{key: found[key] for key in ("name", "language", "protocol", "version")}, "checks": []},
    )
    check = {key: found[key] for key in ("check", "title", "outcome", "reason", "milliseconds")}
    entry["checks"].append({**check, "chapters": found["chapters"]})


def document(clients: Mapping[str, Record], records: Mapping[str, Record]) -> list[Record]:
    """Return the entries of the results; a check that fails names the scenarios that the target fails, too."""
    out = []
    for entry in clients.values():
        checks = []
        for check in entry["checks"]:
            made = {key: value for key, value in check.items() if key != "chapters"}
            if check["outcome"] == "fails":
                made["scenarios"] = related(check["chapters"], records)
            checks.append(made)
        out.append({**entry, "checks": checks})
    return out


def related(chapters: list[str], records: Mapping[str, Record]) -> list[str]:
    """Return the ids of scenarios of these chapters that the target does not pass, the worst first."""
    wrong = [made for made in records.values() if made["chapter"] in chapters and made["verdict"] in _WRONG]
    wrong.sort(key=lambda made: (_WRONG.index(made["verdict"]), made["id"]))
    return [made["id"] for made in wrong[:MOST]]
