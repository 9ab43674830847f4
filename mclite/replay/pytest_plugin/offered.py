"""What the targets of a run offer: judged before the first scenario, and reported if it was selected."""

from __future__ import annotations

from mclite.replay.judge import offers
from mclite.replay.judge.baseline import Baseline
from mclite.replay.judge.faults import Faults
from mclite.replay.judge.offers import Offered
from mclite.replay.run.stage import TargetInfo
from mclite.replay.scenario.offers import Declared
from mclite.replay.scenario.versions import parse_version


class OfferBook:
    """The commands and options of one target."""

    def __init__(self, info: TargetInfo, faults: Faults, known: Baseline | None) -> None:
        """Judge what the probe found, and mark it with what a baseline says of it."""
        declared = Declared(frozenset(info.lacks), frozenset(info.required), info.profile)
        found = offers.judge_all(info.capabilities, declared, parse_version(info.judged), faults)
        self._all: dict[str, Offered] = {one.id: one for one in found}
        self.asked: set[str] = set()  #: ids that pytest selected, and whose items have ended
        if known is not None:
            self.mark(known)

    def __getitem__(self, name: str) -> Offered:
        """Return what is said of one, by its id."""
        return self._all[name]

    @property
    def causes(self) -> dict[str, str | None]:
        """Every id that there is, selected or not, with the cause of each that fails."""
        return {name: one.cause if one.fails else None for name, one in self._all.items()}

    @property
    def reported(self) -> tuple[Offered, ...]:
        """What was selected, in the order of the table."""
        return tuple(one for name, one in self._all.items() if name in self.asked)

    def mark(self, known: Baseline) -> None:
        """Mark each with what a baseline says of it."""
        self._all = {one.id: one for one in offers.marked(self._all.values(), known)}
