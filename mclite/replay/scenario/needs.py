"""What a scenario needs of a server: derived from the requests in its talk, so that nobody has to write it down."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mclite.replay.scenario.offers import documented
from mclite.replay.scenario.versions import Version, parse_guard

#: A line of a talk that sends: connection, sign, guard, text.
_SENT = re.compile(r"\s*([A-Z])?(>\.?)(?:\[([^\]]*)\])?(?: (.*))?")
_STORAGE = frozenset({"set", "add", "replace", "append", "prepend", "cas", "ms"})


def needs(talk: str, version: Version | None = None) -> frozenset[str]:
    """Return the entries of offers.toml that the requests of a talk use.

    Args:
        talk: its text
        version: release whose lines count; None: only those that are sent to every release
    """
    offers = documented()
    found = offers.needs(requests(talk, version))
    return frozenset(name for name in found if offers.entries[name].ask is not None)


def since(talk: str) -> Version | None:
    """Return the first release that has everything that a talk sends to every release; None when all have it."""
    entries = documented().entries
    found = (entries[name].since for name in needs(talk))
    return max((one for one in found if one is not None), default=None)


def requests(talk: str, version: Version | None = None) -> Iterator[str]:
    """Yield the command lines that a talk sends, connection by connection, without their data blocks.

    A line that is sent in pieces is put together again.
    """
    streams: dict[str, list[str]] = {}
    for line in talk.splitlines():
        found = _SENT.fullmatch(line)
        if found is None or (found[3] is not None and (version is None or version not in parse_guard(found[3]))):
            continue
        stream = streams.setdefault(found[1] or "A", [])
        stream.append((found[4] or "") + ("" if found[2] == ">." else r"\r\n"))
    for stream in streams.values():
        data = False
        for line in "".join(stream).split(r"\r\n"):
            if not data and line:
                yield line
            data = not data and line.lstrip("{ ").split(" ", 1)[0] in _STORAGE
