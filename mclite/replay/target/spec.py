"""Target files: how a server is started, plainly and otherwise; docs/targets.md describes the form."""

from __future__ import annotations

import os
import re
import shlex
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mclite.replay.play.transport import Address
from mclite.replay.scenario.offers import Declared, DeclaredError, documented
from mclite.replay.scenario.requirements import STARTS
from mclite.replay.scenario.scenario import LEVELS, Kind, Level
from mclite.replay.scenario.tables import misfit
from mclite.replay.scenario.versions import Version, parse_version

_START_KEYS: dict[str, type] = {
    "add": str,
    "kind": str,
    "path": str,
    "files": dict,
    "copies": dict,
    "command": str,
    "before": dict,
    "environment": dict,
}
_KEYS: dict[str, type] = {
    "like": str,
    "name": str,
    "program": str,
    "command": str,
    "lacks": list,
    "require": list,
    "profile": str,
    "gate": str,
    "backend": str,
    "before": dict,
    "files": dict,
    "start": dict,
}
_SLOT = re.compile(r"(?<!\$)\{([A-Za-z_][A-Za-z0-9_-]*)\}")
#: Slots that may be in every text of a target file that is filled in. {program} and {backend} only if there is one.
_SLOTS = ("port", "port2", "host", "dir", "python")


class TargetError(Exception):
    """A target file, or what was asked of one, is wrong; the text says which, how and what to do."""


@dataclass(frozen=True, slots=True)
class Start:
    """A way to start the server: what is added to its command."""

    add: str = ""
    kind: Kind = "tcp"
    path: str = ""
    command: str | None = None  #: instead of the plain command
    environment: dict[str, str] = field(default_factory=dict)
    before: tuple[tuple[Version, str], ...] = ()  #: what older releases get instead of `add`, oldest first
    files: dict[str, str] = field(default_factory=dict)
    copies: dict[str, Path] = field(default_factory=dict)

    def words(self, release: Version | None) -> str:
        """Return what is added to the command of a release; None is the newest."""
        return next((add for before, add in self.before if release is not None and release < before), self.add)


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """A server that the suite can start."""

    name: str
    command: str
    program: str = ""
    lacks: tuple[str, ...] = ()  #: names of offers.toml
    require: tuple[str, ...] = ()  #: names of offers.toml
    profile: str | None = None
    gate: Level = "must"  #: the lowest level at which a wrong answer fails the run
    backend: str | None = None
    starts: dict[str, Start] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    file: Path | None = None
    asked: str = ""  #: what the user wrote after --spawn
    before: tuple[tuple[Version, str], ...] = ()  #: what is added to the command of older releases
    release: Version | None = None  #: of memcached, if the server claims one

    def of_release(self, release: str | None) -> TargetSpec:
        """Return the same server with the options of memcached `release`."""
        return replace(self, release=parse_version(release)) if release is not None else self

    def words(self) -> str:
        """Return what is added to the command because of the release."""
        return next((add for before, add in self.before if self.release is not None and self.release < before), "")

    def command_for(self, needs: frozenset[str], values: dict[str, str]) -> list[str]:
        """Return the command that starts the server as `needs` say, as a list of words."""
        ways = [self.starts[need] for need in sorted(needs) if need in self.starts]
        base = next((way.command for way in ways if way.command is not None), self.command)
        line = " ".join([base, self.words(), *(way.words(self.release) for way in ways)])
        words = [fill(word, values) for word in shlex.split(_user(line))]
        return [_from_here(word, first=not index, asked=self.file is None) for index, word in enumerate(words)]

    def environment(self, needs: frozenset[str]) -> dict[str, str]:
        """Return the variables that are set for a server started as `needs` say."""
        ways = (self.starts[need] for need in sorted(needs) if need in self.starts)
        return {name: value for way in ways for name, value in way.environment.items()}

    def uses(self, slot: str) -> bool:
        """Tell whether a slot is anywhere in what is filled in for the server."""
        return any(slot in _slots(text) for _, text, _ in self._texts())

    def check_slots(self) -> None:
        """Raise TargetError if there is a slot for which there is no value."""
        for where, text, known in self._texts():
            for slot in _slots(text):
                if slot not in known:
                    place = f"{self.file}: {where}" if self.file else f"the command {self.asked!r}"
                    there_are = ", ".join(f"{{{name}}}" for name in known) or "none"
                    raise TargetError(f"{place} has the unknown slot {{{slot}}}; there are {there_are}")

    def _texts(self) -> Iterator[tuple[str, str, list[str]]]:
        """Yield every text with slots: where it is, the text, and the slots that it may have."""
        if self.file is not None:
            yield "name", self.name, ["version"]
            yield "program", self.program, []
        plain = [*_SLOTS]
        plain += ["program"] if self.program else []
        plain += ["backend"] if self.backend else []
        plain += self.files
        yield "command", self.command, [*plain, "user"]
        for _, add in self.before:
            yield "before", add, [*plain, "user"]
        for name, text in self.files.items():
            yield f"files.{name}", text, plain
        for start, way in self.starts.items():
            known = [*plain, *way.files, *way.copies]
            yield f"[start.{start}] add", way.add, [*known, "user"]
            for _, add in way.before:
                yield f"[start.{start}] before", add, [*known, "user"]
            yield f"[start.{start}] command", way.command or "", [*known, "user"]
            yield f"[start.{start}] path", way.path, known
            for name, text in way.environment.items():
                yield f"[start.{start}] environment.{name}", text, []
            for name, text in way.files.items():
                yield f"[start.{start}] files.{name}", text, known

    def missing(self, needs: frozenset[str]) -> list[str]:
        """Return those of `needs` that the file does not say how to do."""
        return sorted(need for need in needs if need not in self.starts and need != "fresh")

    def describe(self, needs: frozenset[str]) -> str:
        """Return what is added to the command for `needs`, for people."""
        return " ".join(self.starts[need].words(self.release) for need in sorted(needs) if need in self.starts)


