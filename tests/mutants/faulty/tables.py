"""The tables: which scenarios killed which fault, and which must-scenarios killed none."""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from faulty.fault import Fault
from faulty.judge import Judgement
from mclite.replay.scenario.scenario import Scenario
from mclite.replay.scenario.versions import KNOWN_VERSIONS

BEGIN, END = "<!-- begin of the tables -->", "<!-- end of the tables -->"
REASONS = Path(__file__).resolve().parents[1] / "unkilling.toml"
"""Must-scenarios that kill no fault, and why: reason = [ids]."""
BLUNT, MANY = 0.5, 100
"""A fault that fails more than this part of so many scenarios or more says nothing about a single one."""
HOW_TO_READ = (
    "*Failed* is how many scenarios noticed the fault. Each scenario of level must is named once, beside the fault "
    "that the fewest others noticed; a fault for which none is left names one that is named elsewhere, too."
)
MISSED = "not-run"
"""The outcome of a scenario that was not played, since the probe did not find what the server declares."""
UNEXPLAINED = "**not looked at yet**"
SURVIVED = "**survived**"


def everything(faults: Sequence[Fault], judgements: Mapping[str, Judgement], scenarios: Sequence[Scenario]) -> str:
    """Return the tables as Markdown."""
    judged = [fault for fault in faults if fault.name in judgements]
    killed = [fault for fault in judged if judgements[fault.name].killers]
    levels = {scenario.id: scenario.level for scenario in scenarios}
    outcomes = {fault.name: judgements[fault.name].killers for fault in killed}
    by_probe = [name for name, found in outcomes.items() if set(found.values()) == {MISSED}]
    played = {name: [one for one in found if found[one] != MISSED] for name, found in outcomes.items()}
    by_must = [name for name, found in played.items() if any(levels.get(one) == "must" for one in found)]
    left = idle(judged, judgements, scenarios)
    total = len(musts(scenarios))
    summary = (
        f"{len(judged)} faults are judged. {len(killed)} are killed: {len(by_must)} by scenarios of level must, "
        f"{len(killed) - len(by_must) - len(by_probe)} only by others, {len(by_probe)} by the probe for a capability "
        f"that the server declares. {len(judged) - len(killed)} survived."
        f"{f' {len(faults) - len(judged)} are not judged yet.' if len(faults) > len(judged) else ''}\n\n"
        f"{total - len(left)} of {total} scenarios of level must killed a fault, not counting faults with which more "
        f"than half of {MANY} scenarios or more fail. Why the other {len(left)} did not is said "
        "[at the end](#scenarios-of-level-must-that-killed-no-fault)."
    )
    lines = [summary, "", *_overview(judged, scenarios, left)]
    survivors = [fault for fault in judged if fault not in killed]
    if survivors:
        lines += ["## Survivors", "", *(f"- `{fault.name}`: {fault.imitates}" for fault in survivors), ""]
    lines += ["## Which scenarios killed which fault", "", HOW_TO_READ, ""]
    named = sharpest(judged, judgements, scenarios)
    groups: dict[str, list[Fault]] = defaultdict(list)
    for fault in judged:
        groups[fault.chapters.split()[0]].append(fault)
    for chapter in sorted(groups):
        lines += [f"### {chapter}", "", "| fault | the server | failed | killed by |", "|---|---|---|---|"]
        lines += [_row(fault, judgements[fault.name], levels, named[fault.name]) for fault in groups[chapter]]
        lines.append("")
    return "\n".join([*lines, *_unkilling(left)])


def _overview(judged: Sequence[Fault], scenarios: Sequence[Scenario], left: Sequence[str]) -> list[str]:
    faults = Counter(fault.chapters.split()[0] for fault in judged)
    total = Counter(name.split("/")[0] for name in musts(scenarios))
    none = Counter(name.split("/")[0] for name in left)
    lines = ["| chapter | faults | scenarios of level must | that killed none |", "|---|---|---|---|"]
    for chapter in sorted(total | faults):
        shown = f"[{chapter}](#{chapter})" if chapter in faults else chapter
        lines.append(f"| {shown} | {faults[chapter]} | {total[chapter]} | {none[chapter] or ''} |")
    return [*lines, ""]


