"""The shape of a wrong answer, the same in every run."""

from __future__ import annotations

from typing import Any

import pytest
from made_results import record as made_up

from mclite.replay.judge import causes, shapes
from mclite.replay.judge.record import Record


@pytest.mark.parametrize(
    ("request_", "want", "got", "shape"),
    [
        ("incr {key} 1", "2\\r\\n", "ERROR\\r\\n", "incr: ERROR"),
        ("touch {key} -1", "TOUCHED\\r\\n", "ERROR\\r\\n", "touch: ERROR at a negative exptime"),
        ("set {key} 0 -1 2 noreply", "END\\r\\n", "ERROR\\r\\n", "set: ERROR at a negative exptime"),
        ("set {key} -1 0 2", "STORED\\r\\n", "ERROR\\r\\n", "set: ERROR"),
        ("gat -1 {key}", "END\\r\\n", "ERROR\\r\\n", "gat: ERROR at a negative exptime"),
        ("ms {key} 2 T-1 c", "HD\\r\\n", "CLIENT_ERROR bad\\r\\n", "ms: CLIENT_ERROR at a negative exptime"),
        ("stats items", "STAT items:1:number 1\\r\\n", "END\\r\\n", "stats items: items:N:number is missing"),
        ("get {key}", "VALUE k 5 1\\r\\n", "VALUE k 0 1\\r\\n", "get: VALUE with other flags"),
        ("gets {key}", "VALUE k 5 1 {cas:uint}\\r\\n", "VALUE k 5 1\\r\\n", "gets: VALUE with no cas unique"),
        ("gets {key}", "VALUE k 0 1 {:!cas}\\r\\n", "VALUE k 0 1 7\\r\\n", "gets: VALUE with another cas unique"),
        ("mg {key} k O9", "HD k O9\\r\\n", "HD k\\r\\n", "mg: HD with no flag O"),
        ("mg {key} k", "HD k\\r\\n", "HD k s2\\r\\n", "mg: HD with a flag s that nobody asked for"),
        ("mg {key} k O9", "HD k O9\\r\\n", "HD O9 k\\r\\n", "mg: HD with flags in another order"),
        ("mg {key} v t", "VA 1 t-1\\r\\n", "VA 1 t0\\r\\n", "mg: VA with another value of flag t"),
        ("ma {key} v", "VA 2\\r\\n", "VA 1\\r\\n", "ma: VA with another length"),
        ("incr {key} 1", "2\\r\\n", "2\\n", "incr: a line that ends in LF alone"),
        ("incr {key} a", "CLIENT_ERROR {:rest}\\r\\n", "CLIENT_ERROR x\\n", "incr: a line that ends in LF alone"),
        ("get {key}", "END\\r\\n", "VALUE k 0 1\\r\\n", "get: a hit, not a miss"),
        ("set {key} 0 0 -1", "CLIENT_ERROR {:rest}\\r\\n", "STORED\\r\\n", "set: accepts what has to be refused"),
        ("incr {key} -1", "CLIENT_ERROR {:rest}\\r\\n", "4\\r\\n", "incr: accepts what has to be refused"),
        ("decr {key} 1", "9\\r\\n", "8\\r\\n", "decr: another number"),
        ("delete {key}", "DELETED\\r\\n", "NOT_FOUND\\r\\n", "delete: a miss, not a hit"),
        ("delete {key}", "DELETED\\r\\n", "END\\r\\n", "delete: END, not DELETED"),
        ("get {key}", "hello\\r\\n", "hullo\\r\\n", "get: other data"),
        ("zap", "ERROR\\r\\n", "OK\\r\\n", "a malformed request: accepts what has to be refused"),
        ("{incr {key} 1\\r\\n*9}", "2\\r\\n", "NOT_FOUND\\r\\n", "incr: NOT_FOUND"),
    ],
)
def test_shapes(request_: str, want: str, got: str, shape: str) -> None:
    assert causes.key(record(request=request_, want=want, got=got)).startswith(shape)


@pytest.mark.parametrize(
    ("request_", "want", "shape"),
    [
        ("get {key}", "END\\r\\n", "closes the connection"),
        ("set {key} 0 0 -1", "CLIENT_ERROR {:rest}\\r\\n", "closes the connection where an error is due"),
        ("touch {key} -1", "NOT_FOUND\\r\\n", "closes the connection at a negative exptime"),
    ],
)
def test_to_close_the_connection_is_worst_at_a_request_that_is_right(request_: str, want: str, shape: str) -> None:
    closed = record(request=request_, want=want, got=None, outcome="closed")
    assert shapes.shape(closed) == shape
    assert shapes.happened(closed) == "closed the connection"


def test_broken_framing_names_its_kind() -> None:
    broken = record(request="delete {key} noreply", framing="1 response where 0 responses had to come: too many")
    assert causes.key(broken) == "delete: answers what asks for no answer"
    lies = record(request="get {key}", framing="`VALUE k 0 9` announces 9 bytes, the data block has 8", got="1")
    assert causes.key(lies) == "get: announced length and data differ"
    ends = record(request="get {key}", framing=lies.framing, want="a\\r\\n", got="a\\n")
    assert causes.key(ends) == "get: announced length and data differ"


def record(name: str = "a", **fields: Any) -> Record:
    return made_up(name, **{"verdict": "fail", "outcome": "mismatch", "commands": ("set",)} | fields)


def test_a_title_says_what_is_right_and_this_what_happened() -> None:
    assert shapes.happened(record(got="CLIENT_ERROR bad\\r\\n", want="VA 2")) == "answered CLIENT_ERROR bad"
    assert shapes.happened(record(outcome="timeout", got="", want="OK")) == "no answer"
    assert shapes.happened(record(outcome="closed", got=None, want="OK")) == "closed the connection"
