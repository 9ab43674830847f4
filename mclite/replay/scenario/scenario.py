"""A scenario: one point of the protocol with the conversation that shows it, read from a TOML file.

Every fault of a file is reported as `file:line: problem`, all of them at once.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mclite.replay.scenario import needs
from mclite.replay.scenario.requirements import required_since
from mclite.replay.scenario.talk import Talk, TalkError
from mclite.replay.scenario.versions import Version, parse_version

Level = Literal["must", "should", "observed"]
LEVELS: tuple[Level, ...] = ("must", "should", "observed")
Scope = Literal["key", "server"]

#: What may stand in a scenario; those in DEFAULTS also at the head of the file, for all its scenarios.
STRINGS = frozenset(
    {"id", "title", "section", "level", "since", "until", "scope", "transport", "deliver", "note", "talk"}
)
ARRAYS = frozenset({"lines", "requires", "depends"})
FLAGS = frozenset({"slow"})
FIELDS = STRINGS | ARRAYS | FLAGS
DEFAULTS = FIELDS - {"id", "title", "note", "talk"}
#: Seconds that a server may take in a scenario that is slow.
SLOW = 1.0
#: What a scenario can be played over; `udp-raw` is UDP whose frames the scenario writes itself.
Kind = Literal["tcp", "unix", "tls", "udp", "udp-raw"]
TRANSPORTS: tuple[Kind, ...] = ("tcp", "unix", "tls", "udp", "udp-raw")

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LINES = re.compile(r"([1-9][0-9]*)(?:-([1-9][0-9]*))?")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a scenario file."""

    file: str
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}"


