"""The results of a run as JSON, after conformance/schema.json: raw outcomes and verdicts apart."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mclite.replay.reference import count, plain
from mclite.replay.result import Result
from mclite.replay.scenario import Scenario
from mclite.replay.verdicts import VERDICTS, Verdict, fails
from mclite.replay.versions import PROTOCOL_VERSION, Version
from mclite.replay.wire import brief, escape

Record = dict[str, Any]


def record(scenario: Scenario, result: Result, verdict: Verdict, reason: str | None, replay: str) -> Record:
    """Return one scenario as the results say it, its transcript still inside as `events`."""
    failed = result.outcome not in ("match", "not-run")
    return {
        "id": scenario.id,
        "title": scenario.title,
        "chapter": scenario.chapter,
        "section": scenario.section,
        "lines": list(scenario.lines),
        "level": scenario.level,
        "since": _written(scenario.since),
        "until": _written(scenario.until),
        "requires": list(scenario.requires),
        "scope": scenario.scope,
        "transport": scenario.transport,
        "commands": list(scenario.commands),
        "note": scenario.note,
        "file": scenario.file,
        "talk": scenario.talk.source,
        "outcome": result.outcome,
        "verdict": verdict,
        "reason": reason,
        "step": result.step,
        "want": result.want,
        "got": brief(result.got) if result.got is not None else None,
        "at": result.at,
        "fingerprint": fingerprint(result) if failed else None,
        "milliseconds": result.milliseconds,
        "events": plain(result.events),
        "replay": replay,
    }


def _written(version: Version | None) -> str | None:
    return ".".join(map(str, version)) if version is not None else None


def fingerprint(result: Result) -> str:
    """Return a short name of a wrong answer: the same in every run in which the target answers alike.

    Keys, values that the target gave, and long numbers such as times are taken out of it.
    """
    got = result.got or b""
    for name, value in sorted(result.values.items(), key=lambda item: -len(item[1])):
        if len(value) > 3 or name.startswith("key"):
            got = got.replace(value, b"{%s}" % name.encode())
    got = re.sub(rb"[0-9]{5,}", b"N", got)
    text = f"{result.outcome} {result.step} {escape(got)}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def document(
    run: Record, target: Record, records: Iterable[Record], suite_version: str, judged: Version, strict: bool
) -> Record:
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
    expected = sum(1 for item in scenarios if item.get("baseline") == "expected" and fails(item["verdict"], strict))
    bad = sum(1 for item in scenarios if fails(item["verdict"], strict))
    return {
        "format": "mclite-results",
        "schema": 1,
        "suite": {"version": suite_version, "protocol": PROTOCOL_VERSION},
        "run": run,
        "target": target,
        "summary": {
            "conforms": bad - expected == 0,
            "verdicts": {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]},
            "resembles": resembles(scenarios, ".".join(map(str, judged))),
            "reference": count(scenarios),
        },
        "scenarios": scenarios,
        "transcripts": transcripts,
    }


def resembles(scenarios: Iterable[Record], judged: str) -> Record | None:
    """Return which version the target answers like most often, of the scenarios that tell versions apart.

    Of versions with the same score the one judged as wins, then the newest.
    """
    telling = [item for item in scenarios if len(set(item.get("like", {}).values())) > 1]
    scores: Counter[str] = Counter()
    for item in telling:
        for version, like in item["like"].items():
            scores[version] += bool(like)
    if not telling or not scores:
        return None
    best = max(scores, key=lambda name: (scores[name], name == judged, [int(part) for part in name.split(".")]))
    others = [item["id"] for item in telling if item["like"].get(best) is False]
    return {
        "version": best,
        "same": scores[best],
        "of": len(telling),
        "scores": dict(sorted(scores.items(), key=lambda pair: [int(part) for part in pair[0].split(".")])),
        "others": others,
    }


def slug(name: str) -> str:
    """Return a name for files: lower case, everything but letters, digits and dots a hyphen."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "target"


def write(results: Record, path: Path) -> None:
    """Write the results as JSON, so that a reader sees the old file or the new one and never a half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(results, ensure_ascii=True, separators=(",", ":")) + "\n")  # dump is far slower
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
