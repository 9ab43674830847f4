"""What a server offers as pytest items: offers.toml is a collector, each command and option in it an item a target."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from mclite.replay.judge.offers import Offered
from mclite.replay.pytest_plugin.session import Session
from mclite.replay.scenario.offers import FILE, Offer, documented


class NotOfferedError(Exception):
    """The target does not have a documented command or option."""


class OfferFile(pytest.File):
    """The table of what a server may offer."""

    suite: Session

    def collect(self) -> Iterable[pytest.Item]:
        """Yield an item for each command and option, and target."""
        several = len(self.suite.options.targets) > 1
        for offer in documented().entries.values():
            for index, asked in enumerate(self.suite.options.targets):
                name = f"{offer.name}[{asked.label}]" if several else offer.name
                item: OfferItem = OfferItem.from_parent(self, name=name)
                item.offer, item.target, item.suite = offer, index, self.suite
                item.add_marker("must")
                yield item


class OfferItem(pytest.Item):
    """A command or option that one target was asked for before the first scenario."""

    offer: Offer
    target: int
    suite: Session
    made: Offered | None = None

    def runtest(self) -> None:
        """Fail if it is not offered; skip what was not tried, and what need not be there."""
        made = self.made = self.suite.offers[self.target][f"offers/{self.offer.name}"]
        if self.suite.fails_offer(made):
            raise NotOfferedError(made.reason)
        if made.fails or made.state == "known":
            pytest.xfail(f"{made.reason} (in the baseline)" if made.baseline else made.reason)
        if made.state != "offered":
            pytest.skip(made.reason)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the evidence, and how to say that the target need not have it."""
        if isinstance(excinfo.value, NotOfferedError) and self.made is not None:
            lines = ", ".join(self.made.lines)
            hint = "" if self.made.required else f"\nit need not be there: --lacks {self.made.name}"
            return f"{excinfo.value} (protocol.txt {lines}){hint}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say what is asked for."""
        return self.path, 0, f"{self.offer.name} is offered"


def is_table(path: Path, root: Path) -> bool:
    """Tell whether a file is the table of the suite at `root`."""
    return path == root / FILE
