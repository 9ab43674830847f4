"""The results of a run as JSON, after conformance/schema/results.json: raw outcomes and verdicts apart."""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mclite.replay import files
from mclite.replay.judge.offers import Offered, matched
from mclite.replay.judge.record import Record
from mclite.replay.judge.verdicts import VERDICTS
from mclite.replay.results.document import Client, Counts, Resembles, Results, Run, Suite, Summary, Target
from mclite.replay.results.schema import results_to_json
from mclite.replay.scenario.versions import KNOWN, KNOWN_VERSIONS, PROTOCOL_VERSION, parse_guard

#: Share of the telling scenarios that a target answers like a release before it is said to behave like it.
LIKENESS = 0.9


def document(
    run: Run,
    target: Target,
    records: Iterable[Record],
    suite_version: str,
    clients: tuple[Client, ...] = (),
    offers: tuple[Offered, ...] = (),
) -> Results:
    """Return the results of a run, the scenarios sorted by id."""
    scenarios = tuple(sorted(records, key=lambda record: record.id))
    suite = Suite(suite_version, PROTOCOL_VERSION)
    return Results(suite, run, target, summarize(run, scenarios, offers), scenarios, clients, offers)


def summarize(run: Run, scenarios: Sequence[Record], offers: Sequence[Offered] = ()) -> Summary:
    """Return what the scenarios of a run come to, and what its target offers."""
    counts = Counter(record.verdict for record in scenarios)
    verdicts = {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}
    good = conforms(run, scenarios) and not any(one.fails_run(run.strict) for one in offers)
    return Summary(good, verdicts, resembles(scenarios, run.judged), beside_reference(scenarios))


def conforms(run: Run, scenarios: Sequence[Record]) -> bool:
    """Tell whether a run shows that its target conforms: it is complete, a command matched, and nothing failed.

    The gate and `strict` of the run say what fails.
    """
    return run.complete and matched(scenarios) and not any(record.fails(run.gate, run.strict) for record in scenarios)


def beside_reference(scenarios: Iterable[Record]) -> Counts | None:
    """Return how many scenarios were compared with the reference, None if there was none."""
    same = [record.reference.same for record in scenarios if record.reference is not None]
    if not same:
        return None
    return Counts(compared=len(same) - same.count(None), differs=same.count(False), not_compared=same.count(None))


def resembles(scenarios: Iterable[Record], judged: str) -> Resembles | None:
    """Return which release the target answers like most often, of the scenarios that tell releases apart.

    Of releases with the same score the one judged as wins, then the newest. `first` and `last` are the ends of the
    range around it in which no telling scenario changes. None when it answers nine of ten like no release.
    """
    telling = [record for record in scenarios if len(set(record.like.values())) > 1]
    answered = {record.id: answers_like(record.like) for record in telling}
    scores = {version: sum(like.get(version, False) for like in answered.values()) for version in KNOWN}
    best = max(KNOWN, key=lambda name: (scores[name], name == judged, KNOWN.index(name)))
    if scores[best] < LIKENESS * len(telling) or not telling:
        return None
    first = last = KNOWN.index(best)
    while first and all(like.get(KNOWN[first - 1]) == like.get(best) for like in answered.values()):
        first -= 1
    while last + 1 < len(KNOWN) and all(like.get(KNOWN[last + 1]) == like.get(best) for like in answered.values()):
        last += 1
    return Resembles(
        version=best,
        first=KNOWN[first],
        last=KNOWN[last],
        same=scores[best],
        of=len(telling),
        scores=scores,
        others=tuple(name for name, like in answered.items() if like.get(best) is False),
    )


def answers_like(like: Mapping[str, bool]) -> dict[str, bool]:
    """Return what a record says of ranges of releases, of each known release."""
    found: dict[str, bool] = {}
    for text, same in like.items():
        found.update(dict.fromkeys(_releases(text), same))
    return found


@functools.cache
def _releases(text: str) -> tuple[str, ...]:
    guard = parse_guard(text)
    return tuple(name for name, version in zip(KNOWN, KNOWN_VERSIONS, strict=True) if version in guard)


def slug(name: str) -> str:
    """Return a name for files: lower case, everything but letters, digits and dots a hyphen."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "target"


def write(results: Results, path: Path) -> None:
    """Write the results as JSON; raise WriteError."""
    text = json.dumps(results_to_json(results), ensure_ascii=True, separators=(",", ":"))
    files.write(text + "\n", path)
