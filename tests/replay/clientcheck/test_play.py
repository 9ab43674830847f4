"""What a player finds with a client of one fault each; with the right one it finds nothing."""

from collections.abc import Callable

import pytest

from mclite.replay.clientcheck.run import Record

Played = Callable[..., Record]
LATE = "hold {key1} one\nhold {key2} two\ndo get {key1}\nanswer late\ndo get {key2}\ngot own or miss or error\n"
END = r"hold {key1} a\r\nEND\r\nb" + "\ndo get {key1}\ngot own or error\n"
KEY = r"do get a\r\nflush_all" + "\ngot error or miss\n"
NEVER = "hold {key1} one\ndo get {key1}\nanswer never\ngot error or miss\n"
CLOSED = "hold {key1} one\ndo get {key1}\nanswer cut data\ngot error or miss\n"
ORDER = "hold {key1} one\nhold {key2} two\ndo get_many {key1} {key2}\nanswer order reversed\ngot own or error\n"
REFUSED = "do set {key1} v\nanswer error out_of_memory\ngot error or false\n"


@pytest.mark.parametrize("talk", [LATE, END, KEY, NEVER, CLOSED, ORDER, REFUSED])
def test_the_right_client_passes(played: Played, talk: str) -> None:
    record = played(talk)
    assert record.verdict == "pass", record.played.findings


@pytest.mark.parametrize(
    ("fault", "talk", "found"),
    [
        ("keeps-bytes", LATE, "foreign-value"),
        ("reads-to-end", END, "wrong-value"),
        ("any-key", KEY, "injected"),
        ("waits-for-ever", NEVER, "hang"),
        ("dies", CLOSED, "died"),
        ("by-order", ORDER, "foreign-value"),
        ("always-true", REFUSED, "result"),
    ],
)
def test_a_client_with_a_fault_fails(played: Played, fault: str, talk: str, found: str) -> None:
    record = played(talk, fault, timeout="0.2")
    assert record.verdict == "fail"
    assert found in [one.fault for one in record.played.findings]


def test_the_request_is_held_against_the_talk(played: Played) -> None:
    assert played("do set {key} v exptime=60\n> set {key} 0 60 1\n> v\ngot true\n").verdict == "pass"
    record = played("do set {key} v exptime=60\n> set {key} 0 61 1\n")
    assert [one.fault for one in record.played.findings] == ["request"]
    assert record.played.findings[0].text == "`set key 0 60 1` arrived, not `set key 0 61 1`"
    assert record.played.findings[0].line == 1


def test_raw_answers_and_pieces(played: Played) -> None:
    talk = "do get {key}\n< VALUE {key} 0 3\n< abc\n< END\nanswer pieces 1\ngot value abc\n"
    assert played(talk, after="'works'").verdict == "pass"


def test_a_server_that_goes_away_and_comes_back(played: Played) -> None:
    talk = "do get {key}\ngot miss\ndown\ndo get {key}\ngot error or miss\nup\n"
    assert played(talk, after="'recovers'").verdict == "pass"


def test_what_a_client_has_not_is_unsupported(played: Played) -> None:
    record = played("do touch {key} exptime=5\n")
    assert (record.verdict, record.played.unsupported) == ("unsupported", "the client has no touch")
    record = played("do get {key} cancel\n")
    assert record.played.unsupported == "the client has no way to cancel"


def test_a_fault_of_a_lower_level_is_a_warning(played: Played) -> None:
    assert played(REFUSED, "always-true", level="'should'").verdict == "warn"


def test_a_result_after_the_time_that_the_talk_allows(played: Played) -> None:
    talk = "hold {key1} one\ndo get {key1}\nanswer slow 0.3\ngot own\nwithin 0.05\n"
    record = played(talk, timeout="1.0")
    assert [one.fault for one in record.played.findings] == ["late"]


def test_the_dialogue_is_kept(played: Played) -> None:
    record = played("hold {key1} one\ndo get {key1}\ngot own\n")
    said = [(event.who, event.data) for event in record.played.events[:4]]
    assert said == [
        ("caller", b"get key1"),
        ("client", b"get key1\r\n"),
        ("server", b"VALUE key1 0 3\r\none\r\nEND\r\n"),
        ("caller", b'gets "one"'),
    ]
