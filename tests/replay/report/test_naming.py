"""Names of servers: told apart, in order, short."""

from __future__ import annotations

from typing import Any

import pytest
from made_results import make, typed

from mclite.replay.report import naming


def test_servers_of_one_name_are_told_apart() -> None:
    first, second, third = make(size=1), make(size=1), make(size=1, started="2026-12-01T00:00:00Z")
    second["target"]["address"] = "127.0.0.1:2"
    names = naming.labels([typed(run) for run in (first, second, third)])
    assert names[1] == "memcached 1.6.45 (127.0.0.1:2)"
    assert len(set(names)) == 3


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "not empty"),
        (" ", "not empty"),
        ("a ", "no space before or behind it"),
        ("../a", "no path separator"),
        ("a\\b", "no path separator"),
        ("a\nb", "can be printed"),
        ("x" * 81, "at most 80 characters, and this one 81"),
    ],
)
def test_some_texts_are_no_names(name: str, why: str) -> None:
    assert why in (naming.objection(name) or "")


@pytest.mark.parametrize("name", ["staging", "my cache 2.0 (eu-west-1)", "größer", "..", "x" * 80])
def test_a_name_is_nearly_any_text(name: str) -> None:
    assert naming.objection(name) is None


def test_servers_of_one_product_stand_in_the_order_of_their_versions(fleet: Any) -> None:
    runs = [typed(make(f"memcached {version}", version, size=1)) for version in ("1.6.9", "1.4.39", "1.6.18", "1.4.15")]
    runs.append(typed(make("mclite", None, size=1)))
    names = [run.target.name for run in sorted(runs, key=naming.in_version_order)]
    assert names == ["mclite", *(f"memcached {version}" for version in ("1.4.15", "1.4.39", "1.6.9", "1.6.18"))]


def test_a_long_name_is_cut() -> None:
    assert naming.short("x" * 28) == "x" * 28
    assert naming.short("x" * 29) == "x" * 27 + "…"


NAMES = ["mclite", "memcached 1.4.15", "memcached 1.5.22", "memcached 1.6.9", "memcached 1.6.45", "twemproxy"]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([1, 2, 3, 4], "memcached 1.4.15 to 1.6.45"),
        ([0, 1, 2, 3, 5], "mclite, memcached 1.4.15 to 1.6.9, twemproxy"),
        ([1, 2], "memcached 1.4.15, memcached 1.5.22"),
        ([1, 3, 4], "memcached 1.4.15, memcached 1.6.9, memcached 1.6.45"),
        ([5], "twemproxy"),
        ([], ""),
    ],
)
def test_releases_that_follow_each_other_are_a_range(numbers: list[int], said: str) -> None:
    assert naming.ranges(NAMES, numbers) == said
