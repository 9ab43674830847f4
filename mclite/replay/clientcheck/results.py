"""The results of a run as JSON, and from JSON: what the page and other tools read."""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mclite import __version__
from mclite.replay import files
from mclite.replay.clientcheck import withheld
from mclite.replay.clientcheck.judge import FAULTS
from mclite.replay.clientcheck.run import Record, Run
from mclite.replay.judge.verdicts import (
    CONFORMS,
    DEVIATES,
    MATCHED,
    NOTHING_JUDGED,
    VERDICTS,
    fails,
)
from mclite.replay.scenario.scenario import Level
from mclite.replay.scenario.versions import PROTOCOL_VERSION
from mclite.replay.scenario.wire import brief

FORMAT, SCHEMA = "mclite-client-results", 1
#: Bytes of one event that are kept: its beginning and its end.
_HEAD, _TAIL = 300, 100
#: Events of one scenario that are kept: first and last.
_FIRST, _LAST = 60, 20

Document = dict[str, Any]


class ResultsError(ValueError):
    """A file holds no results of a client; the text says why."""


def document(run: Run, entries: Sequence[withheld.Entry], gate: Level = "must", *, complete: bool = True) -> Document:
    """Return the results of a run, without the bytes of what is withheld."""
    scenarios = [_scenario(record, withheld.reason(entries, run.hello.client, record.id)) for record in run.records]
    counts = Counter(record.verdict for record in run.records)
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "suite": {"version": __version__, "protocol": PROTOCOL_VERSION},
        "run": {
            "driver": run.driver,
            "started": datetime.datetime.fromtimestamp(run.started, datetime.UTC).isoformat(timespec="seconds"),
            "seconds": run.seconds,
            "gate": gate,
            "complete": complete,
        },
        "client": {
            "name": run.hello.client,
            "version": run.hello.version,
            "language": run.hello.language,
            "protocols": list(run.hello.protocols),
        },
        "summary": {
            "conforms": exit_code(run.records, gate) == CONFORMS,
            "verdicts": {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]},
            "causes": causes(scenarios),
        },
        "scenarios": scenarios,
    }


def exit_code(records: Sequence[Record], gate: Level = "must") -> int:
    """Return the exit code of a run."""
    if any(fails(record.verdict, gate) for record in records):
        return DEVIATES
    return CONFORMS if any(record.verdict in MATCHED for record in records) else NOTHING_JUDGED


def _scenario(record: Record, reason: str | None) -> Document:
    scenario, played = record.scenario, record.played
    shown = [FAULTS[one.fault] if reason is not None else one.text for one in played.findings]
    findings: list[Document] = [
        {"fault": one.fault, "text": text, "line": one.line} for one, text in zip(played.findings, shown, strict=True)
    ]
    kept = played.events if findings else ()  # a dialogue that shows nothing wrong is not kept
    events = [[round(one.at, 1), one.who, one.conn, brief(one.data, _HEAD, _TAIL)] for one in kept]
    if len(events) > _FIRST + _LAST:
        left = len(events) - _FIRST - _LAST
        events[_FIRST:-_LAST] = [[events[_FIRST][0], "note", 0, f"{left} events more"]]
    if reason is not None:
        events = []
    return {
        "id": record.id,
        "title": scenario.title,
        "cause": scenario.cause,
        "level": scenario.level,
        "protocol": record.protocol,
        "lines": list(scenario.lines),
        "danger": scenario.danger,
        "verdict": record.verdict,
        "reason": played.broken or (findings[0]["text"] if findings else played.unsupported),
        "findings": findings,
        "withheld": reason,
        "talk": None if reason is not None else scenario.talk.source.strip(),
        "events": events,
        "milliseconds": played.milliseconds,
    }


def causes(scenarios: Sequence[Document]) -> list[Document]:
    """Return the faults by cause: what happens to the caller, and after what; the most frequent first."""
    found: dict[tuple[str, str], list[str]] = {}
    for made in scenarios:
        for fault in dict.fromkeys(one["fault"] for one in made["findings"]):
            found.setdefault((fault, made["cause"]), []).append(made["id"])
    order = list(FAULTS)
    rows = sorted(found.items(), key=lambda pair: (order.index(pair[0][0]), -len(pair[1]), pair[0][1]))
    return [
        {"fault": fault, "what": FAULTS[fault], "cause": cause, "scenarios": names} for (fault, cause), names in rows
    ]


def file_name(document: Document) -> str:
    """Return the name of the results file of a client, without a suffix."""
    name = "".join(one if one.isalnum() or one in ".-" else "-" for one in document["client"]["name"].lower())
    return "client-" + "-".join(filter(None, name.split("-")))


def write(made: Document, out: Path) -> None:
    """Write results; raise WriteError."""
    head = json.dumps({name: value for name, value in made.items() if name != "scenarios"}, indent=1)
    lines = ",\n".join(json.dumps(one) for one in made["scenarios"])  # a scenario a line, so that two runs compare
    files.write(f'{head[:-2]},\n "scenarios": [\n{lines}\n]}}\n', out)


def read(path: Path) -> Document:
    """Read results; raise ResultsError."""
    try:
        made = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path} cannot be read: {error}") from None
    if not isinstance(made, dict) or made.get("format") != FORMAT or made.get("schema") != SCHEMA:
        raise ResultsError(f"{path} holds no results of a client, or of another version of mclite")
    return made
