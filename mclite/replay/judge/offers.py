"""Which documented commands and options a target offers, and which of those that are absent count against it.

state         of what
offered       answers as one who has it
not-offered   is refused as an unknown command is: one failure, whatever needs it is `unsupported`
declared      declared absent, and it is, or it was not asked for
answers       declared absent, but it answers: told, and no failure
older         absent, and the release that the target is judged as has no such thing either
known         absent, and the release is known for that (faults.py)
not-tried     asking could harm a server that the suite did not start: nothing is said of it, unless it is required
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from mclite.replay.judge.baseline import Baseline, Entry, WholeCause
from mclite.replay.judge.faults import Faults
from mclite.replay.judge.record import Match, Record
from mclite.replay.judge.verdicts import MATCHED
from mclite.replay.scenario.offers import Declared, Kind, Offer, documented
from mclite.replay.scenario.versions import Version

State = Literal["offered", "not-offered", "declared", "answers", "older", "known", "not-tried"]
STATES: tuple[State, ...] = get_args(State)
_ANSWER = re.compile(r"` was answered `([^`]*?)(?:\\r)?(?:\\n)?`$")


@dataclass(frozen=True, slots=True)
class Offered:
    """One command or option, and what is said of it."""

    name: str
    kind: Kind
    state: State
    evidence: str
    lines: tuple[str, ...] = ()  #: of protocol.txt
    required: bool = False
    baseline: Match | None = None
    baseline_reason: str | None = None

    @property
    def id(self) -> str:
        """The name of its item, as scenarios have one."""
        return f"offers/{self.name}"

    @property
    def fails(self) -> bool:
        """Tell whether it counts against the target: absent though expected, or required and not tried."""
        return self.state == "not-offered" or (self.state == "not-tried" and self.required)

    def fails_run(self, strict: bool = False) -> bool:
        """Tell whether it fails a run: the baseline may expect it; with `strict` a known fault of the release does."""
        if self.baseline is not None:
            return self.baseline in ("new", "changed")
        return self.fails or (strict and self.state == "known")

    @property
    def reason(self) -> str:
        """What is to be said of it, in a sentence without its end."""
        match self.state:
            case "not-tried":
                return f"{self.name} is {'required, and ' if self.required else ''}not tried: {self.evidence}"
            case "declared":
                return f"{self.name} is declared absent"
            case "answers":
                return f"{self.name} is declared absent, but {self.evidence}"
            case "offered":
                return f"{self.name} is offered: {self.evidence}"
            case _:
                return f"{self.name} is not offered: {self.evidence}"

    @property
    def happened(self) -> str:
        """What the target did, in a few words: `answered ERROR`."""
        if self.state == "not-tried":
            return "required, and not tried"
        found = _ANSWER.search(self.evidence)
        return f"answered {found[1]}" if found else self.evidence.rsplit("` ", 1)[-1]

    @property
    def cause(self) -> str:
        """The name of its cause in a baseline, the same of all that are refused alike."""
        return f"not offered: {self.happened}"

    @property
    def fingerprint(self) -> str:
        """A short name of the answer, for baselines: the key is no part of it."""
        return hashlib.sha256(f"{self.state} {self.evidence.split('` ', 1)[-1]}".encode()).hexdigest()[:12]


def judge_all(
    found: Mapping[str, tuple[bool | None, str]], declared: Declared, release: Version, faults: Faults
) -> list[Offered]:
    """Return what is said of every documented command and option of a target.

    Args:
        found: by name whether it answered, None when it was not asked, and the evidence
        declared: what somebody says of the target
        release: of memcached, as which the target is judged
        faults: of the releases themselves
    """
    return [
        Offered(
            offer.name,
            offer.kind,
            _state(offer, found[offer.name][0], declared, release, faults),
            found[offer.name][1],
            offer.lines,
            offer.name in declared.required,
        )
        for offer in documented().entries.values()
        if offer.name in found
    ]


def _state(offer: Offer, present: bool | None, declared: Declared, release: Version, faults: Faults) -> State:
    if offer.name in declared.lacks:
        return "answers" if present else "declared"
    if present is None:
        return "not-tried"
    if present:
        return "offered"
    if offer.name not in declared.required:
        if not offer.expected_of(release):
            return "older"
        if faults.lacking(offer.name, release) is not None:
            return "known"
    return "not-offered"


def marked(offers: Iterable[Offered], known: Baseline) -> list[Offered]:
    """Return them with what a baseline says of each."""
    return [replace(one, baseline=_match(one, known), baseline_reason=_reason(one, known)) for one in offers]


def _listed(one: Offered, known: Baseline) -> Entry | WholeCause | None:
    """Return what a baseline lists for one: an entry of its own before its cause."""
    return known.entries.get(one.id) or (known.causes.get(one.cause) if one.fails else None)


def _reason(one: Offered, known: Baseline) -> str | None:
    listed = _listed(one, known)
    return listed.reason if listed is not None else None


def _match(one: Offered, known: Baseline) -> Match | None:
    listed = _listed(one, known)
    if one.fails:
        if isinstance(listed, Entry):
            return "expected" if listed.fingerprint == one.fingerprint else "changed"
        return "expected" if listed is not None else "new"
    return "fixed" if listed is not None and one.state in ("offered", "answers") else None


def pinned(offers: Iterable[Offered], known: Baseline, updated: Baseline) -> Baseline:
    """Return a baseline that expects what fails now, too; reasons that are there are kept.

    Args:
        offers: what was asked for in a complete run
        known: the baseline before the run
        updated: what the scenarios of the run made of it
    """
    entries, causes = dict(updated.entries), dict(updated.causes)
    reasons = {entry.cause: (entry.reason, entry.link) for entry in known.entries.values() if entry.cause}
    for one in offers:
        before = known.entries.get(one.id)
        if not one.fails:
            if before is not None and one.state not in ("offered", "answers"):  # nothing is known of it
                entries[one.id] = before
        elif before is not None:
            entries[one.id] = replace(before, fingerprint=one.fingerprint, cause=before.cause and one.cause)
        elif one.cause in known.causes:
            causes[one.cause] = known.causes[one.cause]
        else:
            reason, link = reasons.setdefault(one.cause, (f"not explained yet: {one.reason}"[:200], None))
            entries[one.id] = Entry(one.id, one.fingerprint, reason, link, one.cause)
    return Baseline((entries[name] for name in sorted(entries)), (causes[name] for name in sorted(causes)))


def matched(records: Iterable[Record]) -> bool:
    """Tell whether a command was answered rightly: to refuse what is no command says nothing about a server."""
    table = documented()
    return any(made.verdict in MATCHED and table.needs(made.commands) for made in records)


def commands(offers: Iterable[Offered]) -> tuple[int, int]:
    """Return how many commands a target offers, and of how many that is known; what was not tried is neither."""
    states = [one.state for one in offers if one.kind == "command"]
    there = sum(state in ("offered", "answers") for state in states)
    return there, sum(state not in ("not-tried", "older") for state in states)
