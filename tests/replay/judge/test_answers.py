"""The recorded answers of genuine releases."""

from __future__ import annotations

from mclite.replay.judge.answers import dialogue, releases_of, samples
from mclite.replay.judge.exchanges import Exchange


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
