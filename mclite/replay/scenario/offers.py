"""What a server may offer, read from conformance/offers.toml: commands, options, groups and profiles of them.

    [[offer]]
    name = "lru-crawler-metadump"
    kind = "option"                        # "command" if it is left out: the name is then the verb
    lines = ["1145-1171"]                  # of protocol.txt
    ask = 'lru_crawler metadump {key}'     # asks for it, and harms no server that has it; none: it cannot be asked for
    behind = 'delete {key} noreply'        # sent with it, so that nothing is left; may be left out
    offered = 'BADCLASS'                   # a regular expression: how a server answers that has it
    refused = 'CLIENT_ERROR .*disabled'    # how one answers that does not, besides `ERROR`; may be left out
    closes = true                          # the answer is that the server hangs up; may be left out
    sends = "lru_crawler metadump"         # the first words of requests that need it; default: verb, or words of `ask`
    since = "1.5.0"                        # the first release that has it; every known one if it is left out

    [groups]
    gat = ["gat", "gats"]                  # in `requires`, `lacks` and `require` the name stands for these

    [profiles.meta]
    title = "classic and the meta commands"
    like = "classic"                       # and what that one has; may be left out
    offers = ["mg", "ms"]

What a scenario needs is derived from the requests that it sends: nobody writes down that one needs `incr`.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.tables import misfit
from mclite.replay.scenario.versions import Version, parse_version

#: The table of the suite, in its root.
FILE = "offers.toml"
Kind = Literal["command", "option"]
_KEYS: dict[str, type] = {
    "name": str,
    "kind": str,
    "lines": list,
    "ask": str,
    "behind": str,
    "offered": str,
    "refused": str,
    "closes": bool,
    "sends": str,
    "since": str,
}
#: What a talk writes before a verb that is repeated, or behind spaces.
_BEFORE = re.compile(r"^(?:\{|\\x20| )+")
#: How it writes spaces between words, or behind the last one.
_BETWEEN = re.compile(r"(?:\{?\\x20(?:\*[0-9]+\})?| )+")


class OffersError(Exception):
    """The table of offers cannot be used; the text says what is wrong in it, and where."""


class DeclaredError(ValueError):
    """What is declared of a server is no name that there is, or contradicts itself; the text says what there is."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A command, or an option of one, and the request that finds out whether a server has it."""

    name: str
    kind: Kind
    lines: tuple[str, ...]
    sends: str
    ask: bytes | None = None  #: None: it cannot be asked for without harm
    behind: bytes = b""  #: sent with it, so that nothing is left
    offered: re.Pattern[bytes] | None = None
    refused: re.Pattern[bytes] | None = None
    closes: bool = False
    since: Version | None = None

    def expected_of(self, release: Version) -> bool:
        """Tell whether memcached `release` has it."""
        return self.since is None or self.since <= release

    def request(self, key: bytes) -> bytes | None:
        """Return the request that asks for it with a key of its own that begins with `key`, None if there is none."""
        if self.ask is None:
            return None
        return self.ask.replace(b"{key}", self._key(key))

    def tidy(self, key: bytes) -> bytes:
        """Return what is sent behind that request."""
        return self.behind.replace(b"{key}", self._key(key))

    def _key(self, key: bytes) -> bytes:
        return b"%s_%s" % (key, self.name.replace("-", "_").encode())


