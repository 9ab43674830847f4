"""What a run says on the terminal: each fault as it is found, the causes, and the verdict in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mclite.replay.clientcheck.run import Record
from mclite.replay.scenario.wire import brief

#: Scenarios of one cause that are named.
_NAMED = 3
_ARROWS = {"caller": "   ", "client": " > ", "server": " < ", "note": " # "}


def failure(record: Record) -> Iterator[str]:
    """Yield the lines about a scenario that a client does not stand: what is wrong, and the dialogue."""
    yield f"{record.verdict}  {record.id}  {record.scenario.title}"
    if record.played.broken is not None:
        yield f"      the suite failed: {record.played.broken}"
    for one in record.played.findings:
        where = f"{record.scenario.file}:{record.scenario.talk_line + one.line - 1}: " if one.line else ""
        yield f"      {where}{one.text}"
    events = record.played.events
    for number, event in enumerate(events):
        if 40 <= number < len(events) - 10:
            if number == 40:
                yield f"      ... {len(events) - 50} events more"
            continue
        conn = f"{event.conn}" if event.conn else " "
        yield f"      {event.at:7.0f} ms {conn}{_ARROWS[event.who]}{brief(event.data, 160, 40)}"


def summary(document: dict[str, Any]) -> Iterator[str]:
    """Yield the lines at the end: causes first, then the counts, then the verdict."""
    client, made = document["client"], document["summary"]
    for cause in made["causes"]:
        names = ", ".join(cause["scenarios"][:_NAMED])
        more = f" and {len(cause['scenarios']) - _NAMED} more" if len(cause["scenarios"]) > _NAMED else ""
        yield f"  {len(cause['scenarios']):3}  {cause['what']}, after {cause['cause']}: {names}{more}"
    counts = made["verdicts"]
    yield f"{client['name']} {client['version']}: {headline(document)}"
    words = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    yield f"  {words}; {len(document['scenarios'])} in {document['run']['seconds']:.1f} s"


def headline(document: dict[str, Any]) -> str:
    """Return the verdict on a client as one clause."""
    counts: dict[str, int] = document["summary"]["verdicts"]
    judged = sum(counts.get(one, 0) for one in ("pass", "fail", "warn", "same", "differs"))
    failed, warned = counts.get("fail", 0), counts.get("warn", 0)
    if not judged:
        return "nothing was judged"
    cases = f"{judged} cases" + ("" if document["run"]["complete"] else " of a part of the suite")
    if failed:
        return f"{failed} of {cases} fail"
    return f"conforms in all {cases}" + (f", with {warned} warnings" if warned else "")
