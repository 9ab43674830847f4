from __future__ import annotations

import threading
import time

import pytest

from mclite.replay.play.timeline import THREADS, Timeline


def test_waits_overlap() -> None:
    together = threading.Barrier(50)

    def work(number: int) -> int:
        together.wait(30)  # nobody goes on before all have begun
        return number * 2

    timeline = Timeline(work)
    timeline.start((0.3, number) for number in range(50))
    assert [timeline.result(number) for number in range(50)] == [number * 2 for number in range(50)]
    assert 49 in timeline
    assert 50 not in timeline


def test_the_longest_begins_first() -> None:
    began: list[int] = []
    guard = threading.Lock()

    def work(number: int) -> None:
        with guard:
            began.append(number)
        time.sleep(0.02)

    timeline = Timeline(work)
    timeline.start((float(number), number) for number in range(THREADS * 2))
    timeline.result(0)
    timeline.result(THREADS * 2 - 1)
    assert set(began[: THREADS // 2]) <= set(range(THREADS, THREADS * 2))


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    def work(number: int) -> int:
        raise ZeroDivisionError(str(number))

    timeline = Timeline(work)
    timeline.start([(1.0, 7)])
    with pytest.raises(ZeroDivisionError, match="7"):
        timeline.result(7)
