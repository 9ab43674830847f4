"""Arguments of tests, checked when they are given: a wrong verb is an error at once, not a fault that waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from mclite.protocol.commands import COMMANDS

VERBS: Final = (*(name.decode() for name in COMMANDS), "noop")
"""Every verb, and `noop` of the binary protocol; what the binary protocol does as well has the text protocol's name."""


def choose(word: object, known: Iterable[str], what: str) -> str:
    """Return `word` if it is one of the `known` ones. Raises ValueError, naming the nearest, or TypeError."""
    names = list(known)
    if not isinstance(word, str):
        raise TypeError(f"{what} is text, not {word!r}")
    if word in names:
        return word
    near = [name for name in names if name == word.lower().replace("_", "-")] or get_close_matches(
        word.lower(), names, 1
    )
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(names))}"
    raise ValueError(f"there is no {what} {word!r}; {hint}")


def unknown(name: str, known: Iterable[str]) -> str:
    """Say that there is no argument `name`, and which of the `known` ones may be meant."""
    near = get_close_matches(name, list(known), 1)
    return f"there is no argument {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def verbs(on: str | Sequence[str] | None) -> frozenset[str] | None:
    """Return the verbs that `on` names, None for any. Raises ValueError or TypeError for what is none."""
    if on is None:
        return None
    return frozenset(choose(word, VERBS, "command") for word in ([on] if isinstance(on, str) else on))


def number(value: object, what: str, lowest: float = 0) -> float:
    """Return `value` if it is a number of at least `lowest`. Raises TypeError or ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{what} is a number, not {value!r}")
    if not lowest <= value < float("inf"):
        raise ValueError(f"{what} is at least {lowest}, not {value!r}")
    return value


def integer(value: object, what: str, lowest: int | None = 0) -> int:
    """Return `value` if it is a whole number of at least `lowest`, if that is given. Raises TypeError or ValueError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what} is a whole number, not {value!r}")
    if lowest is not None and value < lowest:
        raise ValueError(f"{what} is at least {lowest}, not {value}")
    return value


def text(value: object, what: str) -> bytes:
    """Return `value`, text or bytes, as bytes. Raises TypeError."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise TypeError(f"{what} is text or bytes, not {value!r}")
