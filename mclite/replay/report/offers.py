"""What a target offers, for people: what is missing with its evidence, and what is declared absent or not tried."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mclite.replay.judge.offers import Offered, commands
from mclite.replay.results.document import Results
from mclite.replay.scenario.offers import documented

#: Names that one line lists.
SHOWN = 40


def of(results: Results) -> list[Offered]:
    """Return what is said of each command and option; nothing in results of a part of the suite, or older ones."""
    return list(results.offers)


def failing(results: Results, *, strict: bool = False) -> list[Offered]:
    """Return what fails the run because it is not offered."""
    return [one for one in of(results) if one.fails_run(strict)]


def said(results: Results, *, strict: bool = False) -> str | None:
    """Return how much of what is expected is not offered: `21 of 26 commands and 3 options`; None if all is."""
    missing = failing(results, strict=strict)
    verbs = [one for one in missing if one.kind == "command"]
    options = [one for one in missing if one.kind == "option"]
    parts = []
    if verbs:
        _, known = commands(of(results))
        parts.append(verbs[0].name if len(verbs) == 1 else f"{len(verbs)} of {known} commands")
    if options:
        parts.append(options[0].name if len(options) == 1 else f"{len(options)} options")
    return " and ".join(parts) or None


def part(results: Results) -> str | None:
    """Return how much is offered where something is declared absent: `12 of 31 commands`; None if nothing is."""
    everything = of(results)
    if not any(one.state in ("declared", "answers") for one in everything):
        return None
    there, known = commands(everything)
    return f"{there} of {known} commands"


def lines(results: Results, *, strict: bool = False) -> list[str]:
    """Return the list of what is not offered for a terminal, those that were answered alike in one line."""
    missing = failing(results, strict=strict)
    if not missing:
        return []
    out = [f"Not offered ({len(missing)}):"]
    for answer, alike in by_answer(missing):
        out.append(f"  {names(alike)}: {answer}")
        out.append(f"    {alike[0].evidence}")
    allowed = [one.name for one in missing if not one.required]
    if allowed:
        out.append(f"  if they need not be there: --lacks {','.join(documented().shortened(allowed))}")
    return out


def by_answer(offers: Iterable[Offered]) -> list[tuple[str, list[Offered]]]:
    """Return them by what they were answered, the most frequent answer first."""
    groups: dict[str, list[Offered]] = {}
    for one in offers:
        groups.setdefault(one.happened, []).append(one)
    return sorted(groups.items(), key=lambda item: -len(item[1]))


def caveats(results: Results) -> list[str]:
    """Return the sentences on what is declared absent, what answers all the same, and what was not tried."""
    everything = of(results)
    sentences = (
        ("declared", "Declared absent: {}."),
        ("answers", "Declared absent, but answers: {}."),
        ("known", "Not offered by the release itself: {}."),
        ("not-tried", "Not tried, so that nothing is said of it: {}."),
    )
    found = [(text, [one for one in everything if one.state == state]) for state, text in sentences]
    expected = [one for one in everything if one.fails and one.baseline == "expected"]
    found.append(("Not offered, as the baseline says: {}.", expected))
    return [text.format(names(some)) for text, some in found if some]


def names(offers: Sequence[Offered]) -> str:
    """Return their names, at most `SHOWN`."""
    more = len(offers) - SHOWN
    return ", ".join(one.name for one in offers[:SHOWN]) + (f" and {more} more" if more > 0 else "")
