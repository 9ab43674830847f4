"""What the caller got, read from the answer of a driver, and whether it is what the talk says."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mclite.replay.clientcheck.driver import DriverError
from mclite.replay.clientcheck.notation import Want
from mclite.replay.clientcheck.server import Running, render_text
from mclite.replay.scenario.text import Text, Values
from mclite.replay.scenario.wire import brief

Kind = Literal[
    "value", "miss", "true", "false", "silent", "number", "items", "text", "pairs", "odd", "error", "unsupported"
]
_VALUES = frozenset({"get", "gets", "gat"})


@dataclass(frozen=True, slots=True)
class Found:
    """A value that the caller got, with its cas unique and flags where the client tells them."""

    value: bytes
    cas: str | None = None
    flags: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the caller got."""

    kind: Kind
    found: Found | None = None
    items: tuple[tuple[bytes, Found], ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    text: str = ""  #: a number, a version, an error, why it is unsupported, or what is odd
    error: str = ""  #: class of an error

    def show(self) -> str:
        """Return it for people."""
        match self.kind:
            case "value":
                return _shown(self.found)
            case "items":
                return ", ".join(f"{brief(key, 40, 0)}: {_shown(found)}" for key, found in self.items) or "no items"
            case "pairs":
                return ", ".join(f"{name}={value}" for name, value in self.pairs[:10]) + ", ..." * (
                    len(self.pairs) > 10
                )
            case "error":
                return f"error {self.error}: {self.text}" if self.text else f"error {self.error}"
            case "silent":
                return "nothing"
            case "number" | "text":
                return self.text
            case "odd" | "unsupported":
                return f"{self.kind}: {self.text}"
        return self.kind


def _shown(found: Found | None) -> str:
    if found is None:
        return "nothing"
    return f'"{brief(found.value, 120, 40)}"' + (f" cas {found.cas}" if found.cas is not None else "")


def read(operation: str, line: Mapping[str, Any]) -> Outcome:
    """Read what a driver answered to `operation`. Raises DriverError when it is no result of it."""
    if "unsupported" in line:
        return Outcome("unsupported", text=str(line["unsupported"])[:200])
    if "error" in line:
        error = line["error"]
        if not isinstance(error, dict) or not isinstance(error.get("class"), str):
            raise DriverError(f"answered {operation} with an error that has no class")
        return Outcome("error", error=error["class"][:80], text=" ".join(str(error.get("text", "")).split())[:300])
    result = line["result"]
    if isinstance(result, dict) and isinstance(result.get("odd"), str):
        return Outcome("odd", text=result["odd"][:300])
    try:
        return _result(operation, result)
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error):
        shown = brief(json.dumps(result).encode(), 80, 0)
        raise DriverError(f"answered {operation} with {shown}, which is no result of it") from None


def _result(operation: str, result: Any) -> Outcome:
    if operation in _VALUES:
        return Outcome("miss") if result is None else Outcome("value", found=_found(result))
    if operation in ("get_many", "gets_many"):
        return Outcome("items", items=tuple((_bytes(one["key"]), _found(one)) for one in result))
    if operation in ("incr", "decr"):
        if result is None:
            return Outcome("miss")
        if not isinstance(result, str):
            raise TypeError
        return Outcome("number", text=result[:80])
    if operation == "version":
        return Outcome("silent") if result is None else Outcome("text", text=str(result["text"])[:200])
    if operation == "stats":
        return Outcome("pairs", pairs=tuple((str(name), str(value)) for name, value in result))
    return Outcome({True: "true", False: "false", None: "silent"}[result])  # type: ignore[arg-type]  # of Kind


def _found(one: Any) -> Found:
    return Found(_bytes(one["value"]), _word(one.get("cas")), _word(one.get("flags")))


def _word(word: Any) -> str | None:
    return None if word is None else str(word)


def _bytes(word: str) -> bytes:
    return base64.b64decode(word, validate=True)


def satisfies(outcome: Outcome, want: Want, running: Running, own: Mapping[bytes, bytes], values: Values) -> bool:
    """Tell whether the caller got what `want` says; `own` are the values that are held now. Binds names of `want`."""
    match want.kind:
        case "any":
            return True
        case "own" | "value":
            if outcome.kind == "items" and want.kind == "own":
                return {key: one.value for key, one in outcome.items} == {
                    key: own[key] for key in running.keys if key in own
                }
            wanted = render_text(want.words[0], values) if want.words else own.get(running.keys[0])
            if outcome.found is None or outcome.found.value != wanted:
                return False
            return _agrees(want.cas, outcome.found.cas, values) and _agrees(want.flags, outcome.found.flags, values)
        case "number" | "text":
            return outcome.kind == want.kind and outcome.text.encode() == render_text(want.words[0], values)
        case "items":
            pairs = {render_text(key, values): render_text(value, values) for key, value in want.pairs}
            return outcome.kind == "items" and {key: one.value for key, one in outcome.items} == pairs
        case "stat":
            pairs = {render_text(key, values): render_text(value, values) for key, value in want.pairs}
            got = {name.encode(): value.encode() for name, value in outcome.pairs}
            return outcome.kind == "pairs" and all(got.get(name) == value for name, value in pairs.items())
        case "cancelled":
            return outcome.kind == "error"
        case "miss":
            return outcome.kind == "miss" or (outcome.kind == "items" and not outcome.items)
    return outcome.kind == want.kind


def _agrees(text: Text | None, got: str | None, values: Values) -> bool:
    """Hold a number behind a value against a text; a client that does not tell it agrees."""
    if text is None or got is None:
        return True
    if not text.matches:
        return got.encode() == render_text(text, values)
    found = text.match(got.encode(), values)
    if isinstance(found, int):
        return False
    values.update(found)
    return True
