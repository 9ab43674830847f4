"""Which request is to blame for a wrong answer."""

from __future__ import annotations

from typing import Any

from mclite.replay.judge.blame import EMPTY, blamed_request, is_quiet
from mclite.replay.play.outcome import Result
from mclite.replay.scenario.talk import Talk

NEWEST = (1, 6, 45)


def blamed(talk: str, step: int | None, **fields: Any) -> str | None:
    result = Result("mismatch" if step else "desync", step=step, conn="A", **fields)
    return blamed_request(Talk(talk).script(NEWEST), result)


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


def test_the_word_of_an_answer_tells_which_quiet_request_it_answers() -> None:
    talk = "> set {key} 0 0 1 noreply\n> 1\n> delete {key} noreply\n> get {key}\n< END"
    framing = "2 responses where 1 response had to come: too many"
    assert blamed(talk, 5, framing=framing, got=b"DELETED\r\n") == "delete {key} noreply"
    assert blamed(talk, 5, framing=framing, got=b"STORED\r\n") == "set {key} 0 0 1 noreply"


def test_an_answer_that_is_late_is_that_of_an_earlier_quiet_request() -> None:
    talk = "> delete {keya} noreply\n> delete {keyb}\n> delete {keyc} noreply\n< DELETED\n> get {keya}\n< END"
    framing = "3 responses where 1 response had to come: too many"
    assert blamed(talk, 6, framing=framing, got=b"DELETED\r\n") == "delete {keyc} noreply"
    assert blamed(talk, 6, framing=framing, got=b"STORED\r\n") == "get {keya}"
    assert blamed(talk, 6, got=b"DELETED\r\n") == "get {keya}"


def test_an_empty_line_behind_a_request_is_blamed_for_the_error_that_is_missing() -> None:
    talk = "> set {key} 0 0 1\n> 1\n>\n< STORED\n< CLIENT_ERROR bad command line format"
    error = r"CLIENT_ERROR bad command line format\r\n"
    assert blamed(talk, 5, want=error) == EMPTY
    assert blamed(talk, 4, want=r"STORED\r\n") == "set {key} 0 0 1"


def test_a_data_block_that_is_read_as_a_line_is_blamed_on_its_request() -> None:
    talk = "> set {key} 0 x 1\n> 1\n< CLIENT_ERROR bad command line format\n< ERROR"
    assert blamed(talk, 4, want=r"ERROR\r\n") == "set {key} 0 x 1"


def test_noreply_before_a_bare_line_feed_is_quiet() -> None:
    assert is_quiet(r"set {key} 0 0 1 noreply\na")
    assert not is_quiet(r"set {key} 0 0 1\nnoreply")


def test_an_announced_length_is_that_of_a_retrieval() -> None:
    talk = "> set {key} 0 0 1\n> 1\n> get {key}\n< STORED\n< VALUE {key} 0 1\n< 1\n< END"
    lies = "`VALUE k 0 1` announces 1 bytes, the data block has another length"
    assert blamed(talk, 4, framing=lies, got=b"VALUE k 0 1\r\n1") == "get {key}"
