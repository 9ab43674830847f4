"""The clients chapter: which libraries work against which target, and why the others do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mclite.replay.report.support import Status
from mclite.replay.results.document import Client, Results

#: Characters of a library's name, and of a reason, that the page shows.
LONGEST_NAME, LONGEST_REASON = 60, 240


@dataclass(frozen=True, slots=True)
class Note:
    """Why a check was not passed, and which scenarios of its chapters the target does not pass either."""

    title: str
    reason: str
    scenarios: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """What one library did with one target."""

    status: Status
    text: str
    summary: str = ""
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """A library, with a cell a target."""

    name: str
    about: str
    cells: list[Cell]


def table(runs: Sequence[Results]) -> list[Row]:
    """Return a row a library that some run tried, in the order in which they were tried."""
    tried = [{client.name: client for client in run.clients} for run in runs]
    names = list(dict.fromkeys(name for clients in tried for name in clients))
    rows = []
    for name in names:
        first = next(clients[name] for clients in tried if name in clients)
        versions = dict.fromkeys(clients[name].version for clients in tried if name in clients)
        about = ", ".join([first.language, f"{first.protocol} protocol", *filter(None, versions)])
        rows.append(Row(_cut(name, LONGEST_NAME), _cut(about, LONGEST_NAME), [_cell(c.get(name)) for c in tried]))
    return rows


def _cell(client: Client | None) -> Cell:
    if client is None or not client.checks:
        return Cell("untested", "not tried")
    checks = client.checks
    notes = [
        Note(check.title, _cut(check.reason or check.outcome, LONGEST_REASON), check.scenarios)
        for check in checks
        if check.outcome != "works"
    ]
    outcomes = [check.outcome for check in checks]
    worked, failed = outcomes.count("works"), outcomes.count("fails")
    if "missing" in outcomes:
        return Cell("untested", "not installed", "how to install it", notes)
    if not worked and not failed:
        return Cell("unsupported" if "unsupported" in outcomes else "untested", "not supported", "why", notes)
    if failed:
        text = f"{worked} of {worked + failed}"
        return Cell("partly" if worked else "unsupported", text, f"{failed} failed", notes)
    return Cell("supported", "works", f"{len(notes)} not tried" if notes else "", notes)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
