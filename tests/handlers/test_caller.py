"""A session has all that the handlers use of it."""

from __future__ import annotations

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.handlers.caller import Caller


def test_a_session_has_what_handlers_ask_of_it() -> None:
    session = Session(Instance(), "127.0.0.1:5", "127.0.0.1:11211")
    names = {*Caller.__annotations__, *(name for name in vars(Caller) if name[0] != "_")}
    assert names >= {"instance", "more", "rest", "pipelined", "begin_to_watch"}
    assert [name for name in names if not hasattr(session, name)] == []
