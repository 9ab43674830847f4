"""The results of a run against one target; conformance/schema/results.json says what each field is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mclite.replay.judge.offers import Offered
from mclite.replay.judge.record import Record
from mclite.replay.judge.verdicts import Verdict
from mclite.replay.scenario.scenario import Level
from mclite.replay.target.capabilities import Capability

ClientOutcome = Literal["works", "fails", "missing", "unsupported", "not-offered"]


@dataclass(frozen=True, slots=True)
class Suite:
    """The suite that was played."""

    version: str  #: of mclite
    protocol: str  #: the release whose protocol.txt the line numbers are of


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How and when the suite was played."""

    id: str
    started: str  #: UTC
    seconds: float
    judged: str  #: the release judged against
    delivery: str
    transport: str
    complete: bool = True
    held: int | None = None  #: number of scenarios that the suite held for the target
    lost: tuple[str, ...] = ()
    strict: bool = False
    destructive: bool = False
    gate: Level = "must"
    baseline: str | None = None
    reference: str | None = None
    shard: str | None = None  #: `2/3`: the part of the run that was played; None: all of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The server that was played to."""

    name: str
    address: str
    version: str | None
    known_version: str | None
    spawn: str | None
    capabilities: Mapping[str, Capability]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resembles:
    """The release that the target answers like most often, over the scenarios that tell releases apart."""

    version: str
    first: str | None = None
    last: str | None = None
    same: int
    of: int
    scores: Mapping[str, int] = field(default_factory=dict)
    others: tuple[str, ...]

    @property
    def releases(self) -> str:
        """The release, or the range of releases of which none differs in what was asked."""
        first, last = self.first or self.version, self.last or self.version
        return self.version if first == last else f"{first} to {last}"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many scenarios were compared with the reference, and how many answers differ."""

    compared: int
    differs: int
    not_compared: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What the scenarios of a run come to."""

    conforms: bool
    verdicts: Mapping[Verdict, int]
    resembles: Resembles | None
    reference: Counts | None = None  #: None: there was no reference


@dataclass(frozen=True, slots=True)
class ClientCheck:
    """What a client library did in one check."""

    check: str
    title: str
    outcome: ClientOutcome
    reason: str | None
    milliseconds: float
    scenarios: tuple[str, ...] = ()  #: ids of scenarios that may be why it fails


@dataclass(frozen=True, slots=True)
class Client:
    """A real client library, and what it did."""

    name: str
    language: str
    protocol: str
    version: str | None  #: None: not installed
    checks: tuple[ClientCheck, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """All of a run against one target."""

    suite: Suite
    run: Run
    target: Target
    summary: Summary
    scenarios: tuple[Record, ...]
    clients: tuple[Client, ...] = ()
    offers: tuple[Offered, ...] = ()  #: the commands and options that were asked for
