"""Names of servers: each told from the others, in the order of their versions, and short where there is little room."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from mclite.replay.results.document import Results

#: Characters of a server's name that the page shows, and in the head of a narrow column.
LONGEST, SHORT = 80, 28
#: A product and its version.
_RELEASE = re.compile(r"(\S+) [0-9]+(?:\.[0-9]+)+")


def labels(runs: Sequence[Results]) -> list[str]:
    """Return a name for each run that tells it from the others."""
    names = [run.target.name for run in runs]
    names = [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in names]
    for details in ([run.target.address for run in runs], [run.run.started for run in runs]):
        often = Counter(names)
        names = [f"{name} ({detail})" if often[name] > 1 else name for name, detail in zip(names, details, strict=True)]
    return names


def objection(name: str) -> str | None:
    """Return why a server cannot be called so; None if it can."""
    if not name.strip():
        return "a name is not empty"
    if name != name.strip():
        return "a name has no space before or behind it"
    if len(name) > LONGEST:
        return f"a name has at most {LONGEST} characters, and this one {len(name)}"
    if not name.isprintable():
        return "a name has only characters that can be printed"
    if set(name) & set("/\\"):
        return "files are named after it: it has no path separator"
    return None


def in_version_order(run: Results) -> tuple[str, list[int], str]:
    """Return what puts servers of one name together, the oldest version first."""
    name = run.target.name
    version = run.target.known_version or ""
    return name.split(" ")[0], [int(part) for part in re.findall("[0-9]{1,9}", version)], name


def short(name: str) -> str:
    """Return a name for the head of a narrow column."""
    return name if len(name) <= SHORT else f"{name[: SHORT - 1]}…"


def ranges(names: Sequence[str], numbers: Sequence[int]) -> str:
    """Return the names of some servers, releases of one product that follow each other as a range.

    `names` are those of all servers, in the order of the page, and `numbers` the places of some in ascending order.
    """
    runs: list[list[int]] = []
    for number in numbers:
        follows = runs and runs[-1][-1] == number - 1 and _product(names[number]) == _product(names[number - 1])
        if follows and _product(names[number]):
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = []
    for one in runs:
        if len(one) < 3:
            parts += [names[number] for number in one]
        else:
            parts.append(f"{names[one[0]]} to {names[one[-1]].split(' ', 1)[1]}")
    return ", ".join(parts)


def _product(name: str) -> str:
    """Return the product of a name such as `memcached 1.6.45`, else nothing."""
    found = _RELEASE.fullmatch(name)
    return found[1] if found else ""
