"""The types of the results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from mclite.replay.results.document import ClientOutcome, Resembles

SCHEMA = json.loads((Path(__file__).parents[3] / "conformance" / "schema" / "results.json").read_text())


@pytest.mark.parametrize(
    ("first", "last", "releases"),
    [(None, None, "1.6.18"), ("1.6.18", "1.6.18", "1.6.18"), ("1.6.13", "1.6.23", "1.6.13 to 1.6.23")],
)
def test_what_a_target_resembles_is_a_release_or_a_range(first: str | None, last: str | None, releases: str) -> None:
    assert Resembles(version="1.6.18", first=first, last=last, same=9, of=9, others=()).releases == releases


def test_the_schema_knows_the_same_outcomes_of_clients() -> None:
    check = SCHEMA["$defs"]["client"]["properties"]["checks"]["items"]["properties"]
    assert list(get_args(ClientOutcome)) == check["outcome"]["enum"]
