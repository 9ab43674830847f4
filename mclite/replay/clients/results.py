"""What the client libraries did, as the results say it: a library an entry, a check a row of it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mclite.replay.clients.checks import CHECKS, named
from mclite.replay.judge.record import Record
from mclite.replay.results.document import Client, ClientCheck
from mclite.replay.results.write import answers_like
from mclite.replay.scenario.versions import PROTOCOL_VERSION

#: Verdicts of scenarios that explain why a client fails.
_WRONG = ("fail", "differs", "warn", "unsupported", "target-died")
#: Behind these come answers of older servers; what is neither has nothing to do with it.
_UNRELATED = len(_WRONG) + 2
#: Chapters that clients of every protocol build on.
_BOTH = frozenset({"wire", "connections", "limits", "expiration"})
#: So many of them are named.
MOST = 10


def gather(clients: dict[str, Client], found: Client) -> None:
    """Add the check of one library to `clients`, by name."""
    known = clients.setdefault(found.name, replace(found, checks=()))
    clients[found.name] = replace(known, checks=known.checks + found.checks)


def explained(clients: Mapping[str, Client], records: Mapping[str, Record]) -> tuple[Client, ...]:
    """Return the libraries for the results: a check that fails names the scenarios that may be the reason."""
    return tuple(
        replace(client, checks=tuple(_explained(check, client.protocol, records) for check in client.checks))
        for client in clients.values()
    )


def _explained(check: ClientCheck, protocol: str, records: Mapping[str, Record]) -> ClientCheck:
    if check.outcome != "fails":
        return check
    return replace(check, scenarios=tuple(related(named(CHECKS, check.check).chapters, protocol, records)))


def related(chapters: Sequence[str], protocol: str, records: Mapping[str, Record]) -> list[str]:
    """Return the ids of scenarios of these chapters that may be why a library of `protocol` fails.

    First come those that the target does not pass, the worst first, then those in which it answers as only older
    servers do: a library may be too new for it. Of each kind the chapters have their turns.
    """
    meta = protocol == "meta"
    columns = []
    for chapter in chapters:
        if chapter.startswith("meta_") == meta or chapter in _BOTH:
            found = [(_rank(made), made.id) for made in records.values() if made.chapter == chapter]
            columns.append(sorted(pair for pair in found if pair[0] < _UNRELATED))
    turns = [pair for turn in itertools.zip_longest(*columns) for pair in turn if pair is not None]
    turns.sort(key=lambda pair: pair[0])
    return [name for _, name in turns[:MOST]]


def _rank(made: Record) -> int:
    if made.verdict in _WRONG:
        return _WRONG.index(made.verdict)
    if made.outcome == "match" and made.until:
        return _UNRELATED - 2
    return _UNRELATED - 1 if answers_like(made.like).get(PROTOCOL_VERSION) is False else _UNRELATED