class SuiteError(Exception):
    """Scenario files are malformed: a fault of the suite, never of the target."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """One point of the protocol and the conversation that shows it."""

    id: str  #: folder/file/slug
    slug: str
    title: str
    section: str  #: a heading of protocol.txt
    lines: tuple[str, ...]
    level: Level
    talk: Talk
    file: str  #: relative to the root of the suite
    line: int  #: where the scenario begins in its file
    talk_line: int  #: line of the file that holds line 1 of its talk
    since: Version | None = None
    until: Version | None = None
    requires: tuple[str, ...] = ()
    scope: Scope = "key"
    transport: Kind | None = None
    depends: tuple[str, ...] = ()
    deliver: str | None = None  #: "whole": not in other pieces than written
    note: str | None = None
    slow: bool = False  #: some server takes its time to answer, so others are played meanwhile
    commands: tuple[str, ...] = field(default=())

    @property
    def chapter(self) -> str:
        """The folder of the scenario."""
        return self.id.split("/", 1)[0]

    def seconds(self, version: Version) -> float:
        """Return how long it waits when it is judged as a version, or how long a server may let it wait."""
        return max(self.talk.seconds(version), SLOW if self.slow else 0.0)

    def applies_to(self, version: Version) -> bool:
        """Tell whether the scenario says something about servers that answer as `version`."""
        return (self.since is None or self.since <= version) and (self.until is None or version <= self.until)


def line_ranges(lines: tuple[str, ...] | list[str]) -> list[tuple[int, int]]:
    """Return `["281-282", "300"]` as pairs of first and last line; raise ValueError when one is malformed."""
    ranges = []
    for item in lines:
        found = _LINES.fullmatch(item)
        if not found:
            raise ValueError(f"{item!r} is no line or range of lines such as 281-282")
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first:
            raise ValueError(f"{item!r} ends before it begins")
        ranges.append((first, last))
    return ranges


def suite_root(path: Path) -> Path:
    """Return the root of the suite that a file lies in: the folder with conftest.py and targets."""
    path = path.resolve()
    for parent in path.parents:
        if (parent / "conftest.py").exists() and (parent / "targets").is_dir():
            return parent
    return path.parent


@dataclass(frozen=True, slots=True)
class Heading:
    """A scenario of a file whose talks were not read: its id, and the versions that it is about."""

    id: str
    since: Version | None = None
    until: Version | None = None

    def applies_to(self, version: Version) -> bool:
        """Tell whether the scenario says something about servers that answer as `version`."""
        return (self.since is None or self.since <= version) and (self.until is None or version <= self.until)


def headings(path: Path, root: Path) -> list[Heading]:
    """Return the scenarios of a file of the suite at `root`, in a tenth of the time that `load` takes.

    A file that is malformed holds one scenario with the name of the file, which no run can play.
    """
    name = path.relative_to(root).as_posix()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return [_heading(document | table, name.removesuffix(".toml")) for table in document["scenario"]]
    except (OSError, ValueError, KeyError, TypeError):  # those of tomllib and of UTF-8 are ValueErrors
        return [Heading(name)]


def _heading(fields: dict[str, Any], prefix: str) -> Heading:
    return Heading(f"{prefix}/{fields['id']}", *_range(fields))


def _range(fields: dict[str, Any]) -> tuple[Version | None, Version | None]:
    """Return the first and the last version that a scenario is about, from its fields.

    Without `since` it is about the releases that have what it sends.
    """
    since = parse_version(fields["since"]) if "since" in fields else needs.since(str(fields.get("talk", "")))
    until = parse_version(fields["until"]) if "until" in fields else None
    return max(filter(None, (since, required_since(fields.get("requires", ())))), default=None), until


def load(path: Path, root: Path | None = None) -> list[Scenario]:
    """Read a scenario file; raise SuiteError with everything that is wrong in it."""
    path = path.resolve()
    root = suite_root(path) if root is None else root.resolve()
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError([Fault(name, 1, f"cannot be read: {error}")]) from None
    return parse(source, name)


def parse(source: str, name: str) -> list[Scenario]:
    """Read the text of a scenario file called `name`; raise SuiteError with all that is wrong in it."""
    try:
        document = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else max(1, len(source.splitlines()))
        raise SuiteError([Fault(name, line, f"not TOML: {error}")]) from None
    reader = _Reader(name, source)
    scenarios = reader.read(document)
    if reader.faults:
        raise SuiteError(reader.faults)
    return scenarios


class _Reader:
    """Turns the tables of one file into scenarios and gathers what is wrong with them."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.prefix = name.removesuffix(".toml")
        self.source_lines = source.splitlines()
        self.heads = [
            number
            for number, line in enumerate(self.source_lines, 1)
            if line.lstrip().startswith("[[") and re.match(r"\s*\[\[\s*scenario\s*\]\]", line)
        ]
        self.faults: list[Fault] = []

    def fault(self, line: int, problem: str) -> None:
        self.faults.append(Fault(self.name, line, problem))

    def read(self, document: dict[str, Any]) -> list[Scenario]:
        defaults = {key: value for key, value in document.items() if key != "scenario"}
        for key in sorted(defaults.keys() - DEFAULTS):
            self.fault(self.find(key, 1), f"the file's default {key!r} is none of {', '.join(sorted(DEFAULTS))}")
        tables = document.get("scenario", [])
        if not isinstance(tables, list) or not tables:
            self.fault(1, "the file holds no [[scenario]]")
            return []
        scenarios: list[Scenario] = []
        slugs: dict[str, int] = {}
        for index, table in enumerate(tables):
            line = self.heads[index] if index < len(self.heads) else 1
            before = len(self.faults)
            slug = str(table.get("id"))
            if slug in slugs:
                self.fault(line, f"the id {slug!r} is used in line {slugs[slug]} already")
            slugs[slug] = line
            fields = {**defaults, **table}
            self.check(fields, line)
            if len(self.faults) == before and (made := self.make(fields, line)):
                scenarios.append(made)
        return scenarios

    def find(self, key: str, start: int) -> int:
        """Return the line in which `key` is given, searching from `start` to the next scenario."""
        end = next((head for head in self.heads if head > start), len(self.source_lines) + 1)
        for number in range(start, end):
            line = self.source_lines[number - 1].lstrip()
            if line.startswith(key) and line[len(key) :].lstrip().startswith("="):
                return number
        return start

    def check(self, fields: dict[str, Any], line: int) -> None:
        """Report fields that are unknown, missing or of the wrong kind."""
        for key in sorted(fields.keys() - FIELDS):
            self.fault(self.find(key, line), f"unknown field {key!r}")
        for key in ("id", "title", "section", "lines", "level", "talk"):
            if key not in fields:
                self.fault(line, f"the field {key!r} is missing")
        for key in sorted(STRINGS):
            if key in fields and not isinstance(fields[key], str):
                self.fault(self.find(key, line), f"{key} must be a string")
                fields[key] = ""
        for key in sorted(ARRAYS):
            value = fields.get(key, [])
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                self.fault(self.find(key, line), f"{key} must be an array of strings")
                fields[key] = []
        for key in sorted(FLAGS):
            if not isinstance(fields.get(key, False), bool):
                self.fault(self.find(key, line), f"{key} must be true or false")
        if not _SLUG.fullmatch(fields.get("id", "x")):
            self.fault(self.find("id", line), f"the id {fields['id']!r} is no slug: a-z, 0-9 and single hyphens")
        for key, allowed in (
            ("level", LEVELS),
            ("scope", ("key", "server")),
            ("transport", TRANSPORTS),
            ("deliver", ("whole",)),
        ):
            if key in fields and fields[key] not in allowed:
                self.fault(self.find(key, line), f"{key} {fields[key]!r} is none of {', '.join(allowed)}")
        for key in ("since", "until"):
            if key in fields:
                try:
                    parse_version(fields[key])
                except ValueError as error:
                    self.fault(self.find(key, line), str(error))
        try:
            line_ranges(fields.get("lines", []))
        except ValueError as error:
            self.fault(self.find("lines", line), str(error))

    def make(self, fields: dict[str, Any], line: int) -> Scenario | None:
        talk_line = self.find("talk", line)
        opening = self.source_lines[talk_line - 1].split("=", 1)[1].strip()
        if opening in ("'''", '"""'):
            talk_line += 1  # TOML drops the newline after the opening quotes
        try:
            talk = Talk(fields["talk"])
        except TalkError as error:
            self.fault(talk_line + error.line - 1, f"scenario {fields['id']}: {error.problem}")
            return None
        since, until = _range(fields)
        return Scenario(
            id=f"{self.prefix}/{fields['id']}",
            slug=fields["id"],
            title=fields["title"],
            section=fields["section"],
            lines=tuple(fields["lines"]),
            level=fields["level"],
            talk=talk,
            file=self.name,
            line=line,
            talk_line=talk_line,
            since=since,
            until=until,
            requires=tuple(fields.get("requires", ())),
            scope=fields.get("scope", "key"),
            transport=fields.get("transport"),
            depends=tuple(fields.get("depends", ())),
            deliver=fields.get("deliver"),
            note=fields.get("note"),
            slow=fields.get("slow", False),
            commands=talk.commands(),
        )