def _worth(name: str, made: Judgement, fault: Fault, levels: Mapping[str, str]) -> tuple[bool, ...]:
    outcome = made.killers[name]
    elsewhere = name.split("/")[0] not in fault.chapters.split()
    return outcome == MISSED, levels.get(name) != "must", outcome == "timeout", elsewhere


def _row(fault: Fault, made: Judgement, levels: Mapping[str, str], named: Sequence[str]) -> str:
    killers = made.killers
    best = min(killers, key=lambda one: _worth(one, made, fault, levels), default=SURVIVED)
    level = levels.get(best, "")
    shown = f"`{best}`" if best in killers else best
    if killers.get(best) == MISSED:
        level, shown = "", "the probe for the capability"
    shown += f" ({level})" if level not in ("must", "") else ""
    seen = f" ({fault.seen})" if fault.seen else ""
    text = "<br>".join(f"`{one}`" for one in named) or shown
    return f"| `{fault.name}` | {fault.imitates}{seen} | {len(killers)} | {text} |".replace("\n", " ")


def musts(scenarios: Iterable[Scenario]) -> list[str]:
    """Return the ids of the must-scenarios that are about the release which mclite answers as."""
    newest = KNOWN_VERSIONS[-1]
    return [scenario.id for scenario in scenarios if scenario.level == "must" and scenario.applies_to(newest)]


def blunt(made: Judgement) -> bool:
    """Tell whether with this fault so much fails that it says nothing about a single scenario."""
    return made.played >= MANY and len(made.killers) / made.played > BLUNT


def proved(made: Judgement) -> set[str]:
    """Return the scenarios that were played and noticed the fault, not those that only missed a capability."""
    return set() if blunt(made) else {name for name, outcome in made.killers.items() if outcome != MISSED}


def killing(faults: Iterable[Fault], judgements: Mapping[str, Judgement]) -> set[str]:
    """Return the scenarios that noticed a fault which is not blunt."""
    return set().union(*(proved(judgements[fault.name]) for fault in faults))


def sharpest(
    faults: Iterable[Fault], judgements: Mapping[str, Judgement], scenarios: Sequence[Scenario]
) -> dict[str, list[str]]:
    """Return, by fault, the must-scenarios that fail with it, each under the fault with which the fewest others do."""
    wanted = set(musts(scenarios))
    found: dict[str, list[str]] = {}
    for fault in sorted(faults, key=lambda fault: len(judgements[fault.name].killers)):
        found[fault.name] = sorted(wanted & proved(judgements[fault.name]))
        wanted -= set(found[fault.name])
    return found


def idle(faults: Iterable[Fault], judgements: Mapping[str, Judgement], scenarios: Sequence[Scenario]) -> list[str]:
    """Return the ids of the must-scenarios that killed no fault."""
    killers = killing(faults, judgements)
    return [name for name in musts(scenarios) if name not in killers]


def reasons() -> dict[str, str]:
    """Return why must-scenarios kill no fault, by id."""
    document: dict[str, list[str]] = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    return {name: reason for reason, names in document.items() for name in names}


def _unkilling(left: Sequence[str]) -> list[str]:
    lines = ["## Scenarios of level must that killed no fault", "", "| why | scenarios |", "|---|---|"]
    known = reasons()
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name in left:
        by_reason[known.get(name, UNEXPLAINED)].append(name)
    lines += [f"| {reason} | {'<br>'.join(f'`{name}`' for name in names)} |" for reason, names in by_reason.items()]
    return [*lines, ""]


def written(path: Path) -> tuple[set[str], set[str]]:
    """Return the faults that the tables in a document have, and the scenarios that they name."""
    rows = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    faults = {found[1] for row in rows if (found := re.match(r"\| `([^`/]+)` \|", row))}
    return faults, {name for row in rows for name in re.findall(r"`([^`/]+/[^`/]+/[^`/]+)`", row)}


def put(path: Path, text: str) -> None:
    """Put the tables between the markers of a document; raise ValueError when it has none."""
    old = path.read_text(encoding="utf-8")
    head, begin, rest = old.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"it has no {BEGIN} and {END}")
    path.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", encoding="utf-8")
