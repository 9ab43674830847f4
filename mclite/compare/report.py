"""What a comparison found: a summary by kind for people, and the scenario file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from mclite.compare.dialogue import Session, writes
from mclite.compare.kinds import WIDTH, shown
from mclite.compare.noise import NOISE
from mclite.compare.pair import Pair
from mclite.compare.scenario import document
from mclite.compare.search import Found, Outcome
from mclite.replay import files

_PREFIX, _END = "kind: ", " (A is "
#: Requests of a session that a summary shows.
LENGTH = 8


def summary(outcome: Outcome, seed: int) -> Iterator[str]:
    """Yield the lines of the summary."""
    yield (
        f"{outcome.sessions:,} sessions, {outcome.requests:,} requests in {outcome.seconds:.1f} s, seed {seed}; "
        f"{outcome.replays:,} replays to shrink"
    )
    new = outcome.new
    known = len(outcome.found) - len(new)
    yield f"{_plural(len(new), 'kind')} of difference" + (f", and {known} known" if known else "")
    for found in new:
        yield ""
        yield from difference(found, outcome.seen[str(found.kind)])
    for name, count in sorted(outcome.noise.items()):
        yield f"\nnot counted, {count} times: {NOISE[name]}"
    if outcome.died is not None:
        yield "\nthe last session before a server was gone:"
        yield from _session(outcome.last)


def difference(found: Found, count: int) -> Iterator[str]:
    """Yield a difference, seen in `count` sessions, as lines for people."""
    yield f"{found.kind.request}, in {_plural(count, 'session')}"
    yield from _session(found.session)
    for name, said in zip("AB", found.said, strict=True):
        yield f"    {name}: {said}"
    if found.written is None:
        yield "    (no scenario is written of it: the answer of A is too long)"
    elif found.written.proved is None:
        yield "    (time was up before the scenario of it could be tried)"
    elif not found.written.proved:
        yield "    (the scenario of it did not show it again)"


def _session(session: Session) -> Iterator[str]:
    requests = [(step.conn, request) for step in writes(session) for request in step.requests]
    several = len({conn for conn, _ in requests}) > 1
    if len(requests) > LENGTH:
        yield f"    ... {len(requests) - LENGTH} more ..."
    for conn, request in requests[-LENGTH:]:
        text = shown(request)
        yield f"    {conn if several else ''}> {text if len(text) <= WIDTH else text[: WIDTH - 1] + '…'}"


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'s' * (count != 1)}"


def write(path: Path, outcome: Outcome, pair: Pair, seed: int) -> None:
    """Write the scenarios of all kinds to `path`; raise WriteError."""
    head = (
        "Made by `mclite compare`: what A answers, where B answers otherwise.",
        f"A: {pair.a.version}; B: {pair.b.version}; seed {seed}",
    )
    text = document(head, [found.written for found in outcome.found.values() if found.written is not None])
    files.write(text, path)


def kinds_in(path: Path) -> frozenset[str]:
    """Return the kinds of difference that a file of an earlier run names; raise OSError or ValueError."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("scenario", [])
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path}: {error}") from None
    notes = [str(table.get("note", "")) for table in tables if isinstance(table, dict)]
    return frozenset(note.removeprefix(_PREFIX).rpartition(_END)[0] for note in notes if note.startswith(_PREFIX))
