from __future__ import annotations

from pathlib import Path

import pytest

from mclite.replay.scenario.scenario import SuiteError, line_ranges, load, parse, suite_root
from mclite.replay.scenario.versions import parse_version

GOOD = """section = "Storage commands"
level = "must"
lines = ["207-212"]

[[scenario]]
id = "one"
title = "First"
talk = '''
> get {key}
< END
'''

[[scenario]]
id = "two"
title = "Second"
section = "Deletion"
level = "observed"
lines = []
since = "1.6.18"
until = "1.6.39"
requires = ["meta", "auth"]
scope = "server"
transport = "udp"
deliver = "whole"
depends = ["one"]
note = "why"
talk = "> get {key}"
"""


def test_defaults_of_the_file_and_fields_of_the_scenario() -> None:
    one, two = parse(GOOD, "storage/set.toml")
    assert (one.id, one.slug, one.chapter, one.file) == ("storage/set/one", "one", "storage", "storage/set.toml")
    assert (one.section, one.level, one.lines, one.scope) == ("Storage commands", "must", ("207-212",), "key")
    assert (one.line, one.talk_line) == (5, 9)
    assert (two.section, two.level, two.lines) == ("Deletion", "observed", ())
    assert (two.requires, two.scope, two.transport, two.deliver) == (("meta", "auth"), "server", "udp", "whole")
    assert (two.depends, two.note, two.talk_line) == (("one",), "why", 27)
    assert one.commands == ("get",)


def test_versions_that_a_scenario_is_about() -> None:
    one, two = parse(GOOD, "a/b.toml")
    assert one.applies_to(parse_version("1.4.0"))
    assert [two.applies_to(parse_version(version)) for version in ("1.6.9", "1.6.18", "1.6.39", "1.6.40")] == [
        False,
        True,
        True,
        False,
    ]


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("x = ", "a/b.toml:1: not TOML"),
        (GOOD + "\n[[scenario", "a/b.toml:29: not TOML"),
        ('section = "a"', "a/b.toml:1: the file holds no"),
        (changed('level = "must"', 'level = "must"\ntitle = "x"'), "a/b.toml:3: the file's default 'title'"),
        (changed('id = "one"', 'id = "One"'), "a/b.toml:6: the id 'One' is no slug"),
        (changed('id = "two"', 'id = "one"'), "a/b.toml:13: the id 'one' is used in line 5"),
        (changed('title = "First"\n', ""), "a/b.toml:5: the field 'title' is missing"),
        (changed('title = "First"', "title = 3"), "a/b.toml:7: title must be a string"),
        (changed('title = "First"', 'titel = "First"'), "a/b.toml:7: unknown field 'titel'"),
        (changed('level = "observed"', 'level = "may"'), "a/b.toml:17: level 'may' is none of"),
        (changed('transport = "udp"', 'transport = "sctp"'), "a/b.toml:23: transport 'sctp'"),
        (changed('since = "1.6.18"', 'since = "new"'), "a/b.toml:19: 'new' is not a version"),
        (changed("lines = []", 'lines = ["7-3"]'), "a/b.toml:18: '7-3' ends before it begins"),
        (changed("lines = []", 'lines = ["x"]'), "a/b.toml:18: 'x' is no line"),
        (changed("lines = []", 'lines = "7"'), "a/b.toml:18: lines must be an array of strings"),
        (changed('note = "why"', 'slow = "yes"'), "a/b.toml:26: slow must be true or false"),
        (changed("< END", "< {n}"), "a/b.toml:10: scenario one: {n} has no value yet"),
        (changed('"> get {key}"', '"get"'), "a/b.toml:27: scenario two: neither a wire line"),
    ],
)
def test_faults_say_file_and_line(source: str, fault: str) -> None:
    with pytest.raises(SuiteError) as raised:
        parse(source, "a/b.toml")
    assert str(raised.value).startswith(fault)


def test_a_slow_scenario_counts_as_one_that_waits() -> None:
    version = parse_version("1.6.45")
    slow, plain = parse(changed('title = "First"', 'title = "First"\nslow = true'), "a/b.toml")
    assert (slow.slow, plain.slow) == (True, False)
    assert (slow.seconds(version), plain.seconds(version)) == (1.0, 0.0)


def test_all_faults_of_a_file_are_reported_at_once() -> None:
    source = changed('title = "First"', "title = 3").replace('since = "1.6.18"', 'since = "new"')
    with pytest.raises(SuiteError) as raised:
        parse(source, "a/b.toml")
    assert [fault.line for fault in raised.value.faults] == [7, 19]


def test_ids_are_relative_to_the_root_of_the_suite(tmp_path: Path) -> None:
    (tmp_path / "targets").mkdir()
    (tmp_path / "conftest.py").touch()
    (tmp_path / "storage").mkdir()
    path = tmp_path / "storage" / "set.toml"
    path.write_text(GOOD)
    assert suite_root(path) == tmp_path
    assert [scenario.id for scenario in load(path)] == ["storage/set/one", "storage/set/two"]
    with pytest.raises(SuiteError, match="cannot be read"):
        load(tmp_path / "none.toml")


def test_line_ranges() -> None:
    assert line_ranges(["3", "10-12"]) == [(3, 3), (10, 12)]
