"""Memcached versions: how they are written, ordered and put in ranges."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NewType

Version = NewType("Version", tuple[int, ...])

#: First and last release of each series that the suite knows; every number between them is a release.
_SERIES = (("1.4", 15, 39), ("1.5", 0, 22), ("1.6", 0, 45))

#: Every release that the suite knows, oldest first; the last one is that of protocol.txt.
KNOWN: tuple[str, ...] = tuple(
    f"{series}.{number}" for series, first, last in _SERIES for number in range(first, last + 1)
)

#: The release whose protocol.txt the line numbers of the scenarios are of.
PROTOCOL_VERSION = KNOWN[-1]

_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)+")


def parse_version(text: str) -> Version:
    """Return `1.6.45` as numbers that compare; raise ValueError when it is not written like that."""
    if not _VERSION.fullmatch(text):
        raise ValueError(f"{text!r} is not a version such as 1.6.45")
    return Version(tuple(map(int, text.split("."))))


def claimed_version(answer: str) -> str | None:
    """Return the release that the text after `VERSION ` claims, e.g. `1.6.18` of `1.6.18-x`; None if none."""
    found = _VERSION.match(answer)
    return found[0] if found and (1, 2) <= parse_version(found[0]) < (2,) else None


@dataclass(frozen=True, slots=True)
class Range:
    """The versions from `low` to `high`, both included; None is open."""

    low: Version | None
    high: Version | None

    def __contains__(self, version: Version) -> bool:
        return (self.low is None or self.low <= version) and (self.high is None or version <= self.high)


def parse_range(text: str) -> Range:
    """Return the range written as `a..b`, `..b`, `a..` or `a`; raise ValueError when it is none of these."""
    low, dots, high = text.partition("..")
    if not dots:
        version = parse_version(text)
        return Range(version, version)
    if not low and not high:
        raise ValueError("the range .. names no version")
    found = Range(parse_version(low) if low else None, parse_version(high) if high else None)
    if found.low and found.high and found.low > found.high:
        raise ValueError(f"the range {text} is empty: its first version is the newer one")
    return found


@dataclass(frozen=True, slots=True)
class Guard:
    """One or more ranges, as written between `[` and `]`: the versions of which a step is true."""

    text: str
    ranges: tuple[Range, ...]

    def __contains__(self, version: Version) -> bool:
        return any(version in item for item in self.ranges)


def parse_guard(text: str) -> Guard:
    """Return the guard written as ranges with commas between them; raise ValueError when one is malformed."""
    return Guard(text, tuple(parse_range(part.strip()) for part in text.split(",")))


#: The same as numbers.
KNOWN_VERSIONS: tuple[Version, ...] = tuple(map(parse_version, KNOWN))


def known_release(text: str) -> str:
    """Return `text` if it is a release that the suite knows; raise ValueError, naming the nearest, when it is none."""
    version = parse_version(text)
    if text not in KNOWN:
        nearest = KNOWN[max(0, bisect.bisect_right(KNOWN_VERSIONS, version) - 1)]
        raise ValueError(f"memcached {text} is no release that the suite knows; the nearest is {nearest}")
    return text


def written(versions: Iterable[Version]) -> str:
    """Return known releases as a guard whose ranges name both ends, e.g. `1.4.15..1.6.9,1.6.18`."""
    runs: list[list[int]] = []
    for place in sorted(map(KNOWN_VERSIONS.index, versions)):
        if runs and runs[-1][1] == place - 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    return ",".join(KNOWN[low] if low == high else f"{KNOWN[low]}..{KNOWN[high]}" for low, high in runs)
