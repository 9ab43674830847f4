"""Causes of wrong answers: which command is to blame, and the shape of what it answers.

A cause is a command and a shape, such as `incr: ERROR`. The command is that of the request whose answer differs. An
answer that was refused, cut off or badly framed is the fault of that request. Any other wrong answer may show what an
earlier command did: a `get` shows what `append` stored. Then the command is taken that the scenarios with this wrong
answer send and those that match do not (Ochiai's coefficient of spectrum-based fault localization). Commands that are
refused alike, wherever they are sent, are one cause: the server does not know them.

Numbers, keys and values are no part of a shape, so a cause has the same name in every run.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mclite.replay.judge.blame import first_word
from mclite.replay.judge.record import Record
from mclite.replay.judge.shapes import (
    CLOSES,
    LENGTH,
    MISSING,
    OWN,
    PAST,
    REFLECTED,
    REFUSALS,
    SHARED,
    SILENT,
    shape,
)
from mclite.replay.judge.verdicts import MATCHED

#: Commands whose second word names what is asked for.
_GROUPED = frozenset({"stats", "slabs", "lru", "lru_crawler", "watch"})
_WORD = re.compile(r"[a-z_]+")
#: What a talk writes before a verb that is repeated, or behind spaces.
_BEFORE = re.compile(r"^(?:\{|\\x20| )+")
#: Commands that change what a later answer shows.
_CHANGES = frozenset(
    {
        "set", "add", "replace", "append", "prepend", "cas", "incr", "decr", "touch", "gat", "gats", "delete",
        "flush_all", "ms", "md", "ma", "mg", "verbosity", "cache_memlimit", "slabs", "lru", "lru_crawler", "watch",
        "stats",
    }
)  # fmt: skip
#: Those that only show, too.
_COMMANDS = _CHANGES | {"get", "gets", "version", "quit", "shutdown", "misbehave", "debugtime", "mn", "me"}
#: Maximum statistics missing from one list that are a cause each.
FEW = 3
#: What is blamed when no command is: its name is wrong, or what is sent has none.
MALFORMED = "a malformed request"


@dataclass(frozen=True, slots=True)
class Cause:
    """Wrong answers that have one cause."""

    commands: tuple[str, ...]
    what: str  #: the shape of the wrong answer
    scenarios: tuple[Record, ...]  #: that show it; the first is the example

    @property
    def name(self) -> str:
        """The commands and the shape: `decr, incr: ERROR`."""
        return f"{', '.join(self.commands)}: {self.what}"

    @property
    def example(self) -> Record:
        """The scenario that shows the cause best."""
        return self.scenarios[0]


def command_of(made: Record) -> str:
    """Return the command to blame for a wrong answer: of `stats` and the like with its group."""
    line = _BEFORE.sub("", made.request or "")
    found = _WORD.match(line)
    if found is None or found[0] not in _COMMANDS:
        sent = [name for name in made.commands if name in _COMMANDS]
        return sent[0] if not line and len(sent) == 1 else MALFORMED
    words = line.split(" ")
    grouped = found[0] in _GROUPED and len(words) > 1 and _WORD.fullmatch(words[1])
    return f"{found[0]} {words[1]}" if grouped else found[0]


def key(made: Record) -> str:
    """Return the name of a wrong answer's cause as one record shows it: `incr: ERROR`."""
    return f"{command_of(made)}: {shape(made)}"


def group(wrong: Iterable[Record], everything: Iterable[Record]) -> list[Cause]:
    """Return the causes of the records in `wrong`, the most frequent first; `everything` is the whole run."""
    everything, wrong = list(everything), list(wrong)
    sent = Counter(command for made in everything for command in set(made.commands))
    unknown = _unknown(wrong, everything)
    refused = set(unknown.values())
    causes: dict[str, dict[str, list[Record]]] = {}  # by shape, then by command
    open_ends: dict[tuple[str, str], list[Record]] = {}
    for made in wrong:
        command, what = command_of(made), shape(made)
        if unknown and (refusal := _refusal(made)) in refused:
            named = unknown.keys() & {command, *made.commands}
            if suspects := sorted(name for name in named if unknown[name] == refusal):
                command, what = command if command in suspects else suspects[0], refusal
                causes.setdefault(what, {}).setdefault(command, []).append(made)
                continue
        unframed = made.framing and what != LENGTH
        if unframed or what in OWN or what.endswith(PAST) or what.startswith(REFUSALS) or REFLECTED.search(what):
            causes.setdefault(what, {}).setdefault(command, []).append(made)
        else:
            open_ends.setdefault((command, what), []).append(made)
    shown_by: dict[tuple[str, str], dict[str, list[Record]]] = {}  # by suspect and shape, then by the command asked
    for (command, what), members in open_ends.items():
        for suspect, shown in _suspects(command, members, sent):
            if suspect == command.split(" ")[0] or command == MALFORMED:
                causes.setdefault(what, {}).setdefault(command, []).extend(shown)
            else:
                shown_by.setdefault((suspect, what), {}).setdefault(command, []).extend(shown)
    for (suspect, what), by_asked in shown_by.items():
        asked = sorted(by_asked, key=lambda name: (-len(by_asked[name]), name))
        text = f"then {', '.join(asked)} {'answers' if len(asked) == 1 else 'answer'} {what}"
        causes.setdefault(text, {})[suspect] = [made for name in asked for made in by_asked[name]]
    found = []
    for what, by_command in causes.items():
        for together in _together(what, by_command, unknown):
            order = sorted(together, key=lambda name: (name == MALFORMED, -len(by_command[name]), name))
            members = [made for name in order for made in _best_first(name, by_command[name])]
            found.append(Cause(tuple(order), what, tuple(members)))
    return sorted(_listed(found), key=lambda cause: (-len(cause.scenarios), cause.name))


