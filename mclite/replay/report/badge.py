"""The badge: the verdict as a small SVG image for a README."""

from __future__ import annotations

from mclite.replay.report import summary
from mclite.replay.report.html import environment
from mclite.replay.report.naming import short
from mclite.replay.results import tally
from mclite.replay.results.document import Results

# White text on each has a contrast of at least 4.5.
_COLOURS: dict[summary.State, str] = {
    "conforms": "#1d7f47",
    "except": "#935c00",
    "fails": "#bb2d24",
    "died": "#bb2d24",
    "nothing": "#55606c",
    "part": "#55606c",
}

_NARROW = frozenset("fijlrtI.,:;'|!() ")
_WIDE = frozenset("mwMWQO@%")


def render(results: Results) -> str:
    """Return the badge of one run as SVG: `memcached 1.6.45 | conforms`, with the headline for its title."""
    left, right = subject(results), words(results)
    return (
        environment()
        .get_template("badge.svg.j2")
        .render(
            left=left,
            right=right,
            left_width=width(left),
            right_width=width(right),
            colour=_COLOURS[summary.state(results)],
            title=summary.headline(results),
        )
    )


def subject(results: Results) -> str:
    """Return what is judged as what: `my cache: memcached 1.6.45`; a target without a name but its address has none."""
    name, release = results.target.name, f"memcached {results.run.judged}"
    return release if name in (results.target.address, release) else f"{short(name)}: {release}"


def words(results: Results) -> str:
    """Return the few words that the badge has room for."""
    must = tally.tallies(results.scenarios)[0]
    match summary.state(results):
        case "part":
            return f"in part: {must.good} of {must.judged} cases"
        case "conforms":
            return "conforms"
        case "except":
            return f"conforms except {summary.count(len(tally.failures(results)), 'case')}"
        case "fails" if not must.bad:
            return "does not conform"
        case "fails":
            return f"{must.good} of {must.judged} cases"
        case "died":
            return "stopped answering"
        case "nothing":
            return "not judged"


def width(text: str) -> int:
    """Return the pixels for `text` at 11 px with a margin, near enough: the image pins the text to it."""
    signs = sum(4 if char in _NARROW else 10 if char in _WIDE else 7 for char in text)
    return signs + 12
