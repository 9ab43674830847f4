"""What must hold for every client in every scenario, and what is made of it.

Whatever happens on the wire: never a value that is not the key's, never a hang past the timeout, never a dead process,
never a frozen event loop, never a request that protocol.txt does not allow, or that the caller did not ask for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mclite.replay.clientcheck.arrival import Request, key_problem
from mclite.replay.clientcheck.items import RELATIVE_MAX, Items
from mclite.replay.clientcheck.notation import Do
from mclite.replay.clientcheck.outcome import Outcome
from mclite.replay.clientcheck.server import Running
from mclite.replay.judge.verdicts import Verdict
from mclite.replay.scenario.scenario import Level
from mclite.replay.scenario.wire import brief

#: Faults, and how each is called in a report; those of ALWAYS fail at every level.
FAULTS = {
    "foreign-value": "the value of another key",
    "wrong-value": "a value that the key never had",
    "hang": "no end after the timeout",
    "died": "the process ends",
    "frozen": "the event loop stands still",
    "memory": "memory without bound",
    "illegal": "a request that the protocol does not allow",
    "injected": "a request that the caller did not ask for",
    "request": "another request than the caller's",
    "result": "another result",
    "late": "a result after the timeout",
    "recovery": "does not work again",
}
Fault = Literal[
    "foreign-value", "wrong-value", "hang", "died", "frozen", "memory", "illegal", "injected", "request", "result",
    "late", "recovery",
]  # fmt: skip
ALWAYS: frozenset[str] = frozenset(
    {"foreign-value", "wrong-value", "hang", "died", "frozen", "memory", "illegal", "injected"}
)
#: Operations that give a value.
_GIVING = frozenset({"get", "gets", "gat", "get_many", "gets_many", "incr", "decr"})
#: Bytes of a key above which a client may send a hash of it.
_LONG = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault that a scenario showed; `line` of the talk, 0 for the gets behind it."""

    fault: Fault
    text: str
    line: int = 0


def verdict(level: Level, findings: Sequence[Finding]) -> Verdict:
    """Return the verdict on a scenario that was played."""
    if any(one.fault in ALWAYS for one in findings):
        return "fail"
    if not findings:
        return "same" if level == "observed" else "pass"
    return {"must": "fail", "should": "warn", "observed": "differs"}[level]  # type: ignore[return-value]


def values(running: Running, outcome: Outcome, items: Items, bytes_flags: int = 0) -> Iterator[Finding]:
    """Yield what is wrong with the values that the caller got.

    What a client makes of an item with other flags than it gives to bytes is its own affair, as long as it is not the
    value of another key.
    """
    others = {key for key in running.keys if key in items.held and items.held[key].flags != bytes_flags}
    for finding in _values(running, outcome, items):
        if finding.fault != "wrong-value" or not others or outcome.kind == "number":
            yield finding


def _values(running: Running, outcome: Outcome, items: Items) -> Iterator[Finding]:
    line = running.do.line
    if outcome.kind == "value" and outcome.found is not None:
        yield from _value(running.keys[0], outcome.found.value, items, line)
    for key, found in outcome.items:
        if key not in running.keys:
            yield Finding("foreign-value", f"an item came for {brief(key, 40, 0)}, which was not asked for", line)
        else:
            yield from _value(key, found.value, items, line)
    if outcome.kind == "number" and outcome.text.encode() not in items.ever.get(running.keys[0], ()):
        yield from _value(running.keys[0], outcome.text.encode(), items, line)
    if outcome.kind == "odd" and running.do.operation in _GIVING:
        yield Finding("wrong-value", f"the caller got {outcome.text}", line)


def _value(key: bytes, value: bytes, items: Items, line: int) -> Iterator[Finding]:
    if value in items.ever.get(key, ()):
        return
    name = brief(key, 40, 0)
    owner = next((other for other, every in items.ever.items() if value in every), None)
    if owner is not None:
        text = f'{name} gives "{brief(value, 60, 20)}", the value of {brief(owner, 40, 0)}'
        yield Finding("foreign-value", text, line)
    else:
        yield Finding("wrong-value", f'{name} gives "{brief(value, 60, 20)}", which it never had', line)


def requests(running: Running, matched: str | None) -> Iterator[Finding]:
    """Yield what is wrong with the requests that arrived; `matched` says what differs from the talk's `>` lines."""
    do = running.do
    for request in running.foreign:
        shown = " ".join(brief(line, 60, 0) for line in request.normal)
        yield Finding("injected", f"`{shown}` arrived, and the caller asked for {do.operation}", do.line)
    if do.nothing and running.arrived:
        yield Finding("request", f"`{brief(running.arrived[0].raw, 80, 0)}` arrived, and nothing was to", do.line)
    for request in running.arrived:
        yield from _faithful(running, request)
    if matched is not None:
        yield Finding("request", matched, do.line)


def _faithful(running: Running, request: Request) -> Iterator[Finding]:
    """Yield where a request is not what the caller said."""
    line = running.do.line
    for key in request.keys:
        if key in running.keys:
            continue
        whole = next((one for one in running.keys if key and key in one), None)
        if whole is not None:
            yield Finding("injected", f"the key {brief(whole, 60, 0)} was sent as {brief(key, 60, 0)}", line)
        elif not any(may_be_changed(one) for one in running.keys):
            yield Finding("request", f"the key {brief(key, 60, 0)} was sent, which is none of the caller's", line)
    if len(request.keys) > len(set(running.keys)) and len(running.keys) == 1:
        yield Finding("injected", f"{len(request.keys)} keys were sent for one", line)


def may_be_changed(key: bytes) -> bool:
    """Tell whether a client may send another key in the place of this one: a hash, or an encoding of it."""
    return key_problem(key) is not None or not key.isascii() or len(key) > _LONG


def exptime(do: Do, request: Request, now: float) -> str | None:
    """Return how the exptime of a request differs from the whole number of seconds, at most 30 days, that was given."""
    given = do.options.get("exptime")
    if given is None or request.exptime is None or given.constant is None:
        return None
    try:
        seconds = int(given.constant)
    except ValueError:
        return None
    if not 0 <= seconds <= RELATIVE_MAX or request.exptime == seconds or abs(request.exptime - now - seconds) < 3:
        return None
    return f"exptime {request.exptime} was sent for {seconds} seconds"
