"""What all connections together may hold: answers that wait, and requests that are unfinished."""

from __future__ import annotations

import pytest

from mclite.core import budget as module
from mclite.core.budget import SMALL, UNFINISHED_MAX, UNSENT_MAX, Budget
from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.protocol import binary, errors, replies

LARGE = 100_500


def with_a_large_item() -> Instance:
    instance = Instance()
    for key, length in ((b"large", LARGE), (b"small", 10)):
        assert Session(instance).receive(b"set %b 0 0 %d\r\n%b\r\n" % (key, length, b"x" * length)) == replies.STORED
    return instance


def test_it_is_told_once_when_it_is_used_up_and_when_no_more() -> None:
    told: list[bool] = []
    budget = Budget(lambda: told.append(budget.used_up))
    budget.note_unsent(UNSENT_MAX)
    assert not told
    budget.note_unsent(1)
    budget.note_unsent(1)
    budget.note_unsent(-2)
    assert told == [True, False]


def test_small_requests_are_not_counted() -> None:
    budget = Budget(lambda: None)
    assert budget.take(0, SMALL)
    assert budget.unfinished == 0
    assert budget.take(SMALL, SMALL + 1)
    assert budget.unfinished == SMALL + 1
    assert not budget.take(0, UNFINISHED_MAX)
    assert not budget.has_room(UNFINISHED_MAX)
    assert budget.requests_refused == 2
    assert budget.take(SMALL + 1, 0)
    assert budget.unfinished == 0


@pytest.mark.parametrize("request_", [b"get large\r\n", b"gets large\r\n", b"mg large v\r\n", b"gat 0 large small\r\n"])
def test_large_answers_are_refused_while_too_many_wait(request_: bytes) -> None:
    instance = with_a_large_item()
    session = Session(instance)
    usual = session.receive(request_)
    assert len(usual) > LARGE
    instance.budget.note_unsent(UNSENT_MAX + 1)
    assert session.receive(request_) == errors.NO_MEMORY_TO_ANSWER
    assert session.receive(b"get small\r\n") == b"VALUE small 0 10\r\nxxxxxxxxxx\r\nEND\r\n"
    assert b"STAT response_obj_oom 1\r\n" in session.receive(b"stats\r\n")
    assert not session.closed
    instance.budget.note_unsent(-UNSENT_MAX)
    assert len(session.receive(request_)) == len(usual)


def test_large_answers_of_the_binary_protocol_too() -> None:
    instance = with_a_large_item()
    instance.budget.note_unsent(UNSENT_MAX + 1)
    get = binary.HEADER.pack(0x80, 0, 5, 0, 0, 0, 5, 7, 0) + b"large"
    answer = Session(instance).receive(get)
    assert int.from_bytes(answer[6:8], "big") == binary.Status.NO_MEMORY
    assert len(answer) < 200


def test_unfinished_lines_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNFINISHED_MAX", 10 * LARGE)
    instance = Instance()
    line = b"get " + b" ".join([b"k" * 200] * (LARGE // 201))
    sessions = [Session(instance) for _ in range(20)]
    answers = [session.receive(line) for session in sessions]
    assert answers == [b""] * 9 + [errors.NO_MEMORY_TO_READ] * 11
    assert [session.closed for session in sessions] == [False] * 9 + [True] * 11
    assert instance.budget.unfinished <= 10 * LARGE
    for session in sessions[:5]:
        session.forget()
    other = Session(instance)
    assert other.receive(line) == b""
    assert b"ERROR" not in sessions[8].receive(b"\r\n")  # a line that is finished is no longer held
    while sessions[8].more:
        sessions[8].receive(b"")
    for session in (*sessions[5:8], other):
        session.forget()
    assert instance.budget.unfinished == 0


def test_unfinished_data_blocks_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNFINISHED_MAX", 10 * LARGE)
    instance = Instance()
    sessions = [Session(instance) for _ in range(12)]
    for session in sessions:
        assert session.receive(b"set k 0 0 %d\r\nx" % LARGE) == b""
    assert instance.budget.unfinished <= 10 * LARGE
    answers = [session.receive(b"x" * (LARGE - 1) + b"\r\n") for session in sessions]
    assert answers == [replies.STORED] * 9 + [errors.NO_MEMORY] * 3
    assert instance.budget.unfinished == 0
    assert sessions[-1].receive(b"mn\r\n") == b"MN\r\n"
