from __future__ import annotations

import threading

import pytest
from waiting import SECONDS_MAX, until

from mclite.replay.play.timeline import THREADS, Timeline


def test_waits_overlap() -> None:
    together = threading.Barrier(50)

    def work(number: int) -> int:
        together.wait(SECONDS_MAX)  # none goes on before all have begun
        return number * 2

    timeline = Timeline(work)
    timeline.start((1.0, number) for number in range(50))
    assert [timeline.result(number) for number in range(50)] == [number * 2 for number in range(50)]
    assert 49 in timeline
    assert 50 not in timeline


def test_the_longest_begins_first() -> None:
    began: set[int] = set()
    goes_on = threading.Event()

    def work(number: int) -> None:
        began.add(number)
        goes_on.wait(SECONDS_MAX)

    timeline = Timeline(work)
    timeline.start((float(number), number) for number in range(THREADS * 2))
    until(lambda: len(began) == THREADS)
    assert began == set(range(THREADS, THREADS * 2))
    goes_on.set()
    timeline.result(0)
    assert began == set(range(THREADS * 2))


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    def work(number: int) -> int:
        raise ZeroDivisionError(str(number))

    timeline = Timeline(work)
    timeline.start([(1.0, 7)])
    with pytest.raises(ZeroDivisionError, match="7"):
        timeline.result(7)
