"""Sessions: what their requests are as text and as bytes, and which of two is the simpler one."""

from __future__ import annotations

import pytest

from mclite.compare.dialogue import (
    LONGEST_KEY,
    HangUp,
    Request,
    Session,
    Wait,
    Write,
    constant,
    render,
    size,
    spread,
    values_for,
    writes,
)

SET = Request("set {key} 0 0 1", "x")
GET = Request("get {key}")


def test_the_text_of_a_request_has_its_line_end_and_its_block() -> None:
    assert SET.text == "set {key} 0 0 1\\r\\nx\\r\\n"
    assert Request("set {key} 0 0 0", "", "\\n").text == "set {key} 0 0 0\\n\\r\\n"
    assert GET.text == "get {key}\\r\\n"
    assert [request.verb for request in (SET, GET, Request(""))] == ["set", "get", ""]


def test_rendering_takes_keys_and_the_cas_unique_of_the_session() -> None:
    values = values_for("m1")
    assert render(SET, values) == b"set m10 0 0 1\r\nx\r\n"
    assert render(Request("cas {key2} 0 0 1 {cas+2}", "{x*3}"), values) == b"cas m11 0 0 1 3\r\nxxx\r\n"
    long = render(Request("get {keylong}"), values).split()[1]
    assert (len(long), long[:3]) == (LONGEST_KEY, b"m1_")
    with pytest.raises(ValueError, match="every key of a session has its value"):
        render(Request("get {key9}"), values)


def test_a_constant_has_no_slots() -> None:
    assert constant("{x*3}\\r\\n") == b"xxx\r\n"
    with pytest.raises(ValueError, match="has slots"):
        constant("get {key}")


def test_spreading_gives_each_request_a_write_of_its_own() -> None:
    session: Session = (Write("B", (SET, GET), chop=2), Wait(1.0), HangUp("B"))
    assert spread(session) == (Write("B", (SET,)), Write("B", (GET,)), Wait(1.0), HangUp("B"))
    assert list(writes(session)) == [session[0]]


def test_the_simplest_session_is_the_smallest() -> None:
    def one(*requests: Request, conn: str = "A", chop: int = 0) -> Session:
        return (Write(conn, requests, chop),)

    ordered = [
        one(GET),
        one(Request("get {key2}")),  # another word than the usual one
        one(Request("get {key} {key}")),
        one(Request("get {key}", end="\\n")),
        (Wait(1.0), *one(GET)),
        one(GET, GET),
    ]
    assert sorted(ordered, key=size) == ordered
    assert size(one(GET)) < size(one(GET, conn="B")) < size(one(GET, conn="B", chop=1))
