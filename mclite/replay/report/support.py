"""The support table: which scenarios speak for which command or feature, and what they say of each target.

A scenario speaks for the commands of its section that its title or its id name; one that names none speaks for
all that it sends. So a fault in `incr` does not count against the `set` that prepared the item. It also speaks for the
features that it requires, such as UDP, and for its chapter, when that is about no single command.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from mclite.replay.judge.record import Record
from mclite.replay.results.document import Results
from mclite.replay.results.tally import GOOD, JUDGED
from mclite.replay.scenario.offers import documented

Status = Literal["supported", "partly", "unsupported", "untested"]

STATUS_NAMES: dict[Status, str] = {
    "supported": "supported",
    "partly": "partly",
    "unsupported": "not supported",
    "untested": "not tested",
}

#: The commands as people look for them.
GROUPS: dict[str, tuple[str, ...]] = {
    "Storage": ("set", "add", "replace", "append", "prepend", "cas"),
    "Retrieval": ("get", "gets", "gat", "gats"),
    "Deletion, arithmetic, touch": ("delete", "incr", "decr", "touch"),
    "Meta commands": ("mg", "ms", "md", "ma", "mn", "me"),
    "Administration": (
        "version", "verbosity", "quit", "flush_all", "stats", "cache_memlimit", "slabs", "lru", "lru_crawler",
        "watch", "shutdown",
    ),
}  # fmt: skip

_GROUP_OF = {command: group for group, commands in GROUPS.items() for command in commands}

_SECTION_COMMANDS: dict[str, tuple[str, ...]] = {
    "Storage commands": GROUPS["Storage"],
    "Retrieval command": ("get", "gets"),
    "Deletion": ("delete",),
    "Increment/Decrement": ("incr", "decr"),
    "Touch": ("touch",),
    "Get And Touch": ("gat", "gats"),
    "Meta Debug": ("me",),
    "Meta Get": ("mg",),
    "Meta Set": ("ms",),
    "Meta Delete": ("md",),
    "Meta Arithmetic": ("ma",),
    "Meta No-Op": ("mn",),
    "Slabs Reassign": ("slabs",),
    "Slabs Automove": ("slabs",),
    "LRU Tuning": ("lru",),
    "LRU_Crawler": ("lru_crawler",),
    "Watchers": ("watch",),
    "Statistics": ("stats",),
    "General-purpose statistics": ("stats",),
    "Settings statistics": ("stats",),
    "Item statistics": ("stats",),
    "Item size statistics": ("stats",),
    "Slab statistics": ("stats",),
    "Connection statistics": ("stats",),
    "TLS statistics": ("stats",),
}

#: Chapters about single commands, which have rows of their own; so have all that begin with `meta-`.
_COMMAND_CHAPTERS = {
    "storage", "retrieval", "deletion", "delete", "arithmetic", "incr", "touch", "gat", "noop", "no-op", "other",
    "admin", "version", "verbosity", "quit", "flush", "flush-all", "cache-memlimit", "shutdown", "slabs",
    "slabs-reassign", "slabs-automove", "lru", "lru-tuning", "lru-crawler", "watch", "watchers",
}  # fmt: skip

#: Requirements that are features of the server; others say how the suite starts it, or name a command.
_FEATURES = {
    "auth", "tls", "udp", "unix", "cas", "stats-settings", "stats-items", "stats-slabs", "stats-sizes",
    "stats-conns",
}  # fmt: skip

_ALIASES = {
    "authentication": "auth",
    "unix-socket": "unix",
    "stats": "stats-general",
    "statistics": "stats-general",
}

_FEATURE_NAMES = {
    "auth": "authentication",
    "tls": "TLS",
    "udp": "UDP",
    "unix": "unix socket",
    "wire": "fragments and pipelining",
    "errors": "error answers",
    "expiration": "expiration times",
    "cas": "cas uniques",
}

_LONGEST = 60  # characters of a label

_WORD = re.compile(r"[a-z_]+")


@dataclass(frozen=True, slots=True)
class Row:
    """A command or feature, with the ids of the scenarios that speak for it."""

    kind: Literal["command", "feature"]
    group: str
    name: str
    label: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """What the scenarios of a row say of one target: `good` of `judged`, and how many were not judged.

    A scenario that needs what the target lacks speaks against that capability and the commands that it stands for,
    no other: `set` is not worse on a server without authentication.
    """

    status: Status
    good: int
    judged: int
    unsupported: int
    unjudged: int

    @property
    def text(self) -> str:
        """The cell in words: `partly (5 of 9)`; scenarios that did not run are told apart."""
        name = STATUS_NAMES[self.status]
        if self.status == "partly":
            return f"{name} ({self.good} of {self.judged})"
        return name

    @property
    def detail(self) -> str:
        """The numbers behind the words, for a tooltip or a screen reader."""
        parts = [f"{self.good} of {self.judged} pass"] if self.judged else []
        need = "needs" if self.unsupported == 1 else "need"
        parts += [f"{self.unsupported} {need} what the server lacks"] if self.unsupported else []
        parts += [f"{self.unjudged} not run"] if self.unjudged else []
        return ", ".join(parts) or "no scenario"


def subjects(scenario: Record) -> list[str]:
    """Return the commands that a scenario speaks for, in the order in which it names what it sends.

    A word that is no command of memcached, sent to see it refused, is none.
    Of a section about commands, those of the section: the ones that the scenario names, else all that it sends.
    """
    verbs = dict.fromkeys(command.split(" ", 1)[0] for command in scenario.commands)
    sent = [verb for verb in verbs if verb in _GROUP_OF]
    words = set(_WORD.findall(scenario.title.lower())) | set(_WORD.findall(scenario.id))
    named = [command for command in sent if command in words]
    section = _SECTION_COMMANDS.get(scenario.section.rstrip(":"), ())
    for candidates in (named, sent):
        if about := [command for command in candidates if command in section]:
            return about
    return named or sent


def rows(scenarios: Iterable[Record]) -> list[Row]:
    """Sort scenarios into the rows of the table: commands by group, then features."""
    commands: dict[str, list[str]] = {}
    features: dict[str, list[str]] = {}
    for scenario in scenarios:
        for command in subjects(scenario):
            commands.setdefault(command, []).append(scenario.id)
        for feature in _features(scenario):
            features.setdefault(feature, []).append(scenario.id)
    table = [
        Row("command", group, name, name, tuple(commands[name]))
        for name, group in _GROUP_OF.items()
        if name in commands
    ]
    for name in sorted(features, key=feature_label):
        table.append(Row("feature", "Features", name, feature_label(name), tuple(features[name])))
    return table


def feature_label(name: str) -> str:
    """Return a capability or chapter as people read it."""
    if name.startswith("stats-"):
        return f"statistics: {name.removeprefix('stats-').replace('-', ' ')}"
    label = _FEATURE_NAMES.get(name, name.replace("-", " "))
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"


def _features(scenario: Record) -> list[str]:
    """Return the features that a scenario speaks for: what it requires, and its chapter if that is one."""
    found = [need for need in scenario.requires if need in _FEATURES]
    chapter = scenario.chapter.lower().replace("_", "-")
    chapter = _ALIASES.get(chapter, chapter)
    if chapter not in _COMMAND_CHAPTERS and not chapter.startswith("meta-"):
        found.append(chapter)
    return list(dict.fromkeys(found))


def cell(row: Row, found: Mapping[str, Record], absent: Set[str]) -> Cell:
    """Judge one row for one target: its scenarios are `found` by id, and it does not offer what is `absent`.

    A command that is offered is supported if something passed that uses it. What memcached only happens to do (level
    observed) speaks where nothing else does.
    """
    ours = [found[name] for name in row.ids if name in found]
    binding = [scenario for scenario in ours if scenario.level != "observed"]
    if any(scenario.verdict in JUDGED | {"unsupported"} for scenario in binding):
        ours = binding
    verdicts = [scenario.verdict for scenario in ours]
    good = sum(verdict in GOOD for verdict in verdicts)
    judged = sum(verdict in JUDGED for verdict in verdicts)
    lacking = verdicts.count("unsupported") if row.name in absent else 0
    status: Status
    if row.name in absent:
        status = "unsupported"
    elif not judged:
        status = "untested"
    elif not good:
        status = "unsupported"
    else:
        status = "supported" if good == judged else "partly"
    return Cell(status, good, judged, lacking, len(verdicts) - judged - lacking)


def table(runs: Sequence[Results]) -> list[tuple[Row, list[Cell]]]:
    """Return the support table: a row a command or feature, a cell a run."""
    every: dict[str, Record] = {}
    by_id = []
    for run in runs:
        by_id.append({scenario.id: scenario for scenario in run.scenarios})
        every = by_id[-1] | every
    pairs = list(zip(by_id, map(_absent, runs), strict=True))
    return [(row, [cell(row, found, lacks) for found, lacks in pairs]) for row in rows(every.values())]


def _absent(run: Results) -> set[str]:
    """Return the commands, options and groups that a target does not offer.

    How a server was started (TLS, UDP, authentication) is none: where nobody could try it, nothing is said.
    """
    offers = documented()
    probed = {name for name, probe in run.target.capabilities.items() if probe.present is False}
    entries = set(offers.all_members(probed & set(offers.names())))  # older results name groups
    entries |= {one.name for one in run.offers if one.state == "declared"}
    return entries | {name for name, members in offers.groups.items() if entries.issuperset(members)}
