"""Shards: `--shard 2/3` plays one of three parts of a run, each on a machine of its own, and the results are merged.

Which scenario is in which part depends only on what was selected of the suite, so that machines need not agree.
The parts take about the same time: each scenario goes to the part with the least so far, the longest ones first.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mclite.replay.scenario.requirements import STARTS
from mclite.replay.scenario.scenario import Scenario
from mclite.replay.scenario.versions import KNOWN_VERSIONS

SHARDS_MAX = 999
_PLAY = 0.002  #: seconds that a scenario takes, of itself
_START = 0.1  #: seconds that a server started for it alone takes
_OVERLAP = 0.1  #: share of a wait that counts, when others wait at the same time


class ShardError(ValueError):
    """A text names no shard; the message says what it should be."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Parts of a run: their numbers, from 1, and how many there are; merged results have several numbers."""

    numbers: tuple[int, ...]
    of: int

    def __str__(self) -> str:
        """Return it as it is written: `2/3`, and `1,3/3` for two of three."""
        return f"{','.join(map(str, self.numbers))}/{self.of}"

    @property
    def slug(self) -> str:
        """The shard in the name of a file: `shard-2-of-3`."""
        return f"shard-{'-'.join(map(str, self.numbers))}-of-{self.of}"


def parse(text: str, *, several: bool = False) -> Shard:
    """Read `2/3`, and if `several` are allowed `1,3/3`. Raises ShardError."""
    found = re.fullmatch(r"(\d+(?:,\d+)*)/(\d+)" if several else r"(\d+)/(\d+)", text, re.ASCII)
    wrong = ShardError(f"{text!r} is no shard: 2/3 is the second of three, of {SHARDS_MAX} at most")
    if found is None or max(map(len, [*found[1].split(","), found[2]])) > len(str(SHARDS_MAX)):
        raise wrong
    numbers, of = tuple(map(int, found[1].split(","))), int(found[2])
    if not all(1 <= number <= of for number in numbers):
        raise wrong
    return Shard(numbers, of)


def cost(scenario: Scenario) -> float:
    """Return an estimate of the seconds that a scenario adds to a run."""
    waits = max(scenario.seconds(version) for version in (KNOWN_VERSIONS[0], KNOWN_VERSIONS[-1]))
    started = any(need in STARTS for need in scenario.requires)
    return _PLAY + _START * started + waits * (1.0 if scenario.scope == "server" else _OVERLAP)


def deal(costs: Mapping[str, float], parts: int) -> dict[str, int]:
    """Return the number of the part, from 1, of each id."""
    loads = [(0.0, number) for number in range(1, parts + 1)]
    dealt = {}
    for name in sorted(costs, key=lambda one: (-costs[one], one)):
        load, number = heapq.heappop(loads)
        dealt[name] = number
        heapq.heappush(loads, (load + costs[name], number))
    return dealt


def gaps(texts: Iterable[str | None]) -> tuple[Shard | None, list[str], list[str]]:
    """Return what merged shards are together, and a sentence each for those that are missing and that are there twice.

    Together they are None when there is no shard among them, or all shards. Raises ShardError when they are of
    different numbers of shards.
    """
    shards = [parse(text, several=True) for text in texts if text is not None]
    counts = {one.of for one in shards}
    if len(counts) > 1:
        raise ShardError("the shards are " + ", ".join(map(str, shards)))
    if not shards:
        return None, [], []
    of = counts.pop()
    numbers = [number for one in shards for number in one.numbers]
    there = sorted(set(numbers))
    missing = [f"Shard {number}/{of} is missing." for number in range(1, of + 1) if number not in there]
    doubled = [f"Shard {number}/{of} is there {numbers.count(number)} times." for number in there
               if numbers.count(number) > 1]  # fmt: skip
    return Shard(tuple(there), of) if missing else None, missing, doubled
