"""The search: sessions are drawn, played to both servers, and each new kind of difference is shrunk."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mclite.compare.dialogue import Request, Session, Wait, Write, size, spread, writes
from mclite.compare.draw import Enough, draw, sessions
from mclite.compare.kinds import Kind, kind_of, said, shown
from mclite.compare.noise import calm, cut_short, looks_at_space, value_before
from mclite.compare.pair import SURE, Exchange, Pair, TimeUp
from mclite.compare.scenario import Written, prove, section_for, slug_of, talk_of
from mclite.compare.shrink import shrink
from mclite.replay.play.transport import Unreachable
from mclite.replay.scenario.text import Values

#: Seconds that one difference may be shrunk, and how much of the time that is left.
SHRINK_SECONDS, SHRINK_SHARE = 10.0, 0.5
#: How much of the time may be spent waiting for items to expire.
WAITING = 0.1
#: The most kinds that are kept. The most bytes of A's answers in a scenario, and of all scenarios that are written.
KINDS, LONGEST_ANSWERS, LONGEST_FILE = 5000, 1 << 18, 1 << 25


@dataclass(frozen=True, slots=True)
class Limits:
    """Maximum sessions and kinds of difference of a search; None is no limit. A pair limits the time."""

    sessions: int | None = None
    kinds: int | None = None


@dataclass(slots=True)
class Found:
    """A kind of difference: its shortest session, up to where they differ, and what both answered there."""

    kind: Kind
    session: Session
    request: Request  #: the last before the difference
    said: tuple[str, str]  #: by A and by B, for people
    written: Written | None = None  #: None when A's answers are too long for a scenario
    known: bool = False  #: given by the user, as one that does not count

    @property
    def title(self) -> str:
        """The difference in a line."""
        return f"{shown(self.request)}: {self.kind.a} | {self.kind.b}"


@dataclass(slots=True)
class Outcome:
    """What a search found; `died` says that a server is gone, and what was said to it last."""

    found: dict[str, Found] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)  #: sessions, by kind
    noise: Counter[str] = field(default_factory=Counter)
    sessions: int = 0
    requests: int = 0
    answered: int = 0  #: writes that both answered, in the same way and to the end
    replays: int = 0
    waited: float = 0.0  #: seconds, for items to expire
    seconds: float = 0.0
    died: str | None = None
    last: Session = ()

    @property
    def new(self) -> list[Found]:
        """The kinds that count, the shortest sessions first."""
        return sorted((one for one in self.found.values() if not one.known), key=lambda one: size(one.session))


@dataclass(slots=True)
class _Target:
    """The kind that is being shrunk, and the shortest session so far that shows it."""

    kind: Kind
    session: Session
    exchanges: list[Exchange]
    values: Values


Progress = Callable[[Outcome], None]


class Search:
    """Looks for differences between the two servers of a pair."""

    def __init__(
        self,
        pair: Pair,
        limits: Limits,
        *,
        number: int = 0,
        known: frozenset[str] = frozenset(),
        destructive: bool = False,
        waits: bool = True,
        progress: Progress | None = None,
    ) -> None:
        """Draw sessions as the seed `number` says; kinds named in `known` do not count."""
        self.pair = pair
        self.limits = limits
        self.number = number
        self.known = known
        self.progress = progress
        self.outcome = Outcome()
        self._destructive = destructive
        self._waits = waits
        self._began = 0.0
        self._written = 0  # bytes of talks

    def run(self) -> Outcome:
        """Search until a limit is reached; return what was found."""
        self._began = time.monotonic()

        def use(session: Session) -> None:
            if not self._over():
                try:
                    self._try(session)
                    return
                except Unreachable as error:
                    self.outcome.died = str(error)
                except TimeUp:
                    pass
            raise Enough

        draw(sessions(self._destructive, self._waits), self.number, use)
        self.outcome.seconds = time.monotonic() - self._began
        return self.outcome

    def stopped(self) -> Outcome:
        """Return what was found before the search was interrupted."""
        self.outcome.seconds = time.monotonic() - self._began
        return self.outcome

    def _over(self) -> bool:
        limits, outcome = self.limits, self.outcome
        return (
            time.monotonic() >= self.pair.deadline.at
            or (limits.sessions is not None and outcome.sessions >= limits.sessions)
            or (limits.kinds is not None and len(outcome.new) >= limits.kinds)
            or len(outcome.found) >= KINDS
        )

    def _try(self, session: Session) -> None:
        """Play one session, and shrink what new it shows."""
        outcome = self.outcome
        waits = sum(step.seconds for step in session if isinstance(step, Wait))
        if waits and outcome.waited > WAITING * (time.monotonic() - self._began):
            return
        session = calm(session)
        outcome.waited += waits
        outcome.sessions += 1
        outcome.last = session
        if self.progress is not None:
            self.progress(outcome)
        kinds: dict[Kind, list[Exchange]] = {}
        for found, exchanges in self._differences(session):
            kinds.setdefault(found, exchanges)
        for kind, exchanges in kinds.items():
            if str(kind) not in outcome.found:
                target = self._start(kind, session, exchanges)
                if target is None:
                    continue
                self._shrink(target)
                self._settle(target)
            outcome.seen[str(kind)] += 1

    def _start(self, kind: Kind, session: Session, exchanges: list[Exchange]) -> _Target | None:
        """Make sure of a new kind; return what is to be shrunk, None if there is nothing in it."""
        outcome = self.outcome
        if self._reads_space(exchanges):
            outcome.noise["white space"] += 1
            return None
        try:
            again = self._shows(kind, session, SURE)
        except TimeUp:
            outcome.noise["seen once"] += 1
            raise
        if again is None:
            outcome.noise["unsteady"] += 1
            return None
        return _Target(kind, session, again, dict(self.pair.a.values))

    def _shrink(self, target: _Target) -> None:
        """Make the session of a new kind as short as it goes, until time is up."""
        until = time.monotonic() + self.pair.deadline.left(SHRINK_SECONDS / SHRINK_SHARE) * SHRINK_SHARE

        def shows(session: Session) -> bool:
            if time.monotonic() > until or calm(session) != session:
                return False
            exchanges = self._shows(target.kind, session)
            if exchanges is None:
                return False
            target.session, target.exchanges, target.values = session, exchanges, dict(self.pair.a.values)
            if self.progress is not None:
                self.progress(self.outcome)
            return True

        apart = spread(target.session)
        with contextlib.suppress(TimeUp):
            if apart != target.session:
                shows(apart)
            shrink(target.session, shows)

    def _shows(self, kind: Kind, session: Session, quiet: float | None = None) -> list[Exchange] | None:
        """Return the exchanges up to the difference when a session shows it."""
        self.outcome.replays += 1
        return next((exchanges for found, exchanges in self._differences(session, quiet) if found == kind), None)

    def _differences(self, session: Session, quiet: float | None = None) -> list[tuple[Kind, list[Exchange]]]:
        """Play a session; return the differences with the exchanges up to each.

        After the first one that may have changed what the servers hold nothing more can be said. One in a write of
        several requests is looked at again with each in a write of its own, to see which it is.
        """
        found = self._played(session, quiet)
        if any(len(exchanges[-1].write.requests) > 1 or exchanges[-1].write.chop for _, exchanges in found):
            apart = self._played(spread(session), quiet)
            if apart:
                return apart
        return found

    def _played(self, session: Session, quiet: float | None) -> list[tuple[Kind, list[Exchange]]]:
        exchanges: list[Exchange] = []
        found = []
        for exchange in self.pair.play(session, *([] if quiet is None else [quiet])):
            exchanges.append(exchange)
            noise = cut_short(exchange.a, exchange.b)
            if noise is not None:
                self.outcome.noise[noise] += 1
                break
            if not exchange.same:
                found.append((kind_of(exchange), list(exchanges)))
                if not exchange.harmless:
                    break
            self.outcome.requests += len(exchange.write.requests)
            self.outcome.answered += exchange.same and exchange.a.after == "ready"
        return found

    def _reads_space(self, exchanges: list[Exchange]) -> bool:
        """Tell whether arithmetic on white space precedes, or is, the difference: A is asked what it holds."""
        steps = spread(tuple(exchange.write for exchange in exchanges))
        for index, step in enumerate(writes(steps)):
            question = value_before(step.requests[0])
            if question is not None and looks_at_space(self._held(steps[:index], question)):
                return True
        return False

    def _held(self, before: Session, question: str) -> bytes | None:
        """Return the data block with which A answers a question after a session, None if it has none."""
        asked = Write("A", (Request(question),))
        answer = next((last.a for last in self.pair.play((*before, asked)) if last.write is asked), None)
        blocks = [line.text for line in answer.lines if line.block] if answer is not None else []
        return blocks[0] if blocks else None

    def _settle(self, target: _Target) -> None:
        """Keep a shrunk difference, written as a scenario."""
        name = str(target.kind)
        last = target.exchanges[-1]
        found = Found(
            target.kind,
            target.session[: last.step + 1],
            last.write.requests[-1],
            (said(last.a), said(last.b)),
            known=name in self.known,
        )
        length = sum(len(line.said) for exchange in target.exchanges for line in exchange.a.lines)
        if length <= LONGEST_ANSWERS and self._written <= LONGEST_FILE and last.a.after != "endless":
            found.written = self._write(found, target)
            self._written += len(found.written.talk)
        self.outcome.found[name] = found
        if self.progress is not None:
            self.progress(self.outcome)

    def _write(self, found: Found, target: _Target) -> Written:
        sides = self.pair.a.version, self.pair.b.version
        title = _short(f"{_plain(found.request.line)}: {found.kind.a}, where B says {found.kind.b}")
        slugs = {one.written.slug for one in self.outcome.found.values() if one.written is not None}
        slug = base = slug_of(str(found.kind.request))
        number = 1
        while slug in slugs:
            number += 1
            slug = f"{base}-{number}"
        made = Written(
            slug=slug,
            title=title,
            section=section_for(found.request.verb),
            note=f"kind: {found.kind} (A is {sides[0]}, B is {sides[1]})",
            talk="",
            proved=False,
        )
        for barriers in (False, True):
            talk = talk_of(target.session, target.exchanges, target.values, barriers)
            made = prove(replace(made, talk=talk), self.pair.a.address, self.pair.b.address, self.pair.deadline.at)
            if made.proved is not False:
                break
        return made


def _plain(line: str) -> str:
    return line.replace("{", "").replace("}", "") or "an empty line"


def _short(title: str) -> str:
    title = title.strip().rstrip(".")
    return title if len(title) <= 80 else title[:79].rstrip() + "…"
