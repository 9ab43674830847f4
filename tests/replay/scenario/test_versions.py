from __future__ import annotations

import pytest

from mclite.replay.scenario.versions import (
    KNOWN,
    KNOWN_VERSIONS,
    claimed_version,
    known_release,
    parse_guard,
    parse_range,
    parse_version,
    written,
)


@pytest.mark.parametrize("text", ["", "1", "1.", "1.6.x", "v1.6", "1.6.18-beta", "1..6"])
def test_malformed_versions(text: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        parse_version(text)


def test_versions_compare_as_numbers() -> None:
    assert sorted(KNOWN, key=parse_version) == list(KNOWN)
    assert parse_version("1.6.9") < parse_version("1.6.18")


@pytest.mark.parametrize(
    ("guard", "inside", "outside"),
    [
        ("..1.6.39", "1.6.39 1.6.9 1.4.1", "1.6.40 1.7.0"),
        ("1.6.40..", "1.6.40 1.6.45 2.0.0", "1.6.39"),
        ("1.6.18", "1.6.18", "1.6.17 1.6.19"),
        ("1.6.18..1.6.38", "1.6.18 1.6.20 1.6.38", "1.6.9 1.6.45"),
        ("..1.6.9, 1.6.45", "1.6.9 1.6.45", "1.6.18 1.6.46"),
    ],
)
def test_guards(guard: str, inside: str, outside: str) -> None:
    parsed = parse_guard(guard)
    assert all(parse_version(version) in parsed for version in inside.split())
    assert not any(parse_version(version) in parsed for version in outside.split())


@pytest.mark.parametrize("text", ["..", "", "1.6.40..1.6.9", "a..b", "1..6x"])
def test_malformed_ranges(text: str) -> None:
    with pytest.raises(ValueError, match="version"):
        parse_range(text)


@pytest.mark.parametrize(
    ("answer", "claimed"),
    [("1.6.18", "1.6.18"), ("1.6.45-x 1", "1.6.45"), ("0.4.1", None), ("twemproxy", None), ("7.2.4", None)],
)
def test_claimed_version(answer: str, claimed: str | None) -> None:
    assert claimed_version(answer) == claimed


def test_every_release_since_1_4_15_is_known() -> None:
    newest = int(KNOWN[-1].removeprefix("1.6."))
    assert (len(KNOWN), KNOWN[0]) == (25 + 23 + newest + 1, "1.4.15")
    assert newest >= 45
    assert all(KNOWN_VERSIONS[place] < KNOWN_VERSIONS[place + 1] for place in range(len(KNOWN) - 1))
    assert known_release("1.5.22") == "1.5.22"


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("1.6.999", KNOWN[-1]), ("1.5.23", "1.5.22"), ("1.4.5", "1.4.15"), ("1.4.40", "1.4.39"), ("2.0", KNOWN[-1])],
)
def test_a_release_that_does_not_exist_names_the_nearest(text: str, nearest: str) -> None:
    with pytest.raises(ValueError, match=f"the nearest is {nearest}"):
        known_release(text)


@pytest.mark.parametrize(
    "text", ["1.4.15", "1.4.39..1.5.0", "1.4.15..1.6.45", "1.6.9,1.6.11..1.6.17,1.6.20", "1.5.22..1.6.0,1.6.45"]
)
def test_releases_are_written_as_the_guard_that_holds_of_them(text: str) -> None:
    guard = parse_guard(text)
    assert written(version for version in KNOWN_VERSIONS if version in guard) == text
