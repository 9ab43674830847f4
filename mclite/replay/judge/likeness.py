"""Check a recorded answer against another release's script, without replaying it.

A scenario with guards has one script for each variant. Scripts that send the same at the same points get the same
answers, so the answers to one of them decide whether the others match. Where they do not decide, only a replay can.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mclite.replay.play.inbox import Inbox
from mclite.replay.play.outcome import Differs, Heard, Result
from mclite.replay.play.player import Play, Player
from mclite.replay.scenario.talk import Act, AnyOf, Expect, Op, Script, SomeOf, Write
from mclite.replay.scenario.text import TextError, Values


class _Recorded(Inbox):
    """The bytes that one connection had received up to a point of a dialogue, in place of the connection."""

    def fill(self, _deadline: float) -> bool:
        """Return False: a recording never receives more data."""
        return False


class _Replayed(Play):
    """A script that is checked against a recording; `said` holds the values that each write needed."""

    def __init__(self, player: Player, values: Values) -> None:
        super().__init__(player)
        self.values = dict(values)
        self.said: list[list[bytes | None]] = []
        self.now: Op | None = None  # the operation that is checked

    def connection(self, conn: str) -> _Recorded:  # type: ignore[override]  # all of a stream that reading needs
        """Return what a connection had received."""
        return self.open.setdefault(conn, _Recorded())  # type: ignore[arg-type, return-value]  # as above

    def feed(self, received: Iterable[tuple[str, bytes]], ops: Iterable[Op]) -> None:
        """Feed received bytes and check the expected steps; raise Differs when they do not fit."""
        for conn, data in received:
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
        """Tell whether the operation that lacked bytes would match if what was received `later` had arrived at once."""
        assert self.now is not None
        try:
            self.feed(later, [self.now])
        except Differs:
            return False
        except (TextError, KeyError):
            pass
        return True

    def left(self, conn: str | None = None) -> bool:
        """Tell whether unexpected bytes were received, on one connection or on any."""
        return any(stream.buffer for name, stream in self.open.items() if conn in (None, name))


#: What is done, if anything, and what is expected before the next is done.
_Part = tuple[Op | None, list[Op]]

#: Verbs after which nothing more is read from the connection.
_UNSEEN = frozenset({"drain", "shut", "close", "reset"})


def same_requests(one: Script, other: Script) -> bool:
    """Tell whether two scripts send, wait and hang up alike, and both say in which order their answers come."""
    return _done(one) == _done(other) and not any(isinstance(op, SomeOf) for op in (*one, *other))


def _done(script: Script) -> list[Op]:
    return [op for op in script if isinstance(op, Write | Act)]


def matches(player: Player, played: Script, result: Result, other: Script) -> bool | None:
    """Tell whether the dialogue that made `result` of `played` matches `other`; None if only a replay can tell."""
    if result.outcome != "match" or player.clock is not None or player.delivery == "pipelined":
        return None
    parts = _parts(played)
    received = _received(parts, result.heard)
    if received is None or not same_requests(played, other):
        return None
    unseen = {op.conn for op in played if isinstance(op, Act) and op.verb in _UNSEEN}
    mine, theirs = _Replayed(player, result.values), _Replayed(player, result.values)
    for number, ((done, expected), (_, instead)) in enumerate(zip(parts, _parts(other), strict=True)):
        if isinstance(done, Act) and theirs.left(done.conn):
            return None
        before = [done] if done is not None else []
        try:
            mine.feed(received[number], [*before, *expected])
        except (Differs, TextError, KeyError):
            return None  # it has become another one meanwhile: a matter of the clock
        try:
            theirs.feed(received[number], [*before, *instead])
        except Differs as differs:
            if mine.said != theirs.said:
                return None
            if differs.result.outcome == "mismatch":
                return False
            # The next bytes on the connection are known, whenever they arrived, unless the script did not read them.
            conn = differs.result.conn
            later = [(name, data) for rest in received[number + 1 :] for name, data in rest if name == conn]
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


def _received(parts: Sequence[_Part], heard: Sequence[Heard]) -> list[list[tuple[str, bytes]]] | None:
    """Return what was received in each part of a script, by connection; None if that is not known."""
    reads = [[op.conn for op in expected] for _, expected in parts]
    if sum(map(len, reads)) != len(heard):
        return None
    rest = iter(heard)
    return [[(conn, next(rest).data) for conn in conns] for conns in reads]
