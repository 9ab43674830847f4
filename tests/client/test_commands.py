"""The one list of commands."""

from __future__ import annotations

import inspect

import pytest

from mclite.client import AsyncClient, Client, Pipeline
from mclite.client.commands import Commands
from mclite.protocol.commands import COMMANDS


def test_the_commands_of_the_table_are_all_there() -> None:
    names = {name for name, _ in inspect.getmembers(Commands, inspect.isfunction) if not name.startswith("_")}
    assert len(names) > 45
    for face in (Client, AsyncClient):
        assert names <= set(dir(face))
        for name in names:
            assert getattr(face, name).__doc__ == getattr(Commands, name).__doc__
    assert names - set(dir(Pipeline)) == {"quit", "shutdown"}


@pytest.mark.parametrize("verb", [name.decode() for name in COMMANDS])
def test_a_verb_is_a_method_or_several(verb: str) -> None:
    assert [name for name in dir(Client) if name == verb or name.startswith(f"{verb}_")]
