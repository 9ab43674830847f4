from __future__ import annotations

from mclite.replay.scenario.requirements import SINCE, STARTS, capabilities, required_since
from mclite.replay.scenario.scenario import parse
from mclite.replay.scenario.versions import KNOWN_VERSIONS, parse_version

SCENARIO = """
[[scenario]]
id = "one"
title = "one"
section = "Protocol"
lines = []
level = "observed"
requires = ["fresh", "meta", "gat"]
talk = "> mn"
"""


def test_what_is_listed_can_be_required() -> None:
    assert SINCE.keys() <= STARTS.keys()
    assert set(SINCE.values()) <= set(KNOWN_VERSIONS)
    assert {"meta", "flush", "stats-items", "incr", "proxy-build"} <= capabilities()


def test_a_scenario_is_about_the_releases_that_have_what_it_requires() -> None:
    assert required_since(["cas", "fresh"]) is None
    assert required_since(["gat", "meta", "watch"]) == parse_version("1.6.0")
    assert parse(SCENARIO, "a/b.toml")[0].since == parse_version("1.6.0")
    later = SCENARIO.replace('"observed"', '"observed"\nsince = "1.6.9"')
    assert parse(later, "a/b.toml")[0].since == parse_version("1.6.9")
    earlier = SCENARIO.replace('"observed"', '"observed"\nsince = "1.4.20"')
    assert parse(earlier, "a/b.toml")[0].since == parse_version("1.6.0")


def test_without_since_it_is_about_the_releases_that_have_what_it_sends() -> None:
    bare = SCENARIO.replace('requires = ["fresh", "meta", "gat"]\n', "").replace("> mn", "> gat 0 {key}")
    assert parse(bare, "a/b.toml")[0].since == parse_version("1.5.3")
    assert parse(bare.replace("> gat", "> incr"), "a/b.toml")[0].since is None
    earlier = bare.replace('"observed"', '"observed"\nsince = "1.4.20"')
    assert parse(earlier, "a/b.toml")[0].since == parse_version("1.4.20")
