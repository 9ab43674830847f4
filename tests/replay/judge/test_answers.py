"""The recorded answers of genuine releases, and the genuine builds themselves if there are any.

`MCLITE_TEST_RELEASES=/folder pytest tests/replay/judge/test_answers.py` asks `/folder/VERSION/memcached`, of every
release that is there, what was recorded of it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mclite.replay.judge.answers import Sample, dialogue, releases_of, samples
from mclite.replay.judge.exchanges import Exchange, compare, exchanges
from mclite.replay.judge.faults import FILE, read
from mclite.replay.judge.record import transcript
from mclite.replay.play.outcome import Keys, Patience
from mclite.replay.play.player import Player
from mclite.replay.scenario.lint import load_all
from mclite.replay.scenario.requirements import STARTS
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import Scenario
from mclite.replay.scenario.talk import AnyOf
from mclite.replay.scenario.versions import KNOWN, Version, parse_version
from mclite.replay.target.servers import Server
from mclite.replay.target.spec import find_spec

FAULTS = read(default_root() / FILE)
FOLDER = os.environ.get("MCLITE_TEST_RELEASES")
#: The cas that it returns is what lay in memory.
BY_CHANCE = {"meta_set/modes/append-nothing"}
THERE = [name for name in KNOWN if FOLDER and (Path(FOLDER) / name / "memcached").exists()]


def test_no_release_has_two_samples_of_a_scenario() -> None:
    found = samples()
    assert len(found) > 300
    for name, recorded in found.items():
        releases = [release for sample in recorded for release in releases_of(sample)]
        assert len(set(releases)) == len(releases) > 0, name


def test_a_sample_as_a_dialogue() -> None:
    recorded = samples()["arithmetic/arguments/plus"]
    assert [dialogue(sample)[-1] for sample in recorded] == [
        Exchange("A", ("incr key +1",), ("6",)),
        Exchange("A", ("incr key +1",), ("CLIENT_ERROR invalid numeric delta argument",)),
    ]
    assert releases_of(recorded[-1]) == [(1, 6, 45)]


def asked(scenario: Scenario, sample: Sample, release: Version) -> bool:
    """Tell whether a scenario can be played to a server that is started plainly, and has one right answer."""
    if scenario.id in BY_CHANCE | {name for fault in FAULTS.faults for name in fault.answers}:
        return False
    plainly = not scenario.transport and not any(name in STARTS for name in scenario.requires)
    if not plainly or not scenario.applies_to(release) or release not in releases_of(sample):
        return False
    script = scenario.talk.script(release)
    return not scenario.talk.seconds(release) and not any(isinstance(op, AnyOf) for op in script)


@pytest.mark.memcached
@pytest.mark.skipif(not THERE, reason="MCLITE_TEST_RELEASES names no folder with releases")
@pytest.mark.parametrize("name", THERE)
def test_genuine_releases_answer_as_recorded(name: str) -> None:
    release = parse_version(name)
    scenarios = {scenario.id: scenario for scenario in load_all(default_root())[0]}
    server = Server(find_spec(f"memcached={FOLDER}/{name}/memcached", default_root() / "targets"))
    try:
        player = Player(server.address, Keys(), patience=Patience(0.5))
        checked = 0
        for id_, recorded in samples().items():
            for sample in recorded:
                if asked(scenarios[id_], sample, release):
                    result = player.play(scenarios[id_].talk.script(release))
                    said = exchanges(transcript(result.events), name)
                    assert not compare(dialogue(sample), said), id_
                    checked += 1
        assert checked > 50
    finally:
        server.stop()
