"""What is wrong with a table of TOML."""

from __future__ import annotations

from typing import Any

import pytest

from mclite.replay.scenario.tables import misfit

KINDS = {"name": str, "answers": list}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, None),
        ({"name": "x", "answers": []}, None),
        ("x", "f.toml, [[x]] 1 must be a table"),
        ({"nam": "x"}, "f.toml, [[x]] 1: unknown key 'nam'; there are name, answers"),
        ({"name": 1}, "f.toml, [[x]] 1: name must be a str"),
        ({"name": "x", "answers": "y"}, "f.toml, [[x]] 1: answers must be a list"),
    ],
)
def test_the_first_misfit_is_named(table: Any, said: str | None) -> None:
    assert misfit(table, KINDS, "f.toml, [[x]] 1") == said
