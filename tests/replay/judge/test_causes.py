"""Which failures have one cause."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from made_results import record as made_up

from mclite.replay.judge import causes
from mclite.replay.judge.record import Record


def record(name: str = "a", **fields: Any) -> Record:
    return made_up(name, **{"verdict": "fail", "outcome": "mismatch", "commands": ("set",)} | fields)


def test_commands_that_are_refused_alike_are_one_cause() -> None:
    wrong = [
        record(f"{verb}/{number}", commands=["set", verb], request=f"{verb} {{key}}", want="OK", got="ERROR\\r\\n")
        for verb in ("incr", "append")
        for number in range(3)
    ]
    right = [record(f"set/{number}", verdict="pass") for number in range(9)]
    (cause,) = causes.group(wrong, [*wrong, *right])
    assert cause.name == "append, incr: ERROR"
    assert len(cause.scenarios) == 6


def test_a_get_that_shows_what_another_command_did_is_not_blamed() -> None:
    wrong = [
        record(
            str(number),
            commands=["append", "get", "set"],
            request="get {key}",
            want="VALUE k 0 4\\r\\n",
            got="VALUE k 0 2\\r\\n",
        )
        for number in range(4)
    ]
    right = [record(f"right{number}", commands=["get", "set"], verdict="pass") for number in range(40)]
    (cause,) = causes.group(wrong, [*wrong, *right])
    assert cause.name == "append: then get answers VALUE with another length"


def test_a_refusal_that_is_wanted_does_not_make_a_command_unknown() -> None:
    wrong = [
        record(str(number), commands=["incr"], request="incr {key} x", want="CLIENT_ERROR a", got="CLIENT_ERROR b")
        for number in range(3)
    ]
    (cause,) = causes.group(wrong, wrong)
    assert cause.name == "incr: another CLIENT_ERROR text"


def test_what_several_commands_show_of_one_is_one_cause() -> None:
    wrong = [
        record(f"{verb}{number}", commands=["flush_all", verb, "set"], request=f"{verb} {{key}}", want=want, got=got)
        for verb, want, got in (("get", "END", "VALUE k 0 1"), ("mg", "EN", "HD"))
        for number in range(3)
    ]
    right = [record(f"right{number}", commands=["get", "mg", "set"], verdict="pass") for number in range(40)]
    (cause,) = causes.group(wrong, [*wrong, *right])
    assert cause.name == "flush_all: then get, mg answer a hit, not a miss"


def test_to_refuse_a_negative_exptime_is_one_cause_of_all_commands() -> None:
    requests = ("touch {key} -1", "set {key} 0 -1 1", "add {key} 0 -1 1")
    wrong = [
        record(f"c/f/{number}", request=request, want="STORED\\r\\n", got="ERROR\\r\\n", commands=(request.split()[0],))
        for number, request in enumerate(requests)
    ]
    (cause,) = causes.group(wrong, wrong)
    assert cause.name == "add, set, touch: ERROR at a negative exptime"


def test_many_statistics_that_are_missing_are_one_cause() -> None:
    def lacking(number: int) -> Any:
        return record(
            f"c/f/{number}", request="stats", want=f"STAT name_{number} 1\\r\\n", got="END\\r\\n", commands=("stats",)
        )

    few = [lacking(number) for number in range(causes.FEW)]
    letters = [replace(one, want=f"STAT {letter} 1\\r\\n") for one, letter in zip(few, "abc", strict=True)]
    assert {cause.what for cause in causes.group(letters, letters)} == {f"{letter} is missing" for letter in "abc"}
    many = [*letters, replace(lacking(9), want="STAT d 1\\r\\n")]
    (cause,) = causes.group(many, many)
    assert (cause.name, len(cause.scenarios)) == ("stats: 4 statistics are missing", 4)
