"""A recording as a scenario file: a talk that says what the application said, and expects what the server answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mclite.compare.answers import Line, block_length, parts_of
from mclite.compare.notation import line, write_bytes
from mclite.compare.scenario import quoted
from mclite.record.events import Event
from mclite.record.requests import Namer, Splitter

#: Seconds of silence that are played again; shorter ones are how fast the application was.
SHORTEST_WAIT = 0.5
#: Answers whose end is the server's own affair: from here on anything will do.
_LOOSE = (b"VERSION ", b"ts=")
#: Lines of lists whose order and length are, too, and what is expected of each.
_LISTS = {b"STAT ": "STAT {:word} {:rest}", b"key=": "key={:rest}"}
#: Requests that other clients notice.
_SERVER_WIDE = (b"flush_all", b"stats reset", b"stats detail", b"cache_memlimit", b"shutdown", b"verbosity", b"lru ")


class _Conversation:
    """One connection: what it sent and was answered, as far as it is complete."""

    def __init__(self, conn: str) -> None:
        self.prefix = "" if conn == "A" else conn
        self.asked = Splitter()
        self.answered = b""
        self.listing: str | None = None  # what is expected of the lines of a list that has not ended
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
            case "shut":
                self._partial(talk)
                self.lines.append(f"{talk.prefix} shut".strip())
            case "closed" | "hung-up":
                self._flush(talk)
                verb = "close" if event.kind == "closed" or talk.drained else "closed"
                self.lines.append(f"{talk.prefix} {verb}".strip())
                del self._open[event.conn]
        self._last = event.time

    def end(self, cut: bool = False) -> None:
        """Write how the recording ends; with `cut` it ends before what was said does.

        Connections that wait for more of a request, or of an answer, cannot be asked for a barrier.
        """
        for talk in self._open.values():
            unfinished = cut or talk.asked.unfinished or bool(talk.answered or talk.listing)
            self._flush(talk)
            if unfinished and not talk.drained:
                self._drain(talk)

    def _drain(self, talk: _Conversation) -> None:
        self.lines.append(f"{talk.prefix} drain".strip())
        talk.drained = True

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
                self._drain(talk)

    def _answered(self, talk: _Conversation, data: bytes) -> None:
        if talk.drained:
            return
        if talk.asked.pending:  # it is answered before it is complete, so its end follows later
            self._partial(talk)
        talk.answered += data
        for item in _complete(talk, self._namer):
            if item in _LISTS.values():
                talk.listing = item
                continue
            if talk.listing is not None:
                self.lines.append(line(f"{talk.prefix}<*", talk.listing))
                talk.listing = None
            self.lines.append(line(f"{talk.prefix}<", item))

    def _partial(self, talk: _Conversation) -> None:
        rest = talk.asked.rest()
        if rest:
            self.lines.append(line(f"{talk.prefix}>.", write_bytes(rest)))

    def _flush(self, talk: _Conversation) -> None:
        self._partial(talk)
        if talk.listing is not None:  # a list without its end: how many lines there were says nothing
            self.lines.append(line(f"{talk.prefix}<", talk.listing))
            if not talk.drained:
                self._drain(talk)
        elif talk.answered:
            self.lines.append(line(f"{talk.prefix}<.", write_bytes(talk.answered)))


def _complete(talk: _Conversation, namer: Namer) -> Iterable[str]:
    """Yield the texts of the lines and data blocks that are complete, and forget them."""
    held, position = talk.answered, 0
    while (end := held.find(b"\r\n", position)) >= 0:
        head = held[position:end]
        length = block_length(head)
        if length is not None and len(held) < end + 2 + length + 2:
            break
        yield _expected(head, namer)
        position = end + 2
        if length is not None:
            yield write_bytes(held[position : position + length])
            position += length + 2
    talk.answered = held[position:]


def _expected(head: bytes, namer: Namer) -> str:
    """Return a line that the server sent as the text that is expected."""
    for loose in _LOOSE:
        if head.startswith(loose):
            return f"{write_bytes(loose)}{{:rest}}"
    for begin, expected in _LISTS.items():
        if head.startswith(begin):
            return expected
    return namer.slots.expected(Line(tuple(part for part in parts_of(head, namer.uniques) if part != b"")))


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording as the text of a scenario file, and how many requests it holds."""

    text: str
    requests: int


def scenario(events: Iterable[Event], title: str, source: str, cut: bool = False) -> Recorded:
    """Return a recording as a scenario file; `source` says what was recorded, `cut` that more was said."""
    writer = Writer()
    for event in events:
        writer.take(event)
    writer.end(cut)
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
    return Recorded("\n".join([*head, *writer.lines, "'''", ""]), writer.requests)
