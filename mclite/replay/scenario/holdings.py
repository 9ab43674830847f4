"""What the suite on disk holds: a run is complete when each of these scenarios has a result."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mclite.replay.scenario.lint import scenario_files
from mclite.replay.scenario.offers import FILE, documented
from mclite.replay.scenario.scenario import Heading, Scenario, headings
from mclite.replay.scenario.versions import Version


class Holdings:
    """The scenarios that the suite at `root` holds, whatever a run selects of them."""

    def __init__(self, root: Path) -> None:
        """Read nothing yet."""
        self.root = root
        self._files: dict[Path, list[Heading] | list[Scenario]] = {}

    def add(self, path: Path, scenarios: list[Scenario]) -> None:
        """Take note of a file that was read anyway."""
        self._files[path] = scenarios

    def ids(self, version: Version) -> frozenset[str]:
        """Return the ids of all scenarios that are about targets judged as `version`, and of what is to be offered."""
        for path in scenario_files(self.root):
            if path not in self._files:
                self._files[path] = headings(path, self.root)
        table = self.root / FILE
        offers = [f"offers/{name}" for name in documented().entries] if table.is_file() else []
        everything: Iterable[Heading | Scenario] = (one for ones in self._files.values() for one in ones)
        return frozenset(offers).union(one.id for one in everything if one.applies_to(version))
