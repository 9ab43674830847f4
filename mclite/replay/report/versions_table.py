"""The table of what tells memcached versions apart, made from results files of a run against each of them.

`mclite suite releases` prints it.

A row is a scenario. Versions with the same letter answer alike: the run of each was compared with what the scenario
says of the others. `-` is a version that the scenario is not about, `fault` one whose baseline holds the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mclite.replay.judge.record import Record
from mclite.replay.judge.verdicts import PLAYED
from mclite.replay.results.document import Results
from mclite.replay.results.read import ResultsError, load
from mclite.replay.results.write import answers_like
from mclite.replay.scenario.versions import parse_version

#: Suites of Debian, oldest first.
SUITES = ("bullseye", "bookworm", "trixie", "sid")
#: What a cell says of a version that the scenario is not about, or did not reach, or whose answer is a known fault.
ABSENT, UNPLAYED, FAULT = "-", "?", "fault"


class TableError(Exception):
    """The results cannot be put into a table; the text says which file, and why."""


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario that tells versions apart: a cell for each version, a line of the talk for each guard."""

    id: str
    title: str
    cells: tuple[str, ...]
    answers: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Why it tells them apart: a `fault` of some, an `answer` that differs, or being of some versions `only`."""
        if FAULT in self.cells:
            return "fault"
        return "answer" if len(set(self.cells) - {ABSENT, UNPLAYED}) > 1 else "only"


def read(paths: Iterable[Path]) -> dict[str, Results]:
    """Return the results by the version that each target claims; raise TableError when one is no such file."""
    found: dict[str, Results] = {}
    for path in paths:
        try:
            made = load(path)
        except ResultsError as error:
            raise TableError(str(error)) from None
        version = made.target.known_version
        if version is None or version in found:
            why = "its target claims none" if version is None else f"there are results of {version} already"
            raise TableError(f"{path} holds no results of a memcached version: {why}")
        found[version] = made
    return dict(sorted(found.items(), key=lambda pair: parse_version(pair[0])))


def rows(runs: Mapping[str, Results]) -> list[Row]:
    """Return the scenarios that tell the versions of `runs` apart, sorted by id."""
    by_version = {version: {item.id: item for item in made.scenarios} for version, made in runs.items()}
    names = sorted({name for items in by_version.values() for name in items})
    made = (row(name, {version: items.get(name) for version, items in by_version.items()}) for name in names)
    return [one for one in made if len(set(one.cells) - {UNPLAYED}) > 1]


def row(name: str, records: Mapping[str, Record | None]) -> Row:
    """Return the row of one scenario, of which `records` are the results of each version."""
    some = next(record for record in records.values() if record is not None)
    groups: list[str] = []  # the first version of each letter
    cells: list[str] = []
    for version, record in records.items():
        if record is None:
            cells.append(ABSENT)
        elif record.baseline in ("expected", "changed"):
            cells.append(FAULT)
        elif record.verdict not in PLAYED:
            cells.append(UNPLAYED)
        else:
            like = answers_like(record.like)
            first = next((one for one in groups if like.get(one, not like)), None)
            if first is None:
                groups.append(first := version)
            cells.append(chr(ord("A") + groups.index(first)))
    guarded = (line.strip() for line in some.talk.splitlines() if "[" in line.split(" ", 1)[0])
    return Row(name, some.title, tuple(cells), tuple(guarded))


def lines(
    runs: Mapping[str, Results], found: Sequence[Row], answers: bool = False, everything: bool = False
) -> Iterator[str]:
    """Yield the table for a person.

    With `answers` what the talk says to some versions only follows each row; with `everything` there are also the
    rows of scenarios that are about some of the versions and tell no more.
    """
    kinds = [one.kind for one in found]
    found = [one for one in found if everything or one.kind != "only"]
    width = max((len(one.id) for one in found), default=8)
    wide = [max(len(version), len(FAULT)) for version in runs]
    yield f"{'scenario':<{width}}  " + "  ".join(f"{name:<{size}}" for name, size in zip(runs, wide, strict=True))
    for one in found:
        cells = "  ".join(f"{cell:<{size}}" for cell, size in zip(one.cells, wide, strict=True))
        yield f"{one.id:<{width}}  {cells}  {one.title}"
        if answers:
            yield from (f"{'':<{width}}    {answer}" for answer in one.answers)
    yield (
        f"{len(kinds)} scenarios tell {', '.join(runs)} apart: {kinds.count('answer')} by their answer, "
        f"{kinds.count('only')} are about some of them only, {kinds.count('fault')} by a fault in a baseline"
    )
    for version, made in runs.items():
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in made.summary.verdicts.items())
        yield f"memcached {version}: {'conforms' if made.summary.conforms else 'DEVIATES'}, {verdicts}"
