"""The end of a run with a reference on the terminal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from made_results import make, typed, with_reference

from mclite.replay.pytest_plugin import terminal_reference
from mclite.replay.pytest_plugin.terminal_reference import NAMED, lines


def test_differences_are_named_with_both_answers() -> None:
    made = typed(with_reference(make("a server", size=30, lacks=()), unlike=(0, 2)))
    found = lines(made)
    compared = len(made.scenarios) - 1
    assert found[0] == (
        f"a server beside memcached 1.6.9: 2 of {compared} differ from the reference (1 could not be compared)"
    )
    assert found[1] == (
        f"  DIFFERS {made.scenarios[0].id} ({made.scenarios[0].verdict}): STORED\\r\\n, the reference STORE\\r\\n"
    )
    assert len(found) == 3


def test_of_many_differences_the_first_are_named() -> None:
    made = typed(with_reference(make(size=60, lacks=()), unlike=tuple(range(NAMED + 5)), lacks=0))
    found = lines(made)
    assert len(found) == NAMED + 2
    assert found[-1] == "  and 5 more"


def test_an_answer_is_cut_and_silence_is_named() -> None:
    results = with_reference(make(size=22, lacks=()), unlike=(0,), lacks=0)
    results["scenarios"][0]["reference"] |= {"target": "x" * 500, "got": None}
    line = lines(typed(results))[1]
    assert line.endswith(": " + "x" * 57 + "..., the reference (nothing)")


def test_nothing_compared() -> None:
    made = typed(with_reference(make("a server", size=22, lacks=()), unlike=(), lacks=22))
    assert lines(made) == ["a server beside memcached 1.6.9: nothing was compared"]


def test_a_reference_that_died_is_named_and_without_one_nothing_is_said() -> None:
    said: list[str] = []
    reporter = SimpleNamespace(write_line=said.append)
    made = typed(with_reference(make(size=22, lacks=()), unlike=(), lacks=0))
    suite: Any = SimpleNamespace(documents=[made], reference=None, lost_reference=None)
    terminal_reference.show(reporter, suite)
    assert said == []
    suite.reference, suite.lost_reference = SimpleNamespace(shown="memcached 1.6.9"), "a/b/c"
    terminal_reference.show(reporter, suite)
    assert said[0] == lines(made)[0]
    assert said[-1].startswith("the reference memcached 1.6.9 died while a/b/c was played")
