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

from mclite.replay.judge.blame import is_quiet
from mclite.replay.judge.record import Record
from mclite.replay.judge.verdicts import MATCHED

#: Commands whose second word names what is asked for.
_GROUPED = frozenset({"stats", "slabs", "lru", "lru_crawler", "watch"})
_WORD = re.compile(r"[a-z_]+")
#: What a talk writes before a verb that is repeated, or behind spaces.
_BEFORE = re.compile(r"^(?:\{|\\x20| )+")
#: Answers that refuse a request, whatever is said behind the word.
_REFUSALS = ("ERROR", "CLIENT_ERROR", "SERVER_ERROR")
_SILENT = "no answer"
_CLOSES = "closes the connection"
_ACCEPTS = "accepts what has to be refused"
_STAYS = "keeps the connection open"
_HIT = "a hit, not a miss"
_MISS = "a miss, not a hit"
#: Shapes that are one fault of a server, whichever command shows it.
_SHARED = frozenset({_ACCEPTS, _HIT, _STAYS})
#: Shapes that are always the fault of the request that is answered so.
_OWN = frozenset({_SILENT, _CLOSES, _ACCEPTS, "the server dies", "a fault of the suite", "not there though declared"})
#: Answers that say that an item is there, and that it is not.
_HITS = frozenset({"VALUE", "DELETED", "TOUCHED", "VA", "HD"})
_MISSES = frozenset({"END", "NOT_FOUND", "EN", "NF"})
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
#: Words behind the first of a VALUE line, as protocol.txt names them (lines 306-322).
_VALUE_WORDS = ("key", "flags", "bytes", "cas unique")
_STATUS = re.compile(r"[A-Z_]{2,}")
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


def shape(made: Record) -> str:
    """Return the shape of a wrong answer in a few words, without what depends on the run."""
    outcome, want, got = made.outcome, made.want or "", made.got or ""
    if outcome == "died" or made.verdict == "target-died":
        return "the server dies"
    if outcome == "malformed" or made.verdict == "suite-error":
        return "a fault of the suite"
    if outcome == "closed" and not got:
        return _CLOSES
    if outcome == "too-much":
        return "an answer without an end"
    wanted, word = _first(want), _first(got)
    if wanted in _MISSES and word in _HITS:
        return _HIT
    if wanted in _REFUSALS and word and word not in _REFUSALS:
        return _ACCEPTS
    if made.framing and (word not in _REFUSALS or not wanted):
        return _framing(made.framing, is_quiet(made.request or ""))
    if outcome == "not-run":
        return "not there though declared"
    if outcome == "timeout" and not got:
        return _STAYS if want.startswith("the server hangs up") else _SILENT
    if want.startswith("the server hangs up"):
        return _STAYS
    if want.startswith("silence"):
        return "answers where nothing may come"
    if word in _REFUSALS:
        if wanted in _REFUSALS:
            return f"another {word} text" if wanted == word else f"{word}, not {wanted}"
        return word
    if outcome == "timeout":
        return "an answer that stops in the middle"
    return _compared(want, got)


def _framing(text: str, quiet: bool) -> str:
    """Return which kind of broken framing a clause of the player tells; `quiet` of a request without an answer."""
    if quiet and ("too many" in text or "had sent more" in text):
        return "answers what asks for no answer"
    for sign, kind in (
        ("too many", "wrong number of responses"),
        ("too few", "wrong number of responses"),
        ("announces", "announced length and data differ"),
        ("another request", "an answer to another request"),
        ("waits for more", "waits for more"),
        ("had sent more", "bytes behind the answer"),
    ):
        if sign in text:
            return kind
    return "broken framing"


def _first(text: str) -> str:
    """Return the status word that a line begins with, or nothing."""
    found = _STATUS.match(text)
    return found[0] if found and text[found.end() : found.end() + 1] in ("", " ", "\\", ":") else ""


def _compared(want: str, got: str) -> str:
    """Return how a wrong answer of the wanted kind differs, or which other kind it is."""
    wanted, word = _first(want), _first(got)
    if wanted == word == "STAT":
        names = [text.split(" ")[1] if text.count(" ") else "" for text in (want, got)]
        return f"{_stat(names[0])}: another value" if names[0] == names[1] else f"{_stat(names[0])} is missing"
    if wanted == "STAT":
        return f"{_stat(want.split(' ')[1] if ' ' in want else '')} is missing"
    if wanted and wanted == word:
        return f"{word} with {_field(want, got, word)}"
    if wanted in _HITS and word in _MISSES:
        return _MISS
    if wanted and word:
        return f"{word}, not {wanted}"
    if not got:
        return f"nothing, not {wanted}" if wanted else "nothing"
    if word:
        return f"{word}, not the data" if not re.match(r"\{|[0-9]", want) else f"{word}, not a number"
    if wanted:
        return f"data, not {wanted}"
    if re.match(r"[0-9]+( *\\r\\n)?$", want) and re.match(r"-?[0-9]+", got):
        return "another number"
    return "other data"


