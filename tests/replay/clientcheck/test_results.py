import json
from pathlib import Path

import jsonschema_rs
import pytest
from client_run import some_run as run

from mclite.replay.clientcheck import results
from mclite.replay.clientcheck.judge import FAULTS, Finding
from mclite.replay.clientcheck.withheld import Entry
from mclite.replay.judge.verdicts import Verdict


def test_a_document() -> None:
    made = results.document(run("fail", Finding("wrong-value", "a gives b", 1)), [])
    assert made["summary"] == {
        "conforms": False,
        "verdicts": {"fail": 1},
        "causes": [
            {
                "fault": "wrong-value",
                "what": "a value that the key never had",
                "cause": "something",
                "scenarios": ["test/one:text"],
            }
        ],
    }
    (scenario,) = made["scenarios"]
    assert scenario["reason"] == "a gives b"
    assert scenario["events"] == [[1.2, "client", 1, r"get \xff\r\n"]]
    assert results.file_name(made) == "client-some-client"
    json.dumps(made)


SCHEMA = json.loads((Path(__file__).parents[3] / "conformance" / "schema" / "client-results.json").read_text())


@pytest.mark.parametrize("verdict", ["pass", "fail", "unsupported", "suite-error"])
def test_the_form_is_that_of_the_schema(verdict: Verdict) -> None:
    made = results.document(run(verdict, Finding("hang", "no end")), [Entry("Some Client", ("none/*",), "why")])
    jsonschema_rs.validate(SCHEMA, json.loads(json.dumps(made)))


def test_the_schema_has_all_faults() -> None:
    assert SCHEMA["$defs"]["fault"]["enum"] == list(FAULTS)


def test_what_is_withheld_has_no_bytes() -> None:
    made = results.document(
        run("fail", Finding("injected", "secret", 1)), [Entry("Some Client", ("test/*",), "first to them")]
    )
    assert "secret" not in json.dumps(made)
    assert "get" not in json.dumps(made["scenarios"][0]["events"])
    assert made["scenarios"][0]["talk"] is None
    assert made["scenarios"][0]["withheld"] == "first to them"


def test_exit_codes() -> None:
    assert results.exit_code(run("pass").records) == 0
    assert results.exit_code(run("fail").records) == 1
    assert results.exit_code([*run("pass").records, *run("warn").records]) == 0
    assert results.exit_code(run("warn").records, "should") == 1
    assert results.exit_code(run("unsupported").records) == 4
    assert results.exit_code([]) == 4


def test_results_are_read_again(tmp_path: Path) -> None:
    out = tmp_path / "client.json"
    made = results.document(run(), [])
    results.write(made, out)
    assert results.read(out) == made
    out.write_text("{}")
    with pytest.raises(results.ResultsError, match="no results of a client"):
        results.read(out)
    with pytest.raises(results.ResultsError, match="cannot be read"):
        results.read(tmp_path / "none")
