"""The page: one HTML file that holds everything, needs no network, and runs no script but its own."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from mclite import __version__
from mclite.replay.files import write as write_file
from mclite.replay.judge.record import Record
from mclite.replay.judge.verdicts import Verdict
from mclite.replay.report import (
    causes,
    clients,
    differences,
    expectations,
    markdown,
    naming,
    offers,
    payload,
    spec,
    summary,
    support,
)
from mclite.replay.report import comparison as beside
from mclite.replay.results import tally
from mclite.replay.results.document import Resembles, Results
from mclite.replay.results.read import load

#: The page's script, in the order of its parts.
SCRIPTS = ("data", "wire", "state", "scenario", "list", "spec", "main")

#: Servers that are named as those that answer otherwise than most.
MOST_ODD = 4

#: How many deviations the page names before it refers to the filter.
MOST_DEVIATIONS = 20

STATE_MARKS: dict[summary.State, str] = {
    "conforms": "✓",
    "except": "!",
    "fails": "✕",
    "died": "✕",
    "nothing": "?",
    "part": "?",
}
STATE_WORDS: dict[summary.State, str] = {
    "conforms": "conforms",
    "except": "conforms, with exceptions",
    "fails": "does not conform",
    "died": "stopped answering",
    "nothing": "not judged",
    "part": "compared in part",
}
CELL_MARKS: dict[support.Status, str] = {"supported": "✓", "partly": "◐", "unsupported": "✕", "untested": "–"}


def write(
    results: Sequence[Path],
    out: Path,
    *,
    protocol: Path | None = None,
    text: bool = True,
    links: Sequence[str] = (),
    title: str | None = None,
) -> None:
    """Make the page of one or more results files at `out`, whole or not at all.

    `protocol` is a copy of protocol.txt to annotate; without one Debian's is taken if it is installed, and
    with `text` False none is. `links`, one page a results file, leave the dialogues to those pages. Raises
    ResultsError, WriteError.
    """
    runs = [load(path) for path in results]
    copy = None
    if text:
        copy = spec.read(protocol) if protocol else spec.find()
    write_file(render(runs, copy=copy, links=links, title=title), out)


def render(
    runs: Sequence[Results],
    *,
    copy: spec.Spec | None = None,
    links: Sequence[str] = (),
    title: str | None = None,
) -> str:
    """Return the page of one or more runs as text; `copy` is the protocol.txt to annotate."""
    if len(runs) > 1:
        pairs = sorted(
            zip(runs, links or [""] * len(runs), strict=True), key=lambda pair: naming.in_version_order(pair[0])
        )
        runs, links = [run for run, _ in pairs], [link for _, link in pairs] if links else ()
    names = naming.labels(runs)
    runs = [replace(run, target=replace(run.target, name=name)) for run, name in zip(runs, names, strict=True)]
    table = support.table(runs)
    order = payload.arrange(runs)
    unlike = differences.differing(runs, order)
    data = payload.build(
        runs,
        [row for row, _ in table],
        spec=copy,
        links=links or [""] * len(runs),
        dialogues=not links,
        differing=unlike,
    )
    deviations = _deviations(order, runs)
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            title=title or _title(runs),
            cards=[_card(run, link) for run, link in zip(runs, links or [""] * len(runs), strict=True)],
            overall=overall(runs),
            table=_grouped(table),
            offers=[
                (number, offers.by_answer(missing))
                for number, run in enumerate(runs)
                if (missing := offers.failing(run, strict=run.run.strict))
            ],
            causes=[
                (number, causes.one_line(several), several[:MOST_DEVIATIONS])
                for number, run in enumerate(runs)
                if (several := causes.found(run, strict=run.run.strict))
            ],
            differences=differences.by_command(differences.rows(runs, (order[number] for number in unlike))),
            odd=lambda rows: differences.odd_ones(rows)[:MOST_ODD],
            ranges=lambda numbers: naming.ranges(names, numbers),
            known=[(number, found) for number, run in enumerate(runs) if (found := causes.known(run))],
            most=MOST_DEVIATIONS,
            size=causes.size,
            claim=causes.claim,
            status_names=support.STATUS_NAMES,
            clients=clients.table(runs),
            markdown=markdown.support_table(runs, table),
            deviations=deviations[:MOST_DEVIATIONS],
            deviations_total=len(deviations),
            style=asset("page.css"),
            script=asset(*(f"{part}.js" for part in SCRIPTS)),
            data=Markup(payload.to_script(data)),
            marks=CELL_MARKS,
            level_names=tally.LEVEL_NAMES,
            suites=sorted({run.suite.version for run in runs}),
            protocol=runs[0].suite.protocol,
            version=__version__,
        )
    )


@cache
def environment(package: str = "mclite.replay.report") -> Environment:
    """Return the environment of a package's templates: all is escaped, and a name that is missing is an error."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def asset(*names: str) -> dict[str, Markup | str]:
    """Return our own script or style with the hash by which the security policy knows it."""
    folder = Path(__file__).with_name("templates")
    text = "\n" + "\n".join((folder / name).read_text("utf-8") for name in names)
    if names[0].endswith(".js"):
        text = f'\n"use strict";\n(async () => {{{text}}})();\n'
    return {"text": Markup(text), "hash": policy_hash(text)}  # our own files: nothing a target sent is in them


