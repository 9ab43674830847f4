"""Which command is to blame for a wrong answer, and which failures have one cause."""

from __future__ import annotations

from typing import Any

import pytest

from mclite.replay.judge import causes
from mclite.replay.play.outcome import Result
from mclite.replay.scenario.talk import Talk

NEWEST = (1, 6, 45)


def blamed(talk: str, step: int | None, **fields: Any) -> str | None:
    result = Result("mismatch" if step else "desync", step=step, conn="A", **fields)
    return causes.blamed_request(Talk(talk).script(NEWEST), result)


def test_the_request_is_blamed_whose_answer_differs() -> None:
    talk = "> set {key} 0 0 1\n> 1\n< STORED\n> incr {key} 1\n< 2\n> get {key}\n< VALUE {key} 0 1\n< 2\n< END"
    assert blamed(talk, 3) == "set {key} 0 0 1"
    assert blamed(talk, 5) == "incr {key} 1"
    assert blamed(talk, 8) == "get {key}"


def test_of_a_pipeline_the_request_is_blamed_that_has_the_same_place_as_its_answer() -> None:
    talk = "> set {key} 0 0 1\n> 1\n> incr {key} 1\n> delete {key}\n< STORED\n< 2\n< DELETED"
    assert [blamed(talk, step) for step in (5, 6, 7)] == ["set {key} 0 0 1", "incr {key} 1", "delete {key}"]


def test_a_request_without_an_answer_is_blamed_when_one_comes() -> None:
    talk = "> set {key} 0 0 1 noreply\n> 1\n> get {key}\n< VALUE {key} 0 1\n< 1\n< END"
    assert blamed(talk, 4, framing="2 responses where 1 response had to come: too many") == "set {key} 0 0 1 noreply"
    assert blamed(talk, 4) == "get {key}"
    assert blamed("> delete {key} noreply", None) == "delete {key} noreply"


def test_requests_on_other_connections_are_not_blamed() -> None:
    talk = "> get {key}\nB> set {key} 0 0 1\nB> 1\nB< STORED\n< END"
    assert blamed(talk, 5) == "get {key}"


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


def record(name: str = "a", **fields: Any) -> dict[str, Any]:
    made = {"id": name, "title": name, "level": "must", "verdict": "fail", "outcome": "mismatch", "commands": ["set"]}
    return made | fields


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
