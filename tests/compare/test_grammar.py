"""What the grammar draws: legal and illegal forms of every verb, nothing that makes two equal servers differ."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

import pytest

from mclite.compare import grammar
from mclite.compare.dialogue import HangUp, Request, Session, Wait, Write, constant, render, values_for, writes
from mclite.protocol.commands import verbs


def drawn(draw: Callable[[Random], Request], count: int = 3000) -> list[Request]:
    return [draw(Random(number)) for number in range(count)]


def sessions(count: int = 3000, **how: bool) -> list[Session]:
    return [grammar.session(Random(number), **how) for number in range(count)]


def requests(several: list[Session]) -> list[Request]:
    return [request for session in several for write in writes(session) for request in write.requests]


@pytest.mark.parametrize(
    ("draw", "kinds"),
    [
        (grammar.storage, ["storage"]),
        (grammar.retrieval, ["retrieval"]),
        (grammar.other, ["deletion", "arithmetic", "touching"]),
        (grammar.meta, ["meta"]),
    ],
)
def test_every_verb_of_the_table_is_drawn(draw: Callable[[Random], Request], kinds: list[str]) -> None:
    assert {request.verb.partition("{")[0] for request in drawn(draw)} == set(verbs(*kinds))


def test_all_of_it_can_be_rendered() -> None:
    values = values_for("m1")
    assert all(render(request, values).endswith(b"\n") for request in requests(sessions()))


def test_the_length_of_a_data_block_is_nearly_always_right() -> None:
    right = 0
    storing = drawn(grammar.storage)
    for request in storing:
        words = constant_words(request)
        assert request.block is not None
        right += str(len(constant(request.block))) in words
    assert 0.9 * len(storing) < right < len(storing)


def constant_words(request: Request) -> list[str]:
    return request.line.split(" ")


def test_no_lifetime_ends_between_two_requests() -> None:
    """Two servers do not tick at once: an item lives for long, or not at all, but in the sessions that wait."""
    assert not {grammar._exptime(Random(number)) for number in range(1000)} & {"1", "2", "3", "4"}
    for request in requests(sessions(waits=False)):
        assert not set(request.line.split(" ")[2:]) & {f"{flag}{seconds}" for flag in "TN" for seconds in range(1, 5)}


def test_a_session_that_waits_looks_long_after_the_item_expired() -> None:
    waiting = [session for session in sessions() if any(isinstance(step, Wait) for step in session)]
    assert waiting
    for session in waiting:
        first, wait, *rest = session
        assert isinstance(first, Write)
        assert re.search(r"( 2 1|T2 c)$", first.requests[0].line)
        assert isinstance(wait, Wait)
        assert wait.seconds > 4
        assert all(isinstance(step, Write) for step in rest)
    assert not any(isinstance(step, Wait) for session in sessions(waits=False) for step in session)


def test_only_destructive_sessions_flush() -> None:
    def flushing(**how: bool) -> set[str]:
        return {request.line for request in requests(sessions(**how)) if request.verb == "flush_all"}

    assert flushing() == {"flush_all x"}  # which is refused
    assert "flush_all" in flushing(destructive=True)


def test_what_sessions_hold() -> None:
    several = sessions()
    steps = [step for session in several for step in session]
    assert any(isinstance(step, HangUp) for step in steps)
    assert {step.conn for step in steps if isinstance(step, Write)} == {"A", "B"}
    assert {step.chop for step in steps if isinstance(step, Write)} == {0, 1, 2, 7}
    assert {len(step.requests) for step in steps if isinstance(step, Write)} == {1, 2, 3, 6}
    assert not any(
        step.chop and any(request.verb == "watch" for request in step.requests)
        for step in steps
        if isinstance(step, Write)
    )


def test_the_same_random_draws_the_same_session() -> None:
    assert grammar.session(Random(5)) == grammar.session(Random(5))
