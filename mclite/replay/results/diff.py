"""Two runs of one target: what regressed, was fixed, changed, was added or removed between them; a gate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from mclite.replay.judge.record import Record
from mclite.replay.results.document import Results
from mclite.replay.results.tally import GOOD, JUDGED, reason

Kind = Literal["regressed", "fixed", "changed", "added", "removed"]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: What each kind means, for the reader.
MEANINGS: dict[Kind, str] = {
    "regressed": "were right, now wrong or no longer supported",
    "fixed": "were wrong or not supported, now right",
    "changed": "wrong in another way, judged in one run only, or otherwise where protocol.txt is silent or "
    "beside a reference",
    "added": "only in the new run",
    "removed": "only in the old run",
}

_GONE: tuple[Kind, ...] = ("changed", "removed")
_WRONG = JUDGED - GOOD | {"unsupported", "suite-error"}


@dataclass(frozen=True, slots=True)
class Change:
    """One scenario that the two runs do not agree on; `old` or `new` is None where it is not in that run."""

    kind: Kind
    old: Record | None
    new: Record | None

    @property
    def scenario(self) -> Record:
        """The scenario as its newer run has it."""
        found = self.new or self.old
        assert found is not None
        return found

    @property
    def verdicts(self) -> str:
        """`pass → fail`, or the one verdict there is."""
        verdicts = " → ".join(one.verdict for one in (self.old, self.new) if one)
        beside = _beside(self.old, self.new) if self.old and self.new else None
        return f"{verdicts}, {beside}" if beside else verdicts

    @property
    def reason(self) -> str | None:
        """Why the scenario is what it is now, or was."""
        return reason(self.scenario)


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes from one run to another, and the two runs they are of."""

    old: Results
    new: Results
    changes: dict[Kind, list[Change]] = field(default_factory=dict)

    def failed(self, *, strict: bool = False) -> bool:
        """Tell whether a gate should stop this: something regressed, or a right answer is gone.

        A right answer that is gone counts with `strict`, and always when the new run is incomplete.
        """
        gone = [
            change
            for kind in _GONE
            for change in self.changes[kind]
            if change.old and change.old.verdict in GOOD and not (change.new and change.new.verdict in GOOD)
        ]
        return bool(self.changes["regressed"]) or ((strict or not self.new.run.complete) and bool(gone))

    @property
    def headline(self) -> str:
        """The outcome in one sentence."""
        counts = [f"{len(self.changes[kind])} {kind}" for kind in KINDS if self.changes[kind]]
        alike = self.old.run.judged == self.new.run.judged
        named = [run.target.name if alike else self._name(run) for run in (self.old, self.new)]
        names = " → ".join(dict.fromkeys(named))
        part = "" if self.new.run.complete else " The new run is incomplete."
        return f"{names}: {', '.join(counts) or 'nothing changed'}.{part}"

    @staticmethod
    def _name(run: Results) -> str:
        return f"{run.target.name} (judged as memcached {run.run.judged})"


def compare(old: Results, new: Results) -> Difference:
    """Say what changed from the run `old` to the run `new`."""
    before, after = _by_id(old), _by_id(new)
    changes: dict[Kind, list[Change]] = {kind: [] for kind in KINDS}
    for name, scenario in after.items():
        earlier = before.get(name)
        kind = _kind(earlier, scenario) if earlier else "added"
        if kind:
            changes[kind].append(Change(kind, earlier, scenario))
    changes["removed"] = [Change("removed", before[name], None) for name in before if name not in after]
    return Difference(old, new, changes)


def _by_id(run: Results) -> dict[str, Record]:
    return {scenario.id: scenario for scenario in run.scenarios}


def _kind(old: Record, new: Record) -> Kind | None:
    """Say what happened to a scenario that both runs have; None when nothing did."""
    was, now = old.verdict, new.verdict
    if was in GOOD and now in GOOD:
        return "changed" if _beside(old, new) else None
    binding = new.level != "observed"
    if was in GOOD and now in _WRONG and binding:
        return "regressed"
    if was in _WRONG and now in GOOD and binding:
        return "fixed"
    if was != now:
        return "changed"
    # The same verdict: the wrong answer itself may be another. A fingerprint has no run-dependent parts.
    if old.fingerprint and new.fingerprint:
        alike = old.fingerprint == new.fingerprint
    else:
        alike = (old.outcome, old.step, old.want) == (new.outcome, new.step, new.want)
    return None if alike and not _beside(old, new) else "changed"


def _beside(old: Record, new: Record) -> str | None:
    """Say how a scenario, compared with a reference in both runs, came to agree with it or to differ from it."""
    was, now = (run.reference.same if run.reference is not None else None for run in (old, new))
    if was is None or now is None or was == now:
        return None
    return "now as the reference answers" if now else "no longer as the reference answers"
