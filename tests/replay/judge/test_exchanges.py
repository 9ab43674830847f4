"""A dialogue as requests and answers, and where two of them differ."""

from __future__ import annotations

import pytest

from mclite.replay.judge.exchanges import HANGS_UP, REST, Exchange, Pair, alike, compare, exchanges

KEY, OTHER = "mabcde00_0001", "mabcde00_0002"


def said(*events: str) -> list[tuple[str, str, str]]:
    """Return events written as `A> text`, CR LF behind each."""
    return [(event[0], event[1], event[3:] if event[1] == "!" else event[3:] + "\\r\\n") for event in events]


def answer(request: str, *lines: str, version: str | None = None) -> tuple[str, ...]:
    return exchanges(said(f"A> {request}", *(f"A< {line}" for line in lines)), version)[0].answer


def test_what_is_sent_and_what_is_received_until_more_is_sent() -> None:
    made = exchanges(said("A> set x 0 0 1", "A> a", "A< STORED", "A> get x", "A< VALUE x 0 1", "A< a", "A< END"))
    assert made == (
        Exchange("A", ("set x 0 0 1", "a"), ("STORED",)),
        Exchange("A", ("get x",), ("VALUE x 0 1", "a", "END")),
    )


def test_each_connection_has_its_own_exchanges_and_a_barrier_is_none() -> None:
    events = said("W> watch fetchers", "W< OK", "A> get x", "A< END", "W< ts", "A> version", "A< VERSION 1.6.45")
    assert exchanges(events) == (
        Exchange("W", ("watch fetchers",), ("OK", "ts")),
        Exchange("A", ("get x",), ("END",)),
    )


def test_what_an_unread_answer_says_to_the_barrier_belongs_to_the_request() -> None:
    made = exchanges(said("A> delete x noreply", "A> version", "A< DELETED", "A< VERSION 1.6.45"))
    assert made == (Exchange("A", ("delete x noreply",), ("DELETED",)),)
    assert exchanges(said("A> version", "A< VERSION 1.2.3"), "1.2.3")[0].answer == ("VERSION <version>",)


def test_hanging_up_and_lines_that_are_left_out_are_seen() -> None:
    assert answer_of(said("A> quit", "A! the server closed the connection")) == (HANGS_UP,)
    assert answer_of(said("A> stats", "A< STAT a 1", "A! 17 more lines", "A< END")) == ("STAT a <n>", REST, "END")
    assert answer_of(said("A> x", "A< ERROR", "A! not what was wanted")) == ("ERROR",)


def answer_of(events: list[tuple[str, str, str]]) -> tuple[str, ...]:
    return exchanges(events)[0].answer


def test_keys_have_names_in_their_order_also_in_base64() -> None:
    encoded = "bWFiY2RlMDBfMDAwMQ=="
    made = exchanges(said(f"A> mg {encoded} b k", f"A< HD k{encoded} b", f"A> get {OTHER} {KEY}x {KEY}______x"))
    assert made[0] == Exchange("A", ("mg base64(key) b k",), ("HD kbase64(key) b",))
    assert made[1].request == ("get key2 keyx key3[20]",)


@pytest.mark.parametrize(
    ("request_", "line", "shown"),
    [
        ("gets x", "VALUE x 0 1 77", "VALUE x 0 1 <cas>"),
        ("get x", "VALUE x 0 1", "VALUE x 0 1"),
        ("mg x c", "HD c77 t30", "HD c<cas> t30"),
        ("ms x 1 E5 c", "HD c5", "HD c5"),
        ("me x", "ME x exp=-1 la=3 cas=9 cls=1 size=64", "ME x exp=-1 la=<n> cas=<cas> cls=<n> size=<n>"),
        ("me x", "ME x exp=-300 la=3", "ME x exp=-<n> la=<n>"),
        ("lru_crawler metadump all", "key=x exp=1796000123 la=1796000000", "key=x exp=<time> la=<time>"),
        ("watch fetchers", "ts=1796000123.554433 gid=12 type=item_get", "ts=<time> gid=<n> type=item_get"),
        ("stats", "STAT curr_items 12", "STAT curr_items <n>"),
        ("stats", "STAT version 1.6.9", "STAT version <version>"),
        ("stats items", "STAT items:3:number 1", "STAT items:<n>:number <n>"),
        ("stats conns", "STAT 27:addr tcp:127.0.0.1:45678", "STAT <n>:addr tcp:127.0.0.1:<port>"),
        ("stats settings", "STAT maxconns 1024", "STAT maxconns 1024"),
        ("stats settings", "STAT tcpport 45678", "STAT tcpport <place>"),
        ("incr x 1", "18446744073709551615", "18446744073709551615"),
    ],
)  # fmt: skip
def test_what_varies_by_nature_has_names(request_: str, line: str, shown: str) -> None:
    assert answer(request_, line, version="1.6.9") == (shown,)


