"""A recording as a scenario file: a talk that says what the application said, and expects what the server answered."""

from __future__ import annotations

from collections.abc import Iterable

from mclite.compare.answers import Line, block_length, parts_of
from mclite.compare.notation import line, write_bytes
from mclite.compare.scenario import quoted
from mclite.record.events import Event
from mclite.record.requests import Namer, Splitter

#: Seconds of silence that are played again; shorter ones are how fast the application was.
SHORTEST_WAIT = 0.5
#: Answers whose end is the server's own affair: from here on anything will do.
_LOOSE = (b"VERSION ", b"STAT ", b"key=", b"ts=")
#: Requests that other clients notice.
_SERVER_WIDE = (b"flush_all", b"stats reset", b"stats detail", b"cache_memlimit", b"shutdown", b"verbosity", b"lru ")


class _Conversation:
    """One connection: what it sent and was answered, as far as it is complete."""

    def __init__(self, conn: str) -> None:
        self.prefix = "" if conn == "A" else conn
        self.asked = Splitter()
        self.answered = b""
        self.drained = False


class Writer:
    """Makes the lines of a talk, event by event."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.scope = "key"
        self.requests = 0
        self._namer = Namer()
        self._open: dict[str, _Conversation] = {}
        self._last: float | None = None

    def take(self, event: Event) -> None:
        """Write what happened."""
        talk = self._open.get(event.conn)
        if talk is None:
            if event.kind in ("closed", "hung-up"):
                return
            talk = self._open[event.conn] = _Conversation(event.conn)
        match event.kind:
            case "asked":
                self._wait(event.time)
                self._asked(talk, event)
            case "answered":
                self._answered(talk, event.data)
            case "closed" | "hung-up":
                self._flush(talk)
                verb = "close" if event.kind == "closed" or talk.drained else "closed"
                self.lines.append(f"{talk.prefix} {verb}".strip())
                del self._open[event.conn]
        self._last = event.time

    def end(self) -> None:
        """Write how the recording ends: connections that wait for more of a request cannot be asked for a barrier."""
        for talk in self._open.values():
            unfinished = talk.asked.unfinished or bool(talk.answered)
            self._flush(talk)
            if unfinished and not talk.drained:
                self.lines.append(f"{talk.prefix} drain".strip())

    def _wait(self, now: float) -> None:
        if self._last is not None and now - self._last >= SHORTEST_WAIT:
            self.lines.append(f"wait {now - self._last:.1f}")

    def _asked(self, talk: _Conversation, event: Event) -> None:
        for data, block, end in talk.asked.feed(event.data):
            text = write_bytes(data) if block else self._namer.request(data, event.time)
            if not block:
                self.requests += 1
                if data.startswith(_SERVER_WIDE):
                    self.scope = "server"
            if end == b"\r\n":
                self.lines.append(line(f"{talk.prefix}>", text))
            else:
                self.lines.append(line(f"{talk.prefix}>.", text + write_bytes(end)))
            if not block and data.startswith(b"watch") and not talk.drained:
                self.lines.append(f"{talk.prefix} drain".strip())
                talk.drained = True

    def _answered(self, talk: _Conversation, data: bytes) -> None:
        if talk.drained:
            return
        if talk.asked.pending:  # it is answered before it is complete, so its end comes later
            self._partial(talk)
        talk.answered += data
        for item in _complete(talk, self._namer):
            self.lines.append(line(f"{talk.prefix}<", item))

    def _partial(self, talk: _Conversation) -> None:
        rest = talk.asked.rest()
        if rest:
            self.lines.append(line(f"{talk.prefix}>.", write_bytes(rest)))

    def _flush(self, talk: _Conversation) -> None:
        self._partial(talk)
        if talk.answered:
            self.lines.append(line(f"{talk.prefix}<.", write_bytes(talk.answered)))


def _complete(talk: _Conversation, namer: Namer) -> Iterable[str]:
    """Yield the texts of the lines and data blocks that are complete, and forget them."""
    while True:
        head, end, rest = talk.answered.partition(b"\r\n")
        if not end:
            return
        length = block_length(head)
        if length is not None and len(rest) < length + 2:
            return
        talk.answered = rest
        yield _expected(head, namer)
        if length is not None:
            yield write_bytes(rest[:length])
            talk.answered = rest[length + 2 :]


def _expected(head: bytes, namer: Namer) -> str:
    """Return a line that the server sent as the text that must come."""
    for loose in _LOOSE:
        if head.startswith(loose):
            if loose == b"STAT ":
                name = head.split(b" ")[1:2]
                return f"STAT {write_bytes(b''.join(name))} {{:rest}}"
            return f"{write_bytes(loose)}{{:rest}}"
    return namer.slots.expected(Line(tuple(part for part in parts_of(head, namer.uniques) if part != b"")))


def scenario(events: Iterable[Event], title: str, source: str) -> tuple[str, int]:
    """Return the scenario file of a recording, and how many requests it holds; `source` says what was recorded."""
    writer = Writer()
    for event in events:
        writer.take(event)
    writer.end()
    head = [
        f"# Recorded by `mclite record` from {source}.",
        "",
        "[[scenario]]",
        'id = "session"',
        f"title = {quoted(title)}",
        'section = "Commands"',
        "lines = []",
        'level = "observed"',
        f'scope = "{writer.scope}"',
        "talk = '''",
    ]
    return "\n".join([*head, *writer.lines, "'''", ""]), writer.requests
