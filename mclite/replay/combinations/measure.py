"""Which combinations of the tables the committed scenarios say: read from their requests, not from their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mclite.replay.combinations.cover import Target, held, targets
from mclite.replay.combinations.generate import AFTER, BEFORE, CHAPTER, DATA, REQUEST
from mclite.replay.combinations.table import STATES, Dimension, Table
from mclite.replay.combinations.tables import CHANGES, TABLES
from mclite.replay.scenario.scenario import Fault, Scenario

_NAME = re.compile(r"\{cas[0-9]+")


@dataclass(frozen=True, slots=True)
class Shown:
    """How much of a table is said."""

    table: Table
    wanted: tuple[Target, ...]
    missing: list[Target]


def measure(scenarios: Iterable[Scenario]) -> list[Shown]:
    """Return, table by table, what the scenarios of its file leave out."""
    by_file: dict[str, list[Scenario]] = {}
    for one in scenarios:
        by_file.setdefault(one.file, []).append(one)
    found = []
    for table in TABLES:
        wanted = targets(table)
        left = dict.fromkeys(wanted)
        for one in by_file.get(f"{CHAPTER}/{table.name}.toml", ()):
            for target in held(table, row_of(table, one.talk.source) or {}):
                left.pop(target, None)
        found.append(Shown(table, wanted, list(left)))
    return found


def faults(scenarios: Iterable[Scenario], root: Path) -> Iterator[Fault]:
    """Yield what the suite at `root` does not combine, a fault a table; nothing when it has no combinations."""
    if not (root / CHAPTER).is_dir():
        return
    for shown in measure(scenarios):
        if shown.missing:
            said = " with ".join(f"{name} {value}" for name, value in shown.missing[0])
            problem = f"{len(shown.missing)} of {len(shown.wanted)} combinations are missing, such as {said}"
            yield Fault(f"{CHAPTER}/{shown.table.name}.toml", 1, problem)


def report(scenarios: Iterable[Scenario]) -> Iterator[str]:
    """Yield how much of each table is said, for a person."""
    yield f"{'combinations':<34}{'wanted':>11}{'shown':>10}"
    for shown in measure(scenarios):
        yield f"{shown.table.name:<34}{len(shown.wanted):>11}{len(shown.wanted) - len(shown.missing):>10}"


def row_of(table: Table, source: str) -> dict[str, str] | None:
    """Return the row that a talk says; None when it is none of the table."""
    before, request, after = _parts(source)
    if not request or not after:
        return None
    row = {"state": _state(before), "delivery": "alone", "ask": _name_of(table.dimensions[-1], after[0])}
    pieces, request = request[0] == "chop 1", [line for line in request if not line.startswith("chop")]
    words = _NAME.sub("{cas", request[0]).split(" ")
    data = words[0] in ("ms", "set", "add", "replace", "append", "prepend", "cas")
    row["delivery"] = "pieces" if pieces else "followed" if len(request) > 1 + data else "alone"
    if table.name == "answers":
        row["change"] = next((name for name, (text, _) in CHANGES.items() if text == " ".join(words)), "")
    elif words[0] in ("mg", "ms", "md", "ma"):
        row |= _flags(table, words)
    else:
        row |= _arguments(table, words)
    return row


def _parts(source: str) -> tuple[list[str], list[str], list[str]]:
    """Return what is sent before, the request with its verbs, and what is sent after it."""
    found: dict[str, list[str]] = {BEFORE: [], REQUEST: [], AFTER: []}
    part = found[BEFORE]
    for line in source.splitlines():
        if line.startswith("#"):
            part = found.get(line, [])
        elif line.startswith(">"):
            part.append(line[2:])
        elif line.startswith("chop"):
            part.append(line)
    return found[BEFORE], found[REQUEST], found[AFTER]


def _state(sent: list[str]) -> str:
    """Return the state that requests make; what only shows the cas, or makes it larger, is left out."""
    sent = [line for line in sent if line not in ("mg {key} c u", "gets {key}")]
    sent = sent[2:] if sent[:2] == ["set {key} 0 0 1", "x"] else sent
    for name, state in STATES.items():
        lines = [line for text, data in state.requests for line in ((text,) if data is None else (text, data[0]))]
        if lines == sent:
            return name
    return ""


def _name_of(dimension: Dimension, text: str) -> str:
    return next((name for name, value in dimension.values.items() if value == text), "")


def _flags(table: Table, words: list[str]) -> dict[str, str]:
    """Return the values of a meta request."""
    row = {"b": "-", "order": "first"}
    if words[0] == "ms":
        row["data"] = next((name for name, (_, size) in DATA.items() if str(size) == words[2]), "")
    flags = words[3 if words[0] == "ms" else 2 :]
    order = [letter for letter in table.order if any(flag[0] == letter for flag in flags)]
    row["order"] = "first" if [flag[0] for flag in flags] == order else "reversed"
    given = {flag[0]: flag for flag in flags}
    for dimension in table.dimensions:
        if dimension.name in table.order:
            text = given.get(dimension.name, "")
            text = "C{cas+1000000}" if text == "C5" else text
            row[dimension.name] = _name_of(dimension, text)
    return row


def _arguments(table: Table, words: list[str]) -> dict[str, str]:
    """Return the values of a classic request."""
    names = {dimension.name: dimension for dimension in table.dimensions}
    command, *rest = words
    row = {"command": command}
    if "keys" in names:
        row["exptime"] = rest.pop(0) if command.startswith("gat") else "-"
        return {**row, "keys": _name_of(names["keys"], " ".join(rest))}
    row["noreply"] = "noreply" if rest[-1] == "noreply" else "-"
    rest = [word for word in rest[1:] if word != "noreply"]
    if "data" in names:
        row |= {"flags": rest[0], "exptime": rest[1], "unique": "-"}
        row["data"] = next((name for name, (_, size) in DATA.items() if str(size) == rest[2]), "")
        if rest[3:]:
            row["unique"] = "right" if rest[3] == "{cas}" else "other"
        return row
    row |= {"amount": "-", "exptime": "-"}
    if rest:
        counts = command in ("incr", "decr")
        row["amount" if counts else "exptime"] = _name_of(names["amount"], rest[0]) if counts else rest[0]
    return row
