"""The page: one HTML file that holds everything, needs no network, and runs no script but its own."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from mclite import __version__
from mclite.replay.files import write as write_file
from mclite.replay.judge.causes import Cause
from mclite.replay.report import causes, clients, markdown, payload, spec, summary, support
from mclite.replay.report import comparison as beside
from mclite.replay.results import tally
from mclite.replay.results.read import Results, Scenario, load

#: The page's script, in the order of its parts.
SCRIPTS = ("data", "wire", "state", "scenario", "list", "compare", "spec", "main")

#: How many deviations the page names before it refers to the filter.
MOST_DEVIATIONS = 20

#: Characters of a server's name that the page shows, and in the head of a narrow column.
LONGEST_NAME, SHORT_NAME = 80, 28

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
        pairs = sorted(zip(runs, links or [""] * len(runs), strict=True), key=lambda pair: in_version_order(pair[0]))
        runs, links = [run for run, _ in pairs], [link for _, link in pairs] if links else ()
    names = labels(runs)
    runs = [run | {"target": run["target"] | {"name": name}} for run, name in zip(runs, names, strict=True)]
    by_id = [{scenario["id"]: scenario for scenario in run["scenarios"]} for run in runs]
    table = support.table(runs)
    data = payload.build(
        runs, [row for row, _ in table], spec=copy, links=links or [""] * len(runs), dialogues=not links
    )
    deviations = _deviations(payload.arrange(runs), by_id)
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            title=title or _title(runs),
            cards=[_card(run, link) for run, link in zip(runs, links or [""] * len(runs), strict=True)],
            overall=overall(runs),
            table=_grouped(table),
            causes=[
                (number, causes.one_line(several), [_cause(one) for one in several[:MOST_DEVIATIONS]])
                for number, run in enumerate(runs)
                if (several := causes.found(run, strict=bool(run["run"].get("strict"))))
            ],
            most=MOST_DEVIATIONS,
            status_names=support.STATUS_NAMES,
            clients=clients.table(runs),
            markdown=markdown.support_table(runs, table),
            deviations=deviations[:MOST_DEVIATIONS],
            deviations_total=len(deviations),
            style=asset("page.css"),
            script=asset(*(f"{part}.js" for part in SCRIPTS)),
            data=Markup(payload.to_script(data)),
            marks=CELL_MARKS,
            suites=sorted({run["suite"]["version"] for run in runs}),
            protocol=runs[0]["suite"]["protocol"],
            version=__version__,
        )
    )


@cache
def environment() -> Environment:
    """Return the templates' environment: all is escaped, and a name that is missing is an error."""
    return Environment(
        loader=PackageLoader("mclite.replay.report"),
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
        text = f'\n"use strict";\n(() => {{{text}}})();\n'
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return {
        "text": Markup(text),
        "hash": f"'sha256-{digest}'",
    }  # our own files: nothing a target sent is in them


def labels(runs: Sequence[Results]) -> list[str]:
    """Return a name for each run that tells it from the others."""
    names = [run["target"]["name"] for run in runs]
    names = [name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…" for name in names]
    for part, field in (("target", "address"), ("run", "started")):
        often = Counter(names)
        names = [
            f"{name} ({run[part][field]})" if often[name] > 1 else name for name, run in zip(names, runs, strict=True)
        ]
    return names


def in_version_order(run: Results) -> tuple[str, list[int], str]:
    """Return what puts servers of one name together, the oldest version first."""
    name = run["target"]["name"]
    version = run["target"]["known_version"] or ""
    return name.split(" ")[0], [int(part) for part in re.findall("[0-9]{1,9}", version)], name


def short(names: Sequence[str]) -> list[str]:
    """Return names for the heads of narrow columns."""
    return [name if len(name) <= SHORT_NAME else f"{name[: SHORT_NAME - 1]}…" for name in names]


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
        return f"{runs[0]['target']['name']}: memcached compatibility"
    return f"memcached compatibility of {len(runs)} servers"


def _cause(cause: Cause) -> dict[str, Any]:
    """Return what the page says of one cause."""
    return {
        "name": cause.name,
        "size": causes.size(cause),
        "claim": causes.claim(cause.example),
        "example": cause.example,
        **{field: cause.example.get(field) for field in ("request", "want", "got", "replay")},
        "scenarios": cause.scenarios,
    }


def _card(run: Results, link: str) -> dict[str, Any]:
    """Return what the top of the page says of one run."""
    state = summary.state(run)
    resembles = run["summary"]["resembles"]
    return {
        "name": run["target"]["name"],
        "short": short([run["target"]["name"]])[0],
        "link": link,
        "state": state,
        "mark": STATE_MARKS[state],
        "word": STATE_WORDS[state],
        "headline": summary.headline(run),
        "caveats": summary.caveats(run),
        "resembles": summary.resembles_text(run),
        "like": resembles,
        "releases": summary.releases(resembles) if resembles else None,
        "reference": beside.sentence(run),
        "resembles_version": resembles["version"] if resembles and resembles["others"] else None,
        "tallies": tally.tallies(run["scenarios"]),
        "bars": {one.level: _bar(one) for one in tally.tallies(run["scenarios"])},
        "level_names": tally.LEVEL_NAMES,
        "facts": facts(run),
        "as": run["run"]["as"],
    }


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
    about, target = run["run"], run["target"]
    facts = [
        ("Server", target["name"]),
        ("Answers version", target["version"] if target["version"] is not None else "nothing"),
        ("Started by the suite as" if target["spawn"] else "Address", target["spawn"] or target["address"]),
        ("Tested", f"{about['started'][:16].replace('T', ' ')} UTC, in {about['seconds']:.1f} s"),
        ("Judged against", f"memcached {about['as']}"),
        ("Suite", f"mclite {run['suite']['version']}, protocol.txt of memcached {run['suite']['protocol']}"),
        ("Sent", f"over {about['transport']}, {_DELIVERIES.get(about['delivery'], about['delivery'])}"),
    ]
    for title, present in (("Probed and absent", False), ("Not tried", None)):
        if names := [name for name, probe in target["capabilities"].items() if probe["present"] is present]:
            facts.append((title, ", ".join(sorted(names))))
    for field, name in (("baseline", "Known deviations"), ("reference", "Beside it")):
        if about.get(field):
            facts.append((name, about[field]))
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


def _deviations(order: Sequence[Scenario], by_id: Sequence[dict[str, Scenario]]) -> list[dict[str, Any]]:
    """Return the scenarios that some target fails, with the targets' numbers, most failing targets first."""
    found = []
    for scenario in order:
        failing = [
            (number, run[scenario["id"]])
            for number, run in enumerate(by_id)
            if scenario["id"] in run and run[scenario["id"]]["verdict"] in (*tally.FAILURES, "suite-error")
        ]
        if failing:
            first = failing[0][1]
            found.append(
                {
                    "scenario": scenario,
                    "claim": causes.claim(first),
                    "targets": [number for number, _ in failing],
                    "reason": tally.reason(first),
                    "known": all(one.get("baseline") == "expected" for _, one in failing),
                    "verdict": first["verdict"],
                }
            )
    return sorted(found, key=lambda one: -len(one["targets"]))
