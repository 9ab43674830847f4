from __future__ import annotations

from pathlib import Path

import pytest

from mclite.replay.judge.faults import FILE, Faults, FaultsError, read
from mclite.replay.judge.record import KnownFault
from mclite.replay.scenario.lint import load_all
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.versions import KNOWN_VERSIONS, parse_version

ONE = """
[[fault]]
id = "wrong"
releases = "1.6.40.."
reason = "It is wrong (protocol.txt 1-2)."
link = "https://example.org/1"
[fault.answers]
"a/b/c" = ["f1", "f2"]

[[fault]]
id = "dies"
releases = "1.6.39"
reason = "It ends."
dies = true
[fault.answers]
"a/b/c" = ["f3"]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / FILE
    path.write_text(text)
    return path


def test_a_fault_is_that_answer_of_that_release(tmp_path: Path) -> None:
    faults = read(write(tmp_path, ONE))
    newest, before = parse_version("1.6.45"), parse_version("1.6.39")
    found = faults.find("a/b/c", "f2", newest)
    assert found is not None
    assert found.known == KnownFault("wrong", "It is wrong (protocol.txt 1-2).", "https://example.org/1")
    assert faults.find("a/b/c", "f4", newest) is None
    assert faults.find("a/b/c", None, newest) is None
    assert faults.find("a/b/d", "f1", newest) is None
    assert faults.find("a/b/c", "f1", before) is None
    deadly = faults.deadly("a/b/c", before)
    assert deadly is not None
    assert deadly.id == "dies"
    assert faults.deadly("a/b/c", newest) is None


def test_a_release_may_lack_a_capability(tmp_path: Path) -> None:
    text = '[[fault]]\nid = "x"\nreleases = "1.6.40..1.6.41"\nreason = "No lru."\nlacks = ["lru"]\n'
    faults = read(write(tmp_path, text))
    found = faults.lacking("lru", parse_version("1.6.40"))
    assert found is not None
    assert found.reason == "No lru."
    assert faults.lacking("lru", parse_version("1.6.42")) is None
    assert faults.lacking("meta", parse_version("1.6.40")) is None


def test_no_table_is_an_empty_one(tmp_path: Path) -> None:
    assert read(tmp_path / FILE).faults == Faults().faults == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[fault", "cannot be read"),
        ("x = 1", "unknown key 'x'"),
        ("fault = 1", r"written as \[\[fault\]\]"),
        ("fault = [1]", "must be a table"),
        (ONE.replace("dies = true", "dies = 1"), r"\[\[fault\]\] 2: dies must be a bool"),
        (ONE.replace("dies = true", "deadly = true"), "unknown key 'deadly'"),
        (ONE.replace('reason = "It ends."', ""), "the reason is missing"),
        (ONE.replace('"1.6.39"', '"x"'), "releases: 'x' is not a version"),
        (ONE.replace('["f3"]', '"f3"'), "a/b/c must be a list of fingerprints"),
        (ONE.replace('id = "dies"', 'id = "wrong"'), "an id twice"),
        (ONE.replace("dies = true", 'lacks = ["lru", "lur"]'), "lur is no command, option or group"),
    ],
)
def test_what_is_wrong_in_a_table_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(FaultsError, match=problem):
        read(write(tmp_path, text))


def test_the_shipped_table_names_scenarios_and_releases_that_exist() -> None:
    root = default_root()
    scenarios = {scenario.id: scenario for scenario in load_all(root)[0]}
    faults = read(root / FILE).faults
    assert faults
    for fault in faults:
        concerned = [version for version in KNOWN_VERSIONS if version in fault.releases]
        assert concerned, fault.id
        assert fault.answers or fault.lacks
        for name in fault.answers:
            assert name in scenarios, f"{fault.id}: there is no {name}"
            assert any(map(scenarios[name].applies_to, concerned)), f"{fault.id}: {name} is about other releases"
