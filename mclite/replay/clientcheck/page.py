"""The page: clients as columns, cases by cause, and for each case the dialogue and what the caller got."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from mclite import __version__
from mclite.replay import files
from mclite.replay.clientcheck.results import Document
from mclite.replay.clientcheck.terminal import headline
from mclite.replay.report.html import asset, environment, policy_hash

#: How a verdict is shown: class of the look, mark, word.
MARKS = {
    "pass": ("is-supported", "✓", "passes"),
    "same": ("is-supported", "✓", "as expected"),
    "fail": ("is-unsupported", "✕", "fails"),
    "warn": ("is-partly", "!", "warning"),
    "differs": ("is-partly", "◐", "differs"),
    "suite-error": ("is-untested", "?", "the suite failed"),
    "unsupported": ("is-untested", "–", "not offered"),
}
#: Of one client and one cause so many are shown with it; the others are in the results.
MOST_DIALOGUES = 4
_SHOWN = ("fail", "warn", "differs", "suite-error")


def write(made: Sequence[Document], out: Path) -> None:
    """Write the page of one or more clients at `out`. Raises WriteError."""
    files.write(render(made), out)


def render(made: Sequence[Document]) -> str:
    """Return the page of one or more clients."""
    own = _style()
    style = asset("page.css")
    return (
        environment("mclite.replay.clientcheck")
        .get_template("page.html.j2")
        .render(
            title=_title(made),
            clients=[_client(one) for one in made],
            chapters=_chapters(made),
            causes=_causes(made),
            marks=MARKS,
            style=Markup(f"{style['text']}{own}"),
            hash=policy_hash(f"{style['text']}{own}"),
            version=__version__,
            protocol=made[0]["suite"]["protocol"],
        )
    )


def _style() -> str:
    return Path(__file__).with_name("templates").joinpath("page.css").read_text("utf-8")


def _title(made: Sequence[Document]) -> str:
    if len(made) == 1:
        client = made[0]["client"]
        return f"{client['name']} {client['version']}: {headline(made[0])}"
    failing = sum(not one["summary"]["conforms"] for one in made)
    return f"{len(made)} memcached clients: {len(made) - failing} conform, {failing} do not"


def _client(one: Document) -> dict[str, Any]:
    return {**one["client"], "headline": headline(one), "conforms": one["summary"]["conforms"], "run": one["run"]}


def _causes(made: Sequence[Document]) -> list[dict[str, Any]]:
    """Return what happens to callers and after what, with the clients to which it happens."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for number, one in enumerate(made):
        for cause in one["summary"]["causes"]:
            row = rows.setdefault((cause["what"], cause["cause"]), {**cause, "cells": [[] for _ in made]})
            row["cells"][number] = cause["scenarios"]
    return list(rows.values())


def _chapters(made: Sequence[Document]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the scenarios by what they have in common, with a cell a client: None where it is not about one."""
    rows: dict[str, dict[str, Any]] = {}
    for number, one in enumerate(made):
        shown: Counter[tuple[str, str]] = Counter()
        for scenario in one["scenarios"]:
            row = rows.setdefault(scenario["id"], {**scenario, "cells": [None] * len(made), "shown": []})
            row["cells"][number] = scenario["verdict"]
            if scenario["verdict"] in _SHOWN:
                cause = (scenario["cause"], scenario["findings"][0]["fault"] if scenario["findings"] else "")
                shown[cause] += 1
                dialogue = shown[cause] <= MOST_DIALOGUES
                row["shown"].append({**scenario, "client": one["client"]["name"], "dialogue": dialogue})
    groups: dict[str, list[dict[str, Any]]] = {}
    for name in sorted(rows):
        groups.setdefault(rows[name]["cause"], []).append(rows[name])
    return list(groups.items())
