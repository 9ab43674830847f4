from __future__ import annotations

import pytest
from hypothesis import strategies as st

from mclite.compare.dialogue import HangUp, Session, Wait, Write
from mclite.compare.draw import BATCH, Enough, draw, sessions


def drawn(number: int, count: int, strategy: st.SearchStrategy[Session]) -> list[Session]:
    got: list[Session] = []

    def use(session: Session) -> None:
        got.append(session)
        if len(got) == count:
            raise Enough

    draw(strategy, number, use)
    return got


def test_a_seed_draws_the_same_sessions_every_time_and_another_seed_others() -> None:
    first = drawn(5, 60, sessions())
    assert first == drawn(5, 60, sessions())
    assert first != drawn(6, 60, sessions())
    assert len(set(first)) == 60


def test_it_goes_on_beyond_a_batch_with_other_sessions() -> None:
    got = drawn(1, BATCH + 90, sessions(waits=False))
    assert len(got) == BATCH + 90
    assert got[BATCH:] != got[:90]


def test_what_the_sessions_hold() -> None:
    plain = drawn(2, 400, sessions(destructive=False, waits=False))
    lines = [one.line for session in plain for step in session if isinstance(step, Write) for one in step.requests]
    assert {"get", "set", "ms", "mg", "delete"} <= {line.split(" ")[0] for line in lines}
    assert not any(line.startswith("flush_all") and line != "flush_all x" for line in lines)
    assert any(isinstance(step, HangUp) for session in plain for step in session)
    assert not any(isinstance(step, Wait) for session in plain for step in session)


def test_a_failure_is_not_swallowed() -> None:
    def use(session: Session) -> None:
        raise ValueError("the search has a fault")

    with pytest.raises(ValueError, match="the search has a fault"):
        draw(sessions(), 1, use)
