"""The processor's time of a process is what it burnt, and no less."""

from __future__ import annotations

import os
import time

from mclite.bench.busy import Busy, Stopwatch, threads


def test_own_time() -> None:
    watch = Stopwatch([os.getpid()])
    before = time.process_time()
    while time.process_time() - before < 0.05:
        pass
    busy = watch.stop()
    assert 0.03 < busy.ran < 5
    assert busy.waited >= 0


def test_sleep_is_no_work() -> None:
    watch = Stopwatch([os.getpid()])
    time.sleep(0.1)
    assert watch.stop().ran < 0.09


def test_no_process_no_time() -> None:
    assert Stopwatch([]).stop() == Busy()
    assert threads([2**31 - 1]) == {}


def test_stretches_add_up() -> None:
    busy = Busy(1.0, 0.5)
    busy.add(Busy(2.0, 0.25))
    assert busy == Busy(3.0, 0.75)
