"""Known deviations of a target, owned by those who test their server: a file that a gate can trust.

    target = "memcached 1.6.45"

    [[cause]]
    cause = "incr: ERROR"                             # the command, and the shape of its wrong answer
    reason = "counters come with version 2"
    link = "https://..."                              # where it is followed up; may be left out

    [cause.scenarios]                                 # the fingerprint of each wrong answer
    "arithmetic/incr/one" = "0123456789ab"

    [[cause]]                                         # without scenarios: whatever has this cause, wherever it is shown
    cause = "touch: ERROR"
    reason = "touch will not be offered"

    [[deviation]]                                     # one wrong answer with a reason of its own
    id = "keys/length/too-long-get"
    fingerprint = "0123456789ab"
    reason = "an empty line too many follows the error"

Every answer that is no pass is pinned, at every level.
A deviation that is listed and answers alike is expected. One that answers otherwise has changed, one that is gone
is fixed, one that is not listed is new. A fixed entry, one of a scenario that does not exist, or a cause without
scenarios that no scenario shows is stale: the run fails until somebody takes it out.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mclite.replay import files
from mclite.replay.judge.causes import key
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
    cause: str | None = None  #: under which it is listed; None: it stands alone


@dataclass(frozen=True, slots=True)
class WholeCause:
    """A cause that is known in whatever scenario shows it."""

    cause: str  #: as `causes.key` returns it
    reason: str
    link: str | None = None


class Baseline:
    """The known deviations of one target."""

    def __init__(self, entries: Iterable[Entry] = (), causes: Iterable[WholeCause] = ()) -> None:
        """Hold `entries`, and `causes` that need none."""
        self.entries = {entry.id: entry for entry in entries}
        self.causes = {cause.cause: cause for cause in causes}

    @property
    def size(self) -> str:
        """How many deviations and causes are known, in words."""
        causes = {entry.cause or entry.id for entry in self.entries.values()} | self.causes.keys()
        words = ((len(self.entries), "known deviation"), (len(causes), "cause"))
        return " of ".join(f"{number} {word}{'' if number == 1 else 's'}" for number, word in words)

    def _known(self, made: Record) -> Entry | WholeCause | None:
        """Return what is listed for a record: an entry of its own before its cause."""
        entry = self.entries.get(made.id)
        if entry is not None or made.verdict not in WRONG:
            return entry
        return self.causes.get(key(made))

    def match(self, made: Record) -> Match | None:
        """Return what the baseline says of a record; None when it says nothing."""
        known = self._known(made)
        if made.verdict in WRONG:
            if isinstance(known, Entry):
                return "expected" if known.fingerprint == made.fingerprint else "changed"
            return "expected" if known is not None else "new"
        return "fixed" if known is not None and made.verdict in MATCHED else None

    def marked(self, made: Record) -> Record:
        """Return a record with what the baseline says of it: also why its answer is expected, or was before."""
        known = self._known(made)
        return replace(made, baseline=self.match(made), baseline_reason=known.reason if known is not None else None)

    def stale(self, records: Iterable[Record], others: Mapping[str, str | None]) -> list[str]:
        """Return a sentence for each entry that a complete run leaves without a scenario.

        `others` are the ids of what is no scenario but may be listed, with the cause of each that fails.
        """
        records = list(records)
        gone = self.entries.keys() - {made.id for made in records} - others.keys()
        unseen = self.causes.keys() - {key(made) for made in records if made.verdict in WRONG} - set(others.values())
        return [
            *(f"STALE {name}: the baseline names it, and there is no such scenario here" for name in sorted(gone)),
            *(f"STALE {name!r}: the baseline names this cause, and no scenario shows it" for name in sorted(unseen)),
        ]

    def updated(self, records: Iterable[Record]) -> Baseline:
        """Return the baseline that the records of a complete run match: what is new is put under its cause."""
        kept: dict[str, Entry] = {}
        shown: set[str] = set()
        reasons = {entry.cause: (entry.reason, entry.link) for entry in self.entries.values() if entry.cause}
        for made in records:
            before = self.entries.get(made.id)
            if made.verdict not in WRONG:
                if before is not None and made.verdict not in MATCHED:  # not played: nothing is known of it
                    kept[made.id] = before
                continue
            cause = key(made)
            if before is not None:
                kept[made.id] = replace(before, fingerprint=made.fingerprint or "", cause=before.cause and cause)
            elif cause in self.causes:
                shown.add(cause)
            else:
                reason, link = reasons.setdefault(cause, (f"not explained yet: {_said(made)}", None))
                kept[made.id] = Entry(made.id, made.fingerprint or "", reason, link, cause)
        return Baseline((kept[name] for name in sorted(kept)), (self.causes[name] for name in sorted(shown)))


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
    unknown = document.keys() - {"target", "deviation", "cause"}
    if unknown:
        raise BaselineError(f"the baseline {path} has an unknown key {sorted(unknown)[0]!r}")
    entries = [
        Entry(**table)
        for table, _ in _tables(document, "deviation", ("id", "fingerprint", "reason"), f"the baseline {path}")
    ]
    whole = []
    for table, where in _tables(document, "cause", ("cause", "reason"), f"the baseline {path}"):
        scenarios = table.pop("scenarios", None)
        if scenarios is None:
            if ": " not in table["cause"]:
                raise BaselineError(f"{where}: a cause is a command and a shape, such as 'incr: ERROR'")
            whole.append(WholeCause(**table))
        elif not scenarios:
            raise BaselineError(f"{where}: scenarios is empty; without it all that has this cause is known")
        else:
            entries += [Entry(name, fingerprint, **table) for name, fingerprint in scenarios.items()]
    if len({entry.id for entry in entries}) < len(entries):
        raise BaselineError(f"the baseline {path} names a scenario twice")
    if len({cause.cause for cause in whole}) < len(whole):
        raise BaselineError(f"the baseline {path} names a cause without scenarios twice")
    return Baseline(entries, whole)


def _tables(
    document: dict[str, Any], kind: str, needed: tuple[str, ...], where: str
) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each checked table of a kind, and where it is."""
    tables = document.get(kind, [])
    if not isinstance(tables, list):
        raise BaselineError(f"{where}: {kind}s are written as [[{kind}]]")
    allowed = (*needed, "link", *(("scenarios",) if kind == "cause" else ()))
    for number, table in enumerate(tables, 1):
        here = f"{where}, [[{kind}]] {number}"
        if not isinstance(table, dict) or table.keys() - set(allowed):
            raise BaselineError(f"{here}: only {', '.join(allowed[:-1])} and {allowed[-1]} may stand there")
        scenarios = table.get("scenarios", {})
        values = [value for name, value in table.items() if name != "scenarios"]
        if not isinstance(scenarios, dict) or not all(
            isinstance(value, str) for value in (*values, *scenarios.values())
        ):
            what = ", ".join(name for name in allowed if name != "scenarios")
            raise BaselineError(f"{here}: {what} are strings, and so are the fingerprints of scenarios")
        for name in needed:
            if not table.get(name, "").strip():
                raise BaselineError(f"{here}: the {name} is missing")
        yield dict(table), here


