"""A line of a request or an answer as tables show it."""

from __future__ import annotations

import re

#: Characters of a line that are shown.
LONGEST = 160
NOTHING, EMPTY = "(no answer)", "(an empty line)"
#: Spaces that would not be seen.
_SPACES = re.compile(r"^ +| +$|  +")


def brief(line: str) -> str:
    """Return a line as it is shown, cut if it is long."""
    if not line.strip():
        return "\\x20" * len(line) if line else EMPTY
    line = _SPACES.sub(lambda found: "\\x20" * len(found[0]), line)
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]}… ({len(line)} characters)"
