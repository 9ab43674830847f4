"""What a run comes to beside the baseline of its target: new, changed and expected deviations, in numbers and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from mclite.replay.judge.record import Record
from mclite.replay.results.document import Results
from mclite.replay.results.tally import FAILURES

#: What the baseline says of deviations that fail a run, in the order in which they are shown.
NEWS = ("new", "changed")


def counts(results: Results) -> Counter[str]:
    """Return how many deviations are new, changed and expected, commands that are not offered among them."""
    marked = [*(one.baseline for one in results.scenarios), *(one.baseline for one in results.offers)]
    return Counter(word for word in marked if word in (*NEWS, "expected"))


def news(results: Results) -> int:
    """Return how many deviations the baseline does not know as they are."""
    found = counts(results)
    return sum(found[word] for word in NEWS)


def said(results: Results) -> str | None:
    """Return the numbers in words: `2 answers are new, 1 has changed and 12 are expected`; None without a baseline."""
    found = counts(results)
    verbs = {"new": ("is new", "are new"), "changed": ("has changed", "have changed")}
    parts = [(found[word], verbs[word][found[word] != 1]) for word in NEWS if found[word]]
    if found["expected"]:
        parts.append((found["expected"], "is expected" if found["expected"] == 1 else "are expected"))
    if not parts:
        return None
    (first, verb), *others = parts
    texts = [f"{first} answer{'' if first == 1 else 's'} {verb}", *(f"{number} {text}" for number, text in others)]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def deviations(results: Results) -> list[Record]:
    """Return what fails the run, and faults of the suite: what is new first, then what changed, then the others.

    What the baseline expects is none of it.
    """
    about = results.run
    found = [
        one
        for one in results.scenarios
        if one.fails(about.gate, about.strict) or (one.verdict in (*FAILURES, "suite-error") and one.baseline is None)
    ]
    return in_order(found)


def in_order(several: Iterable[Record]) -> list[Record]:
    """Return scenarios with those first that are new, then those that changed."""
    return sorted(several, key=lambda one: NEWS.index(one.baseline) if one.baseline in NEWS else len(NEWS))