def _user(command: str) -> str:
    return command.replace("{user}", "-u nobody" if os.geteuid() == 0 else "")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with the values of its slots; raise TargetError if there is none for a slot."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            raise TargetError(f"nothing is known for the slot {found[0]} in {text!r}")
        return values[found[1]]

    return _SLOT.sub(value, text)


def _slots(text: str) -> Iterable[str]:
    return dict.fromkeys(_SLOT.findall(text))


def _from_here(word: str, first: bool, asked: bool) -> str:
    """Return a relative path in a command as seen from here: the server runs in a folder of its own.

    Args:
        word: of the command
        first: it is the program, which is looked for in PATH if there is no slash in it
        asked: the user wrote the command; a word without a slash may be a file here, then
    """
    path = Path(word)
    if path.is_absolute():
        return word
    if "/" in word:
        return str(path.absolute()) if first or path.exists() else word
    return str(path.absolute()) if asked and not first and path.is_file() else word


def find_spec(asked: str, folder: Path) -> TargetSpec:
    """Return the server meant by `--spawn ASKED`: a command with {port}, a file, or a name in `folder`.

    A name may carry a program: `memcached=/usr/bin/memcached`. Raise TargetError when there is none such.
    """
    if "{port}" in asked or " " in asked.strip():
        if "{port}" not in asked:
            raise TargetError(f"the command {asked!r} does not say where the port goes: put {{port}} into it")
        try:
            words = shlex.split(asked)
        except ValueError as error:
            raise TargetError(f"the command {asked!r} cannot be split into words: {error}") from None
        spec = TargetSpec(name=Path(words[0]).name, command=asked, asked=asked)
        spec.check_slots()
        return spec
    name, _, program = asked.partition("=")
    path = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
    if not path.is_file():
        if "/" in name and not name.endswith(".toml"):
            if not Path(name).exists():
                raise TargetError(f"there is no {name} here ({Path.cwd()})")
            raise TargetError(f"{name} does not say where the port goes: --spawn '{name} {{port}}', or as it takes it")
        known = sorted(file.stem for file in folder.glob("*.toml"))
        raise TargetError(f"there is no target file {path}; known are {', '.join(known) or 'none'}")
    return read_spec(path, program, asked)


