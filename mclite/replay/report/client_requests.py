"""Which requests client libraries send: the shape of each command as they write it, in the order of their use.

Found in the sources of pymemcache, pylibmc (libmemcached), python-memcached, spymemcached, gomemcache, meta-memcache
and dalli, and held against the first three by tests. What no library writes, as `incr key +1`, is none of these.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_KEY = r"(?!noreply(?: |$))[^\s\\\[\]]+(?:\[(?:[1-9]?[0-9]|1[0-9][0-9]|2[0-4][0-9]|250)\])?"
_NUMBER = r"[0-9]{1,10}"
_TIME = r"(?:-?[0-9]{1,10}|<time>)"
_QUIET = r"(?: noreply)?"
_STORE = rf"{_KEY} {_NUMBER} {_TIME} (?P<bytes>{_NUMBER})"
_UNIQUE = r"(?:[0-9]{1,19}|<cas>)"
_TOKEN = rf"[bcfhklqstvIVKSP]|[TNJD]-?1?[0-9]{{1,9}}|[CE]{_UNIQUE}|F[1-3]?[0-9]{{1,9}}|O[0-9a-zA-Z]{{1,31}}|M[A-Za-z]"
_FLAGS = rf"(?: (?:{_TOKEN}))*"

#: Commands, most used first, and their requests without data blocks.
_SHAPES: dict[str, re.Pattern[str]] = {
    verb: re.compile(verb + shape)
    for verb, shape in {
        "get": rf"(?: {_KEY})+",
        "gets": rf"(?: {_KEY})+",
        "set": rf" {_STORE}{_QUIET}",
        "add": rf" {_STORE}{_QUIET}",
        "replace": rf" {_STORE}{_QUIET}",
        "append": rf" {_STORE}{_QUIET}",
        "prepend": rf" {_STORE}{_QUIET}",
        "cas": rf" {_STORE} {_UNIQUE}{_QUIET}",
        "delete": rf" {_KEY}(?: 0)?{_QUIET}",
        "incr": rf" {_KEY} [0-9]{{1,19}}{_QUIET}",
        "decr": rf" {_KEY} [0-9]{{1,19}}{_QUIET}",
        "touch": rf" {_KEY} {_TIME}{_QUIET}",
        "gat": rf" {_TIME}(?: {_KEY})+",
        "gats": rf" {_TIME}(?: {_KEY})+",
        "mg": rf" {_KEY}{_FLAGS}",
        "ms": rf" {_KEY} (?P<bytes>{_NUMBER}){_FLAGS}",
        "md": rf" {_KEY}{_FLAGS}",
        "ma": rf" {_KEY}{_FLAGS}",
        "mn": "",
        "version": "",
        "flush_all": rf"(?: {_NUMBER})?{_QUIET}",
        "stats": "",
        "verbosity": rf" [0-9]{_QUIET}",
        "quit": "",
    }.items()
}

#: All commands of the protocol in the order in which tables list them.
COMMANDS: tuple[str, ...] = (
    *_SHAPES,
    "me",
    "cache_memlimit",
    "lru",
    "lru_crawler",
    "slabs",
    "watch",
    "shutdown",
)
#: What is no request of one of the commands.
OTHER = "other requests"


def command_of(request: Sequence[str]) -> str:
    """Return the command that the lines of a request begin with, or `other requests`."""
    word = request[0].split(" ", 1)[0] if request else ""
    return word if word in COMMANDS else OTHER


def is_usual(lines: Sequence[str]) -> bool:
    """Tell whether the lines of one or more requests are all as client libraries write them."""
    rest = iter(lines)
    for written in rest:
        line = written.removesuffix(" ")  # which some write behind the last argument
        shape = _SHAPES.get(line.split(" ", 1)[0])
        found = shape.fullmatch(line) if shape else None
        if found is None or _repeats(line):
            return False
        if size := found.groupdict().get("bytes"):
            data = next(rest, None)
            if data is None or ("\\" not in data and "key" not in data and len(data) != int(size)):
                return False
    return True


def _repeats(line: str) -> bool:
    """Tell whether a meta command has a flag twice."""
    words = line.split(" ")
    flags = [word[0] for word in words[3 if words[0] == "ms" else 2 :] if word] if len(words[0]) == 2 else []
    return len(set(flags)) < len(flags)
