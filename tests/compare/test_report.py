"""The summary for people, and the kinds that a scenario file of an earlier run names."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mclite.compare.dialogue import Request, Session, Write
from mclite.compare.kinds import WIDTH, Kind
from mclite.compare.report import LENGTH, kinds_in, summary, write
from mclite.compare.scenario import Written
from mclite.compare.search import Found, Outcome
from mclite.replay.scenario.scenario import load

GET = Request("get {key}")


def found(**more: Any) -> Found:
    session: Session = more.pop("session", (Write("A", (GET,)),))
    return Found(Kind("get with 1 argument", "END", "ERROR"), session, GET, ("END\\r\\n", "ERROR\\r\\n"), **more)


def written(proved: bool | None) -> Written:
    note = "kind: get with 1 argument: END | ERROR (A is a)"
    return Written("get-1", "get: END | ERROR", "Retrieval command:", note, "> get {key}\n< END", proved)


def outcome(*several: Found, **more: Any) -> Outcome:
    seen = Counter({str(one.kind): 2 for one in several})
    return Outcome({str(one.kind): one for one in several}, seen, sessions=1200, requests=5000, seconds=1.25, **more)


def test_a_difference_is_shown_with_both_answers() -> None:
    assert list(summary(outcome(found(written=written(True)), replays=17), 3)) == [
        "1,200 sessions, 5,000 requests in 1.2 s, seed 3; 17 replays to shrink",
        "1 kind of difference",
        "",
        "get with 1 argument, in 2 sessions",
        "    > get {key}",
        "    A: END\\r\\n",
        "    B: ERROR\\r\\n",
    ]


@pytest.mark.parametrize(
    ("scenario", "says"),
    [(None, "no scenario is written"), (written(None), "time was up"), (written(False), "did not show it again")],
)
def test_what_is_not_proved_is_said(scenario: Written | None, says: str) -> None:
    assert says in list(summary(outcome(found(written=scenario)), 3))[-1]


def test_known_kinds_are_counted_and_not_shown() -> None:
    lines = list(summary(outcome(found(known=True)), 3))
    assert lines[1:] == ["0 kinds of difference, and 1 known"]


def test_of_a_long_session_the_end_is_shown() -> None:
    requests = [Write("A" if number else "B", (Request("x" * 200),)) for number in range(LENGTH + 3)]
    lines = list(summary(outcome(found(session=tuple(requests), written=written(True))), 3))
    assert lines[4] == "    ... 3 more ..."
    assert lines[5].startswith("    A> xxx")
    assert {len(line) for line in lines[5 : 5 + LENGTH]} == {WIDTH + len("    A> ")}


def test_noise_and_a_death_are_told() -> None:
    from mclite.compare.noise import NOISE

    name = next(iter(NOISE))
    lines = list(summary(outcome(noise=Counter({name: 4}), died="B is gone", last=(Write("A", (GET,)),)), 3))
    assert lines[2:] == [
        f"\nnot counted, 4 times: {NOISE[name]}",
        "\nthe last session before a server was gone:",
        "    > get {key}",
    ]


def test_what_is_written_can_be_loaded_and_names_its_kinds(tmp_path: Path) -> None:
    path = tmp_path / "differences.toml"
    pair: Any = SimpleNamespace(a=SimpleNamespace(version="1.6.45"), b=SimpleNamespace(version="other"))
    write(path, outcome(found(written=written(True))), pair, 3)
    assert "# A: 1.6.45; B: other; seed 3" in path.read_text()
    (scenario,) = load(path)
    assert (scenario.slug, scenario.level, scenario.section) == ("get-1", "observed", "Retrieval command:")
    assert kinds_in(path) == {"get with 1 argument: END | ERROR"}


@pytest.mark.parametrize("content", ["scenario = 1\n[[scenario]]", "\xff".encode("latin-1").decode("latin-1") + "="])
def test_what_is_no_scenario_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "known.toml"
    path.write_text(content, "latin-1")
    with pytest.raises(ValueError, match=r"known\.toml: "):
        kinds_in(path)


def test_other_notes_name_no_kind(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text('scenario = [{note = "seen by hand"}, 7]')
    assert kinds_in(path) == frozenset()
