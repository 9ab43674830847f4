"""The name of a difference: the form of the request, and the first line in which the answers differ."""

from __future__ import annotations

import pytest

from mclite.compare.answers import After, Answer, Line
from mclite.compare.dialogue import Request, Write
from mclite.compare.kinds import LINES, WIDTH, form_of, kind_of, said, shown
from mclite.compare.pair import Exchange


def answer(*lines: bytes, after: After = "ready", block: bool = False) -> Answer:
    return Answer(tuple(Line((text,), block) for text in lines), after)


def kind(a: Answer, b: Answer, *requests: Request) -> str:
    return str(kind_of(Exchange(0, Write("A", requests or (Request("get {key}"),)), a, b)))


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("get {key}", "get with 1 argument"),
        ("get", "get with no arguments"),
        ("get {key} {key2} {key3}", "get with several keys"),
        ("incr {key} 1 noreply", "incr with 2 arguments"),
        ("set {key} 0 0 1", "set with 4 arguments"),
        ("mg {key} v t", "mg"),
        ("mg", "mg without a key"),
        ("mn", "mn"),
        ("get {x*251}", "get with 1 argument with a key over 250 bytes"),
        ("get {x*250}", "get with 1 argument"),
        ("foo bar", "(no command)"),
        ("", "(empty line)"),
    ],
)
def test_forms(line: str, form: str) -> None:
    assert form_of(Request(line)) == form


@pytest.mark.parametrize(
    ("a", "b", "name"),
    [
        (answer(b"END"), answer(b"ERROR"), "END | ERROR"),
        (answer(b"VALUE k 0 1"), answer(b"END"), "VALUE | END"),
        (answer(b"ME k exp=1"), answer(b""), "ME | an empty line"),
        (answer(b"15"), answer(b"14 "), "a number | a number"),
        (answer(b"HD t0 c1"), answer(b"VA 1 k"), "HD c t | VA k"),
        (answer(b"x", block=True), answer(b"y", block=True), "data | data"),
        (answer(b"END"), answer(), "END | nothing more"),
        (answer(), answer(after="waits"), "nothing more | waits for more"),
        (answer(b"END", after="closed"), answer(b"END", after="endless"), "hangs up | sends without an end"),
        (answer(b"END", b"END"), answer(b"END", b"A"), "END | A"),
    ],
)
def test_the_first_line_that_differs_is_named(a: Answer, b: Answer, name: str) -> None:
    assert kind(a, b) == f"get with 1 argument: {name}"


def test_requests_in_one_write_are_named_once_each() -> None:
    requests = (Request("get {key}"), Request("x"), Request("get {key2}"))
    assert kind(answer(b"a"), answer(b"b"), *requests) == "pipelined get, (no command): a | b"


def test_an_answer_for_people_is_cut() -> None:
    assert said(answer(b"END")) == "END\\r\\n"
    assert said(answer(after="waits")) == "(nothing) (and waits for more)"
    assert said(answer(b"A", after="closed")) == "A\\r\\n (and hangs up)"
    many = said(answer(*[b"STAT a 1"] * (LINES + 3), after="endless"))
    assert many.endswith("STAT a 1\\r\\n ... 3 more lines ... (and so on)")
    assert len(said(answer(b"x" * 10_000))) < WIDTH + 30


def test_a_request_for_people() -> None:
    assert shown(Request("get {key}")) == "get {key}"
    assert shown(Request("get {key}", end="\\n")) == "get {key}\\n"
    assert shown(Request("set {key} 0 0 1", "x")) == "set {key} 0 0 1\\r\\nx"
    assert len(shown(Request("set {key} 0 0 70000", "{x*70000}"))) < 100
    assert shown(Request("set {key} 0 0 1", "{key}")) == "set {key} 0 0 1\\r\\n{key}"
