"""Results, records and clients as JSON and back: the only place that knows the form of conformance/schema/results.json.

A dataclass is an object with a member for each field. A field with a default may be missing from what is read, and
members that are not known are let through, so that what older and newer suites wrote can be read.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from mclite.replay.judge.offers import Offered
from mclite.replay.judge.record import Event, Record, Transcript
from mclite.replay.results.document import ClientCheck, Counts, Resembles, Results, Run
from mclite.replay.scenario.versions import parse_guard

Value = TypeVar("Value")

FORMAT = "mclite-results"
SCHEMA = 1

#: Fields that the JSON calls otherwise.
_NAMES: dict[type, dict[str, str]] = {Run: {"judged": "as"}, Counts: {"not_compared": "not-compared"}}
#: Fields that are left out where they say nothing.
_LEFT_OUT: dict[type, frozenset[str]] = {
    Record: frozenset({"fault", "like", "reference", "baseline", "baseline_reason"}),
    Run: frozenset({"held"}),
    Resembles: frozenset({"first", "last"}),
    ClientCheck: frozenset({"scenarios"}),
    Results: frozenset({"clients", "offers"}),
    Offered: frozenset({"baseline", "baseline_reason"}),
}


class SchemaError(Exception):
    """JSON data have not the form of the schema; the text names the place, and what is wrong with it."""


# -- writing


def to_json(value: Any) -> Any:
    """Return a dataclass of the results as JSON data; a record holds its transcript itself."""
    kind = type(value)
    if kind is tuple:
        return [to_json(item) for item in value]
    if kind is Event:
        return list(value if value.at is not None else value[:3])
    if kind is dict:
        return {name: to_json(item) for name, item in value.items()}
    if not is_dataclass(kind):
        return value
    found = {}
    for field, name in _members(kind):
        item = getattr(value, field)
        if item not in (None, (), {}) or field not in _LEFT_OUT.get(kind, ()):
            found[name] = to_json(item)
    return found


def results_to_json(results: Results) -> dict[str, Any]:
    """Return results as JSON data: each different transcript once, in a table, and its number in the scenarios."""
    made: dict[str, Any] = {"format": FORMAT, "schema": SCHEMA, **to_json(results)}
    table: list[Any] = []
    places: dict[Transcript, int] = {}

    def place(events: Transcript) -> int | None:
        """Return the number of a transcript; two that differ only in their times are two: the times are evidence."""
        if events and events not in places:
            places[events] = len(table)
            table.append(to_json(events))
        return places.get(events)

    for record, scenario in zip(results.scenarios, made["scenarios"], strict=True):
        scenario["transcript"] = place(record.transcript)
        if record.reference is not None:
            scenario["reference"]["transcript"] = place(record.reference.transcript)
    return {**made, "transcripts": table}


# -- reading


def from_json(kind: type[Value], data: Any, where: str) -> Value:
    """Return JSON data as the dataclass `kind`; raise SchemaError, naming the place as in `where`."""
    return cast("Value", _reader(cast("Any", kind))(data, where))


def results_from_json(data: Any) -> Results:
    """Return JSON data as results; raise SchemaError."""
    if not isinstance(data, dict):
        raise SchemaError("the top is not object")
    table = [_transcript(item, f"transcripts[{number}]") for number, item in enumerate(_list(data, "transcripts"))]
    scenarios = [
        _with_transcripts(item, table, f"scenarios[{number}]") for number, item in enumerate(_list(data, "scenarios"))
    ]
    results = from_json(Results, {**data, "scenarios": scenarios}, "")
    seen: set[str] = set()
    for number, record in enumerate(results.scenarios):
        if record.id in seen:
            raise SchemaError(f"scenarios[{number}].id {record.id!r} appears twice")
        seen.add(record.id)
    return results


def _list(data: Mapping[str, Any], name: str) -> list[Any]:
    if name not in data:
        raise SchemaError(f"the top has no {name!r}")
    return cast("list[Any]", _plain("list", list)(data[name], name))


def _with_transcripts(owner: Any, table: list[Transcript], where: str) -> Any:
    """Return a scenario, or what it says of the reference, with the transcript itself in place of its number."""
    if not isinstance(owner, dict) or "transcript" not in owner:
        return owner
    index = _plain("integer or null", int, type(None))(owner["transcript"], f"{where}.transcript")
    if index is not None and not 0 <= index < len(table):
        raise SchemaError(f"{where}.transcript names number {index} of {len(table)} transcripts")
    found = {**owner, "transcript": table[index] if index is not None else ()}
    if "reference" in owner:
        found["reference"] = _with_transcripts(owner["reference"], table, f"{where}.reference")
    return found


Reader = Callable[[Any, str], Any]


@functools.cache
def _members(kind: type) -> tuple[tuple[str, str], ...]:
    """Return the fields of a dataclass with their names in JSON."""
    return tuple((one.name, _NAMES.get(kind, {}).get(one.name, one.name)) for one in fields(kind))


@functools.cache
def _reader(kind: Any) -> Reader:
    """Return the function that reads JSON data as the type `kind`."""
    if kind in _PLAIN:
        return _plain(*_PLAIN[kind])
    if kind == Transcript:
        return _transcript
    if is_dataclass(kind):
        return _object(cast("type", kind))
    inner = get_args(kind)
    origin = get_origin(kind)
    if origin is Literal:
        return _word(inner)
    if origin is tuple:
        return _tuple(_reader(inner[0]))
    if origin is Mapping:
        return _mapping(_reader(inner[1]))
    return _or_null(_reader(inner[0]))  # X | None


#: What a JSON value is called, and the types that it may have: bool is an int in Python, but no number.
_PLAIN: dict[Any, tuple[Any, ...]] = {
    str: ("text", str),
    float: ("number", int, float),
    int: ("integer", int),
    bool: ("true or false", bool),
}


def _plain(name: str, *allowed: type) -> Reader:
    def read(data: Any, where: str) -> Any:
        if type(data) not in allowed:
            raise SchemaError(f"{where} is not {name}")
        return data

    return read


def _or_null(read: Reader) -> Reader:
    return lambda data, where: None if data is None else read(data, where)


def _word(words: tuple[str, ...]) -> Reader:
    def read(data: Any, where: str) -> Any:
        if data not in words:
            raise SchemaError(f"{where} is {_short(data)}, not one of {', '.join(words)}")
        return data

    return read


def _tuple(read_item: Reader) -> Reader:
    def read(data: Any, where: str) -> tuple[Any, ...]:
        if type(data) is not list:
            raise SchemaError(f"{where} is not list")
        return tuple(read_item(item, f"{where}[{number}]") for number, item in enumerate(data))

    return read


def _mapping(read_item: Reader) -> Reader:
    def read(data: Any, where: str) -> dict[str, Any]:
        if type(data) is not dict:
            raise SchemaError(f"{where} is not object")
        return {name: read_item(item, f"{where}.{name}") for name, item in data.items()}

    return read


def _object(kind: type) -> Reader:
    hints = get_type_hints(kind)
    required = {one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING}
    plan = [
        (field, name, _CHECKED.get((kind, field), _reader(hints[field])), field in required)
        for field, name in _members(kind)
    ]

    def read(data: Any, where: str) -> Any:
        if type(data) is not dict:
            raise SchemaError(f"{where} is not object")
        found = {}
        for field, name, read_field, needed in plan:
            if name in data:
                found[field] = read_field(data[name], f"{where}.{name}" if where else name)
            elif needed:
                raise SchemaError(f"{where or 'the top'} has no {name!r}")
        return kind(**found)

    return read


def _transcript(data: Any, where: str) -> Transcript:
    if type(data) is tuple:  # it was put in place of its number
        return data
    good = type(data) is list and all(
        isinstance(event, list)
        and len(event) in (3, 4)
        and isinstance(event[0], str)
        and event[1] in (">", "<", "!")
        and isinstance(event[2], str)
        and (len(event) == 3 or type(event[3]) in (int, float))
        for event in data
    )
    if not good:
        raise SchemaError(f"{where} is not a list of events")
    return tuple(Event(*event) for event in data)


def _lines(data: Any, where: str) -> tuple[str, ...]:
    found: tuple[str, ...] = _reader(tuple[str, ...])(data, where)
    for line in found:
        if not all(part.isascii() and part.isdigit() and len(part) < 8 for part in line.split("-", 1)):
            raise SchemaError(f"{where} holds {_short(line)}, not a line or a range of lines")
    return found


def _like(data: Any, where: str) -> dict[str, bool]:
    found: dict[str, bool] = _mapping(_reader(bool))(data, where)
    for releases in found:
        try:
            parse_guard(releases)
        except ValueError:
            raise SchemaError(f"{where} holds {_short(releases)}, not releases such as 1.6.9..1.6.18") from None
    return found


def _version(data: Any, where: str) -> str:
    version: str = _reader(str)(data, where)
    if not _VERSION.fullmatch(version):
        raise SchemaError(f"{where} holds {_short(version)}, not a version such as 1.6.45")
    return version


def _short(data: Any) -> str:
    return json.dumps(data)[:40] if not isinstance(data, str) else repr(data[:40])


_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})+")
#: Fields of which the type says too little.
_CHECKED: dict[tuple[type, str], Reader] = {
    (Record, "lines"): _lines,
    (Record, "like"): _like,
    (Resembles, "version"): _version,
}
