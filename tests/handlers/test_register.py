"""A handler registers for a verb of the table, and for nothing else."""

from __future__ import annotations

import pytest

from mclite.handlers import register
from mclite.protocol.parser import Request


def handler(session: object, request: Request) -> bytes:
    return b"OK\r\n"


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "HANDLERS", {})
    monkeypatch.setattr(register, "CHECKS", {})


def test_a_handler_stays_what_it_is() -> None:
    assert register.serves("version")(handler) is handler
    assert {b"version": handler} == register.HANDLERS


def test_a_check_serves_several() -> None:
    assert register.checks("set", "add")(handler) is handler
    assert {b"set": handler, b"add": handler} == register.CHECKS


@pytest.mark.parametrize("make", [register.serves, register.checks])
def test_a_verb_that_the_table_lacks(make: object) -> None:
    with pytest.raises(KeyError):
        make("nonsense")(handler)  # type: ignore[operator]