def _stat(name: str) -> str:
    """Return the name of a statistic without the numbers of classes and connections."""
    return re.sub(r"(?<![a-z])[0-9]+(?![a-z])", "N", name.removesuffix("\\r\\n"))[:40]


def _field(want: str, got: str, word: str) -> str:
    """Return which word of two answers of one kind differs."""
    ours, theirs = (text.removesuffix("\\r\\n").split(" ")[1:] for text in (want, got))
    if word != "VALUE":
        return "more words" if len(theirs) > len(ours) else "fewer words" if len(theirs) < len(ours) else "other words"
    for name, one, other in zip(_VALUE_WORDS, ours, theirs, strict=False):
        if one != other and not (one.startswith("{") and ":" in one):
            return f"other {name}"
    if len(ours) != len(theirs):
        return "no cas unique" if len(theirs) < len(ours) else "more words"
    return "other words"


def key(made: Record) -> str:
    """Return the name of a wrong answer's cause as one record shows it: `incr: ERROR`."""
    return f"{command_of(made)}: {shape(made)}"


def happened(made: Record) -> str:
    """Return what the target did, to be put behind the title: `answered CLIENT_ERROR`."""
    what = shape(made)
    got = made.got or ""
    if what in (_SILENT, _CLOSES) or not got or what.startswith(("the server dies", "a fault", "an answer without")):
        return {_SILENT: "no answer", _CLOSES: "closed the connection"}.get(what, what)
    line = got.split("\\r\\n")[0] or got
    return f"answered {line if len(line) <= 60 else line[:57] + '...'}"


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
        if what in _OWN or what in _SHARED or what.startswith(_REFUSALS) or made.framing:
            causes.setdefault(what, {}).setdefault(command, []).append(made)
        else:
            open_ends.setdefault((command, what), []).append(made)
    for (command, what), members in open_ends.items():
        for suspect, shown in _suspects(command, members, sent):
            own = suspect == command.split(" ")[0] or command == MALFORMED
            text = what if own else f"then {command} answers {what}"
            causes.setdefault(text, {}).setdefault(command if own else suspect, []).extend(shown)
    found = []
    for what, by_command in causes.items():
        for together in _together(what, by_command, unknown):
            order = sorted(together, key=lambda name: (name == MALFORMED, -len(by_command[name]), name))
            members = [made for name in order for made in _best_first(name, by_command[name])]
            found.append(Cause(tuple(order), what, tuple(members)))
    return sorted(found, key=lambda cause: (-len(cause.scenarios), cause.name))


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
    word = _first(made.got or "")
    if word in _REFUSALS:
        return word
    what = shape(made)
    return what if what in (_SILENT, _CLOSES) else ""


def _together(what: str, by_command: dict[str, list[Record]], unknown: dict[str, str]) -> list[list[str]]:
    """Return the commands of one shape, those of one cause together."""
    if what in _SHARED or (", not " in what and what.startswith(_REFUSALS)):
        return [list(by_command)]
    alike = [name for name in by_command if unknown.get(name) == what]
    return [*([alike] if alike else []), *([name] for name in by_command if name not in alike)]


def _suspects(command: str, members: Sequence[Record], sent: Counter[str]) -> list[tuple[str, list[Record]]]:
    """Share wrong answers out to the commands that they go with most."""
    own = command.split(" ")[0]
    left = list(members)
    shares: list[tuple[str, list[Record]]] = []
    while left:
        candidates = {own} | _CHANGES
        counts = Counter(name for made in left for name in candidates.intersection(made.commands))
        if not counts:
            return [*shares, (own, left)]

        def score(name: str, counts: Counter[str] = counts, number: int = len(left)) -> float:
            return counts[name] / math.sqrt(number * max(sent[name], counts[name], 1))

        best = max(sorted(counts), key=lambda name: (score(name), name == own))
        if score(best) <= score(own) * 1.2:  # as likely: then the command that answered
            best = own
        taken = [made for made in left if best in made.commands]
        if not taken:
            return [*shares, (own, left)]
        shares.append((best, taken))
        left = [made for made in left if best not in made.commands]
    return shares


def _best_first(command: str, members: Sequence[Record]) -> list[Record]:
    """Return scenarios with the most telling one first: it names the command, and it sends little else."""
    word = command.split(" ")[0]
    levels = ("must", "should", "observed")

    def order(made: Record) -> tuple[bool, int, int, int]:
        named = word in _WORD.findall(f"{made.title.lower()} {made.id}")
        return not named, levels.index(made.level), len(made.commands), len(made.talk)

    return sorted(members, key=order)
