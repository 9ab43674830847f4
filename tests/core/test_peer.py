"""A session has all that the instance and the watchers use of it."""

from __future__ import annotations

from mclite.core.instance import Instance
from mclite.core.peer import Peer
from mclite.core.session import Session


def test_a_session_has_what_is_asked_of_it() -> None:
    session = Session(Instance(), "127.0.0.1:5", "127.0.0.1:11211")
    names = {*Peer.__annotations__, *(name for name in vars(Peer) if name[0] != "_")}
    assert names >= {"number", "peer", "push", "state"}
    assert [name for name in names if not hasattr(session, name)] == []
