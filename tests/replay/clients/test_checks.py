"""The checks pass with a library that works, and each fails with one that is broken where the check looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from waiting import SECONDS_MAX

from mclite.replay.clients import checks
from mclite.replay.clients.checks import CHECKS, Setting, named
from mclite.replay.clients.library import Library, Place
from mclite.testing import ServerThread

ITEMS: dict[str, tuple[Any, int, float]] = {}
GUARD = threading.Lock()


class Clock:
    """The time as the checks see it: it passes where they sleep."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        time.sleep(0)  # another thread's turn


CLOCK = Clock()


class Kept(Library):
    """A library that keeps the items itself, and is as right as can be."""

    name = "kept"
    package = "pytest"

    def __init__(self, places: Sequence[Place]) -> None:
        self.down = False

    def _live(self, key: str) -> tuple[Any, int] | None:
        found = ITEMS.get(key)
        return None if found is None or found[2] <= CLOCK.now else found[:2]

    def set(self, key: str, value: Any, seconds: int = 0) -> bool:
        if isinstance(value, str) and len(value) > 1_000_000:
            return False
        with GUARD:
            unique = (self._live(key) or (None, 0))[1] + 1
            ITEMS[key] = (value, unique, CLOCK.now + (seconds or 1000))
        return True

    def get(self, key: str) -> Any:
        found = self._live(key)
        return None if found is None else found[0]

    def get_many(self, keys: Sequence[str]) -> dict[str, Any]:
        return {key: self.get(key) for key in keys if self._live(key)}

    def add(self, key: str, value: Any) -> bool:
        return self._live(key) is None and self.set(key, value)

    def delete(self, key: str) -> bool:
        return ITEMS.pop(key, None) is not None

    def incr(self, key: str, by: int) -> int:
        value = max(0, int(self.get(key)) + by)
        self.set(key, str(value))
        return value

    def change(self, key: str, function: Callable[[Any], Any]) -> bool:
        found = self._live(key)
        assert found is not None
        made = function(found[0])
        time.sleep(0)
        with GUARD:
            now = self._live(key)
            if now is None or now[1] != found[1]:
                return False
            ITEMS[key] = (made, now[1] + 1, CLOCK.now + 1000)
            return True

    def close(self) -> None:
        pass


class KeepsAll(Kept):
    def delete(self, key: str) -> bool:
        return key in ITEMS


class AddsAlways(Kept):
    def add(self, key: str, value: Any) -> bool:
        return self.set(key, value)


class Stringly(Kept):
    def get(self, key: str) -> Any:
        found = super().get(key)
        return None if found is None else str(found)


class DropsTheLast(Kept):
    def get_many(self, keys: Sequence[str]) -> dict[str, Any]:
        return super().get_many(keys[:-2])


class BelowZero(Kept):
    def incr(self, key: str, by: int) -> int:
        value = int(self.get(key)) + by
        self.set(key, str(value))
        return value


class LosesChanges(Kept):
    def change(self, key: str, function: Callable[[Any], Any]) -> bool:
        value = self.get(key)
        time.sleep(0.001)
        return self.set(key, function(value))


class NeverExpires(Kept):
    def set(self, key: str, value: Any, seconds: int = 0) -> bool:
        return super().set(key, value)


class CutsLarge(Kept):
    def get(self, key: str) -> Any:
        found = super().get(key)
        return found[:800_000] if isinstance(found, str) else found


class StaysDown(Kept):
    calls = 0

    def set(self, key: str, value: Any, seconds: int = 0) -> bool:
        StaysDown.calls += 1
        if StaysDown.calls > 1:
            raise ConnectionError("gone")
        return super().set(key, value, seconds)


BROKEN = {
    "basics": KeepsAll,
    "adding": AddsAlways,
    "types": Stringly,
    "many": DropsTheLast,
    "counters": BelowZero,
    "races": LosesChanges,
    "expiry": NeverExpires,
    "large": CutsLarge,
    "reconnecting": StaysDown,
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "time", CLOCK)
    ITEMS.clear()
    StaysDown.calls = 0


def run(name: str, library: type[Library], place: Place = ("127.0.0.1", 1)) -> None:
    setting = Setting(library, place, "prefix")
    try:
        named(CHECKS, name).function(setting)
    finally:
        setting.close()


@pytest.mark.parametrize("name", [check.name for check in CHECKS])
def test_a_right_library_passes(name: str) -> None:
    run(name, Kept)


@pytest.mark.parametrize("name", [check.name for check in CHECKS])
def test_a_broken_library_fails(name: str) -> None:
    with pytest.raises((AssertionError, ConnectionError)):
        run(name, BROKEN[name])


@pytest.mark.parametrize("name", [check.name for check in CHECKS if check.name != "expiry"])
def test_pymemcache_with_mclite(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pymemcache")
    from mclite.replay.clients.python import PymemcacheClient

    monkeypatch.setattr(checks, "time", time)
    monkeypatch.setattr(checks, "PATIENCE", SECONDS_MAX)
    with ServerThread() as server:
        run(name, PymemcacheClient, (server.host, server.port))
