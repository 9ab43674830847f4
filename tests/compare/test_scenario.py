"""A difference becomes a scenario: the talk expects A's answers, and it is tried on both servers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from mclite.compare.dialogue import HangUp, Request, Session, Wait, Write
from mclite.compare.pair import Pair
from mclite.compare.scenario import Written, document, prove, quoted, section_for, slug_of, talk_of
from mclite.replay.play.transport import Address
from mclite.replay.scenario.scenario import parse
from mclite.testing import ServerThread

Start = Callable[[Callable[[bytes], bytes]], Address]
SET, GET = Request("set {key} 0 0 1", "x"), Request("get {key}")


def talk(server: Address, session: Session) -> list[str]:
    """Play `session` to a server as A and to another as B, and return the talk with the answers of A."""
    with ServerThread() as other:
        pair = Pair(server, Address("tcp", other.host, other.port))
        exchanges = list(pair.play(session))
        return talk_of(session, exchanges, pair.a.values, barriers=False).splitlines()


def written(talk: str) -> Written:
    return Written("delete-1", "a title", "Deletion", "a note", talk, None)


@pytest.mark.parametrize(
    ("verb", "section"),
    [("get", "Retrieval command:"), ("mg", "Meta Get"), ("flush_all", "Other commands"), ("bogus", "Commands")],
)
def test_the_section_is_where_the_verb_is_described(verb: str, section: str) -> None:
    assert section_for(verb) == section


def test_slugs() -> None:
    assert slug_of("get {key}: END | ERROR") == "get-key-end-error"
    assert slug_of("!!!") == "difference"
    assert len(slug_of("long " * 50)) <= 60
    assert not slug_of("x" * 59 + "-y").endswith("-")


@pytest.mark.parametrize("text", ['a "b" \\ c', "tab\tend", "snow ☃", "\x1b[31m"])
def test_a_quoted_text_is_read_as_it_was(text: str) -> None:
    import tomllib

    assert tomllib.loads(f"x = {quoted(text)}")["x"] == text


def test_a_document_is_a_scenario_file() -> None:
    text = document(["made by a test", ""], [written("> get {key}\n< END")])
    assert text.startswith("# made by a test\n#\nsection")
    (scenario,) = parse(text, "difference.toml")
    assert (scenario.slug, scenario.title, scenario.section, scenario.note) == (
        "delete-1",
        "a title",
        "Deletion",
        "a note",
    )


def test_waits_and_hang_ups_are_in_the_talk_up_to_the_last_exchange(server: Address) -> None:
    session: Session = (Write("A", (SET,)), Wait(0.01), HangUp("A"), Write("B", (GET,)), Wait(9))
    assert talk(server, session) == [
        "> set {key} 0 0 1", "> x", "< STORED", "wait 0.01", "close", "B> get {key}", "B< VALUE {key} 0 1",
        "B< x", "B< END",
    ]  # fmt: skip


def test_pieces_line_ends_and_a_server_that_waits(server: Address) -> None:
    session: Session = (Write("A", (replace(GET, end="\\n"), Request("set {key} 0 0 5000", "x")), chop=2),)
    assert talk(server, session) == [
        "chop 2", ">. get {key}\\n", "> set {key} 0 0 5000", "> x", "chop 0", "< END", "silence 0.2", "drain",
    ]  # fmt: skip


def test_the_long_key_is_made_where_it_is_first_used(server: Address) -> None:
    lines = talk(server, (Write("A", (Request("get {keylong}"), Request("get {keylong}"))),))
    assert lines[:2] == ["> get {keylong:250}", "> get {keylong}"]


def test_a_cas_unique_is_the_one_that_the_server_sent(server: Address) -> None:
    session: Session = (
        Write("A", (Request("cas {key} 0 0 1 {cas+7}", "x"), SET)),
        Write("A", (Request("gets {key}"),)),
        Write("A", (Request("cas {key} 0 0 1 {cas}", "y"),)),
    )
    lines = talk(server, session)
    assert lines[0] == "> cas {key} 0 0 1 8"  # none was sent yet: what was played
    assert "< VALUE {key} 0 1 {cas1:uint}" in lines
    assert lines[-3:] == ["> cas {key} 0 0 1 {cas1}", "> y", "< STORED"]


def test_a_scenario_is_proved_when_it_passes_on_a_and_fails_on_b(server: Address, altered: Start) -> None:
    other = altered(lambda data: data.replace(b"DELETED\r\n", b"GONE\r\n"))
    difference = written("> set {key} 0 0 1\n> x\n< STORED\n> delete {key}\n< DELETED")
    assert prove(difference, server, other).proved is True
    assert prove(difference, server, server).proved is False
    assert prove(difference, other, server).proved is False
    assert prove(written("> nonsense\n<~ what"), server, other).proved is False


def test_nothing_is_tried_when_time_is_up(server: Address) -> None:
    one = written("> get {key}\n< END\nwait 100\n")
    assert prove(one, server, server, time.monotonic()).proved is None
    assert prove(one, server, server, time.monotonic() + 50).proved is None
