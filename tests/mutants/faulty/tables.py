"""The tables: which scenario killed which fault, and which must-scenarios killed none."""

from __future__ import annotations

import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from faulty.fault import Fault
from faulty.judge import Judgement
from mclite.replay.scenario import Scenario

BEGIN, END = "<!-- begin of the tables -->", "<!-- end of the tables -->"
REASONS = Path(__file__).resolve().parents[1] / "unkilling.toml"
"""Must-scenarios that kill no fault, and why: reason = [ids]."""
BLUNT, MANY = 0.5, 100
"""A fault that fails more than this part of so many scenarios or more says nothing about a single one."""


def everything(faults: Sequence[Fault], judgements: Mapping[str, Judgement], scenarios: Sequence[Scenario]) -> str:
    """Return both tables as Markdown."""
    judged = [fault for fault in faults if fault.name in judgements]
    killed = [fault for fault in judged if judgements[fault.name].killers]
    levels = {scenario.id: scenario.level for scenario in scenarios}
    by_must = [fault for fault in killed if any(levels.get(one) == "must" for one in judgements[fault.name].killers)]
    summary = (
        f"{len(judged)} faults are judged. {len(killed)} are killed: {len(by_must)} by scenarios of level must, "
        f"{len(killed) - len(by_must)} only by others. {len(judged) - len(killed)} survived."
    )
    lines = [summary, ""]
    survivors = [fault for fault in judged if fault not in killed]
    if survivors:
        lines += ["## Survivors", "", *(f"- `{fault.name}`: {fault.imitates}" for fault in survivors), ""]
    groups: dict[str, list[Fault]] = defaultdict(list)
    for fault in judged:
        groups[fault.chapters.split()[0]].append(fault)
    lines += ["## Which scenario killed which fault", ""]
    for chapter, rows in groups.items():
        lines += [f"### {chapter}", "", "| fault | the server | killed by |", "|---|---|---|"]
        lines += [_row(fault, judgements[fault.name], levels) for fault in rows]
        lines.append("")
    return "\n".join([*lines, *musts(judged, judgements, scenarios)])


def _row(fault: Fault, made: Judgement, levels: Mapping[str, str]) -> str:
    killers = made.killers
    best = min(
        killers, key=lambda one: (levels.get(one) != "must", killers[one] == "timeout", one.split("/")[0]
                                  not in fault.chapters), default="**survived**",
    )  # fmt: skip
    level = levels.get(best, "")
    shown = f"`{best}`" + (f" ({level})" if level not in ("must", "") else "") if killers else best
    seen = f" ({fault.seen})" if fault.seen else ""
    return f"| `{fault.name}` | {fault.imitates}{seen} | {shown} |".replace("\n", " ")


def killing(faults: Iterable[Fault], judgements: Mapping[str, Judgement]) -> set[str]:
    """Return the scenarios that killed a fault which is not blunt."""
    found: set[str] = set()
    for fault in faults:
        made = judgements[fault.name]
        if made.played < MANY or len(made.killers) / made.played <= BLUNT:
            found |= made.killers.keys()
    return found


def idle(faults: Iterable[Fault], judgements: Mapping[str, Judgement], scenarios: Sequence[Scenario]) -> list[str]:
    """Return the ids of the must-scenarios that killed no fault."""
    killers = killing(faults, judgements)
    return [one.id for one in scenarios if one.level == "must" and one.id not in killers]


def reasons() -> dict[str, str]:
    """Return why must-scenarios kill no fault, by id."""
    document: dict[str, list[str]] = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    return {name: reason for reason, names in document.items() for name in names}


def musts(faults: Sequence[Fault], judgements: Mapping[str, Judgement], scenarios: Sequence[Scenario]) -> list[str]:
    """Return the second table."""
    left = idle(faults, judgements, scenarios)
    total = sum(scenario.level == "must" for scenario in scenarios)
    known = reasons()
    summary = (
        f"{total - len(left)} of {total} killed a fault, not counting faults with which more than half of a "
        "hundred scenarios or more fails. The others, and why:"
    )
    lines = [
        "## Scenarios of level must that killed no fault",
        "",
        summary,
        "",
        "| reason | scenarios |",
        "|---|---|",
    ]
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name in left:
        by_reason[known.get(name, "not looked at yet")].append(name)
    lines += [f"| {reason} | {', '.join(f'`{name}`' for name in names)} |" for reason, names in by_reason.items()]
    chapters = Counter(name.split("/")[0] for name in left)
    if "not looked at yet" in by_reason:
        lines += ["", "By chapter: " + ", ".join(f"{name} {count}" for name, count in chapters.most_common()) + "."]
    return [*lines, ""]


def put(path: Path, text: str) -> None:
    """Put the tables between the markers of a document; raise ValueError when it has none."""
    old = path.read_text(encoding="utf-8")
    head, begin, rest = old.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"it has no {BEGIN} and {END}")
    path.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", encoding="utf-8")
