"""A client scenario: one thing that can happen to a client, and what must become of it; read from a TOML file.

Every fault of a file is reported as `file:line: problem`, all of them at once.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mclite.replay.clientcheck.arrival import PROTOCOLS, Protocol
from mclite.replay.clientcheck.notation import Talk
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import LEVELS, Fault, Level, SuiteError, line_ranges
from mclite.replay.scenario.sections import LAST_LINE
from mclite.replay.scenario.talk import TalkError

#: Where the scenarios lie in the suite, and its file of what a published page leaves out.
FOLDER, WITHHELD = "client_side", "withheld.toml"

#: What the gets at the end of a scenario must give: `works` each its value; `recovers` at last the value, and never
#: another; `safe` never another value.
After = Literal["works", "recovers", "safe"]
AFTERS: tuple[After, ...] = ("works", "recovers", "safe")
#: What a client that does not stand a scenario puts at risk: then its bytes are first for its maintainers.
Danger = Literal["memory", "injection", "foreign-data"]
DANGERS: tuple[Danger, ...] = ("memory", "injection", "foreign-data")

#: Seconds that a client waits for an answer, unless a scenario says so.
TIMEOUT = 0.4

_STRINGS = {"id", "title", "level", "after", "danger", "note", "talk"}
_ARRAYS = {"lines", "protocols"}
_FIELDS = _STRINGS | _ARRAYS | {"timeout", "let", "vary"}
_DEFAULTS = (_FIELDS - {"id", "title", "talk", "note"}) | {"cause"}
_WORD = re.compile(r"<([a-z]+)>")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """One thing that can happen to a client.

    Attributes:
        id: file/slug; with `:protocol` behind it the name of one play
        cause: what the scenarios of the file have in common, as a clause
        protocols: of the clients that it is about
        lines: of protocol.txt
        timeout: seconds that the client is to wait for an answer
    """

    id: str
    title: str
    level: Level
    cause: str
    protocols: tuple[Protocol, ...]
    lines: tuple[str, ...]
    talk: Talk
    file: str
    line: int
    talk_line: int
    timeout: float = TIMEOUT
    after: After = "safe"
    danger: Danger | None = None
    note: str | None = None

    @property
    def chapter(self) -> str:
        """The file, without its suffix."""
        return self.id.partition("/")[0]


def folder() -> Path:
    """Return the folder of the client scenarios, of the checkout or of the wheel."""
    return default_root() / FOLDER


def load_all(root: Path | None = None) -> list[Scenario]:
    """Read all client scenarios; raise SuiteError with everything that is wrong in them."""
    scenarios: list[Scenario] = []
    faults: list[Fault] = []
    for path in scenario_files(root or folder()):
        try:
            scenarios += load(path)
        except SuiteError as error:
            faults += error.faults
    if faults:
        raise SuiteError(faults)
    return scenarios


def scenario_files(root: Path) -> list[Path]:
    """Return the files with client scenarios in `root`, sorted."""
    return sorted(path for path in root.glob("*.toml") if path.name != WITHHELD)


def load(path: Path) -> list[Scenario]:
    """Read one file; raise SuiteError with everything that is wrong in it."""
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError([Fault(path.name, 1, f"cannot be read: {error}")]) from None
    return parse(source, path.name)


def parse(source: str, name: str) -> list[Scenario]:
    """Read the text of a file called `name`; raise SuiteError with everything that is wrong in it."""
    try:
        document = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise SuiteError([Fault(name, 1, f"not TOML: {error}")]) from None
    reader = _Reader(name, source)
    scenarios = list(reader.read(document))
    if reader.faults:
        raise SuiteError(sorted(reader.faults, key=lambda fault: fault.line))
    return scenarios


class _Reader:
    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.lines = source.splitlines()
        self.heads = [n for n, line in enumerate(self.lines, 1) if re.match(r"\s*\[\[\s*scenario\s*\]\]", line)]
        self.faults: list[Fault] = []

    def fault(self, line: int, problem: str) -> None:
        self.faults.append(Fault(self.name, line, problem))

    def read(self, document: dict[str, Any]) -> Iterator[Scenario]:
        defaults = {key: value for key, value in document.items() if key != "scenario"}
        for key in sorted(defaults.keys() - _DEFAULTS):
            self.fault(1, f"the file's default {key!r} is none of {', '.join(sorted(_DEFAULTS))}")
        if not isinstance(defaults.get("cause"), str):
            self.fault(1, "the file does not say its cause")
        tables = document.get("scenario")
        if not isinstance(tables, list) or not tables:
            self.fault(1, "the file holds no [[scenario]]")
            return
        seen: set[str] = set()
        titles: set[str] = set()
        for number, table in enumerate(tables):
            line = self.heads[number] if number < len(self.heads) else 1
            for key in sorted(table.keys() - _FIELDS):
                self.fault(line, f"unknown field {key!r}")
            for fields in self.vary({**defaults, **table}, line):
                before = len(self.faults)
                self.check(fields, line)
                for what, values in (("id", seen), ("title", titles)):
                    if fields.get(what) in values:
                        self.fault(line, f"the {what} {fields[what]!r} is there twice")
                    values.add(str(fields.get(what)))
                if len(self.faults) == before and (made := self.make(fields, line)) is not None:
                    yield made

    def vary(self, fields: dict[str, Any], line: int) -> Iterator[dict[str, Any]]:
        """Yield the fields of each scenario that a table stands for: one, or one a row of `vary`.

        `<word>` in title and talk is what the row, or `let`, has under this word; `id` of the row goes behind the id.
        """
        words, rows = fields.get("let", {}), fields.get("vary", [{}])
        for table in (words, *(rows if isinstance(rows, list) and rows else [None])):
            if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
                self.fault(line, "let is a table of strings, and vary an array of such tables")
                return
        for row in rows:
            given = {**words, **row}
            made = {key: value for key, value in fields.items() if key not in ("let", "vary")}
            try:
                for key in ("title", "talk"):
                    if isinstance(made.get(key), str):
                        made[key] = _put_in(made[key], given)
            except KeyError as error:
                self.fault(line, f"<{error.args[0]}> is in neither let nor vary")
                continue
            made["id"] = "-".join(filter(None, (str(made.get("id", "")), row.get("id"))))
            yield made

    def check(self, fields: dict[str, Any], line: int) -> None:
        for key in ("id", "title", "level", "talk"):
            if key not in fields:
                self.fault(line, f"the field {key!r} is missing")
        for key in sorted(_STRINGS & fields.keys()):
            if not isinstance(fields[key], str):
                self.fault(line, f"{key} must be a string")
                fields[key] = ""
        for key in sorted(_ARRAYS & fields.keys()):
            if not isinstance(fields[key], list) or not all(isinstance(one, str) for one in fields[key]):
                self.fault(line, f"{key} must be an array of strings")
                fields[key] = []
        if not isinstance(fields.get("timeout", 1.0), int | float) or not 0 < fields.get("timeout", 1.0) <= 10:
            self.fault(line, "timeout is a number of seconds, at most 10")
        if not _SLUG.fullmatch(fields.get("id", "x")):
            self.fault(line, f"the id {fields['id']!r} is no slug: a-z, 0-9 and single hyphens")
        title = fields.get("title", "x")
        if not title or len(title) > 90 or title.endswith(".") or re.search(r"\bshould\b", title):
            self.fault(line, "a title states what is, in at most 90 characters, without a full stop and without should")
        for key, allowed in (("level", LEVELS), ("after", AFTERS), ("danger", DANGERS)):
            if key in fields and fields[key] not in allowed:
                self.fault(line, f"{key} {fields[key]!r} is none of {', '.join(allowed)}")
        for one in fields.get("protocols", ()):
            if one not in PROTOCOLS:
                self.fault(line, f"protocol {one!r} is none of {', '.join(PROTOCOLS)}")
        try:
            if any(end > LAST_LINE for _, end in line_ranges(fields.get("lines", []))):
                self.fault(line, f"protocol.txt ends with line {LAST_LINE}")
        except ValueError as error:
            self.fault(line, str(error))

    def make(self, fields: dict[str, Any], line: int) -> Scenario | None:
        first = next((n for n in range(line, len(self.lines) + 1) if self.lines[n - 1].startswith("talk")), line)
        try:
            talk = Talk(fields["talk"])
        except TalkError as error:
            self.fault(first + error.line, f"{fields['id']}: {error.problem}")
            return None
        return Scenario(
            id=f"{self.name.removesuffix('.toml')}/{fields['id']}",
            title=fields["title"],
            level=fields["level"],
            cause=fields.get("cause", ""),
            protocols=tuple(fields.get("protocols", PROTOCOLS)),
            lines=tuple(fields.get("lines", ())),
            talk=talk,
            file=self.name,
            line=line,
            talk_line=first + 1,
            timeout=float(fields.get("timeout", TIMEOUT)),
            after=fields.get("after", "safe"),
            danger=fields.get("danger"),
            note=fields.get("note"),
        )


def _put_in(text: str, words: dict[str, str]) -> str:
    """Return `text` with `<word>` replaced, also in what was put in; raise KeyError for an unknown one."""
    for _ in range(3):  # a word of a row may hold one of `let`
        text = _WORD.sub(lambda found: words[found[1]], text)
    return text