def policy_hash(text: str) -> str:
    """Return the source by which a content security policy allows this script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def overall(runs: Sequence[Results]) -> str:
    """Return the verdict on several targets as one sentence."""
    states = Counter(summary.state(run) for run in runs)
    words: dict[summary.State, tuple[str, str]] = {
        "conforms": ("conforms", "conform"),
        "except": ("conforms with exceptions", "conform with exceptions"),
        "fails": ("does not conform", "do not conform"),
        "died": ("stopped answering", "stopped answering"),
        "part": ("was compared only in part", "were compared only in part"),
        "nothing": ("was not judged", "were not judged"),
    }
    parts = [f"{states[state]} {word[states[state] > 1]}" for state, word in words.items() if states[state]]
    if len(parts) == 1:
        (state,) = states
        return f"All {len(runs)} servers {words[state][1]}."
    return f"Of {len(runs)} servers, {', '.join(parts[:-1])} and {parts[-1]}."


def _title(runs: Sequence[Results]) -> str:
    if len(runs) == 1:
        return f"{runs[0].target.name}: memcached compatibility"
    return f"memcached compatibility of {len(runs)} servers"


@dataclass(frozen=True, slots=True)
class _Card:
    """What the top of the page says of one run."""

    name: str
    short: str
    link: str
    state: summary.State
    mark: str
    word: str
    headline: str
    caveats: list[str]
    resembles: str | None  #: the sentence
    like: Resembles | None
    reference: str | None  #: the sentence
    tallies: list[tally.Tally]
    bars: dict[str, list[tuple[str, float, float]]]  #: by level
    facts: list[tuple[str, str]]


def _card(run: Results, link: str) -> _Card:
    state = summary.state(run)
    tallies = tally.tallies(run.scenarios)
    return _Card(
        name=run.target.name,
        short=naming.short(run.target.name),
        link=link,
        state=state,
        mark=STATE_MARKS[state],
        word=STATE_WORDS[state],
        headline=summary.headline(run),
        caveats=summary.caveats(run),
        resembles=summary.resembles_text(run),
        like=run.summary.resembles,
        reference=beside.sentence(run),
        tallies=tallies,
        bars={one.level: _bar(one) for one in tallies},
        facts=facts(run),
    )


def _bar(one: tally.Tally) -> list[tuple[str, float, float]]:
    """Return the parts of a tally's bar: class, start and width in percent."""
    total = one.total or 1
    parts, start = [], 0.0
    for name, number in (
        ("good", one.good),
        ("bad" if one.level == "must" else "warn", one.bad),
        ("rest", one.total - one.judged),
    ):
        width = 100 * number / total
        if number:
            parts.append((name, round(start, 2), round(width, 2)))
        start += width
    return parts


def facts(run: Results) -> list[tuple[str, str]]:
    """Return what was tested, how and when, as names and values."""
    about, target = run.run, run.target
    facts = [
        ("Server", target.name),
        ("Answers version", target.version if target.version is not None else "nothing"),
        ("Started by the suite as" if target.spawn else "Address", target.spawn or target.address),
        ("Tested", f"{about.started[:16].replace('T', ' ')} UTC, in {about.seconds:.1f} s"),
        ("Judged against", f"memcached {about.judged}"),
        ("Suite", f"mclite {run.suite.version}, protocol.txt of memcached {run.suite.protocol}"),
        ("Sent", f"over {about.transport}, {_DELIVERIES.get(about.delivery, about.delivery)}"),
    ]
    for title, present in (("Probed and absent", False), ("Not tried", None)):
        if names := [name for name, probe in target.capabilities.items() if probe.present is present]:
            facts.append((title, ", ".join(sorted(names))))
    for name, value in (("Known deviations", about.baseline), ("Beside it", about.reference)):
        if value:
            facts.append((name, value))
    return facts


_DELIVERIES = {
    "whole": "each request whole",
    "bytes": "byte by byte",
    "lines": "line by line",
    "pipelined": "pipelined",
}


def _grouped(table: Sequence[tuple[support.Row, list[support.Cell]]]) -> list[tuple[str, list[Any]]]:
    groups: dict[str, list[Any]] = {}
    for row, cells in table:
        groups.setdefault(row.group, []).append((row, cells))
    return list(groups.items())


@dataclass(frozen=True, slots=True)
class _Deviation:
    """A scenario that some targets fail."""

    scenario: Record
    claim: str
    targets: list[int]  #: their numbers
    reason: str | None
    baseline: str | None  #: new or changed; None where there is no baseline
    verdict: Verdict


def _deviations(order: Sequence[Record], runs: Sequence[Results]) -> list[_Deviation]:
    """Return the scenarios that some target fails: what a baseline does not know first, then of most targets."""
    failing = [{one.id: one for one in expectations.deviations(run)} for run in runs]
    found = []
    for scenario in order:
        targets = [number for number, run in enumerate(failing) if scenario.id in run]
        if targets:
            first = expectations.in_order(failing[number][scenario.id] for number in targets)[0]
            found.append(
                _Deviation(scenario, causes.claim(first), targets, tally.reason(first), first.baseline, first.verdict)
            )
    return sorted(found, key=lambda one: (one.baseline is None, -len(one.targets)))
