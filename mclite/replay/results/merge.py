"""Results that several machines or shards made of one target, as one results file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mclite.replay.judge.record import Record
from mclite.replay.results.document import Results
from mclite.replay.results.read import ResultsError
from mclite.replay.results.shard import ShardError, gaps
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
    """Return the shards as one; and a sentence for each that is missing or there twice, and each scenario on which two
    disagree.

    They are complete when one of them is, or when together they have a result of every scenario that the suite held.
    The merged `run.shard` names those that are there while some are missing. Raises ResultsError when they are not of
    one target, one suite, one version judged against and one number of shards.
    """
    first = min(shards, key=lambda one: one.run.started)
    for part in shards:
        _must_agree(first, part)
    try:
        shard, missing, doubled = gaps(one.run.shard for one in shards)
    except ShardError as error:
        raise ResultsError(f"The results are not of one run: {error}.") from None
    found: dict[str, Record] = {}
    notes = [*missing, *doubled]
    for part in shards:
        for record in part.scenarios:
            other = found.setdefault(record.id, record)
            if other.verdict != record.verdict:
                found[record.id], better = sorted((other, record), key=lambda one: _RANK.index(one.verdict))
                notes.append(f"{record.id} is {found[record.id].verdict} in one and {better.verdict} in another.")
    scenarios = tuple(found[name] for name in sorted(found))
    offers = tuple({one.name: one for part in shards for one in part.offers}.values())
    run = replace(
        first.run,
        seconds=sum(part.run.seconds for part in shards),
        complete=any(part.run.complete for part in shards) or first.run.held == len(scenarios),
        strict=any(part.run.strict for part in shards),
        lost=tuple(sorted({name for part in shards for name in part.run.lost} - found.keys())),
        shard=str(shard) if shard is not None else None,
    )
    clients = {client.name: client for part in shards for client in part.clients}
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
