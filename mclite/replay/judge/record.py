"""One scenario as the results say it: what it claims, what happened, and the verdict."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from mclite.replay.judge.blame import blamed_request
from mclite.replay.judge.verdicts import Verdict, fails
from mclite.replay.play import outcome as play
from mclite.replay.play.outcome import Outcome, Result
from mclite.replay.scenario.scenario import Level, Scenario
from mclite.replay.scenario.versions import Version
from mclite.replay.scenario.wire import brief, escape

#: What a baseline says of a record.
Match = Literal["expected", "changed", "fixed", "new", "unmatched"]


class Event(NamedTuple):
    """One event of a transcript: `>` sent, `<` received, `!` something else happened."""

    conn: str
    kind: str
    text: str  #: as wire; what happened, for people
    at: float | None = None  #: milliseconds since the scenario began


Transcript = tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class KnownFault:
    """The fault of the release that a wrong answer is."""

    id: str
    reason: str
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the reference did with the same script."""

    outcome: Outcome  #: not-run: the reason says why
    same: bool | None  #: None: nothing could be compared
    reason: str | None = None
    step: int | None = None  #: line of the talk at which the answers differ
    target: str | None = None  #: wire: what the target answered there
    got: str | None = None  #: wire: what the reference answered there
    transcript: Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The result of one scenario; conformance/schema/results.json says what each field is."""

    id: str
    title: str
    chapter: str
    section: str
    lines: tuple[str, ...]
    level: Level
    since: str | None = None
    until: str | None = None
    requires: tuple[str, ...] = ()
    scope: str = "key"
    transport: str | None = None
    commands: tuple[str, ...] = ()
    note: str | None = None
    file: str
    talk: str = ""
    outcome: Outcome
    verdict: Verdict
    reason: str | None = None
    request: str | None = None
    step: int | None = None
    want: str | None = None
    got: str | None = None
    at: int | None = None
    framing: str | None = None
    fingerprint: str | None = None
    milliseconds: float
    replay: str = ""
    fault: KnownFault | None = None
    like: Mapping[str, bool] = field(default_factory=dict)
    reference: Comparison | None = None
    baseline: Match | None = None
    baseline_reason: str | None = None
    transcript: Transcript

    @property
    def differs(self) -> bool:
        """Whether the target answered otherwise than the reference."""
        return self.reference is not None and self.reference.same is False

    @property
    def died(self) -> bool:
        """Whether the target died, and no baseline knows that it does."""
        return self.verdict == "target-died" and self.baseline != "expected"

    def fails(self, gate: Level = "must", strict: bool = False) -> bool:
        """Tell whether it fails the run: what its baseline says of it counts before its verdict."""
        if self.baseline in ("expected", "new", "changed"):
            return self.baseline != "expected"
        return fails(self.verdict, gate, strict)


def record(
    scenario: Scenario, result: Result, verdict: Verdict, reason: str | None, replay: str, judged: Version
) -> Record:
    """Return one scenario, played as of release `judged`, as the results say it."""
    failed = result.outcome not in ("match", "not-run")
    return Record(
        id=scenario.id,
        title=scenario.title,
        chapter=scenario.chapter,
        section=scenario.section,
        lines=tuple(scenario.lines),
        level=scenario.level,
        since=_written(scenario.since),
        until=_written(scenario.until),
        requires=tuple(scenario.requires),
        scope=scenario.scope,
        transport=scenario.transport,
        commands=tuple(scenario.commands),
        note=scenario.note,
        file=scenario.file,
        talk=scenario.talk.source,
        outcome=result.outcome,
        verdict=verdict,
        reason=reason,
        request=blamed_request(scenario.talk.script(judged), result) if failed else None,
        step=result.step,
        want=result.want,
        got=brief(result.got) if result.got is not None else None,
        at=result.at,
        framing=result.framing,
        fingerprint=fingerprint(result) if failed else None,
        milliseconds=result.milliseconds,
        replay=replay,
        transcript=transcript(result.events),
    )


def _written(version: Version | None) -> str | None:
    return ".".join(map(str, version)) if version is not None else None


def transcript(events: Iterable[play.Event]) -> Transcript:
    """Return what happened as the results say it: wire for bytes, text for the rest."""
    return tuple(
        Event(conn, kind, brief(data) if isinstance(data, bytes) else data, at) for conn, kind, data, at in events
    )


#: A cas unique: of a VALUE line, the flag c of a meta answer, a field of a dump.
_UNIQUE = re.compile(rb"(^VALUE [^ ]+ [0-9]+ [0-9]+ | c|\bcas=)[0-9]+(?![^ \r\n])", re.MULTILINE)


def fingerprint(result: Result) -> str:
    """Return a short name of a wrong answer: the same in every run in which the target answers alike.

    Keys, values that the target gave, cas uniques, and long numbers such as times are taken out of it.
    """
    if result.outcome == "died":
        return hashlib.sha256(b"died").hexdigest()[:12]  # when it ends is a matter of chance
    got = result.got or b""
    for name, value in sorted(result.values.items(), key=lambda item: -len(item[1])):
        if len(value) > 3 or name.startswith("key"):
            got = got.replace(value, b"{%s}" % name.encode())
        if name.startswith("key"):
            got = got.replace(base64.b64encode(value), b"{%s|base64}" % name.encode())
    got = _UNIQUE.sub(rb"\1N", re.sub(rb"[0-9]{5,}", b"N", got))
    text = f"{result.outcome} {result.step} {escape(got)}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]
