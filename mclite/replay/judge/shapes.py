"""The shape of a wrong answer in a few words, the same in every run: numbers, keys and values are no part of it."""

from __future__ import annotations

import re
from collections import Counter

from mclite.replay.judge.blame import first_word, is_quiet
from mclite.replay.judge.record import Record

#: Answers that refuse a request, whatever is said behind the word.
REFUSALS = ("ERROR", "CLIENT_ERROR", "SERVER_ERROR")
SILENT = "no answer"
CLOSES = "closes the connection"
#: How the shape ends of an answer that lacks a statistic.
MISSING = " is missing"
LENGTH = "announced length and data differ"
_CLOSES_AT_ERRORS = "closes the connection where an error is due"
_ACCEPTS = "accepts what has to be refused"
_STAYS = "keeps the connection open"
_HIT = "a hit, not a miss"
_MISS = "a miss, not a hit"
_BARE_LF = "a line that ends in LF alone"
_UNASKED = "answers what asks for no answer"
#: Shapes that are one fault of a server, whichever command shows it.
SHARED = frozenset({_ACCEPTS, _BARE_LF, _HIT, _STAYS, _UNASKED, CLOSES, _CLOSES_AT_ERRORS})
#: Shapes that are always the fault of the request that is answered so.
OWN = frozenset(
    {
        SILENT, CLOSES, _CLOSES_AT_ERRORS, _ACCEPTS, _BARE_LF, _STAYS, _UNASKED, "the server dies",
        "a fault of the suite", "not there though declared",
    }
)  # fmt: skip
#: Flags of a meta answer that only say what was asked for; others tell what an item is.
REFLECTED = re.compile(r" with (?:no flag [Obkqv]|a flag [Obkqv] that|flags in another order)")
#: Answers that say that an item is there, and that it is not.
_HITS = frozenset({"VALUE", "DELETED", "TOUCHED", "VA", "HD"})
_MISSES = frozenset({"END", "NOT_FOUND", "EN", "NF"})
#: A request with a negative exptime (152-154), which some servers refuse, and what is said of that.
_EXPTIME_BEFORE_NOW = re.compile(
    r"(?:(?:set|add|replace|append|prepend|cas) \S+ \S+|touch \S+|gats?) -[0-9]+( |$)|m[sga] .* T-[0-9]+( |$)"
)
PAST = "at a negative exptime"
#: The answer of incr and decr.
_NUMBER = re.compile(r"[0-9]+ *\\r\\n")
#: Answers of the meta commands that have flags.
_META = frozenset({"HD", "VA", "NS", "EX", "NF", "EN"})
#: How the words behind the first of a VALUE line differ, in their order (protocol.txt 306-322).
_VALUE_WORDS = ("another key", "other flags", "another length", "another cas unique")


def shape(made: Record) -> str:
    """Return the shape of a wrong answer in a few words, without what depends on the run."""
    outcome, want, got = made.outcome, (made.want or ""), (made.got or "")
    if outcome == "died" or made.verdict == "target-died":
        return "the server dies"
    if outcome == "malformed" or made.verdict == "suite-error":
        return "a fault of the suite"
    if outcome == "closed" and not got:
        return _closes(made)
    if outcome == "too-much":
        return "an answer without an end"
    wanted, word = first_word(want), first_word(got)
    framing = made.framing or ""
    if _bare(got) and not _bare(want) and "announces" not in framing:
        return _BARE_LF
    if "too many" in framing and is_quiet(made.request or ""):
        return _UNASKED
    if wanted in _MISSES and word in _HITS and not framing:
        return _HIT
    if wanted in REFUSALS and (word not in REFUSALS if word else _NUMBER.match(got)):
        return _ACCEPTS
    if made.framing and (word not in REFUSALS or not wanted):
        return _framing(made.framing, is_quiet(made.request or ""))
    if outcome == "not-run":
        return "not there though declared"
    if outcome == "timeout" and not got:
        return _STAYS if want.startswith("the server hangs up") else SILENT
    if want.startswith("the server hangs up"):
        return _STAYS
    if want.startswith("silence"):
        return "answers where nothing may come"
    if word in REFUSALS:
        if wanted in REFUSALS:
            return f"another {word} text" if wanted == word else f"{word}, not {wanted}"
        return f"{word} {PAST}" if _EXPTIME_BEFORE_NOW.match(made.request or "") else word
    if outcome == "timeout":
        return "an answer that stops in the middle"
    return _compared(want, got)


