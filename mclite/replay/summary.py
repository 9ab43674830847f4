"""The end of a run on the terminal: one sentence, the counts, the first failures, where the report is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mclite.replay.results import Record
from mclite.replay.verdicts import PLAYED, fails

if TYPE_CHECKING:
    from mclite.replay.session import Session

#: So many failures are named.
NAMED = 12


def show(reporter: Any, suite: Session) -> None:
    """Write the summary of every target to pytest's terminal reporter."""
    for made in suite.documents:
        reporter.write_sep("=", f"conformance of {made['target']['name']}")
        for line in lines(made, suite.options.strict):
            reporter.write_line(line)
    for path in suite.written:
        reporter.write_line(f"report: {path}")
    for problem in suite.problems:
        reporter.write_line(problem)
    if not suite.documents:
        reporter.write_line("no scenario was played: this says nothing about the target")


def lines(made: Record, strict: bool) -> list[str]:
    """Return the summary of one target's results."""
    verdicts = made["summary"]["verdicts"]
    name, judged = made["target"]["name"], made["run"]["as"]
    out = []
    if not any(verdict in PLAYED for verdict in verdicts):
        out.append(f"{name}: nothing was played, so nothing is known")
    elif made["summary"]["conforms"]:
        out.append(f"{name} conforms, judged as memcached {judged}")
    else:
        out.append(f"{name} deviates, judged as memcached {judged}")
    out.append("  " + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()))
    known = Counter(item["baseline"] for item in made["scenarios"] if item.get("baseline"))
    if known:
        out.append("  baseline: " + ", ".join(f"{count} {name}" for name, count in sorted(known.items())))
    like = made["summary"]["resembles"]
    if like is not None:
        out.append(
            f"  resembles memcached {like['version']} in {like['same']} of {like['of']} "
            "scenarios that tell versions apart"
            + (f"; not in {', '.join(like['others'][:3])}" if like["others"] else "")
        )
    wrong = [
        item for item in made["scenarios"] if fails(item["verdict"], strict) and item.get("baseline") != "expected"
    ]
    for item in wrong[:NAMED]:
        out.append(f"  {item['verdict'].upper()} {item['id']}: {_reason(item)}")
    if len(wrong) > NAMED:
        out.append(f"  and {len(wrong) - NAMED} more")
    for item in made["scenarios"]:
        if item.get("baseline") == "fixed":
            out.append(f"  STALE {item['id']}: it is right now; take it out of the baseline")
    return out


def _reason(item: Record) -> str:
    if item.get("want") and item.get("got"):
        return f"want {_short(item['want'])}, got {_short(item['got'])}"
    return str(item.get("reason") or item["outcome"])


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
