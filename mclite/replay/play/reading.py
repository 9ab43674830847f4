"""Reading what a talk expects: a line, one of several, a list, answers in any order."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

from mclite.replay.play.conversation import EVENTS, LIST_ANSWERS, LONGEST_LIST, Conversation, Manner, Stream
from mclite.replay.play.outcome import Differs, Heard
from mclite.replay.scenario.notation import parse_text
from mclite.replay.scenario.talk import AnyOf, Expect, Pool, SomeOf
from mclite.replay.scenario.text import Filled, Text, named
from mclite.replay.scenario.wire import first_difference


class Reading(Conversation):
    """A conversation that reads what the talk expects, and raises Differs where something else comes."""

    def __init__(self, manner: Manner) -> None:
        """Prepare to read in this manner."""
        super().__init__(manner)
        self.pools: dict[Pool, list[Expect]] = {}  # lines of a pool that no connection was answered yet

    def expect(self, op: Expect) -> None:
        """Read a line that must come next; raise Differs when another does."""
        connection = self.connection(op.conn)
        if op.text.matches:
            self.pattern(connection, op)
            return
        want = op.text.render(self.values, self.player.keys.new) + op.end
        self.exact(connection, op.conn, op.line, want)

    def pattern(self, connection: Stream, op: Expect) -> None:
        """Read a line that holds slots."""
        want = op.text.show(self.values) + ("\\r\\n" if op.end else "")
        head = _literal_head(op.text)
        if head:  # what is exact before the first slot fails at its first different byte
            deadline = self.deadline()
            while len(connection.buffer) < len(head):
                if not head.startswith(bytes(connection.buffer)):
                    break
                self.more(connection, deadline, op.line, want)
            at = first_difference(head, bytes(connection.buffer[: len(head)]))
            if at is not None:
                got = self.rest_of_line(connection, at)
                raise Differs("mismatch", op.line, op.conn, "another answer came", want, got, at)
        got = self.line_of(connection, op, _newlines(op.text) + bool(op.end), want)
        matched = self.matches(op, got)
        if isinstance(matched, int):
            raise Differs("mismatch", op.line, op.conn, "another answer came", want, got, matched)
        self.hear(op, got, matched)
        self.log(op.conn, "<", self.take(op.conn, len(got)))

    def matches(self, op: Expect, got: bytes) -> Filled | int:
        """Match lines with their ends; return the bytes of the slots or the index at which they differ."""
        if not got.endswith(op.end):
            return len(got) - 1
        return op.text.fill(got.removesuffix(op.end), self.values)

    def hear(self, op: Expect, got: bytes, filled: Filled) -> None:
        """Record lines that matched, and the values that they bind."""
        self.values.update(named(filled))
        self.heard.append(Heard(op.line, got, filled))

    def any_of(self, op: AnyOf) -> None:
        """Read one of several lines."""
        connection = self.connection(op.conn)
        options = self.options(op)
        want = " or ".join(dict.fromkeys(item.text.show(self.values) for item in options))
        furthest = 0
        got = b""
        for item in sorted(options, key=lambda item: _newlines(item.text)):
            got = self.line_of(connection, op, _newlines(item.text) + 1, want)
            matched = self.matches(item, got)
            if not isinstance(matched, int):
                if op.pool is not None:
                    self.pools[op.pool] = [one for one in self.pools[op.pool] if one.line != item.line]
                self.hear(item, got, matched)
                self.log(op.conn, "<", self.take(op.conn, len(got)))
                return
            furthest = max(furthest, matched)
        raise Differs("mismatch", op.line, op.conn, "none of the allowed answers came", want, got, furthest)

    def options(self, op: AnyOf) -> Sequence[Expect]:
        """Return the lines one of which may come: of a pool those that no other connection was answered."""
        if op.pool is None:
            return op.options
        left = self.pools.setdefault(op.pool, list(op.pool.lines))
        return [item for item in op.options if any(item.line == one.line for one in left)]

    def some_of(self, op: SomeOf) -> None:
        """Read a list that holds certain lines, in any order."""
        lines: list[tuple[bytes, bool]] = []  # and whether the talk speaks of them
        before = len(self.heard)
        try:
            self.read_list(op, lines)
        except Differs:
            for line, _ in lines:
                self.log(op.conn, "<", line)
            raise
        finally:  # the target chose the order
            self.heard[before:] = sorted(self.heard[before:], key=lambda item: item.line)
        for spoken_of, lines_ in itertools.groupby(lines, key=lambda item: item[1]):
            found = [line for line, _ in lines_]
            if spoken_of or len(found) < 4:
                for line in found:
                    self.log(op.conn, "<", line)
            else:
                self.log(op.conn, "!", f"{len(found)} more lines")

    def read_list(self, op: SomeOf, lines: list[tuple[bytes, bool]]) -> None:
        """Put the lines of a list into `lines`, each with whether the talk speaks of it, to the end of the list."""
        connection = self.connection(op.conn)
        missing = list(op.wanted)
        endings = op.until.options if isinstance(op.until, AnyOf) else (op.until,)
        read = 0
        ends = time.monotonic() + self.patience.seconds * LIST_ANSWERS
        while missing and not op.others:
            lines.append((self.next_of(op, missing), True))
        while True:
            want = (missing or endings)[0].text.show(self.values) + "\\r\\n"
            got = self.line_of(connection, op, 1, want)
            if any(self.takes(item, got) for item in endings):
                if missing:
                    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
                    reason = f"the list ended without this line{more}"
                    raise Differs("mismatch", missing[0].line, op.conn, reason, want, got, 0)
                lines.append((self.take(op.conn, len(got)), True))
                return
            if not op.others:
                raise Differs("mismatch", op.until.line, op.conn, "another answer came", want, got, 0)
            match = next((item for item in missing if self.takes(item, got)), None)
            if match is not None:
                missing.remove(match)
            read += len(got)
            if read > LONGEST_LIST or time.monotonic() > ends:
                reason = f"a list without an end: {read} bytes until now"
                raise Differs("too-much", op.line, op.conn, reason, want, got)
            taken = self.take(op.conn, len(got))
            if len(lines) < EVENTS:
                lines.append((taken, match is not None))

    def next_of(self, op: SomeOf, missing: list[Expect]) -> bytes:
        """Take what comes next, which must be one of `missing`, and remove that from them; return its bytes."""
        connection = self.connection(op.conn)
        want = " or ".join(item.text.show(self.values) + "\\r\\n" for item in missing)
        got = self.line_of(connection, op, 1, want)
        at = 0
        for item in missing:
            head = parse_text(item.text.source.split("\\r\\n", 1)[0])
            matched = head.fill(got.removesuffix(b"\r\n"), self.values)
            if isinstance(matched, int):
                at = max(at, matched)
                continue
            if item.text.matches:
                got = self.line_of(connection, op, _newlines(item.text) + 1, want)
                matched = self.matches(item, got)
                if isinstance(matched, int):
                    at = max(at, matched)
                    continue
            else:
                got = item.text.render(self.values, self.player.keys.new) + item.end
                self.wait_for(connection, op.conn, item.line, got)
                matched = []
            self.hear(item, got, matched)
            missing.remove(item)
            return self.take(op.conn, len(got))
        raise Differs("mismatch", missing[0].line, op.conn, "none of the answers that are due came", want, got, at)

    def takes(self, item: Expect, got: bytes) -> bool:
        """Tell whether a whole line matches, and keep it and the values that it gives."""
        matched = self.matches(item, got)
        if isinstance(matched, int):
            return False
        self.hear(item, got, matched)
        return True


def _newlines(text: Text) -> int:
    return text.source.count("\\n")


def _literal_head(text: Text) -> bytes:
    return getattr(text.parts[0], "data", b"")
