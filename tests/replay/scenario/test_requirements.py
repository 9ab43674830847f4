from __future__ import annotations

from mclite.replay.scenario.requirements import CAPABILITIES, SINCE, STARTS, required_since
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
    assert SINCE.keys() <= CAPABILITIES | STARTS.keys()
    assert set(SINCE.values()) <= set(KNOWN_VERSIONS)


def test_a_scenario_is_about_the_releases_that_have_what_it_requires() -> None:
    assert required_since(["cas", "fresh"]) is None
    assert required_since(["gat", "meta", "watch"]) == parse_version("1.6.0")
    assert parse(SCENARIO, "a/b.toml")[0].since == parse_version("1.6.0")
    later = SCENARIO.replace('"observed"', '"observed"\nsince = "1.6.9"')
    assert parse(later, "a/b.toml")[0].since == parse_version("1.6.9")
    earlier = SCENARIO.replace('"observed"', '"observed"\nsince = "1.4.20"')
    assert parse(earlier, "a/b.toml")[0].since == parse_version("1.6.0")
