"""Clocks move in whole seconds, and the debug clock where a test moves it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mclite.store import DebugClock, SystemClock


def test_the_system_clock_is_unix_time(monkeypatch: pytest.MonkeyPatch) -> None:
    began = int(time.time())
    clock = SystemClock()
    assert began <= clock.started <= clock.now() <= time.time()
    assert isinstance(clock.now(), int)


def test_setting_the_machines_clock_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: start)
    clock = SystemClock()
    before = clock.now()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert clock.now() == before
    monkeypatch.setattr(time, "monotonic", lambda: start + 100)
    assert clock.now() == before + 100


def test_the_system_clock_knows_how_long_a_second_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: start)
    clock = SystemClock()
    now, until = clock.now(), clock.next_second()
    assert 0 <= until - start <= 1
    monkeypatch.setattr(time, "monotonic", lambda: until - 0.001)
    assert clock.now() == now
    monkeypatch.setattr(time, "monotonic", lambda: until + 0.001)
    assert clock.now() == now + 1


def test_of_a_clock_that_is_moved_nobody_knows(clock: Any) -> None:
    assert DebugClock(clock).next_second() == clock.next_second() == 0


def test_the_debug_clock_stops_moves_and_goes_on(clock: Any) -> None:
    debug = DebugClock(clock)
    base = clock.time
    assert (debug.now(), debug.started) == (base, clock.started)
    debug.advance(10)
    assert debug.now() == base + 10
    debug.pause()
    clock.time += 5
    assert debug.now() == base + 10
    debug.pause()  # stopped already: it stays where it was
    debug.advance(-3)
    assert debug.now() == base + 7
    debug.resume()
    assert debug.now() == base + 5 + 7
