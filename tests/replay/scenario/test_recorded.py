"""Guards, since, until and releases.toml, held against what genuine releases answered, without having them."""

from __future__ import annotations

import functools

from recorded import Changed, replay

from mclite.replay.judge.answers import Sample, samples
from mclite.replay.judge.faults import FILE, read
from mclite.replay.judge.record import fingerprint
from mclite.replay.scenario.lint import load_all
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import Scenario
from mclite.replay.scenario.versions import KNOWN_VERSIONS, Version, parse_guard


@functools.cache
def scenarios() -> dict[str, Scenario]:
    return {scenario.id: scenario for scenario in load_all(default_root())[0]}


def by_variant(scenario: Scenario, sample: Sample) -> list[list[Version]]:
    """Return the releases of a sample, those together that have the same script."""
    guard = parse_guard(sample["releases"])
    found: dict[tuple[bool, ...], list[Version]] = {}
    for version in KNOWN_VERSIONS:
        if version in guard and scenario.applies_to(version):
            found.setdefault(scenario.talk.variant(version), []).append(version)
    return list(found.values())


def test_every_release_answers_as_the_suite_says_of_it() -> None:
    faults = read(default_root() / FILE)
    wrong, changed, checked = [], set(), 0
    for name, recorded in samples().items():
        scenario = scenarios()[name]
        for sample in recorded:
            for versions in by_variant(scenario, sample):
                try:
                    result = replay(scenario.talk.script(versions[0]), sample, ".".join(map(str, versions[0])))
                except Changed:
                    changed.add(name)
                    continue
                checked += len(versions)
                if result.outcome == "match":
                    continue
                unknown = [v for v in versions if not faults.find(name, fingerprint(result), v)]
                if unknown:
                    wrong.append(f"{name} on {unknown[0]}: want {result.want}, got {result.got!r}, {result.outcome}")
    assert not wrong
    assert not changed, "these send something else now: take their old answers out of conformance/answers.json"
    assert checked > 20_000


def test_a_wrong_guard_is_found() -> None:
    name = "verbosity/verbosity/letters"
    talk = scenarios()[name].talk
    for sample in samples()[name]:
        versions = [version for group in by_variant(scenarios()[name], sample) for version in group]
        others = [version for version in KNOWN_VERSIONS if talk.variant(version) != talk.variant(versions[0])]
        assert replay(talk.script(versions[0]), sample, "x").outcome == "match"
        assert replay(talk.script(others[0]), sample, "x").outcome == "mismatch"
