"""A session is all that the instance, the watchers and the handlers take it for."""

from __future__ import annotations

import pytest

from mclite.core.instance import Instance
from mclite.core.peer import Peer
from mclite.core.session import Session
from mclite.handlers.caller import Caller


def members(protocol: type) -> set[str]:
    """The names that a protocol demands, those that it inherits included."""
    return {
        name
        for base in protocol.__mro__[:-1]
        for name in (*getattr(base, "__annotations__", ()), *vars(base))
        if name[0] != "_"
    }


@pytest.mark.parametrize("protocol", [Peer, Caller])
def test_a_session_has_what_is_asked_of_it(protocol: type) -> None:
    session = Session(Instance(), "127.0.0.1:5", "127.0.0.1:11211")
    assert members(protocol) >= {"number", "peer", "push", "state"}
    assert [name for name in members(protocol) if not hasattr(session, name)] == []
