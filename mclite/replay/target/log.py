"""The output of a started server, cut to what a message can hold."""

from __future__ import annotations

import os
from typing import IO

#: Number of lines that are shown: the first ones, where the reason of a failure often is, and the last ones.
HEAD, TAIL = 3, 5
#: Number of bytes of the output that are read at either end, and of characters of a line that are shown.
END_BYTES, LINE = 4096, 300


def excerpt(file: IO[bytes]) -> str:
    """Return the first and the last lines of a `file`, with slashes between them; nothing if it is empty."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    data = file.read(min(size, 2 * END_BYTES))
    if size > 2 * END_BYTES:
        file.seek(size - END_BYTES)
        data = data[:END_BYTES] + b"\n" + file.read(END_BYTES)
    lines = [line.strip()[:LINE] for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
    if len(lines) > HEAD + TAIL + 1:
        lines[HEAD:-TAIL] = ["..."]
    return " / ".join(lines)
