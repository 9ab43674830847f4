"""Faults of memcached releases: wrong answers that a release is known to give, read from conformance/releases.toml.

    [[fault]]
    id = "empty-line-after-long-key"
    releases = "1.6.40..1.6.45"            # written as a guard; the last end may be left open
    reason = "An empty line follows the error for a key of 251 bytes (protocol.txt 46-48)."
    link = "https://..."                   # the upstream commit or issue that mended it; may be left out
    dies = true                            # the server ends at these scenarios; may be left out
    lacks = ["lru"]                        # what these releases do not have, as offers.toml names it; may be left out

    [fault.answers]                        # scenario: fingerprints of the wrong answer; may be left out if it lacks any
    "keys/length/too-long-get" = ["8d80192055f1"]

A target that is judged as one of the releases and answers so is `known`: no failure, but counted and shown. One
that answers otherwise is judged as the scenario says.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mclite.replay.judge.record import KnownFault
from mclite.replay.scenario.offers import documented
from mclite.replay.scenario.tables import misfit
from mclite.replay.scenario.versions import Guard, Version, parse_guard

#: The table of the suite, in its root.
FILE = "releases.toml"
_KEYS: dict[str, type] = {
    "id": str,
    "releases": str,
    "reason": str,
    "link": str,
    "dies": bool,
    "lacks": list,
    "answers": dict,
}


class FaultsError(Exception):
    """The table of faults cannot be read; the text says what is wrong in it, and where."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of some releases: the scenarios that show it and the fingerprints of the wrong answers."""

    id: str
    releases: Guard
    reason: str
    answers: dict[str, tuple[str, ...]]
    link: str | None = None
    dies: bool = False  #: the server does not survive its scenarios
    lacks: tuple[str, ...] = ()  #: names of offers.toml

    @property
    def known(self) -> KnownFault:
        """What a record says of it."""
        return KnownFault(self.id, self.reason, self.link)


class Faults:
    """The faults of all releases."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        """Hold `faults`."""
        self.faults = tuple(faults)
        self._by_scenario: dict[str, list[Fault]] = {}
        for fault in self.faults:
            for name in fault.answers:
                self._by_scenario.setdefault(name, []).append(fault)

    def find(self, scenario: str, fingerprint: str | None, version: Version) -> Fault | None:
        """Return the fault of release `version` that a wrong answer to `scenario` is, or None."""
        return next((one for one in self._of(scenario, version) if fingerprint in one.answers[scenario]), None)

    def deadly(self, scenario: str, version: Version) -> Fault | None:
        """Return the fault because of which a server of release `version` does not survive `scenario`, or None."""
        return next((one for one in self._of(scenario, version) if one.dies), None)

    def lacking(self, name: str, version: Version) -> Fault | None:
        """Return the fault because of which release `version` does not have a command or option, or None."""
        offers = documented()
        return next(
            (one for one in self.faults if version in one.releases and name in offers.all_members(one.lacks)), None
        )

    def _of(self, scenario: str, version: Version) -> Iterable[Fault]:
        return (one for one in self._by_scenario.get(scenario, ()) if version in one.releases)


def read(path: Path) -> Faults:
    """Read the table of faults at `path`; an absent one is empty. Raise FaultsError naming what is wrong in it."""
    if not path.exists():
        return Faults()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FaultsError(f"{path} cannot be read: {error}") from None
    if unknown := document.keys() - {"fault"}:
        raise FaultsError(f"{path} has an unknown key {sorted(unknown)[0]!r}")
    tables = document.get("fault", [])
    if not isinstance(tables, list):
        raise FaultsError(f"{path}: faults are written as [[fault]]")
    faults = [_fault(table, f"{path}, [[fault]] {number}") for number, table in enumerate(tables, 1)]
    if len({fault.id for fault in faults}) < len(faults):
        raise FaultsError(f"{path} uses an id twice")
    return Faults(faults)


def _fault(table: Any, where: str) -> Fault:
    if wrong := misfit(table, _KEYS, where):
        raise FaultsError(wrong)
    for key in ("id", "releases", "reason", "answers" if not table.get("lacks") else "lacks"):
        if not table.get(key):
            raise FaultsError(f"{where}: the {key} is missing")
    if unknown := set(map(str, table.get("lacks", []))) - set(documented().names()):
        raise FaultsError(f"{where}: {sorted(unknown)[0]} is no command, option or group of offers.toml")
    answers = table.get("answers", {})
    for name, prints in answers.items():
        if not isinstance(prints, list) or not prints or not all(isinstance(one, str) for one in prints):
            raise FaultsError(f"{where}: {name} must be a list of fingerprints")
    try:
        releases = parse_guard(table["releases"])
    except ValueError as error:
        raise FaultsError(f"{where}: releases: {error}") from None
    return Fault(
        table["id"],
        releases,
        table["reason"],
        {name: tuple(prints) for name, prints in answers.items()},
        table.get("link"),
        table.get("dies", False),
        tuple(table.get("lacks", ())),
    )
