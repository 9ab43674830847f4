"""The results of a run as JSON, after conformance/schema/results.json: raw outcomes and verdicts apart."""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mclite.replay import files
from mclite.replay.judge.record import Record
from mclite.replay.judge.reference import count
from mclite.replay.judge.verdicts import MATCHED, VERDICTS, fails_run
from mclite.replay.scenario.versions import KNOWN, KNOWN_VERSIONS, PROTOCOL_VERSION, Version, parse_guard

#: Share of the telling scenarios that a target answers like a release before it is said to behave like it.
LIKENESS = 0.9


def document(run: Record, target: Record, records: Iterable[Record], suite_version: str, judged: Version) -> Record:
    """Return the whole results document; `records` lose their `events` to the table of transcripts."""
    scenarios: list[Record] = []
    transcripts: list[list[Any]] = []
    places: dict[str, int] = {}

    def place(events: list[Any]) -> int | None:
        """Return the number of a transcript."""
        if not events:
            return None
        # Two transcripts that differ in nothing but their times are still two: the times are evidence.
        text = json.dumps(events)
        if text not in places:
            places[text] = len(transcripts)
            transcripts.append(events)
        return places[text]

    for item in sorted(records, key=lambda item: str(item["id"])):
        item = dict(item)
        events = item.pop("events")
        item["transcript"] = place(events)
        if item.get("reference"):
            beside = dict(item["reference"])
            item["reference"] = {"transcript": place(beside.pop("events")), **beside}
        scenarios.append(item)
    counts = Counter(item["verdict"] for item in scenarios)
    return {
        "format": "mclite-results",
        "schema": 1,
        "suite": {"version": suite_version, "protocol": PROTOCOL_VERSION},
        "run": run,
        "target": target,
        "summary": {
            "conforms": conforms(run, scenarios),
            "verdicts": {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]},
            "resembles": resembles(scenarios, ".".join(map(str, judged))),
            "reference": count(scenarios),
        },
        "scenarios": scenarios,
        "transcripts": transcripts,
    }


def conforms(run: Record, scenarios: Iterable[Record]) -> bool:
    """Tell whether a run shows that its target conforms: it is complete, something matched, and nothing failed.

    The gate and `strict` of the run say what fails.
    """
    scenarios = list(scenarios)
    verdicts = {item["verdict"] for item in scenarios}
    failed = any(fails_run(item, run.get("gate", "must"), run.get("strict", False)) for item in scenarios)
    return run.get("complete", True) and bool(MATCHED & verdicts) and not failed


def resembles(scenarios: Iterable[Record], judged: str) -> Record | None:
    """Return which release the target answers like most often, of the scenarios that tell releases apart.

    Of releases with the same score the one judged as wins, then the newest. `first` and `last` are the ends of the
    range around it in which no telling scenario changes. None when it answers nine of ten like no release.
    """
    telling = [item for item in scenarios if len(set(item.get("like", {}).values())) > 1]
    answered = {item["id"]: answers_like(item["like"]) for item in telling}
    scores = {version: sum(like.get(version, False) for like in answered.values()) for version in KNOWN}
    best = max(KNOWN, key=lambda name: (scores[name], name == judged, KNOWN.index(name)))
    if scores[best] < LIKENESS * len(telling) or not telling:
        return None
    first = last = KNOWN.index(best)
    while first and all(like.get(KNOWN[first - 1]) == like.get(best) for like in answered.values()):
        first -= 1
    while last + 1 < len(KNOWN) and all(like.get(KNOWN[last + 1]) == like.get(best) for like in answered.values()):
        last += 1
    return {
        "version": best,
        "first": KNOWN[first],
        "last": KNOWN[last],
        "same": scores[best],
        "of": len(telling),
        "scores": scores,
        "others": [name for name, like in answered.items() if like.get(best) is False],
    }


def answers_like(like: dict[str, bool]) -> dict[str, bool]:
    """Return what a record says of ranges of releases, of each known release."""
    found: dict[str, bool] = {}
    for text, same in like.items():
        found.update(dict.fromkeys(_releases(text), same))
    return found


@functools.cache
def _releases(text: str) -> tuple[str, ...]:
    guard = parse_guard(text)
    return tuple(name for name, version in zip(KNOWN, KNOWN_VERSIONS, strict=True) if version in guard)


def slug(name: str) -> str:
    """Return a name for files: lower case, everything but letters, digits and dots a hyphen."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "target"


def write(results: Record, path: Path) -> None:
    """Write the results as JSON; raise WriteError."""
    files.write(json.dumps(results, ensure_ascii=True, separators=(",", ":")) + "\n", path)
