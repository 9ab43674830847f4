"""Reading and writing results files: a truncated, foreign or newer one is refused in one sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from mclite.replay import files
from mclite.replay.judge.verdicts import VERDICTS
from mclite.replay.play.outcome import Outcome
from mclite.replay.scenario.scenario import LEVELS
from mclite.replay.scenario.versions import parse_guard

Results = dict[str, Any]
Scenario = dict[str, Any]

FORMAT = "mclite-results"
SCHEMA = 1

#: The most bytes of a results file (the suite writes 4 MB for a target), and the most levels of its JSON (8 are used).
LONGEST, DEEPEST = 64 * 1024 * 1024, 32
#: The largest number in a results file: every reader of JSON holds integers up to here exactly.
LARGEST = 2**53

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
CLIENT_OUTCOMES = ("works", "fails", "missing", "unsupported", "not-offered")


class ResultsError(Exception):
    """A file cannot be used as results; the text names it and says why in one sentence."""


# What a JSON value may be, by name; bool is an int in Python and must not pass for a number.
_KINDS: Mapping[str, frozenset[type]] = {
    "text": frozenset({str}),
    "text or null": frozenset({str, type(None)}),
    "number": frozenset({int, float}),
    "integer": frozenset({int}),
    "integer or null": frozenset({int, type(None)}),
    "true or false": frozenset({bool}),
    "true, false or null": frozenset({bool, type(None)}),
    "object": frozenset({dict}),
    "object or null": frozenset({dict, type(None)}),
    "list": frozenset({list}),
}

_RUN = {
    "id": "text",
    "started": "text",
    "seconds": "number",
    "as": "text",
    "delivery": "text",
    "transport": "text",
}
_RUN_OPTIONAL = {
    "complete": "true or false",
    "destructive": "true or false",
    "gate": "text",
    "baseline": "text or null",
    "reference": "text or null",
    "held": "integer",
    "lost": "list",
    "strict": "true or false",
}
_TARGET = {
    "name": "text", "address": "text", "version": "text or null", "known_version": "text or null",
    "spawn": "text or null", "capabilities": "object",
}  # fmt: skip
_RESEMBLES = {"version": "text", "same": "number", "of": "number", "others": "list"}
_SCENARIO = {
    "id": "text", "title": "text", "chapter": "text", "section": "text", "lines": "list", "level": "text",
    "file": "text", "outcome": "text", "verdict": "text", "milliseconds": "number",
    "transcript": "integer or null",
}  # fmt: skip
_SCENARIO_OPTIONAL = {
    "since": "text or null", "until": "text or null", "requires": "list", "scope": "text",
    "transport": "text or null", "commands": "list", "note": "text or null", "talk": "text",
    "baseline": "text or null", "baseline_reason": "text or null", "reason": "text or null", "request": "text or null",
    "step": "integer or null", "want": "text or null",
    "got": "text or null", "at": "integer or null", "framing": "text or null", "fingerprint": "text or null",
    "like": "object", "reference": "object or null", "replay": "text", "fault": "object or null",
}  # fmt: skip

_REFERENCE = {"outcome": "text", "transcript": "integer or null", "same": "true, false or null"}
_REFERENCE_OPTIONAL = {
    "reason": "text or null", "step": "integer or null", "target": "text or null", "got": "text or null",
}  # fmt: skip
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})+")
_COUNTS = {"compared": "number", "differs": "number", "not-compared": "number"}


def load(path: Path) -> Results:
    """Read the results file at `path`; raises ResultsError, with one sentence, for whatever is not one."""
    try:
        with path.open("rb") as file:
            raw = file.read(LONGEST + 1)
    except OSError as error:
        raise ResultsError(f"{path} cannot be read: {error.strerror or error}.") from None
    if len(raw) > LONGEST:
        raise ResultsError(f"{path} is no results file: it has more than {LONGEST >> 20} MiB.")
    try:
        text = raw.decode("utf-8")
        data = json.loads(text, parse_int=_integer, parse_float=_fraction, parse_constant=_fraction)
    except _NumberError as error:
        raise ResultsError(f"{path} is no results file: no result holds the number {error}.") from None
    except json.JSONDecodeError as error:
        rest = error.doc[error.pos :].strip()
        ended = error.doc.lstrip()[:1] in ("{", "") and (len(rest) < 8 or "Unterminated" in error.msg)
        if ended:
            what = f"is truncated: it ends after {len(raw)} bytes, in the middle of its JSON"
        else:
            what = f"is no results file: it is not JSON (line {error.lineno}, column {error.colno})"
        raise ResultsError(f"{path} {what}.") from None
    except (ValueError, RecursionError):
        raise ResultsError(f"{path} is no results file: it is not JSON text.") from None
    if _too_deep(data):
        raise ResultsError(f"{path} is no results file: its JSON has more than {DEEPEST} levels.")
    if _hides(text):
        data = _visible(data)
    return check(data, str(path))


class _NumberError(Exception):
    """A number is out of bounds; the text is its beginning."""


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(number := int(digits)) > LARGEST:
        raise _NumberError(digits[:20])
    return number


def _fraction(digits: str) -> float:
    """Return a number with a point or an exponent, or refuse NaN and Infinity, which Python takes for JSON."""
    number = float(digits)
    if not -LARGEST <= number <= LARGEST:  # NaN is not within anything
        raise _NumberError(digits[:20])
    return number


def _too_deep(data: Any) -> bool:
    """Tell whether lists and objects are nested deeper than every part of this program can follow."""
    level: list[Any] = [[data]]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in (dict, list)
        ]
        if not level:
            return False
    return True


# Signs that do not show but change what does: controls, marks and overrides of direction, half surrogate pairs,
# private signs (the page's script has its own use for some of these).
_UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\uf8ff\ufeff]")


# An escape of JSON that may stand for such a sign. Behind a backslash that is one itself it is none, which costs only
# a closer look; it begins with a sign of its own, so the search takes 8 ms for 6 MB and not 300.
_ESCAPE = re.compile(r"\\(?:[bf]|u(?:00(?:[0189]|7[fF])|06|20[0126]|[dD][89a-fA-F]|[eEfF]))")


def _hides(text: str) -> bool:
    """Tell whether JSON may hold a sign that does not show, as it is or as one of the escapes that can stand for it."""
    if "\x7f" in text or any(sign in text and _ESCAPE.search(text) for sign in ("\\u", "\\b", "\\f")):
        return True
    return not text.isascii() and _UNSEEN.search(text) is not None  # JSON has no other control sign as it is


def _visible(value: Any) -> Any:
    """Return JSON data with each sign that does not show as its escape."""
    if isinstance(value, str):
        return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", value)
    if isinstance(value, list):
        return [_visible(item) for item in value]
    if isinstance(value, dict):
        return {_visible(name): _visible(item) for name, item in value.items()}
    return value


def check(data: Any, name: str) -> Results:
    """Return `data` as results if it has the shape of schema 1, else raise ResultsError naming what is wrong.

    Fields that are not known are let through, so that an optional field added later does no harm.
    """
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ResultsError(f"{name} is no results file of mclite: it does not say format {FORMAT!r}.")
    if data.get("schema") != SCHEMA or isinstance(data.get("schema"), bool):
        found = json.dumps(data.get("schema"))[:40]
        raise ResultsError(
            f"{name} is of results schema {found}, and this mclite reads schema {SCHEMA}: use the mclite that wrote it."
        )
    try:
        _check_head(data)
        _check_transcripts(data)
        _check_scenarios(data)
        _check_clients(data.get("clients", []))
    except _WrongError as wrong:
        raise ResultsError(f"{name} is damaged: {wrong}.") from None
    return data


class _WrongError(Exception):
    """The place in the file, and what is wrong with it."""


def _check_head(data: Results) -> None:
    top = dict.fromkeys(("suite", "run", "target", "summary"), "object")
    _fields("the top", data, top | {"scenarios": "list", "transcripts": "list"})
    _fields("suite", data["suite"], {"version": "text", "protocol": "text"})
    _fields("run", data["run"], _RUN, _RUN_OPTIONAL)
    _all_text("run.lost", data["run"].get("lost", []))
    _fields("target", data["target"], _TARGET)
    for name, probe in data["target"]["capabilities"].items():
        _is(f"target.capabilities.{name}", probe, "object")
        _fields(f"target.capabilities.{name}", probe, {"present": "true, false or null", "evidence": "text"})
    fields = {"conforms": "true or false", "verdicts": "object", "resembles": "object or null"}
    _fields("summary", data["summary"], fields, {"reference": "object or null"})
    if data["summary"].get("reference") is not None:
        _fields("summary.reference", data["summary"]["reference"], _COUNTS)
    resembles = data["summary"]["resembles"]
    if resembles is not None:
        _fields("summary.resembles", resembles, _RESEMBLES)
        _all_text("summary.resembles.others", resembles["others"])
        _is_version("summary.resembles.version", resembles["version"])


def _check_transcripts(data: Results) -> None:
    for number, transcript in enumerate(data["transcripts"]):
        good = isinstance(transcript, list) and all(
            isinstance(event, list)
            and len(event) in (3, 4)
            and isinstance(event[0], str)
            and event[1] in (">", "<", "!")
            and isinstance(event[2], str)
            and (len(event) == 3 or type(event[3]) in (int, float))
            for event in transcript
        )
        if not good:
            raise _WrongError(f"transcripts[{number}] is not a list of events")


def _check_scenarios(data: Results) -> None:
    seen: set[str] = set()
    known = len(data["transcripts"])
    for number, scenario in enumerate(data["scenarios"]):
        where = f"scenarios[{number}]"
        _is(where, scenario, "object")
        _fields(where, scenario, _SCENARIO, _SCENARIO_OPTIONAL)
        if scenario["id"] in seen:
            raise _WrongError(f"{where}.id {scenario['id']!r} appears twice")
        seen.add(scenario["id"])
        for field, allowed in (("level", LEVELS), ("verdict", VERDICTS), ("outcome", OUTCOMES)):
            if scenario[field] not in allowed:
                raise _WrongError(f"{where}.{field} is {scenario[field][:40]!r}, not one of {', '.join(allowed)}")
        for field in ("lines", "requires", "commands"):
            _all_text(f"{where}.{field}", scenario.get(field, []))
        for line in scenario["lines"]:
            if not all(part.isascii() and part.isdigit() and len(part) < 8 for part in line.split("-", 1)):
                raise _WrongError(f"{where}.lines holds {line[:40]!r}, not a line or a range of lines")
        for version, same in scenario.get("like", {}).items():
            _is_guard(f"{where}.like", version)
            _is(f"{where}.like.{version}", same, "true or false")
        _check_transcript(where, scenario, known)
        if scenario.get("fault") is not None:
            _fields(f"{where}.fault", scenario["fault"], {"id": "text", "reason": "text", "link": "text or null"})
        reference = scenario.get("reference")
        if reference is not None:
            _fields(f"{where}.reference", reference, _REFERENCE, _REFERENCE_OPTIONAL)
            if reference["outcome"] not in OUTCOMES:
                found = reference["outcome"][:40]
                raise _WrongError(f"{where}.reference.outcome is {found!r}, not one of {', '.join(OUTCOMES)}")
            _check_transcript(f"{where}.reference", reference, known)


def _check_clients(clients: Any) -> None:
    _is("clients", clients, "list")
    fields = {"name": "text", "language": "text", "protocol": "text", "version": "text or null", "checks": "list"}
    row = {"check": "text", "title": "text", "outcome": "text", "reason": "text or null", "milliseconds": "number"}
    for number, client in enumerate(clients):
        where = f"clients[{number}]"
        _is(where, client, "object")
        _fields(where, client, fields)
        for place, check in enumerate(client["checks"]):
            here = f"{where}.checks[{place}]"
            _is(here, check, "object")
            _fields(here, check, row, {"scenarios": "list"})
            if check["outcome"] not in CLIENT_OUTCOMES:
                raise _WrongError(
                    f"{here}.outcome is {check['outcome'][:40]!r}, not one of {', '.join(CLIENT_OUTCOMES)}"
                )
            _all_text(f"{here}.scenarios", check.get("scenarios", []))


def _check_transcript(where: str, owner: Mapping[str, Any], known: int) -> None:
    index = owner["transcript"]
    if index is not None and not 0 <= index < known:
        raise _WrongError(f"{where}.transcript names number {index} of {known} transcripts")


def _fields(
    where: str,
    owner: Mapping[str, Any],
    required: Mapping[str, str],
    optional: Mapping[str, str] | None = None,
) -> None:
    for field, kind in required.items():
        if field not in owner:
            raise _WrongError(f"{where} has no {field!r}")
        if type(owner[field]) not in _KINDS[kind]:
            raise _WrongError(f"{where}.{field} is not {kind}")
    for field, kind in (optional or {}).items():
        if field in owner and type(owner[field]) not in _KINDS[kind]:
            raise _WrongError(f"{where}.{field} is not {kind}")


def _is(where: str, value: Any, kind: str) -> None:
    if type(value) not in _KINDS[kind]:
        raise _WrongError(f"{where} is not {kind}")


def _is_version(where: str, text: str) -> None:
    if not _VERSION.fullmatch(text):
        raise _WrongError(f"{where} holds {text[:40]!r}, not a version such as 1.6.45")


def _is_guard(where: str, text: str) -> None:
    try:
        parse_guard(text)
    except ValueError:
        raise _WrongError(f"{where} holds {text[:40]!r}, not releases such as 1.6.9..1.6.18") from None


def _all_text(where: str, values: Any) -> None:
    if not all(isinstance(value, str) for value in values):
        raise _WrongError(f"{where} is not a list of texts")


def write_json(data: Results, out: Path) -> None:
    """Write results to `out` as JSON; raise WriteError."""
    files.write(json.dumps(data, indent=1) + "\n", out)
