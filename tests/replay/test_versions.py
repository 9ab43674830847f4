from __future__ import annotations

import pytest

from mclite.replay.versions import KNOWN, claimed_version, parse_guard, parse_range, parse_version


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
