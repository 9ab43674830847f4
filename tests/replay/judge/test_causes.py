"""Which command is to blame for a wrong answer, and which failures have one cause."""

from __future__ import annotations

from typing import Any

import pytest
from made_results import record as made_up

from mclite.replay.judge import causes
from mclite.replay.judge.record import Record


@pytest.mark.parametrize(
    ("request_", "want", "got", "shape"),
    [
        ("incr {key} 1", "2\\r\\n", "ERROR\\r\\n", "incr: ERROR"),
        ("stats items", "STAT items:1:number 1\\r\\n", "END\\r\\n", "stats items: items:N:number is missing"),
        ("get {key}", "VALUE k 5 1\\r\\n", "VALUE k 0 1\\r\\n", "get: VALUE with other flags"),
        ("gets {key}", "VALUE k 5 1 {cas:uint}\\r\\n", "VALUE k 5 1\\r\\n", "gets: VALUE with no cas unique"),
        ("get {key}", "END\\r\\n", "VALUE k 0 1\\r\\n", "get: a hit, not a miss"),
        ("set {key} 0 0 -1", "CLIENT_ERROR {:rest}\\r\\n", "STORED\\r\\n", "set: accepts what has to be refused"),
        ("decr {key} 1", "9\\r\\n", "8\\r\\n", "decr: another number"),
        ("get {key}", "hello\\r\\n", "hullo\\r\\n", "get: other data"),
        ("zap", "ERROR\\r\\n", "OK\\r\\n", "a malformed request: accepts what has to be refused"),
        ("{incr {key} 1\\r\\n*9}", "2\\r\\n", "NOT_FOUND\\r\\n", "incr: NOT_FOUND"),
    ],
)
def test_shapes(request_: str, want: str, got: str, shape: str) -> None:
    assert causes.key(record(request=request_, want=want, got=got)).startswith(shape)


def test_broken_framing_names_its_kind() -> None:
    broken = record(request="delete {key} noreply", framing="1 response where 0 responses had to come: too many")
    assert causes.key(broken) == "delete: answers what asks for no answer"
    lies = record(request="get {key}", framing="`VALUE k 0 9` announces 9 bytes, the data block has 8", got="1")
    assert causes.key(lies) == "get: announced length and data differ"


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
    assert cause.name == "append: then get answers VALUE with other bytes"


def test_a_title_says_what_is_right_and_this_what_happened() -> None:
    assert causes.happened(record(got="CLIENT_ERROR bad\\r\\n", want="VA 2")) == "answered CLIENT_ERROR bad"
    assert causes.happened(record(outcome="timeout", got="", want="OK")) == "no answer"
    assert causes.happened(record(outcome="closed", got=None, want="OK")) == "closed the connection"
