import base64
from typing import Any

import pytest

from mclite.replay.clientcheck.driver import DriverError
from mclite.replay.clientcheck.notation import Do, Talk
from mclite.replay.clientcheck.outcome import read, satisfies
from mclite.replay.clientcheck.server import Running


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def result(operation: str, value: Any) -> Any:
    return read(operation, {"id": 1, "result": value})


@pytest.mark.parametrize(
    ("operation", "value", "kind", "shown"),
    [
        ("get", None, "miss", "miss"),
        ("get", {"value": b64(b"a\r\n")}, "value", '"a\\r\\n"'),
        ("gets", {"value": b64(b"a"), "cas": "7"}, "value", '"a" cas 7'),
        ("get_many", [], "items", "no items"),
        ("get_many", [{"key": b64(b"k"), "value": b64(b"v")}], "items", 'k: "v"'),
        ("set", True, "true", "true"),
        ("delete", False, "false", "false"),
        ("set", None, "silent", "nothing"),
        ("incr", "18446744073709551615", "number", "18446744073709551615"),
        ("incr", None, "miss", "miss"),
        ("version", {"text": "1.6"}, "text", "1.6"),
        ("stats", [["pid", "1"]], "pairs", "pid=1"),
        ("get", {"odd": "int 5"}, "odd", "odd: int 5"),
    ],
)
def test_results(operation: str, value: Any, kind: str, shown: str) -> None:
    outcome = result(operation, value)
    assert (outcome.kind, outcome.show()) == (kind, shown)


def test_errors_and_what_is_unsupported() -> None:
    outcome = read("get", {"id": 1, "error": {"class": "Timeout", "text": "too\nlong"}})
    assert outcome.show() == "error Timeout: too long"
    assert read("get", {"id": 1, "unsupported": "no such thing"}).text == "no such thing"


@pytest.mark.parametrize(
    ("operation", "value"),
    [
        ("get", 5),
        ("get", {"value": "%"}),
        ("set", "yes"),
        ("incr", 5),
        ("stats", 5),
        ("version", "1"),
        ("get_many", {}),
    ],
)
def test_what_is_no_result_is_a_fault_of_the_driver(operation: str, value: Any) -> None:
    if operation == "get_many":
        value = [{}]
    with pytest.raises(DriverError, match="no result of it"):
        result(operation, value)


def test_an_error_without_a_class_is_a_fault_of_the_driver() -> None:
    with pytest.raises(DriverError, match="no class"):
        read("get", {"id": 1, "error": "Timeout"})


@pytest.mark.parametrize(
    ("want", "operation", "value", "agrees"),
    [
        ("own", "get", {"value": b64(b"one")}, True),
        ("own", "get", {"value": b64(b"two")}, False),
        ("own", "get", None, False),
        ("own cas 7", "get", {"value": b64(b"one"), "cas": "7"}, True),
        ("own cas 7", "get", {"value": b64(b"one"), "cas": "8"}, False),
        ("own cas 7", "get", {"value": b64(b"one")}, True),
        ("value x", "get", {"value": b64(b"x")}, True),
        ("own", "get_many", [{"key": b64(b"k"), "value": b64(b"one")}], True),
        ("own", "get_many", [], False),
        ("miss", "get_many", [], True),
        ("items k=x", "get_many", [{"key": b64(b"k"), "value": b64(b"x")}], True),
        ("number 5", "incr", "5", True),
        ("number 5", "incr", "6", False),
        ("text 1.6", "version", {"text": "1.6"}, True),
        ("stat a=b", "stats", [["a", "b"], ["c", "d"]], True),
        ("stat a=b", "stats", [["a", ""]], False),
        ("true", "set", True, True),
        ("true", "set", None, False),
        ("any", "set", None, True),
    ],
)
def test_results_are_held_against_the_talk(want: str, operation: str, value: Any, agrees: bool) -> None:
    do = next(step for step in Talk(f"do get k\ngot {want}").steps if isinstance(step, Do))
    running = Running(do, (b"k",), None)
    assert satisfies(result(operation, value), do.got[0], running, {b"k": b"one"}, {}) == agrees


def test_a_cas_unique_is_bound() -> None:
    do = next(step for step in Talk("do gets k\ngot own cas {unique:uint}").steps if isinstance(step, Do))
    values: dict[str, bytes] = {}
    outcome = result("gets", {"value": b64(b"one"), "cas": "77"})
    assert satisfies(outcome, do.got[0], Running(do, (b"k",), None), {b"k": b"one"}, values)
    assert values["unique"] == b"77"
