"""What of protocol.txt the suite shows: `mclite suite coverage` prints it section by section.

A line is shown when a scenario cites it, excluded when exclusions.toml says why it states nothing that a server
could be tested for, empty when nothing but white space or rules is on it, and open otherwise. It works with line
numbers alone; the text itself is read, if it is to be had, to see which lines are empty and to print the open ones.

exclusions.toml:

    empty = ["3", "9"]                   # lines with no text: blank, rules, headings
    [[exclusion]]
    lines = ["10-19"]
    reason = "advice to clients: keep connections open"
"""

from __future__ import annotations

import gzip
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mclite.replay.scenario.scenario import Scenario, line_ranges
from mclite.replay.scenario.sections import LAST_LINE, SECTIONS

#: Where Debian's memcached puts the text.
INSTALLED = ("/usr/share/doc/memcached/protocol.txt", "/usr/share/doc/memcached/protocol.txt.gz")


class CoverageError(Exception):
    """The exclusions or the text cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Lines that state nothing to test, and why."""

    first: int
    last: int
    reason: str


@dataclass(slots=True)
class Coverage:
    """Which lines of protocol.txt are shown by which scenarios."""

    shown: dict[int, list[Scenario]] = field(default_factory=dict)
    excluded: dict[int, str] = field(default_factory=dict)
    empty: set[int] = field(default_factory=set)

    def open_lines(self, first: int = 1, last: int = LAST_LINE) -> list[int]:
        """Return the lines that no scenario shows and nothing excludes."""
        return [
            line
            for line in range(first, last + 1)
            if line not in self.shown and line not in self.excluded and line not in self.empty
        ]

    def testable(self, first: int = 1, last: int = LAST_LINE) -> list[int]:
        """Return the lines that state something to test."""
        return [
            line
            for line in range(first, last + 1)
            if line not in self.empty and (line in self.shown or line not in self.excluded)
        ]

    def percent(self, first: int = 1, last: int = LAST_LINE) -> float:
        """Return how much of what can be tested is shown, in percent; 100 when there is nothing to test."""
        testable = self.testable(first, last)
        return 100 * sum(line in self.shown for line in testable) / len(testable) if testable else 100.0


def measure(scenarios: Iterable[Scenario], exclusions: Path, text: list[str] | None = None) -> Coverage:
    """Return the coverage of the scenarios; raise CoverageError when the exclusions are malformed."""
    coverage = Coverage()
    for scenario in scenarios:
        for first, last in line_ranges(scenario.lines):
            for line in range(first, last + 1):
                coverage.shown.setdefault(line, []).append(scenario)
    excluded, coverage.empty = read_exclusions(exclusions)
    for item in excluded:
        for line in range(item.first, item.last + 1):
            coverage.excluded[line] = item.reason
    for first, _ in SECTIONS.values():
        coverage.empty |= {first, first + 1}  # the heading and the rule below it
    if text is not None:
        coverage.empty |= {number for number, line in enumerate(text, 1) if not line.strip(" -|+\n")}
    return coverage


def read_exclusions(path: Path) -> tuple[list[Exclusion], set[int]]:
    """Read exclusions.toml: what is excluded, and the empty lines; both are empty when there is no such file."""
    if not path.is_file():
        return [], set()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        empty = {line for first, last in line_ranges(document.get("empty", [])) for line in range(first, last + 1)}
        found = []
        for number, table in enumerate(document.get("exclusion", []), 1):
            if table.keys() != {"lines", "reason"} or not str(table["reason"]).strip():
                raise CoverageError(f"{path}: [[exclusion]] {number} must have lines and a reason, nothing else")
            for first, last in line_ranges(table["lines"]):
                if last > LAST_LINE:
                    raise CoverageError(f"{path}: protocol.txt ends with line {LAST_LINE}, so not {last}")
                found.append(Exclusion(first, last, table["reason"]))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValueError, TypeError) as error:
        raise CoverageError(f"{path}: {error}") from None
    return found, empty


def read_text(path: Path | None) -> list[str] | None:
    """Return the lines of protocol.txt, from `path` or where it is installed; None when it is not to be had.

    A text with another number of lines is of another version: its lines are not those that scenarios cite.
    """
    if path is not None:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CoverageError(f"{path} cannot be read: {error.strerror}") from None
        lines = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "replace").splitlines()
        if len(lines) != LAST_LINE:
            raise CoverageError(
                f"{path} has {len(lines)} lines, and the protocol.txt that the scenarios cite has {LAST_LINE}"
            )
        return lines
    for name in INSTALLED:
        if Path(name).is_file():
            try:
                return read_text(Path(name))
            except CoverageError:
                return None
    return None


def ranges(lines: Iterable[int]) -> list[str]:
    """Return line numbers as ranges: 1, 3-5."""
    out: list[list[int]] = []
    for line in sorted(lines):
        if out and line == out[-1][1] + 1:
            out[-1][1] = line
        else:
            out.append([line, line])
    return [str(first) if first == last else f"{first}-{last}" for first, last in out]


def report(coverage: Coverage, text: list[str] | None, details: bool = False) -> Iterable[str]:
    """Yield the coverage as lines for a person, section by section; with `details` line by line."""
    yield f"{'section of protocol.txt':<34}{'lines':>11}{'testable':>10}{'shown':>7}{'excluded':>10}  open"
    for heading, (first, last) in SECTIONS.items():
        testable = coverage.testable(first, last)
        shown = sum(line in coverage.shown for line in testable)
        excluded = sum(line in coverage.excluded for line in range(first, last + 1))
        gaps = ", ".join(ranges(coverage.open_lines(first, last)))
        yield f"{heading:<34}{f'{first}-{last}':>11}{len(testable):>10}{shown:>7}{excluded:>10}  {gaps}"
        if details:
            yield from _details(coverage, text, first, last)
    stale = sorted(line for line in coverage.excluded if line in coverage.shown)
    if stale:
        yield f"excluded, but shown all the same: {', '.join(ranges(stale))}"
    testable = coverage.testable()
    shown = sum(line in coverage.shown for line in testable)
    yield f"{shown} of {len(testable)} testable lines are shown: {coverage.percent():.2f} %"


def _details(coverage: Coverage, text: list[str] | None, first: int, last: int) -> Iterable[str]:
    for line in range(first, last + 1):
        if line in coverage.shown:
            ids = sorted({scenario.id for scenario in coverage.shown[line]})
            more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""
            yield f"  {line:>5} shown by {', '.join(ids[:3])}{more}"
        elif line in coverage.excluded:
            yield f"  {line:>5} excluded: {coverage.excluded[line]}"
        elif line not in coverage.empty:
            yield f"  {line:>5} OPEN{': ' + text[line - 1] if text else ''}"
