"""The causes of a run's failures in words."""

from __future__ import annotations

from typing import Any

import pytest
from made_results import record, typed

from mclite.replay.judge.causes import Cause
from mclite.replay.judge.record import KnownFault
from mclite.replay.report import causes
from mclite.replay.report.causes import COMMANDS, SHOWN


def wrong(number: int, command: str = "incr", got: str = "ERROR\\r\\n", **more: Any) -> Any:
    """Return the record of a scenario in which a command is answered wrongly."""
    return record(
        f"chapter/file/{number}",
        **{
            "commands": (command,), "verdict": "fail", "outcome": "mismatch", "reason": "another answer came",
            "request": f"{command} {{key}} 1", "want": "2\\r\\n", "got": got, "replay": f"replay {number}", **more,
        },
    )  # fmt: skip


def cause(*commands: str, what: str = "ERROR", scenarios: int = 1, **more: Any) -> Cause:
    return Cause(commands, what, tuple(wrong(number, commands[0], **more) for number in range(scenarios)))


def results(make: Any, *verdicts: tuple[str, str], gate: str = "must") -> Any:
    """Make a run whose scenarios have these levels and verdicts."""
    made = make(size=len(verdicts))
    made["run"]["gate"] = gate
    for scenario, (level, verdict) in zip(made["scenarios"], verdicts, strict=True):
        scenario |= {"level": level, "verdict": verdict}
    return typed(made)


@pytest.mark.parametrize(
    ("gate", "strict", "failing"),
    [
        ("must", False, ["fail"]),
        ("must", True, ["fail", "warn", "known"]),
        ("should", False, ["fail", "warn"]),
        ("observed", False, ["fail", "warn", "differs"]),
    ],
)
def test_what_fails_depends_on_the_gate(make: Any, gate: str, strict: bool, failing: list[str]) -> None:
    run = results(
        make, ("must", "fail"), ("should", "warn"), ("observed", "differs"), ("must", "known"), ("must", "pass"),
        gate=gate,
    )  # fmt: skip
    assert [one.verdict for one in causes.failing(run, strict=strict)] == failing


def test_failures_of_one_command_have_one_cause(make: Any) -> None:
    made = make(size=30)
    for scenario in made["scenarios"][:3]:
        scenario |= {
            "level": "must", "verdict": "fail", "outcome": "mismatch", "reason": "another answer came",
            "commands": ["incr"], "request": "incr {key} 1", "want": "2\\r\\n", "got": "ERROR\\r\\n",
        }  # fmt: skip
    (found,) = causes.found(typed(made))
    assert (found.commands, len(found.scenarios)) == (("incr",), 3)
    assert causes.one_line([found]) == f"incr: {found.what} (3)"


def test_one_line_names_the_first_causes() -> None:
    several = [cause("incr", scenarios=2), *(cause("get", what=f"answer {number}") for number in range(SHOWN))]
    line = causes.one_line(several)
    assert line.startswith("incr: ERROR (2) · get: answer 0 (1) · ")
    assert line.endswith(f" · {several[SHOWN - 1].what and 'get: answer 4 (1)'} · 1 more")
    assert causes.one_line([]) == ""


def test_a_cause_names_its_first_commands() -> None:
    names = ["add", "append", "decr", "incr", "prepend", "set"]
    assert causes.name(cause(*names)) == f"{', '.join(names[:COMMANDS])}, 2 more: ERROR"
    assert causes.name(cause("add", "set")) == "add, set: ERROR"


def test_what_the_baseline_does_not_know_is_counted() -> None:
    assert causes.size(cause("incr")) == "1 scenario"
    assert causes.size(cause("incr", scenarios=3)) == "3 scenarios"
    both = Cause(("incr",), "ERROR", (wrong(1, baseline="new"), wrong(2, baseline="changed"), wrong(3)))
    assert causes.size(both) == "3 scenarios, 1 new, 1 changed"


def test_a_terminal_gets_an_example_and_the_line_that_replays_it() -> None:
    several = [cause("incr", scenarios=2), cause("decr"), cause("get")]
    lines = causes.lines(several, 2)
    assert lines[0] == "  incr: ERROR (2 scenarios)"
    assert lines[1].startswith("    Title of chapter/file/0: ")
    assert lines[2] == "    incr {key} 1  want 2\\r\\n  got ERROR\\r\\n"
    assert lines[3] == "    replay: replay 0"
    assert lines[-1] == "  ... and 1 causes more"
    assert len(lines) == 9


def test_without_a_wanted_answer_the_reason_is_shown() -> None:
    silent = cause("incr", want=None, got=None, request=None, reason="nothing came for 2 s", replay="")
    assert causes.lines([silent], 5)[2:] == ["    nothing came for 2 s"]


def test_what_is_known_is_grouped_by_its_reason(make: Any) -> None:
    made = typed(make(size=3))
    fault = KnownFault("f", "1.6.45 forgets it", None)
    expected = {"baseline": "expected", "baseline_reason": "not yet"}
    scenarios = (
        record("a/b/1", verdict="known", fault=fault), wrong(2, **expected), wrong(3, **expected),
        wrong(4, baseline="expected"), record("a/b/5"),
    )  # fmt: skip
    from dataclasses import replace

    found = causes.known(replace(made, scenarios=scenarios))
    assert [(reason, [one.id for one in several]) for reason, several in found] == [
        ("baseline: not yet", ["chapter/file/2", "chapter/file/3"]),
        ("baseline: no reason is given", ["chapter/file/4"]),
        ("known of the release: 1.6.45 forgets it", ["a/b/1"]),
    ]
