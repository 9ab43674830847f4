from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from mclite.replay.play.outcome import Keys, Patience
from mclite.replay.play.player import Player
from mclite.replay.play.transport import Address
from mclite.replay.scenario.lint import lint, load_all
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.versions import KNOWN_VERSIONS

Serve = Callable[[Callable[[socket.socket], None]], Address]

GOOD = """section = "Deletion"
level = "must"
lines = ["335-337"]
[[scenario]]
id = "one"
title = "A deleted item is gone"
talk = '''
> delete {key}
< NOT_FOUND
'''
"""


def faults(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "a.toml").write_text(text)
    return [str(fault) for fault in lint(tmp_path)]


def test_nothing_to_find(tmp_path: Path) -> None:
    assert faults(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('title = "A deleted item is gone"', f'title = "{"x" * 81}"', "81 characters"),
        ("is gone", "should be gone", "says 'should'"),
        ("is gone", "is gone.", "full stop"),
        ('"A deleted', '" A deleted', "spaces around"),
        ('"Deletion"', '"Deletions"', "there is no section"),
        ('["335-337"]', '["353-354"]', "are not in 'Deletion', which is 330-353"),
        ('["335-337"]', '["335", "1930"]', "ends with line 1926"),
        ('["335-337"]', "[]", "only what is observed may cite none"),
        ('id = "one"', 'id = "one"\nrequires = ["magic"]', "no capability and no way"),
        ('id = "one"', 'id = "one"\ndepends = ["two"]', "depends on a/two, which is not there"),
        ('id = "one"', 'id = "one"\ndepends = ["one"]', "depends on itself"),
        ('id = "one"', 'id = "one"\nsince = "1.6.999"', "leave no memcached version"),
        ("< NOT_FOUND", "< NOT_FOUND\n<[1.7.0..] X", r"the guard \[1.7.0..\] is true of no version"),
        ("< NOT_FOUND", "drain", "would pass on a server that says nothing"),
        ("> delete {key}\n< NOT_FOUND", "> quit\nclosed", "would pass on a server that says nothing"),
        ("> delete {key}", "> flush_all", '`flush_all` holds `flush`.*: scope = "server"'),
        ("> delete {key}", "> set mykey 0 0 1\n> x", "names a key that does not have the prefix of the run"),
        ("id =", "oops", "not TOML"),
    ],
)
def test_what_is_found(tmp_path: Path, old: str, new: str, problem: str) -> None:
    import re

    assert old in GOOD
    found = faults(tmp_path, GOOD.replace(old, new, 1))
    assert len(found) == 1
    assert re.search(problem, found[0]), found
    assert found[0].startswith("a.toml:")


def test_the_same_twice_is_found(tmp_path: Path) -> None:
    second = GOOD[GOOD.index("[[scenario]]") :].replace('"one"', '"two"')
    assert faults(tmp_path, GOOD + second) == [
        "a.toml:11: two: same title as one",
        "a.toml:11: two: says just what a/one says",
    ]


def test_no_scenario_passes_where_nobody_answers(serve: Serve) -> None:
    """Play the whole suite to a server that hangs up on everybody: nothing may match."""
    scenarios, _ = load_all(default_root())
    assert len(scenarios) > 200
    address = serve(lambda peer: None)
    version = KNOWN_VERSIONS[-1]
    player = Player(address, Keys("m1"), patience=Patience(0.5))
    for scenario in scenarios:
        waits = scenario.talk.seconds(version) > 0
        if not scenario.applies_to(version) or waits or scenario.transport in ("udp", "udp-raw"):
            continue
        result = player.play(scenario.talk.script(version))
        assert result.outcome != "match", scenario.id
