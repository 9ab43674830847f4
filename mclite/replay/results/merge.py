"""Results that several machines or shards made of one target, as one results file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mclite.replay.judge.record import Record
from mclite.replay.results.document import Results
from mclite.replay.results.read import ResultsError
from mclite.replay.results.write import summarize

# Which of two results of one scenario stands: that of a run in which it ran, then the worse one.
_RANK = (
    "target-died",
    "suite-error",
    "fail",
    "warn",
    "differs",
    "known",
    "pass",
    "same",
    "unsupported",
    "blocked",
    "skipped",
)

#: What the results of one run have in common.
_AGREED: dict[str, Callable[[Results], object]] = {
    "target": lambda of: of.target.name,
    "version": lambda of: of.target.version,
    "suite version": lambda of: of.suite.version,
    "version judged against": lambda of: of.run.judged,
    "delivery": lambda of: of.run.delivery,
    "transport": lambda of: of.run.transport,
    "reference": lambda of: of.run.reference,
    "number of scenarios in the suite": lambda of: of.run.held,
}


def merge(shards: Sequence[Results]) -> tuple[Results, list[str]]:
    """Return the shards as one, and a sentence for each scenario on which two of them disagree.

    They are complete when one of them is, or when together they have a result of every scenario that the suite held.
    Raises ResultsError when they are not of one target, one suite and one version judged against.
    """
    first = min(shards, key=lambda shard: shard.run.started)
    for shard in shards:
        _must_agree(first, shard)
    found: dict[str, Record] = {}
    notes = []
    for shard in shards:
        for record in shard.scenarios:
            other = found.setdefault(record.id, record)
            if other.verdict != record.verdict:
                found[record.id], better = sorted((other, record), key=lambda one: _RANK.index(one.verdict))
                notes.append(f"{record.id} is {found[record.id].verdict} in one and {better.verdict} in another.")
    scenarios = tuple(found[name] for name in sorted(found))
    offers = tuple({one.name: one for shard in shards for one in shard.offers}.values())
    run = replace(
        first.run,
        seconds=sum(shard.run.seconds for shard in shards),
        complete=any(shard.run.complete for shard in shards) or first.run.held == len(scenarios),
        strict=any(shard.run.strict for shard in shards),
        lost=tuple(sorted({name for shard in shards for name in shard.run.lost} - found.keys())),
    )
    clients = {client.name: client for shard in shards for client in shard.clients}
    merged = replace(
        first,
        run=run,
        summary=summarize(run, scenarios, offers),
        scenarios=scenarios,
        clients=tuple(clients.values()),
        offers=offers,
    )
    return merged, notes


def _must_agree(first: Results, other: Results) -> None:
    for what, value in _AGREED.items():
        one, another = value(first), value(other)
        if one != another:
            raise ResultsError(
                f"The results are not of one run: the {what} is {one!r} in one and {another!r} in another."
            )
