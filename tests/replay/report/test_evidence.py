"""A failure as text for a terminal."""

from __future__ import annotations

import pytest
from made_results import record

from mclite.replay.judge.record import Comparison, Event
from mclite.replay.play.outcome import Result
from mclite.replay.report.evidence import FIRST, LAST, dialogue, failure, failure_of_record
from mclite.replay.scenario.scenario import Scenario, parse

TEXT = """
section = "Increment/Decrement"
level = "must"
lines = ["354-360"]

[[scenario]]
id = "adds"
title = "incr adds"
note = '''
A note
  of two lines.'''
talk = '''
> incr {key} 1
< 2
'''
"""


@pytest.fixture
def scenario() -> Scenario:
    return parse(TEXT, "arithmetic/incr.toml")[0]


def wrong(got: bytes | None = b"2x\r\n", at: int | None = 1, **more: object) -> Result:
    events = [("A", ">", b"incr k 1\r\n", 0.0), ("A", "<", got or b"", 1.0)]
    return Result(
        "mismatch", 1.5, "another answer came", step=2, conn="A", want="2\\r\\n", got=got, at=at, events=events, **more
    )  # type: ignore[arg-type]


def test_a_failure_says_claim_dialogue_place_and_byte(scenario: Scenario) -> None:
    lines = failure(scenario, wrong(), "pytest 'x'").splitlines()
    place = f"{scenario.file}:{scenario.talk_line + 1}"
    assert lines == [
        scenario.id,
        "  incr adds",
        "  protocol.txt lines 354-360 · Increment/Decrement · must",
        "  A note",
        "  of two lines.",
        "",
        "    > incr k 1\\r\\n",
        "    < 2x\\r\\n",
        "",
        f"  {place}: mismatch: another answer came",
        "  want  2\\r\\n",
        "  got   2x\\r\\n",
        "         ^ byte 1",
        "  replay: pytest 'x'",
    ]


def test_no_answer_has_no_byte(scenario: Scenario) -> None:
    text = failure(scenario, wrong(None, 0), "again")
    assert "  got   " not in text
    assert "^" not in text
    assert "  got   (nothing)\n" in failure(scenario, wrong(b"", 0), "again")


@pytest.mark.parametrize(
    ("got", "at", "column"),
    [
        (b"abc", 0, 0),
        (b"\r\nabc", 2, 4),
        (b"\x00\xffabc", 2, 6),
        (b"\\a", 1, 2),
        (b"x" * 5000, 10, 10),
    ],
)
def test_the_mark_stands_below_the_byte_however_it_is_escaped(
    scenario: Scenario, got: bytes, at: int, column: int
) -> None:
    lines = failure(scenario, wrong(got, at), "again").splitlines()
    assert lines[-2] == f"        {' ' * column}^ byte {at}"


def test_a_byte_in_the_part_that_is_left_out_has_no_mark(scenario: Scenario) -> None:
    assert "^ byte" not in failure(scenario, wrong(b"x" * 5000, 2000), "again")


def test_a_record_shows_verdict_baseline_and_reference(scenario: Scenario) -> None:
    reference = Comparison(outcome="match", same=False, target="2x\\r\\n", got=None, transcript=())
    made = record(
        verdict="fail", outcome="mismatch", reason="another answer came", step=2, want="2\\r\\n", got="2x\\r\\n", at=1,
        baseline="new", replay="again", transcript=(Event("A", ">", "incr k 1\\r\\n"),), reference=reference,
    )  # fmt: skip
    text = failure_of_record(made, scenario)
    assert "fail (mismatch): another answer came [baseline: new]\n" in text
    assert text.endswith("  differs from the reference:\n    target     2x\\r\\n\n    reference  (nothing)")
    plain = failure_of_record(record(verdict="warn", outcome="timeout", reason="no answer", replay="again"), scenario)
    assert plain.endswith("warn (timeout): no answer\n  replay: again")


def test_of_a_long_dialogue_the_beginning_and_the_end_are_shown() -> None:
    events = tuple(Event("A" if number % 2 else "B", ">", str(number)) for number in range(FIRST + LAST + 5))
    lines = list(dialogue(events))
    assert len(lines) == FIRST + LAST + 1
    assert lines[0] == "    B> 0"
    assert lines[FIRST] == "    ... 5 more ..."
    assert lines[-1].endswith(f"> {FIRST + LAST + 4}")
    assert list(dialogue(events[:1])) == ["    > 0"]
