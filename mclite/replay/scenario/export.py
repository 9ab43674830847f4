"""The whole suite as JSON, every talk parsed: what a runner in another language needs, after schema/scenario.json.

Bytes are written as text in which each character is the byte of that number (Latin-1).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mclite.replay.scenario.lint import load_all
from mclite.replay.scenario.scenario import Scenario, SuiteError
from mclite.replay.scenario.talk import Step
from mclite.replay.scenario.text import Bound, Clock, Encoded, Literal, Padded, Part, Repeat, Slot, Text, Value
from mclite.replay.scenario.versions import KNOWN, PROTOCOL_VERSION, Guard, Version

FORMAT = "mclite-suite"
SCHEMA = 1
#: Bytes that are written out whatever they are; of longer ones a repetition is written as one.
SHORT = 64
_REPETITION = re.compile(rb"(.{1,16}?)\1{15,}", re.DOTALL)
#: The operation of a step, by its sign in the talk; a verb is its own.
_OPERATIONS = {
    ">": "send",
    ">.": "send",
    "<": "expect",
    "<.": "expect",
    "<|": "expect-one-of",
    "<*": "expect-in-list",
    "<&": "expect-in-any-order",
    "<~": "expect-of-several-connections",
}


def export(root: Path, version: str) -> dict[str, Any]:
    """Return the suite at `root`, which this `version` of mclite carries, as JSON data; raise SuiteError."""
    scenarios, faults = load_all(root)
    if faults:
        raise SuiteError(faults)
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "suite": {"version": version, "protocol": PROTOCOL_VERSION, "releases": list(KNOWN)},
        "scenarios": [_scenario(scenario) for scenario in sorted(scenarios, key=lambda item: item.id)],
    }


def _scenario(scenario: Scenario) -> dict[str, Any]:
    return {
        "id": scenario.id,
        "title": scenario.title,
        "section": scenario.section,
        "lines": list(scenario.lines),
        "level": scenario.level,
        "since": _release(scenario.since),
        "until": _release(scenario.until),
        "requires": list(scenario.requires),
        "depends": [name if "/" in name else f"{scenario.id.rsplit('/', 1)[0]}/{name}" for name in scenario.depends],
        "scope": scenario.scope,
        "transport": scenario.transport,
        "deliver": scenario.deliver,
        "commands": list(scenario.commands),
        "note": scenario.note,
        "steps": [_step(step) for step in scenario.talk.steps],
    }


def _release(version: Version | None) -> str | None:
    return ".".join(map(str, version)) if version is not None else None


def _step(step: Step) -> dict[str, Any]:
    made: dict[str, Any] = {"line": step.line, "connection": step.conn, "guard": _guard(step.guard)}
    if step.text is None:
        return {**made, "do": step.sigil, "number": step.number}
    end = "" if step.sigil in (">.", "<.") else "\r\n"
    return {**made, "do": _OPERATIONS[step.sigil], "text": _text(step.text), "end": end}


def _guard(guard: Guard | None) -> list[list[str | None]] | None:
    """Return the ranges of releases of which a step is true, both ends included and null where open."""
    return [[_release(item.low), _release(item.high)] for item in guard.ranges] if guard is not None else None


def _text(text: Text) -> list[dict[str, Any]]:
    return [made for part in text.parts for made in _parts(part)]


@functools.cache  # the same data block is in many scenarios
def _parts(part: Part) -> tuple[dict[str, Any], ...]:
    return tuple(_split(part))


def _split(part: Part) -> Iterator[dict[str, Any]]:
    """Yield a part, long repetitions in its bytes as such: a data block may be a megabyte of one letter."""
    if not isinstance(part, Literal) or len(part.data) < SHORT:
        yield _part(part)
        return
    end = 0
    for found in _REPETITION.finditer(part.data):
        if found.start() > end:
            yield _part(Literal(part.data[end : found.start()]))
        end = found.end()
        yield {"repeat": [_part(Literal(found[1]))], "times": (end - found.start()) // len(found[1])}
    if end < len(part.data):
        yield _part(Literal(part.data[end:]))


def _part(part: Part) -> dict[str, Any]:
    match part:
        case Literal(data):
            return {"bytes": data.decode("latin-1")}
        case Value(name, delta):
            return {"value": name, "plus": delta or 0}
        case Encoded(name):
            return {"base64": name}
        case Clock(delta):
            return {"time": delta}
        case Padded(name, length):
            return {"new-key": name, "length": length}
        case Repeat(text, count):
            return {"repeat": _text(text), "times": count}
        case Slot():
            return _slot(part)


def _slot(slot: Slot) -> dict[str, Any]:
    made: dict[str, Any] = {"match": slot.pattern.pattern.decode("latin-1"), "bind": slot.name}
    if slot.differs_from is not None:
        made["not"] = slot.differs_from
    for end, bound in (("from", slot.low), ("to", slot.high)):
        if bound is not None:
            made[end] = _bound(bound)
    return made


def _bound(bound: Bound) -> dict[str, Any]:
    return {"value": bound.name, "plus": bound.number}
