"""A difference as a scenario of the suite: it says what A answers, so it passes on A and fails on B."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mclite.compare.answers import Unique
from mclite.compare.dialogue import KEYS, LONG_KEY, LONGEST_KEY, HangUp, Request, Session, Wait
from mclite.compare.notation import Slots, expected_lines, line, slots_of_keys
from mclite.compare.pair import Exchange
from mclite.protocol.commands import COMMANDS
from mclite.replay.play.outcome import Keys, Patience
from mclite.replay.play.player import Player
from mclite.replay.play.transport import Address
from mclite.replay.scenario.scenario import SuiteError, parse
from mclite.replay.scenario.sections import section_of
from mclite.replay.scenario.talk import Act
from mclite.replay.scenario.text import Values
from mclite.replay.scenario.versions import KNOWN, parse_version

#: Seconds without an answer where a server waits for more.
SILENCE = 0.2
#: Seconds to wait for an answer when a scenario is tried.
PATIENCE = 0.5
_UNIQUE = re.compile(r"\{cas([+-][0-9]+)?\}")


def section_for(verb: str) -> str:
    """Return the heading under which protocol.txt describes `verb`; Commands, if it is none."""
    row = COMMANDS.get(verb.encode())
    return "Commands" if row is None else section_of(int(row.lines.partition("-")[0]))


@dataclass(frozen=True, slots=True)
class Written:
    """A scenario to be: the fields that are not the same in all of them; `proved` if it was seen to do what it says."""

    slug: str
    title: str
    section: str
    note: str
    talk: str
    proved: bool | None  #: None when there was no time to try it


def slug_of(text: str) -> str:
    """Return a text as the id of a scenario."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].strip("-") or "difference"


def talk_of(session: Session, exchanges: Sequence[Exchange], values: Values, barriers: bool) -> str:
    """Return the session as a talk that expects the answers of A, given in `exchanges`.

    `values` are the keys with which it was played; with `barriers` each write has one behind it, as when it was played.
    """
    writer = _Writer(values)
    by_step = {exchange.step: exchange for exchange in exchanges}
    for number, step in enumerate(session):
        if number > max(by_step):
            break
        match step:
            case Wait(seconds):
                writer.lines.append(f"wait {seconds:g}")
            case HangUp(conn):
                writer.lines.append(f"{writer.conn(conn)} close".strip())
                writer.opened.discard(conn)
            case _ if number in by_step:
                writer.exchange(by_step[number], barriers)
            case _:
                pass
    return "\n".join([*writer.lines, *writer.ending()])


class _Writer:
    def __init__(self, values: Values) -> None:
        self.slots = Slots(slots_of_keys({name: values[name] for name in (*KEYS, LONG_KEY)}))
        self.lines: list[str] = []
        self.opened: set[str] = set()
        self.waiting: set[str] = set()
        self.long_key_made = False
        self.last_unique: str | None = None

    @staticmethod
    def conn(conn: str) -> str:
        return "" if conn == "A" else conn

    def exchange(self, exchange: Exchange, barriers: bool) -> None:
        conn = exchange.write.conn
        prefix = self.conn(conn)
        self.opened.add(conn)
        if exchange.write.chop:
            self.lines.append(f"{prefix} chop {exchange.write.chop}".strip())
        for request in exchange.write.requests:
            self.request(prefix, request)
        if barriers:
            self.lines.append(f"{prefix}> version")
        if exchange.write.chop:
            self.lines.append(f"{prefix} chop 0".strip())
        self.lines += expected_lines(prefix, exchange.a.lines, self.slots)
        for part in (part for item in exchange.a.lines for part in item.parts):
            if isinstance(part, Unique):
                self.last_unique = self.slots.uniques[part.index]
        self.waiting.discard(conn)
        match exchange.a.after:
            case "ready":
                if barriers:
                    self.lines.append(f"{prefix}< VERSION {{:rest}}")
            case "closed":
                self.lines.append(f"{prefix} closed".strip())
                self.opened.discard(conn)
            case "waits":
                self.lines.append(f"{prefix} silence {SILENCE:g}".strip())
                self.waiting.add(conn)

    def request(self, prefix: str, request: Request) -> None:
        whole = request.end == "\\r\\n"
        self.lines.append(
            line(f"{prefix}>" if whole else f"{prefix}>.", self.sent(request.line + ("" if whole else request.end)))
        )
        if request.block is not None:
            self.lines.append(line(f"{prefix}>", self.sent(request.block)))

    def sent(self, text: str) -> str:
        """Return a text with the names that the talk has bound."""
        if f"{{{LONG_KEY}}}" in text and not self.long_key_made:
            self.long_key_made = True
            text = text.replace(f"{{{LONG_KEY}}}", f"{{{LONG_KEY}:{LONGEST_KEY}}}", 1)
        return _UNIQUE.sub(self._unique, text)

    def _unique(self, found: re.Match[str]) -> str:
        delta = found[1] or ""
        if self.last_unique is not None:
            return f"{{{self.last_unique}{delta}}}"
        return str(1 + int(delta or 0))

    def ending(self) -> list[str]:
        return [f"{self.conn(conn)} drain".strip() for conn in sorted(self.waiting & self.opened)]


def document(head: Sequence[str], scenarios: Iterable[Written]) -> str:
    """Return a scenario file."""
    out = [*(f"# {text}".rstrip() for text in head), 'section = "Commands"', 'level = "observed"', "lines = []", ""]
    for item in scenarios:
        out += [
            "[[scenario]]",
            f"id = {quoted(item.slug)}",
            f"title = {quoted(item.title)}",
            f"section = {quoted(item.section)}",
            f"note = {quoted(item.note)}",
            "talk = '''",
            item.talk,
            "'''",
            "",
        ]
    return "\n".join(out)


def quoted(text: str) -> str:
    """Return a text as a basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def prove(written: Written, a: Address, b: Address, until: float = math.inf) -> Written:
    """Play a scenario to both servers, and return it with `proved`: whether it passes on A and fails on B.

    Nothing is waited for after `until` (of time.monotonic); then it is not known.
    """
    try:
        script = parse(document((), (written,)), "difference.toml")[0].talk.script(parse_version(KNOWN[-1]))
    except SuiteError:
        return replace(written, proved=False)
    waits = sum(op.number for op in script if isinstance(op, Act) and op.verb == "wait")
    if time.monotonic() + waits >= until:
        return replace(written, proved=None)
    outcomes = [
        Player(address, Keys(), patience=Patience(PATIENCE), until=until).play(script).outcome for address in (a, b)
    ]
    if time.monotonic() >= until:
        return replace(written, proved=None)
    return replace(written, proved=outcomes[0] == "match" and outcomes[1] not in ("match", "malformed"))