def test_a_cas_unique_that_is_sent_has_a_name_if_it_was_received() -> None:
    made = exchanges(said("A> gets x", "A< VALUE x 0 1 77", "A> cas x 0 0 1 77", "A> b", "A> md x C78", "A> md x C9"))
    assert made[1].request == ("cas x 0 0 1 <cas>", "b", "md x C<cas+1>", "md x C9")


def test_a_line_feed_alone_ends_a_line_of_an_answer_and_none_of_a_request() -> None:
    made = exchanges([("A", ">", "a\\nb\\r\\n"), ("A", "<", "key=1\\nkey=2\\nEND\\r\\n"), ("A", "<", "\\\\n x\\r\\n")])
    assert made == (Exchange("A", ("a\\nb",), ("key=1\\n", "key=2\\n", "END", "\\\\n x")),)


def test_only_what_differs_is_returned_with_what_was_sent_before() -> None:
    one = exchanges(said("A> set x 0 0 1", "A> a", "A< STORED", "A> incr x +1", "A< 6", "A> get x", "A< END"))
    two = exchanges(said("A> set x 0 0 1", "A> a", "A< STORED", "A> incr x +1", "A< ERROR", "A> get x", "A< END"))
    found = compare(one, two)
    assert found[0].before == ("set x 0 0 1", "a")
    assert found == (Pair("A", ("incr x +1",), ("6",), ("ERROR",)),)
    assert not compare(one, one)


def test_a_count_that_is_asked_for_again_shows_by_how_much_it_changed() -> None:
    lines: list[str] = []
    for number in (7, 8, 7, 5000):
        lines += ["A> stats", f"A< STAT curr_items {number}"]
    assert [one.answer[0].rpartition(" ")[2] for one in exchanges(said(*lines))] == ["<n>", "<n+1>", "<n>", "<n>"]


def test_a_line_that_is_sent_otherwise_says_so() -> None:
    one = exchanges(said("A> ms x +2", "A> hi", "A< HD"))
    two = exchanges(said("A> ms x +2", "A> mn", "A< CLIENT_ERROR", "A< MN"))
    assert compare(one, two) == (Pair("A", ("ms x +2", "hi (now mn)"), ("HD",), ("CLIENT_ERROR", "MN")),)


def test_silence_is_a_difference() -> None:
    one = exchanges(said("A> delete noreply", "A< DELETED", "A> get noreply", "A< END"))
    two = exchanges(said("A> delete noreply", "A> get noreply", "A< END"))
    assert compare(one, two) == (Pair("A", ("delete noreply", "get noreply"), ("DELETED", "END"), ("END",)),)


def test_what_only_one_side_was_asked_is_no_difference() -> None:
    one = exchanges(said("A> get x", "A< END", "A> old", "A< OK", "A> mn", "A< MN"))
    two = exchanges(said("A> get x", "A< END", "A> mn", "A< MN"))
    assert not compare(one, two)
    assert not compare(one, two[:1])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("HD t30",), ("HD t29",), True),
        (("HD t30",), ("HD t90",), False),
        (("HD t-1",), ("HD t30",), False),
        (("VA 1 l0", "a"), ("VA 1 l1", "a"), True),
        (("t30",), ("t29",), False),
        (("STAT a 1", "STAT b 2", "END"), ("STAT b 2", "STAT a 1", "END"), True),
        (("STAT a 1", REST, "END"), ("STAT c 1", "STAT a 1", "END"), True),
        (("STAT a 1", REST, "END"), ("STAT c 1", "STAT b 1", "END"), False),
        (("STAT a 1", REST, "END"), (REST, "STAT b 1", "END"), True),
        (("STAT a 1", REST, "END"), (REST, "STAT a 2", "END"), False),
        ((), ("x",), False),
    ],
)
def test_alike(one: tuple[str, ...], other: tuple[str, ...], same: bool) -> None:
    assert alike(one, other) is same
    assert alike(other, one) is same
