from pathlib import Path

import pytest

from mclite.replay.clientcheck.scenario import load_all
from mclite.replay.clientcheck.withheld import Entry, load, reason
from mclite.replay.scenario.scenario import SuiteError


def test_entries_are_found_by_client_and_pattern() -> None:
    entries = [Entry("c", ("keys/*", "late/one:text"), "not told yet")]
    assert reason(entries, "c", "keys/crlf-get:text") == "not told yet"
    assert reason(entries, "c", "late/one:meta") is None
    assert reason(entries, "d", "keys/crlf-get:text") is None


def test_a_list_without_reason_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "withheld.toml"
    file.write_text('[[withheld]]\nclient = "c"\nscenarios = ["a"]\n')
    with pytest.raises(SuiteError, match="entry 1 has not client, scenarios and reason"):
        load(file)
    file.write_text("[[")
    with pytest.raises(SuiteError, match="cannot be read"):
        load(file)
    assert load(tmp_path / "none.toml") == []


def test_the_list_of_the_suite_names_scenarios_that_are_there() -> None:
    chapters = {scenario.chapter for scenario in load_all()}
    for entry in load():
        assert {pattern.partition("/")[0] for pattern in entry.scenarios} <= chapters
