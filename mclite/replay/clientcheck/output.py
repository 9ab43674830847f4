"""Where the results of a run go: a JSON a client, and one page for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mclite.replay.clientcheck import page, results
from mclite.replay.clientcheck.results import Document

#: The folder when none is asked for.
FOLDER = Path("reports")


def write(made: Sequence[Document], folder: Path | None) -> Path | None:
    """Write the results of several clients into `folder`, by default FOLDER; return the page.

    A run of a part of the suite never replaces the report of a whole one: it writes none unless `folder` says where,
    and its names end in `-part`. Raises WriteError.
    """
    part = not all(one["run"]["complete"] for one in made)
    if not made or (part and folder is None):
        return None
    folder = FOLDER if folder is None else folder
    end = "-part" if part else ""
    for one in made:
        results.write(one, folder / f"{results.file_name(one)}{end}.json")
    name = results.file_name(made[0]) if len(made) == 1 else "clients"
    out = folder / f"{name}{end}.html"
    page.write(made, out)
    return out
