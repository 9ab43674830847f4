"""What tells several servers apart: requests, and the answer of each.

Of each scenario that they do not all answer alike the first request is taken at which an answer differs: what follows
is mostly its consequence. Requests with the same answers of the same servers are one row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

from mclite.replay.judge.exchanges import REST, Exchange, Pair, compare, exchanges
from mclite.replay.judge.record import Record
from mclite.replay.judge.verdicts import Verdict
from mclite.replay.report.brief import NOTHING, brief
from mclite.replay.report.client_requests import COMMANDS, OTHER, command_of, is_usual
from mclite.replay.results.document import Results

Kind = Literal["bad", "warn", "good", "rest"]

#: How a verdict is coloured, on the page everywhere; the worst first.
KINDS: Mapping[Verdict, Kind] = {
    "fail": "bad",
    "target-died": "bad",
    "suite-error": "bad",
    "known": "warn",
    "warn": "warn",
    "differs": "warn",
    "pass": "good",
    "same": "good",
    "unsupported": "rest",
    "skipped": "rest",
    "blocked": "rest",
}
_WORST: tuple[Kind, ...] = ("bad", "warn", "good", "rest")
#: Lines of one answer, and lines sent before a request, that a row shows.
LINES, BEFORE = 4, 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What some of the servers answer."""

    lines: tuple[str, ...]
    targets: tuple[tuple[Kind, tuple[int, ...]], ...]  #: numbers of their runs by the kind of verdict, the worst first

    @property
    def kind(self) -> Kind:
        """The worst kind of verdict on it."""
        return self.targets[0][0]

    @property
    def size(self) -> int:
        """How many servers answer so."""
        return sum(len(numbers) for _, numbers in self.targets)


@dataclass(frozen=True, slots=True)
class Row:
    """A request, and the answer of each server."""

    command: str
    before: tuple[str, ...]  #: lines that were sent before it
    request: tuple[str, ...]
    answers: tuple[Answer, ...]  #: the worst first
    scenarios: tuple[Record, ...]  #: that show it


def differing(runs: Sequence[Results], order: Sequence[Record]) -> list[int]:
    """Return which scenarios of `order` are unlike: by kind of verdict, or as different releases of memcached."""
    by_id = [{scenario.id: scenario for scenario in run.scenarios} for run in runs]
    found = []
    for number, scenario in enumerate(order):
        seen = {_signature(run[scenario.id]) for run in by_id if scenario.id in run}
        if len(seen) > 1:
            found.append(number)
    return found


def _signature(scenario: Record) -> tuple[Kind, tuple[str, ...]]:
    return KINDS[scenario.verdict], tuple(sorted(releases for releases, same in scenario.like.items() if same))


def rows(runs: Sequence[Results], scenarios: Iterable[Record]) -> list[Row]:
    """Return what the servers of `runs` answer otherwise in some scenarios, by command, usual requests first."""
    by_id = [{scenario.id: scenario for scenario in run.scenarios} for run in runs]
    found: dict[object, Row] = {}
    for scenario in scenarios:
        records = {number: run[scenario.id] for number, run in enumerate(by_id) if scenario.id in run}
        made = _row(scenario, records, runs)
        if made is None:
            continue
        key = (made.before, made.request, made.answers)
        same = found.get(key)
        found[key] = replace(same, scenarios=(*same.scenarios, scenario)) if same else made
    order = {name: number for number, name in enumerate((*COMMANDS, OTHER))}
    return sorted(
        found.values(),
        key=lambda row: (order[row.command], not is_usual(row.request), _WORST.index(row.answers[0].kind)),
    )


def by_command(found: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """Return rows under their commands."""
    groups: dict[str, list[Row]] = {}
    for row in found:
        groups.setdefault(row.command, []).append(row)
    return list(groups.items())


def odd_ones(found: Iterable[Row]) -> list[tuple[int, int]]:
    """Return which servers answer otherwise than most, and to how many requests, the most frequent first."""
    counts: Counter[int] = Counter()
    for row in found:
        usual = max(row.answers, key=lambda answer: answer.size)
        odd = (answer for answer in row.answers if answer is not usual)
        counts.update(number for answer in odd for _, numbers in answer.targets for number in numbers)
    return counts.most_common()


def _row(scenario: Record, records: Mapping[int, Record], runs: Sequence[Results]) -> Row | None:
    """Return the first request of a scenario at which an answer differs, None when there is none."""
    said = {
        number: exchanges(record.transcript, runs[number].target.version)
        for number, record in records.items()
        if record.transcript
    }
    if len(said) < 2:
        return None
    scripts = {number: tuple((one.conn, one.request) for one in dialogue) for number, dialogue in said.items()}
    often = Counter(scripts.values())
    base = min(
        said, key=lambda one: (KINDS[records[one].verdict] != "good", -often[scripts[one]], -len(said[one]), -one)
    )
    pairs = {number: compare(said[base], other) for number, other in said.items() if other != said[base]}
    firsts = [several[0] for several in pairs.values() if several]
    if not firsts:
        return None
    first = min(firsts, key=lambda pair: len(pair.before))
    said = {number: one for number, one in said.items() if _asked(first, one)}
    raw = {number: _answer(first, pairs.get(number, ())) for number in sorted(said)}
    shared = set[str]().union(*raw.values()).intersection(*raw.values())
    answers: dict[tuple[str, ...], list[int]] = {}
    for number, lines in raw.items():
        answers.setdefault(_short(lines, shared), []).append(number)
    if len(answers) < 2:
        return None
    made = []
    for lines, numbers in answers.items():
        kinds = {kind: tuple(one for one in numbers if KINDS[records[one].verdict] == kind) for kind in _WORST}
        made.append(Answer(lines, tuple((kind, some) for kind, some in kinds.items() if some)))
    made.sort(key=lambda answer: (_WORST.index(answer.kind), answer.size))
    before = tuple(brief(line) for line in first.before[-BEFORE:])
    return Row(command_of(first.request), before, tuple(map(brief, first.request)), tuple(made), (scenario,))


def _asked(first: Pair, said: Sequence[Exchange]) -> bool:
    """Tell whether a dialogue has the request of `first`: that of another release may ask otherwise."""
    return any(one.conn == first.conn and one.request[:1] == first.request[:1] for one in said)


def _answer(first: Pair, pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Return the answer of one server to the request of `first`: its own where it differs, else the usual one."""
    mine = (pair for pair in pairs if (pair.conn, pair.before) == (first.conn, first.before))
    return next((pair.now for pair in mine), first.then)


def _short(lines: Sequence[str], shared: Set[str]) -> tuple[str, ...]:
    """Return an answer as it is shown: of a long one the lines that not all servers answer."""
    if len(lines) > LINES:
        lines = [line for line in lines if line not in shared and line != REST]
    if not lines:
        return (NOTHING,)
    more = len(lines) - LINES
    return (*map(brief, lines[:LINES]), *([f"… {more} lines more"] if more > 0 else []))
