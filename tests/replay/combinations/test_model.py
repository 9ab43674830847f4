"""The model of protocol.txt, statement by statement; that real memcached agrees, the committed scenarios show."""

from __future__ import annotations

import pytest

from mclite.replay.combinations.model import NO_NUMBER, Model

Session = list[tuple[str, list[str]]]


def play(session: Session) -> Model:
    """Say requests to a model, those with a data block as `request<data`; compare what it answers."""
    model = Model()
    for text, answer in session:
        request, _, block = text.partition("<")
        data = (block, len(block)) if "<" in text else None
        if request.startswith("me "):
            said = model.me()
        elif request.split(" ")[0] in ("mg", "ms", "md", "ma"):
            said = model.meta(request, data)
        else:
            said = model.classic(request, data)
        assert said == answer, request
    return model


SET = ("set {key} 5 300 2<10", ["STORED"])

SESSIONS: dict[str, Session] = {
    "216-217 add": [SET, ("add {key} 0 0 1<x", ["NOT_STORED"]), ("get {key}", ["VALUE {key} 5 2", "10", "END"])],
    "219-220 replace": [("replace {key} 0 0 1<x", ["NOT_STORED"]), ("get {key}", ["END"])],
    "222-228 append": [
        SET,
        ("append {key} 9 1 1<x", ["STORED"]),
        ("prepend {key} 9 1 1<y", ["STORED"]),
        ("mg {key} f t v", ["VA 4 f5 t{:292..300}", "y10x"]),
    ],
    "230-231 cas": [
        SET,
        ("gets {key}", ["VALUE {key} 5 2 {cas1:uint}", "10", "END"]),
        ("cas {key} 0 0 1 {cas1+1000000}<x", ["EXISTS"]),
        ("cas {key} 0 0 1 {cas1}<x", ["STORED"]),
        ("gets {key}", ["VALUE {key} 0 1 {cas2:!cas1}", "x", "END"]),
        ("cas {key} 0 0 1 {cas1}<y", ["EXISTS"]),
        ("delete {key}", ["DELETED"]),
        ("cas {key} 0 0 1 {cas2}<y", ["NOT_FOUND"]),
    ],
    "248-249 a negative time": [("set {key} 0 -1 1<x", ["STORED"]), ("get {key}", ["END"])],
    "259-263 noreply": [
        ("set {key} 0 0 1 noreply<5", []),
        ("incr {key} 1 noreply", []),
        ("touch {key} 9 noreply", []),
        ("get {key}", ["VALUE {key} 0 1", "6", "END"]),
        ("delete {key} noreply", []),
        ("delete {key}", ["NOT_FOUND"]),
    ],
    "390-397 wrap, zero, padding": [
        ("set {key} 0 0 20<18446744073709551615", ["STORED"]),
        ("incr {key} 11", ["10"]),
        ("decr {key} 100", ["0"]),
        ("get {key}", ["VALUE {key} 0 20", "0" + " " * 18 + r"\x20", "END"]),
        ("incr {key} 5", ["5"]),
    ],
    "360-364 what is no number": [
        ("incr {key} 1", ["NOT_FOUND"]),
        ("set {key} 0 0 1<x", ["STORED"]),
        ("incr {key} 1", [NO_NUMBER]),
        ("ma {key} q", [NO_NUMBER]),
    ],
    "402-412 touch, 428-429 gat": [
        SET,
        ("touch {key} 0", ["TOUCHED"]),
        ("mg {key} t", ["HD t-1"]),
        ("gat 30 {key}", ["VALUE {key} 5 2", "10", "END"]),
        ("mg {key} t", ["HD t{:22..30}"]),
    ],
    "475-490 me": [
        ("me {key}", ["EN"]),
        SET,
        (
            "me {key}",
            ["ME {key} exp={:292..300} la={:0..9} cas={cas1:uint} fetch=no cls={:uint} size={:uint}"],
        ),
    ],
    "535-539, 596-618 a miss": [
        ("mg {key} v k Oabc", ["EN k{key} Oabc"]),
        ("mg {key|base64} b k", ["EN k{key|base64} b"]),
        ("mg {key} q v k", []),
    ],
    "579-587 C of mg": [
        SET,
        ("mg {key} c", ["HD c{cas1:uint}"]),
        ("mg {key} C{cas1} v T30", ["HD"]),
        ("mg {key} C5 t v", ["VA 2 t{:22..30}", "10"]),
    ],
    "589-594, 622-626 h and u": [
        SET,
        ("mg {key} h u", ["HD h0"]),
        ("mg {key} h", ["HD h0"]),
        ("mg {key} h", ["HD h1"]),
    ],
    "641-654 N of mg": [
        ("mg {key} N30 s t v", ["VA 0 s0 t{:22..30} W", ""]),
        ("mg {key} N30 s", ["HD s0 Z"]),
    ],
    "656-661 R": [SET, ("mg {key} R10", ["HD"]), ("mg {key} R900", ["HD W"]), ("mg {key} R900", ["HD Z"])],
    "680-694 stale": [
        SET,
        ("md {key} I T30", ["HD"]),
        ("mg {key} t v", ["VA 2 t{:22..30} X W", "10"]),
        ("mg {key} v", ["VA 2 Z X", "10"]),
        ("ms {key} 1<x", ["HD"]),
        ("mg {key} v", ["VA 1", "x"]),
    ],
    "726-735 codes of ms": [
        ("ms {key} 1 MR<x", ["NS"]),
        ("ms {key} 1 C5<x", ["NF"]),
        ("ms {key} 1 q MA<x", ["NS"]),
        ("ms {key} 1 q ME<x", []),
        ("ms {key} 1 ME k<x", ["NS k{key}"]),
        ("ms {key} 1 C5 q Oabc<x", ["EX Oabc"]),
    ],
    "761-764 I of ms": [
        SET,
        ("mg {key} c", ["HD c{cas1:uint}"]),
        ("ms {key} 1 C{cas1-1} I<x", ["HD"]),
        ("mg {key} v", ["VA 1 X W", "x"]),
    ],
    "634-640 E": [("ms {key} 1 E77 c<x", ["HD c77"]), ("gets {key}", ["VALUE {key} 0 1 77", "x", "END"])],
    "799-805 N of ms": [
        ("ms {key} 1 MP N30 T900<x", ["HD"]),
        ("mg {key} t", ["HD t{:22..30}"]),
        ("ms {key} 1 MP N900 s<y", ["HD s2"]),
        ("mg {key} t v", ["VA 2 t{:22..30}", "yx"]),
    ],
    "826-831, 861-864 codes of md": [
        ("md {key} q C5 k", ["NF k{key}"]),
        SET,
        ("md {key} q C5", ["EX"]),
        ("md {key} q", []),
        ("md {key}", ["NF"]),
    ],
    "872-876 x": [SET, ("md {key} x", ["HD"]), ("mg {key} s v", ["VA 0 s0", ""])],
    "899-912 codes of ma": [
        ("ma {key} q k", ["NF k{key}"]),
        ("ma {key} N30 J7 v t", ["VA 1 t{:22..30}", "7"]),
        ("ma {key} D5 v c", ["VA 2 c{cas2:uint}", "12"]),
        ("ma {key} C5", ["EX"]),
        ("ma {key} C{cas2} MD D100 v", ["VA 1", "0"]),
        ("ma {key} q", []),
    ],
}


@pytest.mark.parametrize("name", SESSIONS)
def test_what_protocol_txt_says(name: str) -> None:
    play(SESSIONS[name])


def test_what_the_document_does_not_say_is_marked() -> None:
    assert not play([SET, ("mg {key} v", ["VA 2", "10"])]).silent
    assert play([SET, ("ms {key} 1 ME c<x", ["NS c0"])]).silent
    assert play([SET, ("md {key} x", ["HD"])]).silent
    shorter = play([SET, ("decr {key} 5", ["5"])])
    assert shorter.silent
    assert shorter.padded