@dataclass(frozen=True, slots=True)
class Profile:
    """What people mean when they name a kind of server."""

    name: str
    title: str
    offers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Declared:
    """What somebody says of a server: the entries that it lacks, and those that it must have."""

    lacks: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Offers:
    """Everything that a server may offer, by name, in the order of the table."""

    entries: dict[str, Offer] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    #: the names of entries by the first words of the requests that need them
    _by_words: dict[str, list[str]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the entries by what they send."""
        for one in self.entries.values():
            self._by_words.setdefault(one.sends, []).append(one.name)

    def __contains__(self, name: object) -> bool:
        """Tell whether a name stands for something: a command, an option or a group."""
        return name in self.entries or name in self.groups

    def names(self) -> list[str]:
        """Return every name that stands for something: commands, options and groups."""
        return sorted(self.entries.keys() | self.groups.keys())

    def members(self, name: str) -> tuple[str, ...]:
        """Return what a name stands for: the members of a group, or the entry itself; raise DeclaredError."""
        if name in self.groups:
            return self.groups[name]
        if name in self.entries:
            return (name,)
        raise DeclaredError(f"{name!r} is none of {', '.join(self.names())}")

    def all_members(self, names: Iterable[str]) -> frozenset[str]:
        """Return what several names stand for; raise DeclaredError."""
        return frozenset(member for name in names for member in self.members(name))

    def shortened(self, names: Iterable[str]) -> list[str]:
        """Return the fewest names that stand for the same entries."""
        left = dict.fromkeys(names)
        found = []
        for group, members in sorted(self.groups.items(), key=lambda item: -len(item[1])):
            if len(members) > 1 and left.keys() >= set(members):
                found.append(group)
                left = dict.fromkeys(name for name in left if name not in members)
        return found + list(left)

    def profile(self, name: str) -> Profile:
        """Return a profile; raise DeclaredError."""
        if name not in self.profiles:
            raise DeclaredError(f"the profile {name!r} is none of {', '.join(self.profiles)}")
        return self.profiles[name]

    def declared(self, lacks: Iterable[str] = (), require: Iterable[str] = (), profile: str | None = None) -> Declared:
        """Return what is declared by names; raise DeclaredError when one is unknown, or both lacking and required."""
        lacking, required = self.all_members(lacks), self.all_members(require)
        if both := sorted(lacking & required):
            raise DeclaredError(f"{', '.join(both)}: declared absent, and required")
        if profile is not None:
            lacking |= self.entries.keys() - self.profile(profile).offers - required
        return Declared(lacking, required, profile)

    def since(self, name: str) -> Version | None:
        """Return the first release that has something of what a name stands for; None when every known one has."""
        releases = [self.entries[member].since for member in self.members(name)]
        return min((one for one in releases if one is not None), default=None) if None not in releases else None

    def needs(self, requests: Iterable[str]) -> frozenset[str]:
        """Return the entries that are needed to answer requests, given as a talk writes them, without data blocks."""
        found: set[str] = set()
        for line in requests:
            words = _BETWEEN.split(_BEFORE.sub("", line))
            found.update(self._by_words.get(words[0], ()))
            if len(words) > 1:
                found.update(self._by_words.get(f"{words[0]} {words[1]}", ()))
        return frozenset(found)


def read(path: Path) -> Offers:
    """Read the table at `path`; raise OffersError naming what is wrong in it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OffersError(f"{path} cannot be read: {error}") from None
    if unknown := document.keys() - {"offer", "groups", "profiles"}:
        raise OffersError(f"{path} has an unknown key {sorted(unknown)[0]!r}")
    entries: dict[str, Offer] = {}
    for number, table in enumerate(document.get("offer", []), 1):
        offer = _offer(table, f"{path}, [[offer]] {number}")
        if offer.name in entries:
            raise OffersError(f"{path} has {offer.name} twice")
        entries[offer.name] = offer
    groups = {
        name: _members(f"{path}, [groups] {name}", value, entries) for name, value in document.get("groups", {}).items()
    }
    return Offers(entries, groups, dict(_profiles(document, path, entries)))


def _members(where: str, value: Any, entries: Mapping[str, Offer]) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        raise OffersError(f"{where} must be a list of names")
    if unknown := [name for name in value if name not in entries]:
        raise OffersError(f"{where}: there is no [[offer]] {unknown[0]!r}")
    return tuple(value)


def _profiles(document: Mapping[str, Any], path: Path, entries: Mapping[str, Offer]) -> Iterator[tuple[str, Profile]]:
    known: dict[str, Profile] = {}
    for name, table in document.get("profiles", {}).items():
        where = f"{path}, [profiles.{name}]"
        if not isinstance(table, dict) or table.keys() - {"title", "like", "offers"} or not table.get("title"):
            raise OffersError(f"{where} has title and offers, and like")
        if table.get("like", name) not in (*known, name):
            raise OffersError(f"{where}: like must name a profile before it")
        model = known.get(table.get("like", ""))
        offers = frozenset(_members(f"{where} offers", table.get("offers"), entries))
        known[name] = Profile(name, table["title"], offers | (model.offers if model is not None else frozenset()))
        yield name, known[name]


def _offer(table: Any, where: str) -> Offer:
    if wrong := misfit(table, _KEYS, where):
        raise OffersError(wrong)
    for key in ("name", "lines"):
        if not table.get(key):
            raise OffersError(f"{where}: the {key} is missing")
    if table.get("kind", "command") not in ("command", "option"):
        raise OffersError(f"{where}: kind is command or option")
    if "ask" in table and not ("offered" in table or table.get("closes")):
        raise OffersError(f"{where}: it says how to ask, and not how a server answers that has it")
    try:
        patterns = {key: re.compile(table[key].encode()) for key in ("offered", "refused") if key in table}
        since = parse_version(table["since"]) if "since" in table else None
    except (re.error, ValueError) as error:
        raise OffersError(f"{where}: {error}") from None
    kind: Kind = table.get("kind", "command")
    asked = table.get("ask", "")
    return Offer(
        name=table["name"],
        kind=kind,
        lines=tuple(table["lines"]),
        sends=table.get("sends") or (table["name"] if kind == "command" else " ".join(asked.split(" ")[:2])),
        ask=_lines(asked) if asked else None,
        behind=_lines(table["behind"]) if "behind" in table else b"",
        offered=patterns.get("offered"),
        refused=patterns.get("refused"),
        closes=table.get("closes", False),
        since=since,
    )


def _lines(text: str) -> bytes:
    return text.replace(r"\r\n", "\r\n").encode() + b"\r\n"


@functools.cache
def documented() -> Offers:
    """Return the table of the suite that belongs to this engine."""
    return read(default_root() / FILE)
