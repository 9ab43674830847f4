"""Results as JSON and back."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from made_results import compared, record, typed

from mclite.replay.judge.record import Comparison, Event, KnownFault, Record
from mclite.replay.results import document
from mclite.replay.results.document import Client, ClientCheck, Results
from mclite.replay.results.read import load
from mclite.replay.results.schema import SchemaError, from_json, results_from_json, results_to_json, to_json

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "conformance" / "schema" / "results.json").read_text())
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)
PUBLISHED = sorted((ROOT / "reports").glob("*.json"))
#: The part of the schema that each dataclass is.
PARTS: dict[type, dict[str, Any]] = {
    document.Suite: SCHEMA["properties"]["suite"],
    document.Run: SCHEMA["properties"]["run"],
    document.Target: SCHEMA["properties"]["target"],
    document.Summary: SCHEMA["properties"]["summary"],
    document.Resembles: SCHEMA["properties"]["summary"]["properties"]["resembles"],
    document.Counts: SCHEMA["properties"]["summary"]["properties"]["reference"],
    Record: SCHEMA["$defs"]["scenario"],
    Comparison: SCHEMA["$defs"]["scenario"]["properties"]["reference"],
    KnownFault: SCHEMA["$defs"]["scenario"]["properties"]["fault"],
    Client: SCHEMA["$defs"]["client"],
    ClientCheck: SCHEMA["$defs"]["client"]["properties"]["checks"]["items"],
}


def lost(old: Any, new: Any, where: str = "") -> list[str]:
    """Name what of JSON data other data do not say: a member that says nothing may be left out."""
    if isinstance(old, dict):
        missing = [f"{where}.{name}" for name, value in old.items() if value not in (None, []) and name not in new]
        return missing + [found for name in old.keys() & new.keys() for found in lost(old[name], new[name], name)]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [found for one, other in zip(old, new, strict=True) for found in lost(one, other, where)]
    return [] if old == new else [where]


def test_there_are_published_reports() -> None:
    assert PUBLISHED


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_a_published_report_comes_back_as_it_was(path: Path) -> None:
    results = load(path)
    written = results_to_json(results)
    VALIDATOR.validate(written)
    assert lost(json.loads(path.read_text()), written) == []
    assert results_from_json(written) == results


def test_made_up_results_come_back_as_they_were(fleet: Any, with_reference: Any) -> None:
    for made in [*fleet(60), with_reference(fleet(60)[5])]:
        written = results_to_json(typed(made))
        VALIDATOR.validate(written)
        assert lost(made, written) == []
        assert typed(written) == typed(made)


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.__name__)
def test_a_dataclass_has_the_members_of_the_schema(kind: type) -> None:
    names = {"judged": "as", "not_compared": "not-compared"}
    fields = {names.get(field.name, field.name) for field in dataclasses.fields(kind)}
    assert fields == set(PARTS[kind]["properties"])


def test_a_record_travels_with_its_transcript() -> None:
    said = (Event("A", ">", r"get a\r\n", 0.5), Event("A", "!", "the server closed"))
    made = record(
        transcript=said,
        lines=("12-14", "20"),
        like={"1.6.9..1.6.18": True},
        fault=KnownFault("f", "It is so.", None),
        reference=dataclasses.replace(compared(False), got="x", transcript=said),
    )
    travelled = json.loads(json.dumps(to_json(made)))
    assert travelled["transcript"] == [["A", ">", r"get a\r\n", 0.5], ["A", "!", "the server closed"]]
    assert from_json(Record, travelled, "a record") == made


def test_what_says_nothing_is_left_out() -> None:
    written = to_json(record())
    assert not written.keys() & {"fault", "like", "reference", "baseline", "baseline_reason"}
    assert written["reason"] is None


def test_each_transcript_is_written_once(make: Any) -> None:
    results = typed(make(size=3))
    said = (Event("A", ">", "x", 1.0),)
    scenarios = tuple(
        dataclasses.replace(one, transcript=tuple(said), reference=dataclasses.replace(compared(True), transcript=said))
        for one in results.scenarios
    )
    written = results_to_json(dataclasses.replace(results, scenarios=scenarios))
    assert written["transcripts"] == [[["A", ">", "x", 1.0]]]
    assert {one["transcript"] for one in written["scenarios"]} == {0}
    assert {one["reference"]["transcript"] for one in written["scenarios"]} == {0}


def test_a_member_that_is_not_known_is_let_through(make: Any) -> None:
    made = make(size=3)
    made["later"] = made["run"]["later"] = made["scenarios"][0]["later"] = 1
    assert isinstance(results_from_json(made), Results)


@pytest.mark.parametrize(
    ("kind", "data", "why"),
    [
        (Record, [], "it is not object"),
        (Record, {}, "it has no 'id'"),
        (document.Run, {"id": 1}, "it.id is not text"),
        (document.Counts, {"compared": True}, "it.compared is not integer"),
        (document.Counts, {"compared": 1, "differs": 0}, "it has no 'not-compared'"),
        (ClientCheck, {"check": "a", "title": "b", "outcome": "odd"}, "it.outcome is 'odd', not one of works, fails"),
        (ClientCheck, {"check": "a", "title": "b", "outcome": []}, r"it.outcome is \[\], not one of works, fails"),
        (Client, {"name": "a", "language": "b", "protocol": "c", "version": None, "checks": [1]}, r"it.checks\[0\]"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(kind: type, data: Any, why: str) -> None:
    with pytest.raises(SchemaError, match=why):
        from_json(kind, data, "it")


def test_a_transcript_in_place_of_its_number_is_refused(make: Any) -> None:
    made = make(size=3)
    made["scenarios"][0]["transcript"] = made["transcripts"][0]
    with pytest.raises(SchemaError, match=r"scenarios\[0\]\.transcript is not integer or null"):
        results_from_json(made)
