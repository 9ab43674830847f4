"""What changed between two releases, held against recorded answers and what is known of releases."""

from __future__ import annotations

import functools

import pytest
from recorded import Changed, replay

from mclite.replay.judge.answers import Sample, releases_of
from mclite.replay.judge.faults import Faults
from mclite.replay.report.answers_table import Row
from mclite.replay.report.releases import Known, changes, headline, known
from mclite.replay.scenario.versions import KNOWN_VERSIONS, Version, parse_version

PAIRS = [
    ("1.6.9", "1.6.45"), ("1.6.18", "1.6.38"), ("1.5.22", "1.6.14"), ("1.6.44", "1.6.45"), ("1.4.15", "1.4.39"),
    ("1.6.39", "1.6.40"), ("1.6.19", "1.6.20"), ("1.6.45", "1.6.24"),
]  # fmt: skip


@functools.cache
def all_known() -> Known:
    return known()


def rows(then: str, now: str) -> list[Row]:
    return changes(parse_version(then), parse_version(now), all_known())


def answers(found: list[Row]) -> dict[tuple[str, ...], tuple[tuple[str, ...], tuple[str, ...]]]:
    return {pair.request: (pair.then, pair.now) for row in found for pair in row.pairs}


def sample_of(name: str, release: Version) -> Sample | None:
    return next((one for one in all_known().samples[name] if release in releases_of(one)), None)


def matches(name: str, judged: Version, sample: Sample, release: Version) -> bool:
    """Tell whether the answers of a release match what the suite says of `judged`, by playing its script to them."""
    script = all_known().scenarios[name].talk.script(judged)
    try:
        return replay(script, sample, ".".join(map(str, release))).outcome == "match"
    except Changed:
        return False


def is_fault(faults: Faults, name: str, release: Version) -> bool:
    return any(name in fault.answers and release in fault.releases for fault in faults.faults)


@pytest.mark.parametrize(("then", "now"), PAIRS)
def test_the_table_has_what_the_guards_say_and_no_more(then: str, now: str) -> None:
    old, new = parse_version(then), parse_version(now)
    about = all_known()
    listed = {name for row in rows(then, now) for name in row.ids}
    checked = 0
    for name, scenario in about.scenarios.items():
        if name not in about.samples or not (scenario.applies_to(old) and scenario.applies_to(new)):
            continue
        one, other = sample_of(name, old), sample_of(name, new)
        if one is None or other is None:
            continue
        checked += 1
        same = matches(name, new, one, old) and matches(name, old, other, new)
        excused = is_fault(about.faults, name, old) or is_fault(about.faults, name, new)
        if not same and not excused and scenario.talk.variant(old) != scenario.talk.variant(new):
            assert name in listed, f"{name} is answered otherwise"
        if name in listed:
            leaves_open = any(sign in scenario.talk.source for sign in ("{:", "<|", "<*"))
            assert not same or excused or leaves_open, f"{name} is answered alike"
    assert checked > 100


def test_what_is_known_of_1_6_45() -> None:
    found = answers(rows("1.6.44", "1.6.45"))
    assert found["incr key +1",] == (("6",), ("CLIENT_ERROR invalid numeric delta argument",))


def test_what_is_known_of_1_6_40() -> None:
    found = answers(rows("1.6.39", "1.6.40"))
    assert found["get",] == (("ERROR",), ("CLIENT_ERROR bad command line format",))
    assert found["bget key",] == (("END",), ("ERROR",))
    assert found["gets key[251]",][1] == ("CLIENT_ERROR bad command line format", "")


def test_the_other_way_round_is_the_same_table_reversed() -> None:
    there, back = rows("1.6.18", "1.6.38"), rows("1.6.38", "1.6.18")
    assert {row.ids for row in there} == {row.ids for row in back}
    for row in there:
        other = next(one for one in back if one.ids == row.ids)
        assert [(pair.then, pair.now) for pair in row.pairs] == [(pair.now, pair.then) for pair in other.pairs]


def test_a_release_and_itself_are_alike() -> None:
    assert all(changes(release, release, all_known()) == [] for release in KNOWN_VERSIONS[::20])
    assert headline("1.6.9", "1.6.9", []) == "memcached 1.6.9 and 1.6.9 answer all requests of the suite alike."


def test_a_fault_of_one_release_says_so() -> None:
    found = next(row for row in rows("1.6.9", "1.6.45") if "keys/length/too-long-get" in row.ids)
    assert found.notes[0].startswith("The answer now is a fault of the release: After the CLIENT_ERROR line")


def test_usual_requests_are_first_and_counted() -> None:
    found = rows("1.6.9", "1.6.45")
    usual = [row.usual for row in found]
    assert usual == sorted(usual, reverse=True)
    assert sum(usual) > 1
    assert headline("1.6.9", "1.6.45", found) == (
        f"From memcached 1.6.9 to 1.6.45 {len(found)} requests are answered otherwise, {sum(usual)} of them as client "
        "libraries send them."
    )
