"""What genuine memcached releases answered to the scenarios that tell them apart: conformance/answers.json.

It holds, by the id of the scenario, a list of samples: the `releases` that answered so (written as a guard), the
`keys` in the order in which they were made, the Unix `time`, and the `events`: the connection, `>` for sent, `<` for
received or `!` for hung up, and the bytes as latin-1, with {version} for the release.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mclite.replay.judge.exchanges import Exchange, exchanges
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.versions import KNOWN_VERSIONS, Version, parse_guard
from mclite.replay.scenario.wire import escape

#: The recorded answers of the suite, in its root.
FILE = "answers.json"

Sample = dict[str, Any]


def samples(path: Path | None = None) -> dict[str, list[Sample]]:
    """Read recorded answers, by the id of the scenario; by default those of the suite."""
    text = (path or default_root() / FILE).read_text(encoding="utf-8")
    found: dict[str, list[Sample]] = json.loads(text)
    return found


def releases_of(sample: Sample) -> list[Version]:
    """Return the releases that answered as a sample says, oldest first."""
    guard = parse_guard(sample["releases"])
    return [version for version in KNOWN_VERSIONS if version in guard]


def dialogue(sample: Sample) -> tuple[Exchange, ...]:
    """Return a sample as exchanges, with names for what varies by nature."""
    return exchanges(
        (conn, kind, data if kind == "!" else escape(data.encode("latin-1"))) for conn, kind, data in sample["events"]
    )
