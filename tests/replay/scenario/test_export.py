from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from mclite.replay.judge import faults
from mclite.replay.scenario import offers
from mclite.replay.scenario.export import export
from mclite.replay.scenario.scenario import SuiteError
from mclite.replay.target import spec

SUITE = Path(__file__).resolve().parents[3] / "conformance"
SMALL = """
section = "Storage commands"
lines = ["204"]
level = "must"
[[scenario]]
id = "one"
title = "A title"
depends = ["two"]
since = "1.5.3"
talk = '''
> set {key} 0 0 {x*3}
>[..1.6.9,1.6.20] {key2:99} {key|base64} {time+3}
B<. {cas:uint}\\n
< VALUE {n:5..cas+1} {:!cas}
B closed 2
'''
[[scenario]]
id = "two"
title = "Another"
talk = "> get k"
"""


def schema(name: str) -> Any:
    return json.loads((SUITE / "schema" / f"{name}.json").read_text())


@pytest.fixture(scope="module")
def suite() -> Any:
    return json.loads(json.dumps(export(SUITE, "1.2.3")))


def test_the_suite_has_the_form_that_the_schema_describes(suite: Any) -> None:
    jsonschema_rs.Draft202012Validator(schema("scenario")).validate(suite)
    assert suite["suite"]["version"] == "1.2.3"
    assert len({scenario["id"] for scenario in suite["scenarios"]}) == len(suite["scenarios"]) > 2000
    assert max(len(json.dumps(scenario)) for scenario in suite["scenarios"]) < 2_000_000


def test_talks_are_parsed(tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / "set.toml").write_text(SMALL.replace('talk = "> get k"', "talk = '> get k'"))
    made = export(tmp_path, "0")
    jsonschema_rs.Draft202012Validator(schema("scenario")).validate(made)
    one = made["scenarios"][0]
    assert (one["id"], one["since"], one["depends"]) == ("storage/set/one", "1.5.3", ["storage/set/two"])
    first, second, third, fourth, last = one["steps"]
    assert first["text"] == [{"bytes": "set "}, {"value": "key", "plus": 0}, {"bytes": " 0 0 xxx"}]
    assert second["guard"] == [[None, "1.6.9"], ["1.6.20", "1.6.20"]]
    assert second["text"][:3] == [{"new-key": "key2", "length": 99}, {"bytes": " "}, {"base64": "key"}]
    assert second["text"][-1] == {"time": 3}
    assert (third["do"], third["connection"], third["end"]) == ("expect", "B", "")
    assert third["text"] == [{"match": "0|[1-9][0-9]*", "bind": "cas"}, {"bytes": "\n"}]
    assert fourth["text"][1] == {
        "match": "-?[0-9]{1,20}",
        "bind": "n",
        "from": {"value": None, "plus": 5},
        "to": {"value": "cas", "plus": 1},
    }
    assert fourth["text"][3]["not"] == "cas"
    assert (last["do"], last["number"]) == ("closed", 2.0)


def test_a_long_data_block_is_written_as_its_repetitions(tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    talk = r"""talk = '''
> set {key} 0 0 900069
> <{ab*450000}\r\n>{y*65}
< STORED
'''"""
    (tmp_path / "storage" / "set.toml").write_text(SMALL.replace('talk = "> get k"', talk))
    steps = export(tmp_path, "0")["scenarios"][1]["steps"]
    assert steps[1]["text"] == [
        {"bytes": "<"},
        {"repeat": [{"bytes": "ab"}], "times": 450000},
        {"bytes": "\r\n>"},
        {"repeat": [{"bytes": "y"}], "times": 65},
    ]


def test_a_malformed_suite_is_not_exported(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.toml").write_text("[[scenario]]\n")
    with pytest.raises(SuiteError):
        export(tmp_path, "0")


@pytest.mark.parametrize("path", sorted((SUITE / "targets").glob("*.toml")), ids=lambda path: path.stem)
def test_target_files_have_the_form_that_the_schema_describes(path: Path) -> None:
    jsonschema_rs.Draft202012Validator(schema("target")).validate(tomllib.loads(path.read_text()))


def test_the_schema_of_target_files_knows_every_key() -> None:
    found = schema("target")["properties"]
    assert found.keys() == spec._KEYS.keys()
    assert found["start"]["additionalProperties"]["properties"].keys() == spec._START_KEYS.keys()


def test_the_table_of_offers_has_the_form_that_the_schema_describes() -> None:
    table = tomllib.loads((SUITE / "offers.toml").read_text())
    jsonschema_rs.Draft202012Validator(schema("offers")).validate(table)
    assert schema("offers")["properties"]["offer"]["items"]["properties"].keys() == offers._KEYS.keys()


def test_the_table_of_faults_has_the_form_that_the_schema_describes() -> None:
    table = tomllib.loads((SUITE / "releases.toml").read_text())
    jsonschema_rs.Draft202012Validator(schema("releases")).validate(table)
    assert schema("releases")["properties"]["fault"]["items"]["properties"].keys() == faults._KEYS.keys()


def test_a_baseline_has_the_form_that_the_schema_describes(tmp_path: Path) -> None:
    from mclite.replay.judge import baseline

    path = tmp_path / "b.toml"
    entry = baseline.Entry("a/b/c", "f1", "because", "https://example.org")
    under = baseline.Entry("a/b/d", "f2", "because", None, "incr: ERROR")
    whole = baseline.WholeCause("touch: ERROR", "because", "https://example.org")
    baseline.write(baseline.Baseline([entry, under], [whole]), path, "my server")
    jsonschema_rs.Draft202012Validator(schema("baseline")).validate(tomllib.loads(path.read_text()))
