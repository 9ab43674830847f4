"""The toy driver, played with one talk."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from client_run import check, scenario_text, toy

from mclite.replay.clientcheck.run import Record


@pytest.fixture
def played() -> Callable[..., Record]:
    """What came of one talk with the toy driver."""

    def play(talk: str, fault: str = "", **fields: str) -> Record:
        (record,) = check(toy(fault), source=scenario_text(talk, protocols='["text"]', **fields)).records
        return record

    return play
