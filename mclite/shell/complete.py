"""Completion from the command table: verbs, the words that an argument may be, meta flags, keys seen before.

What can be completed is found here, without a terminal library; `terminal.py` shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from mclite.protocol.commands import COMMANDS, Command
from mclite.shell.help import flag_rows
from mclite.shell.requests import OWN, usage

_GROUPS: Final = {
    "stats": ("settings", "items", "slabs", "sizes", "conns", "reset", "detail", "cachedump"),
    "watch": ("fetchers", "mutations", "evictions", "connevents", "deletions"),
    "flush_all": ("noreply",),
}


class Choice(NamedTuple):
    """One completion: the text, what it means, and how many letters before the cursor it takes the place of."""

    text: str
    meaning: str
    replaces: int


def choices(before: str, keys: Iterable[str]) -> Iterator[Choice]:
    """Go through what may follow `before`, the line up to the cursor."""
    *words, last = re.split(r"\s+", before.lstrip())
    if not words:
        for name, (_, summary) in OWN.items():
            if name.startswith(last):
                yield Choice(name, summary, len(last))
        for row in COMMANDS.values():
            if row.name.decode().startswith(last):
                yield Choice(row.name.decode(), row.summary, len(last))
        return
    verb = words[0]
    if verb == "help":
        yield from (choice for choice in choices(last, ()) if choice.text.startswith(last))
        return
    row_or_none = COMMANDS.get(verb.encode())
    if row_or_none is None:
        return
    row = row_or_none
    for text, meaning in _arguments(row, len(words) - 1, keys):
        if text.startswith(last):
            yield Choice(text, meaning, len(last))


def _arguments(row: Command, position: int, keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Go through what the argument at `position`, counted from 0, may be."""
    name = row.name.decode()
    if name in _GROUPS:
        yield from ((word, "") for word in _GROUPS[name])
    elif row.kind == "admin" and position == 0:
        yield from ((word, "") for word in _alternatives(row.arguments))
    elif row.kind == "meta" and position >= (1 if row.length is None else 2):
        for flag, summary in flag_rows(row):
            yield flag[0], f"{flag}  {summary}" if len(flag) > 1 else summary
    elif row.key is not None and (position == row.key or (row.several and position > row.key)):
        yield from ((key, "") for key in keys)
    if row.noreply and position >= row.required and row.kind != "admin":
        yield "noreply", "ask for no answer"


def _alternatives(arguments: str) -> list[str]:
    """Return the words that the first argument may be, as the table's usage has them: a|b|c ... or a <x> | b <y>."""
    if " | " in arguments:
        return [part.split()[0] for part in arguments.split(" | ")]
    return [word for word in arguments.strip("[]").split(" ")[0].split("|") if word.isidentifier()]


def hint(line: str) -> str:
    """Return the usage and the summary of the command that `line` begins with; empty if there is none."""
    words = line.split()
    if not words:
        return "help lists the commands · Tab completes · Ctrl-D leaves"
    if words[0] in OWN:
        return f"{words[0]} {OWN[words[0]][0]}   {OWN[words[0]][1]}"
    row = COMMANDS.get(words[0].encode("utf-8", "surrogateescape"))
    return "" if row is None else f"{usage(row)}   {row.summary}"