def _closes(made: Record) -> str:
    """Return at what a target hangs up: where an error is due, at a negative exptime, or at a request that is right."""
    if first_word(made.want or "") in REFUSALS:
        return _CLOSES_AT_ERRORS
    return f"{CLOSES} {PAST}" if _EXPTIME_BEFORE_NOW.match(made.request or "") else CLOSES


def _bare(text: str) -> bool:
    """Tell whether a line as a record writes it ends in LF without CR."""
    return text.endswith("\\n") and not text.endswith("\\r\\n")


def _framing(text: str, quiet: bool) -> str:
    """Return which kind of broken framing a clause of the player tells; `quiet` of a request without an answer."""
    if quiet and ("too many" in text or "had sent more" in text):
        return _UNASKED
    for sign, kind in (
        ("too many", "wrong number of responses"),
        ("too few", "wrong number of responses"),
        ("announces", LENGTH),
        ("another request", "an answer to another request"),
        ("waits for more", "waits for more"),
        ("had sent more", "bytes behind the answer"),
    ):
        if sign in text:
            return kind
    return "broken framing"


def _compared(want: str, got: str) -> str:
    """Return how a wrong answer of the wanted kind differs, or which other kind it is."""
    wanted, word = first_word(want), first_word(got)
    if wanted == word == "STAT":
        names = [text.split(" ")[1] if text.count(" ") else "" for text in (want, got)]
        return f"{_stat(names[0])}: another value" if names[0] == names[1] else f"{_stat(names[0])}{MISSING}"
    if wanted == "STAT":
        return f"{_stat(want.split(' ')[1] if ' ' in want else '')}{MISSING}"
    if wanted and wanted == word:
        return f"{word} with {_field(want, got, word)}"
    if wanted in _HITS and word in _MISSES and (word != "END" or wanted == "VALUE"):
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
    if word in _META:
        return _flag(ours, theirs, word)
    if word != "VALUE":
        return "more words" if len(theirs) > len(ours) else "fewer words" if len(theirs) < len(ours) else "other words"
    for name, one, other in zip(_VALUE_WORDS, ours, theirs, strict=False):
        if one != other and not _open(one):
            return name
    if len(ours) != len(theirs):
        return "no cas unique" if len(theirs) < len(ours) else "more words"
    left = [name for name, one in zip(_VALUE_WORDS, ours, strict=False) if _open(one)]
    return left[0] if len(left) == 1 else "other words"


def _open(word: str) -> bool:
    """Tell whether a wanted word is a slot, which matches more than one."""
    return word.startswith("{") and ":" in word


def _flag(ours: list[str], theirs: list[str], word: str) -> str:
    """Return which flag of two meta answers differs."""
    if word == "VA" and ours and theirs:
        if ours[0] != theirs[0] and not _open(ours[0]):
            return "another length"
        ours, theirs = ours[1:], theirs[1:]
    if any(one.startswith("{") for one in ours):
        return "other words"
    wanted, found = Counter(one[:1] for one in ours), Counter(one[:1] for one in theirs)
    if missing := wanted - found:
        return f"no flag {min(missing)}"
    if more := found - wanted:
        return f"a flag {min(more)} that nobody asked for"
    if [one[:1] for one in ours] != [one[:1] for one in theirs]:
        return "flags in another order"
    return next(
        (f"another value of flag {one[:1]}" for one, other in zip(ours, theirs, strict=True) if one != other),
        "other words",
    )


def happened(made: Record) -> str:
    """Return what the target did, to be put behind the title: `answered CLIENT_ERROR`."""
    what = shape(made)
    got = made.got or ""
    if what == SILENT or not got or what.startswith(("the server dies", "a fault", "an answer without")):
        return "closed the connection" if what.startswith(CLOSES) else what
    line = got.split("\\r\\n")[0] or got
    return f"answered {line if len(line) <= 60 else line[:57] + '...'}"
