"""Told from what came, without asking again: would the same dialogue have matched another script?

A scenario with guards has a script a variant. Those that send the same at the same points are answered the same, so
what a server said to one of them is held against the others. Where that does not decide, the caller has to ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mclite.replay.play.inbox import Inbox
from mclite.replay.play.outcome import Differs, Heard, Result
from mclite.replay.play.player import Play, Player
from mclite.replay.scenario.talk import Act, AnyOf, Expect, Op, Script, SomeOf, Write
from mclite.replay.scenario.text import TextError, Values


class _Recorded(Inbox):
    """What came on one connection up to a point of a dialogue, in place of the connection."""

    def fill(self, _deadline: float) -> bool:
        """Say that nothing more came."""
        return False


class _Hindsight(Play):
    """A script held against what came; `said` is what was to be sent, by the values that it needed."""

    def __init__(self, player: Player, values: Values) -> None:
        super().__init__(player)
        self.values = dict(values)
        self.said: list[list[bytes | None]] = []
        self.now: Op | None = None  # what is held against what came

    def connection(self, conn: str) -> _Recorded:  # type: ignore[override]  # all of a stream that reading needs
        """Return what came on a connection."""
        return self.open.setdefault(conn, _Recorded())  # type: ignore[arg-type, return-value]  # as above

    def hold(self, came: Iterable[tuple[str, bytes]], ops: Iterable[Op]) -> None:
        """Take in what came, and hold operations against it; raise Differs when they do not fit."""
        for conn, data in came:
            self.connection(conn).buffer += data
        for op in ops:
            self.now = op
            match op:
                case Write():
                    self.said.append([self.values.get(name) for text, _ in op.lines for name in text.needs])
                case Expect():
                    self.expect(op)
                case AnyOf():
                    self.any_of(op)

    def fits(self, later: Iterable[tuple[str, bytes]]) -> bool:
        """Tell whether what bytes were missing for may fit what came later, had it come at once."""
        assert self.now is not None
        try:
            self.hold(later, [self.now])
        except Differs:
            return False
        except (TextError, KeyError):
            pass
        return True

    def left(self, conn: str | None = None) -> bool:
        """Tell whether something came that was not expected, on one connection or on any."""
        return any(stream.buffer for name, stream in self.open.items() if conn in (None, name))


#: What is done, if anything, and what is expected before the next is done.
_Part = tuple[Op | None, list[Op]]

#: Behind these nobody looks any more at what else came on the connection.
_UNSEEN = frozenset({"drain", "shut", "close", "reset"})


def same_requests(one: Script, other: Script) -> bool:
    """Tell whether two scripts send, wait and hang up alike, and both say in which order their answers come."""
    return _done(one) == _done(other) and not any(isinstance(op, SomeOf) for op in (*one, *other))


def _done(script: Script) -> list[Op]:
    return [op for op in script if isinstance(op, Write | Act)]


def matches(player: Player, played: Script, result: Result, other: Script) -> bool | None:
    """Tell whether the dialogue that made `result` of `played` would have matched `other`, None if only asking can."""
    if result.outcome != "match" or player.clock is not None or player.delivery == "pipelined":
        return None
    parts = _parts(played)
    came = _came(parts, result.heard)
    if came is None or not same_requests(played, other):
        return None
    unseen = {op.conn for op in played if isinstance(op, Act) and op.verb in _UNSEEN}
    mine, theirs = _Hindsight(player, result.values), _Hindsight(player, result.values)
    for number, ((done, expected), (_, instead)) in enumerate(zip(parts, _parts(other), strict=True)):
        if isinstance(done, Act) and theirs.left(done.conn):
            return None
        before = [done] if done is not None else []
        try:
            mine.hold(came[number], [*before, *expected])
        except (Differs, TextError, KeyError):
            return None  # it has become another one meanwhile: a matter of the clock
        try:
            theirs.hold(came[number], [*before, *instead])
        except Differs as differs:
            if mine.said != theirs.said:
                return None
            if differs.result.outcome == "mismatch":
                return False
            # What comes next on the connection is known, whenever it comes, unless nobody looked at it.
            conn = differs.result.conn
            later = [(name, data) for rest in came[number + 1 :] for name, data in rest if name == conn]
            return None if conn in unseen or theirs.fits(later) else False
        except (TextError, KeyError):
            return None
    return not theirs.left() if mine.said == theirs.said else None


def _parts(script: Script) -> list[_Part]:
    """Return a script in parts: what is done, and what is expected before the next is done."""
    parts: list[_Part] = [(None, [])]
    for op in script:
        if isinstance(op, Write | Act):
            parts.append((op, []))
        else:
            parts[-1][1].append(op)
    return parts


def _came(parts: Sequence[_Part], heard: Sequence[Heard]) -> list[list[tuple[str, bytes]]] | None:
    """Return what came in each part of a script, by connection; None if that is not known."""
    reads = [[op.conn for op in expected] for _, expected in parts]
    if sum(map(len, reads)) != len(heard):
        return None
    rest = iter(heard)
    return [[(conn, next(rest).data) for conn in conns] for conns in reads]
