"""A player that replays scripts to the recorded answers of genuine memcached releases."""

from __future__ import annotations

from collections.abc import Iterator

from mclite.replay.judge.answers import Sample
from mclite.replay.play.inbox import Inbox
from mclite.replay.play.outcome import Keys, Patience, Result
from mclite.replay.play.player import Play, Player
from mclite.replay.play.transport import Address
from mclite.replay.scenario.talk import Act, Script


class Changed(Exception):  # noqa: N818  # no error
    """The scenario sends something else than when its answers were recorded."""


class _Tape:
    """All events of a sample, in their order; an answer can be read when all that was sent before it was sent."""

    def __init__(self, events: list[list[str]]) -> None:
        self.events = [
            (conn, kind, data.encode("latin-1")) for conn, kind, data in events if not data.endswith(" more lines")
        ]
        self.done = [False] * len(self.events)

    def send(self, conn: str, data: bytes) -> None:
        """Mark the events as sent that `data` is made of; raise Changed when it is not what was recorded."""
        for index, (name, kind, text) in enumerate(self.events):
            if self.done[index] or name != conn or kind != ">" or not data:
                continue
            if not data.startswith(text):
                break
            self.done[index] = True
            data = data[len(text) :]
        if data:
            raise Changed

    def next(self, conn: str) -> tuple[str, bytes] | None:
        """Return what is received next on a connection, None if nothing is before more is sent."""
        for index, (name, kind, text) in enumerate(self.events):
            if self.done[index]:
                continue
            if kind == ">":
                return None
            if name == conn:
                self.done[index] = True
                return kind, text
        return None


class _Stream(Inbox):
    """One connection to the tape."""

    def __init__(self, tape: _Tape, conn: str) -> None:
        super().__init__()
        self.tape, self.conn = tape, conn

    def fill(self, _deadline: float) -> bool:
        """Take the next answer from the tape."""
        found = self.tape.next(self.conn) if self.gone is None else None
        if found is None:
            return False
        if found[0] == "!":
            self.gone = found[1].decode("latin-1")
            return False
        self.buffer += found[1]
        return True

    def send(self, data: bytes, _deadline: float) -> bool:
        """Check what is sent."""
        self.tape.send(self.conn, data)
        return True

    def frame(self, data: bytes) -> bytes:
        """Return the data of a barrier as it is."""
        return data

    def close(self) -> None:
        """Nothing is open."""

    reset = shut = close


class _Keys(Keys):
    """The keys of the sample, in the order in which they were made."""

    def __init__(self, keys: list[str]) -> None:
        super().__init__("recorded")
        self.rest: Iterator[str] = iter(keys)

    def new(self, length: int | None = None) -> bytes:
        """Return the next key."""
        key = next(self.rest, None)
        if key is None or (length is not None and len(key) != length):
            raise Changed
        return key.encode("latin-1")


class _Play(Play):
    """A script held against a tape; waiting moves its clock."""

    def __init__(self, player: Player, sample: Sample) -> None:
        super().__init__(player)
        self.tape = _Tape(sample["events"])
        self.values["time"] = str(sample["time"]).encode()

    def connection(self, conn: str) -> _Stream:  # type: ignore[override]  # all of a stream that playing needs
        """Return a connection to the tape."""
        return self.open.setdefault(conn, _Stream(self.tape, conn))  # type: ignore[arg-type, return-value]

    def wait(self, seconds: float) -> None:
        """Let recorded time go by."""
        self.values["time"] = b"%d" % (int(self.values["time"]) + int(seconds))


def replay(script: Script, sample: Sample, release: str) -> Result:
    """Play a script to the recorded answers of a sample of `release`; raise Changed when it sends something else."""
    player = Player(
        Address("tcp", "recorded", 0),
        _Keys(sample["keys"]),
        patience=Patience(60),
        barrier=f"VERSION {release}\r\n".encode(),
    )
    events = [[conn, kind, data.replace("{version}", release)] for conn, kind, data in sample["events"]]
    return _Play(player, {**sample, "events": events}).run(
        tuple(op for op in script if not (isinstance(op, Act) and op.verb == "chop"))
    )