def write(baseline: Baseline, path: Path, target: str) -> None:
    """Write a baseline; raise WriteError."""
    lines = [f"# Known deviations of {target}.", f"target = {json.dumps(target)}"]
    under: dict[tuple[str, str, str | None], list[Entry]] = {}
    for entry in baseline.entries.values():
        if entry.cause is not None:
            under.setdefault((entry.cause, entry.reason, entry.link), []).append(entry)
            continue
        lines += ["", "[[deviation]]", f"id = {json.dumps(entry.id)}"]
        lines += [f"fingerprint = {json.dumps(entry.fingerprint)}", *_why(entry.reason, entry.link)]
    for whole in baseline.causes.values():
        lines += ["", "[[cause]]", f"cause = {json.dumps(whole.cause)}", *_why(whole.reason, whole.link)]
    for (cause, reason, link), entries in sorted(under.items(), key=lambda item: (-len(item[1]), item[0][:2])):
        lines += ["", "[[cause]]", f"cause = {json.dumps(cause)}", *_why(reason, link), "[cause.scenarios]"]
        lines += [f"{json.dumps(entry.id)} = {json.dumps(entry.fingerprint)}" for entry in entries]
    files.write("\n".join(lines) + "\n", path)


def _why(reason: str, link: str | None) -> list[str]:
    return [f"reason = {json.dumps(reason)}", *([f"link = {json.dumps(link)}"] if link else [])]
