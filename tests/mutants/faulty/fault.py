"""What a fault is: a row that names a real bug, says where the suite ought to notice it, and how mclite is given it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

How = Callable[[], None]
"""Puts the fault into the mclite of this process, before it serves."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One bug that a server may have.

    `chapters` are the folders of the suite in which it ought to be noticed. `imitates` says what the server does, in
    one clause. `seen` names who did or does so, where that is known: a memcached version, or the document itself.
    """

    name: str
    chapters: str
    imitates: str
    how: How
    seen: str = ""


def both(*parts: How) -> How:
    """Return what carries out all `parts`, the first one first."""

    def how() -> None:
        for part in parts:
            part()

    return how
