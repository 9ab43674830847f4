from __future__ import annotations

from collections.abc import Callable, Collection

import pytest

from mclite.replay.judge.baseline import Baseline, WholeCause
from mclite.replay.judge.faults import Fault, Faults
from mclite.replay.judge.offers import Offered, State, commands, judge_all, marked, pinned
from mclite.replay.scenario.offers import Declared, documented
from mclite.replay.scenario.versions import Version, parse_guard, parse_version

NEW, OLD = parse_version("1.6.45"), parse_version("1.4.39")
ERROR = "`x` was answered `ERROR`"
LRU = Faults([Fault("lost", parse_guard("1.6.45"), "It lost it.", {}, lacks=("lru",))])


def judge(
    absent: Collection[str],
    untried: Collection[str] = (),
    release: Version = NEW,
    lacks: Collection[str] = (),
    required: Collection[str] = (),
) -> dict[str, Offered]:
    found = {name: (None if name in untried else name not in absent, ERROR) for name in documented().entries}
    return {one.name: one for one in judge_all(found, Declared(frozenset(lacks), frozenset(required)), release, LRU)}


@pytest.mark.parametrize(
    ("name", "state", "fails", "make"),
    [
        ("incr", "offered", False, lambda: judge(set())),
        ("incr", "not-offered", True, lambda: judge({"incr"})),
        ("incr", "declared", False, lambda: judge({"incr"}, lacks={"incr"})),
        ("incr", "answers", False, lambda: judge(set(), lacks={"incr"})),
        ("watch", "declared", False, lambda: judge(set(), {"watch"}, lacks={"watch"})),
        ("watch", "not-tried", False, lambda: judge(set(), {"watch"})),
        ("watch", "not-tried", True, lambda: judge(set(), {"watch"}, required={"watch"})),
        ("gat", "older", False, lambda: judge({"gat"}, release=OLD)),
        ("gat", "offered", False, lambda: judge(set(), release=OLD)),
        ("gat", "not-offered", True, lambda: judge({"gat"}, release=OLD, required={"gat"})),
        ("lru", "known", False, lambda: judge({"lru"})),
        ("lru", "not-offered", True, lambda: judge({"lru"}, required={"lru"})),
    ],
)
def test_states(name: str, state: State, fails: bool, make: Callable[[], dict[str, Offered]]) -> None:
    one = make()[name]
    assert (one.state, one.fails) == (state, fails)
    assert name in one.reason


def test_strict_fails_for_what_the_release_is_known_to_lack() -> None:
    one = judge({"lru"})["lru"]
    assert not one.fails_run()
    assert one.fails_run(strict=True)


def test_commands_are_counted_among_those_that_were_tried_and_expected() -> None:
    assert commands(judge({"incr", "stats-items"}, {"watch", "shutdown"}).values()) == (28, 29)
    assert commands(judge({"gat", "gats", "mg"}, release=OLD).values()) == (28, 28)


def test_a_baseline_expects_what_is_not_offered() -> None:
    now = judge({"incr", "decr"})
    known = pinned(now.values(), Baseline(), Baseline())
    assert known.entries.keys() == {"offers/incr", "offers/decr"}
    assert known.entries["offers/incr"].cause == "not offered: answered ERROR"
    assert known.entries["offers/decr"].reason == f"not explained yet: incr is not offered: {ERROR}"
    by_name = {one.name: one for one in marked(now.values(), known)}
    assert by_name["incr"].baseline == "expected"
    assert by_name["incr"].baseline_reason == known.entries["offers/incr"].reason
    assert not by_name["incr"].fails_run()
    later = {one.name: one for one in marked(judge({"incr", "add"}).values(), known)}
    assert {one.name: one.baseline for one in later.values() if one.baseline} == {
        "incr": "expected",
        "decr": "fixed",
        "add": "new",
    }
    assert later["add"].fails_run()
    assert pinned(judge({"incr"}, {"decr"}).values(), known, Baseline()).entries.keys() == known.entries.keys()


def test_a_whole_cause_covers_all_that_is_refused_alike() -> None:
    whole = Baseline((), [WholeCause("not offered: answered ERROR", "It is small.")])
    (one,) = (one for one in marked(judge({"incr"}).values(), whole) if one.fails)
    assert (one.baseline, one.baseline_reason) == ("expected", "It is small.")
    kept = pinned(judge({"incr"}).values(), whole, Baseline())
    assert (kept.entries, kept.causes.keys()) == ({}, {one.cause})


def test_a_fingerprint_does_not_depend_on_the_key() -> None:
    one, other = (Offered("incr", "command", "not-offered", f"`incr {key} 1` was answered `ERROR`") for key in "ab")
    assert one.fingerprint == other.fingerprint
    assert one.fingerprint != Offered("incr", "command", "not-offered", "`incr a 1` got no answer").fingerprint
