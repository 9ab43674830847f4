"""Reading results files: a truncated, foreign or newer one is refused in one sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mclite.replay.results.document import Results
from mclite.replay.results.schema import FORMAT, SCHEMA, SchemaError, results_from_json

#: The most bytes of a results file (the suite writes 4 MB for a target), and the most levels of its JSON (8 are used).
LONGEST, DEEPEST = 64 * 1024 * 1024, 32
#: The largest number in a results file: every reader of JSON holds integers up to here exactly.
LARGEST = 2**53


class ResultsError(Exception):
    """A file cannot be used as results; the text names it and says why in one sentence."""


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
        return results_from_json(data)
    except SchemaError as error:
        raise ResultsError(f"{name} is damaged: {error}.") from None