def read_spec(path: Path, program: str = "", asked: str = "") -> TargetSpec:
    """Read a target file, with another program if one is given; raise TargetError with what is wrong."""
    spec = _load(path, program, asked)
    spec.check_slots()
    return spec


def _load(path: Path, program: str = "", asked: str = "") -> TargetSpec:
    document = _read(path)
    _check(document, _KEYS, str(path))
    base = TargetSpec(name=path.stem, command="")
    if "like" in document:
        model = path.with_name(f"{document['like']}.toml")
        if model == path or "like" in _read(model):
            raise TargetError(f"{path}: like must name a target file that is not like another")
        base = _load(model)
    if "command" not in document and not base.command:
        raise TargetError(f"{path} says no command")
    if document.get("gate", "must") not in LEVELS:
        raise TargetError(f"{path}: gate is {document['gate']!r}, and it may be {', '.join(LEVELS)}")
    _check_declared(document, path)
    starts = dict(base.starts)
    for name, table in document.get("start", {}).items():
        if name not in STARTS:
            raise TargetError(f"{path}: [start.{name}] is none of {', '.join(STARTS)}")
        _check(table, _START_KEYS, f"{path}: [start.{name}]")
        copies = {key: path.parent / value for key, value in table.get("copies", {}).items()}
        before = _before(table, f"{path}: [start.{name}] before")
        starts[name] = Start(**{**table, "copies": copies, "before": before})
    return TargetSpec(
        name=document.get("name", base.name),
        command=document.get("command", base.command),
        program=program or document.get("program", base.program),
        lacks=tuple(document.get("lacks", base.lacks)),
        require=tuple(document.get("require", base.require)),
        profile=document.get("profile", base.profile),
        gate=document.get("gate", base.gate),
        backend=document.get("backend", base.backend),
        starts=starts,
        files=document.get("files", base.files),
        before=_before(document, f"{path}: before") if "before" in document else base.before,
        file=path,
        asked=asked or str(path),
    )


def _before(table: Mapping[str, Any], where: str) -> tuple[tuple[Version, str], ...]:
    """Return what older releases get, the oldest first."""
    found = []
    for key, add in table.get("before", {}).items():
        try:
            found.append((parse_version(key), add))
        except ValueError as error:
            raise TargetError(f"{where}: {error}") from None
        if not isinstance(add, str):
            raise TargetError(f"{where}: what releases before {key} get must be a str")
    return tuple(sorted(found))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TargetError(f"{path} cannot be read: {error}") from None


def _check(table: Any, kinds: Mapping[str, type], where: str) -> None:
    if wrong := misfit(table, kinds, where):
        raise TargetError(wrong)


def _check_declared(document: Mapping[str, Any], path: Path) -> None:
    """Raise TargetError unless what a target file declares are names that there are."""
    for key in ("lacks", "require"):
        if not all(isinstance(name, str) for name in document.get(key, [])):
            raise TargetError(f"{path}: {key} must be a list of names")
    try:
        documented().declared(document.get("lacks", ()), document.get("require", ()), document.get("profile"))
    except DeclaredError as error:
        raise TargetError(f"{path}: {error}") from None


def common_values() -> dict[str, str]:
    """Return the slots that mean the same in every command."""
    return {"python": sys.executable, "host": "127.0.0.1"}


@dataclass(slots=True)
class Asked:
    """One target as it was asked for: an address, or a server to start."""

    option: str
    address: Address | None = None
    spec: TargetSpec | None = None
    declared: Declared = field(default_factory=Declared)  #: in its file and on the command line
    declared_by: str = ""  #: the options of the command line that declare it
    name: str | None = None  #: what it is to be called; None: as its target file says, or by its address

    @property
    def label(self) -> str:
        """What tells it from the other targets of a run."""
        return self.name or self.option.split(" ", 1)[-1]
