"""What a command can be combined with: a table a command, of dimensions and their values.

A value is what stands in the request for it. `since` is the first release of memcached that takes it as protocol.txt
says; a value of an older one is shown by scenarios written by hand. Dimensions that are `hard` are combined by three.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

#: A value of each dimension, by the names of both.
Row = Mapping[str, str]

LARGE = ("{0123456789abc*46154}", 600_002)
SET = "set {key} 5 300 2"


@dataclass(frozen=True, slots=True)
class Dimension:
    """Something that can be combined; the first of its values is what is not said."""

    name: str
    values: Mapping[str, str]  #: the text in the request, by the name
    since: Mapping[str, str] = field(default_factory=dict)  #: by the name of the value
    hard: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What is under the key before the request."""

    words: str  #: "of ..."
    requests: tuple[tuple[str, tuple[str, int] | None], ...]  #: with their data blocks
    since: str = "1.4.15"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What one command, or one kind of them, can be combined with."""

    name: str
    head: str  #: the comment at the head of its file
    section: str  #: heading of protocol.txt
    lines: str  #: that every scenario of it shows
    since: str
    dimensions: tuple[Dimension, ...]
    order: tuple[str, ...]  #: of the dimensions in the request
    cited: Mapping[str, str]  #: lines by the first letter of a flag
    valid: Callable[[Row], bool]
    since_of: Callable[[Row], str] = lambda _: "1.4.15"  #: of what several values have together


STATES: dict[str, State] = {
    "absent": State("nothing", ()),
    "item": State("an item", ((SET, ("10", 2)),)),
    "endless": State("an endless item", (("set {key} 5 0 2", ("10", 2)),)),
    "empty": State("an empty item", (("set {key} 5 300 0", ("", 0)),)),
    "large": State("a large item", ((f"set {{key}} 5 300 {LARGE[1]}", LARGE),)),
    "expired": State("an expired item", ((SET, ("10", 2)), ("touch {key} -1", None))),
    "deleted": State("a deleted item", ((SET, ("10", 2)), ("delete {key}", None))),
    "stale": State("a stale item", ((SET, ("10", 2)), ("md {key} I", None)), "1.6.18"),
    "won": State("a won item", ((SET, ("10", 2)), ("md {key} I", None), ("mg {key}", None)), "1.6.18"),
    "vivified": State("a vivified item", (("mg {key} N300", None),), "1.6.18"),
    "base64": State("a base64 key", (("ms {key|base64} 2 b F5 T300", ("10", 2)),), "1.6.18"),
    "twelve": State("the number 12", (("set {key} 9 300 2", ("12", 2)),)),
    "nine": State("the number 9", (("set {key} 5 300 1", ("9", 1)),)),
    "endless-nine": State("the endless number 9", (("set {key} 0 0 1", ("9", 1)),)),
    "most": State("the largest number", (("set {key} 5 300 20", ("18446744073709551615", 20)),)),
    "text": State("a text", (("set {key} 5 300 3", ("abc", 3)),)),
}
#: States in which there is no item.
GONE = frozenset({"absent", "expired", "deleted"})
