"""What the client libraries did, as the results say it: a library an entry, a check a row of it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from mclite.replay.results.write import answers_like
from mclite.replay.scenario.versions import PROTOCOL_VERSION

Record = dict[str, Any]

#: Verdicts of scenarios that explain why a client fails.
_WRONG = ("fail", "differs", "warn", "unsupported", "target-died")
#: Behind these come answers of older servers; what is neither has nothing to do with it.
_UNRELATED = len(_WRONG) + 2
#: Chapters that clients of every protocol build on.
_BOTH = frozenset({"wire", "connections", "limits", "expiration"})
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
    """Return the entries of the results; a check that fails names the scenarios that may be the reason."""
    out = []
    for entry in clients.values():
        checks = []
        for check in entry["checks"]:
            made = {key: value for key, value in check.items() if key != "chapters"}
            if check["outcome"] == "fails":
                made["scenarios"] = related(check["chapters"], entry["protocol"], records)
            checks.append(made)
        out.append({**entry, "checks": checks})
    return out


def related(chapters: Sequence[str], protocol: str, records: Mapping[str, Record]) -> list[str]:
    """Return the ids of scenarios of these chapters that may be why a library of `protocol` fails.

    First come those that the target does not pass, the worst first, then those in which it answers as only older
    servers do: a library may be too new for it. Of each kind the chapters have their turns.
    """
    meta = protocol == "meta"
    columns = []
    for chapter in chapters:
        if chapter.startswith("meta_") == meta or chapter in _BOTH:
            found = [(_rank(made), made["id"]) for made in records.values() if made["chapter"] == chapter]
            columns.append(sorted(pair for pair in found if pair[0] < _UNRELATED))
    turns = [pair for turn in itertools.zip_longest(*columns) for pair in turn if pair is not None]
    turns.sort(key=lambda pair: pair[0])
    return [name for _, name in turns[:MOST]]


def _rank(made: Record) -> int:
    if made["verdict"] in _WRONG:
        return _WRONG.index(made["verdict"])
    if made["outcome"] == "match" and made.get("until"):
        return _UNRELATED - 2
    like = answers_like(made.get("like", {}))
    return _UNRELATED - 1 if like.get(PROTOCOL_VERSION) is False else _UNRELATED