def _listed(causes: Iterable[Cause]) -> list[Cause]:
    """Return causes with one for all statistics that a list lacks, if these are more than a few."""
    by_list: dict[tuple[str, ...], list[Cause]] = {}
    others = []
    for cause in causes:
        if cause.what.endswith(MISSING):
            by_list.setdefault(cause.commands, []).append(cause)
        else:
            others.append(cause)
    for commands, missing in by_list.items():
        if len(missing) <= FEW:
            others += missing
            continue
        missing.sort(key=lambda cause: (-len(cause.scenarios), cause.what))
        scenarios = tuple(made for cause in missing for made in cause.scenarios)
        others.append(Cause(commands, f"{len(missing)} statistics are missing", scenarios))
    return others


def _unknown(wrong: Sequence[Record], everything: Sequence[Record]) -> dict[str, str]:
    """Return the commands that the target refuses more often than it answers them rightly, with the refusal."""
    right = Counter(command for made in everything if made.verdict in MATCHED for command in set(made.commands))
    refusals = Counter((command_of(made), _refusal(made)) for made in wrong)
    return {
        command: refusal
        for (command, refusal), number in sorted(refusals.items(), key=lambda item: item[1])
        if refusal and command != MALFORMED and number > right[command.split(" ")[0]]
    }


def _refusal(made: Record) -> str:
    """Return how a command was refused: the status word, silence, or the end of the connection; else nothing."""
    word = first_word(made.got or "")
    what = shape(made)
    if word in REFUSALS and first_word(made.want or "") not in REFUSALS:
        return word if not what.endswith(PAST) else ""
    return what if what in (SILENT, CLOSES) else ""


def _together(what: str, by_command: dict[str, list[Record]], unknown: dict[str, str]) -> list[list[str]]:
    """Return the commands of one shape, those of one cause together."""
    if what in SHARED or what.endswith(PAST) or (", not " in what and what.startswith(REFUSALS)):
        return [list(by_command)]
    alike = [name for name in by_command if unknown.get(name) == what]
    return [*([alike] if alike else []), *([name] for name in by_command if name not in alike)]


def _suspects(command: str, members: Sequence[Record], sent: Counter[str]) -> list[tuple[str, list[Record]]]:
    """Share wrong answers out to the commands that they go with most."""
    own = command.split(" ")[0]
    left = [(made, {own, *made.commands}) for made in members]
    shares: list[tuple[str, list[Record]]] = []
    while left:
        counts = Counter(name for _, names in left for name in names if name == own or name in _CHANGES)

        def score(name: str, counts: Counter[str] = counts, number: int = len(left)) -> float:
            return counts[name] / math.sqrt(number * max(sent[name], counts[name], 1))

        best = max(sorted(counts), key=lambda name: (score(name), name == own))
        if score(best) <= score(own) * 1.2:  # as likely: then the command that answered
            best = own
        shares.append((best, [made for made, names in left if best in names]))
        left = [(made, names) for made, names in left if best not in names]
    return shares


def _best_first(command: str, members: Sequence[Record]) -> list[Record]:
    """Return scenarios with the most telling one first: it names the command, and it sends little else."""
    word = command.split(" ")[0]
    levels = ("must", "should", "observed")

    def order(made: Record) -> tuple[bool, int, int, int]:
        named = word in _WORD.findall(f"{made.title.lower()} {made.id}")
        return not named, levels.index(made.level), len(made.commands), len(made.talk)

    return sorted(members, key=order)
