from __future__ import annotations

from typing import Any

from made_results import typed

from mclite.replay.report.comparison import differing, sentence


def test_without_a_reference_there_is_no_sentence(make: Any) -> None:
    run = typed(make(size=5))
    assert sentence(run) is None
    assert differing(run) == []


def test_differences_are_counted_and_listed(make: Any, with_reference: Any) -> None:
    run = typed(with_reference(make(size=30, lacks=()), unlike=(0, 2)))
    compared = len(run.scenarios) - 1
    assert sentence(run) == (
        f"Beside memcached 1.6.9, 2 of {compared} answers differ; 1 scenario could not be compared."
    )
    assert [one.id for one in differing(run)] == [run.scenarios[0].id, run.scenarios[2].id]


def test_one_difference_and_nothing_left_out(make: Any, with_reference: Any) -> None:
    results = with_reference(make(size=22, lacks=()), unlike=(1,), lacks=0)
    assert sentence(typed(results)) == "Beside memcached 1.6.9, 1 of 22 answers differs."
    results["run"]["reference"] = None
    assert "Beside the reference, " in str(sentence(typed(results)))


def test_nothing_could_be_compared(make: Any, with_reference: Any) -> None:
    results = with_reference(make(size=22, lacks=()), unlike=(), lacks=22)
    assert sentence(typed(results)) == "Nothing could be compared with memcached 1.6.9."
