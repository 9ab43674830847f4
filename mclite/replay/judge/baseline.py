"""Known deviations of a target, owned by those who test their server: a file that a gate can trust.

    target = "memcached 1.6.45"

    [[deviation]]
    id = "keys/length/too-long-get"
    fingerprint = "0123456789ab"                      # of the wrong answer
    reason = "an empty line too many follows the error"
    link = "https://..."                              # where the fault is followed up; may be left out

Every answer that is no pass is pinned, at every level.
A deviation that is listed and answers alike is expected. One that answers otherwise has changed, one that is gone
is fixed, one that is not listed is new. A fixed entry, or one of a scenario that does not exist, is stale: the run
fails until somebody takes it out.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from mclite.replay import files
from mclite.replay.judge.record import Match, Record
from mclite.replay.judge.verdicts import MATCHED

#: Verdicts of an answer that was not the right one.
WRONG = frozenset({"fail", "warn", "differs", "target-died", "suite-error"})


class BaselineError(Exception):
    """A baseline cannot be read; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One known deviation."""

    id: str
    fingerprint: str
    reason: str
    link: str | None = None


class Baseline:
    """The known deviations of one target."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        """Hold `entries`."""
        self.entries = {entry.id: entry for entry in entries}

    def match(self, made: Record) -> Match | None:
        """Return what the baseline says of a record; None when it says nothing."""
        entry = self.entries.get(made.id)
        if made.verdict in WRONG:
            if entry is not None:
                return "expected" if entry.fingerprint == made.fingerprint else "changed"
            return "new"
        return "fixed" if entry is not None and made.verdict in MATCHED else None

    def marked(self, made: Record) -> Record:
        """Return a record with what the baseline says of it: also why its answer is expected, or was before."""
        entry = self.entries.get(made.id)
        return replace(made, baseline=self.match(made), baseline_reason=entry.reason if entry is not None else None)

    def unmatched(self, ids: Iterable[str]) -> list[str]:
        """Return the entries of scenarios that are none of `ids`."""
        return sorted(self.entries.keys() - set(ids))

    def updated(self, records: Iterable[Record]) -> Baseline:
        """Return the baseline that the records of a complete run match."""
        kept: dict[str, Entry] = {}
        for made in records:
            before = self.entries.get(made.id)
            if made.verdict in WRONG:
                reason = before.reason if before else f"not explained yet: {_said(made)}"
                link = before.link if before else None
                kept[made.id] = Entry(made.id, made.fingerprint or "", reason, link)
            elif before is not None and made.verdict not in MATCHED:  # not played: nothing is known of it
                kept[made.id] = before
        return Baseline(kept[name] for name in sorted(kept))


def _said(made: Record) -> str:
    if made.want and made.got:
        return f"want {made.want}, got {made.got}"[:200]
    return (made.reason or made.outcome)[:200]


def read(path: Path) -> Baseline:
    """Read a baseline; raise BaselineError naming what is wrong in it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BaselineError(f"the baseline {path} cannot be read: {error}") from None
    unknown = document.keys() - {"target", "deviation"}
    if unknown:
        raise BaselineError(f"the baseline {path} has an unknown key {sorted(unknown)[0]!r}")
    entries = []
    for number, table in enumerate(document.get("deviation", []), 1):
        where = f"the baseline {path}, [[deviation]] {number}"
        if not isinstance(table, dict) or table.keys() - {"id", "fingerprint", "reason", "link"}:
            raise BaselineError(f"{where}: only id, fingerprint, reason and link may stand there")
        if not all(isinstance(value, str) for value in table.values()):
            raise BaselineError(f"{where}: id, fingerprint, reason and link are strings")
        for key in ("id", "fingerprint", "reason"):
            if not table.get(key, "").strip():
                raise BaselineError(f"{where}: the {key} is missing")
        entries.append(Entry(**table))
    if len({entry.id for entry in entries}) < len(entries):
        raise BaselineError(f"the baseline {path} names a scenario twice")
    return Baseline(entries)


def write(baseline: Baseline, path: Path, target: str) -> None:
    """Write a baseline; raise WriteError."""
    lines = [f"# Known deviations of {target}.", f"target = {json.dumps(target)}"]
    for entry in baseline.entries.values():
        lines += ["", "[[deviation]]", f"id = {json.dumps(entry.id)}"]
        lines += [f"fingerprint = {json.dumps(entry.fingerprint)}", f"reason = {json.dumps(entry.reason)}"]
        if entry.link:
            lines.append(f"link = {json.dumps(entry.link)}")
    files.write("\n".join(lines) + "\n", path)
