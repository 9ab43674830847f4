from __future__ import annotations

import pytest

from mclite.record.events import Event, Kind
from mclite.record.scenario import scenario
from mclite.replay.scenario.scenario import parse


def talk(*events: tuple[str, Kind, bytes] | tuple[str, Kind, bytes, float], cut: bool = False) -> list[str]:
    """Return the lines of the talk made of events; the fourth of each is its time."""
    made = [Event(e[0], e[1], e[3] if len(e) > 3 else 1_800_000_000.0, e[2]) for e in events]
    (parsed,) = parse(scenario(made, "a session", "here", cut).text, "session.toml")
    return parsed.talk.source.splitlines()


def test_keys_and_cas_uniques_get_names() -> None:
    assert talk(
        ("A", "asked", b"set user:1 0 0 2\r\nhi\r\ngets user:1 user:2\r\n"),
        ("A", "answered", b"STORED\r\nVALUE user:1 0 2 77\r\nhi\r\nEND\r\n"),
        ("A", "asked", b"cas user:1 0 0 1 77\r\nx\r\nmg user:1 C77 c k\r\n"),
        ("A", "answered", b"STORED\r\nHD c78 kuser:1\r\n"),
    ) == [
        "> set {key} 0 0 2",
        "> hi",
        "> gets {key} {key2}",
        "< STORED",
        "< VALUE {key} 0 2 {cas1:uint}",
        "< hi",
        "< END",
        "> cas {key} 0 0 1 {cas1}",
        "> x",
        "> mg {key} C{cas1} c k",
        "< STORED",
        "< HD c{cas2:!cas1} k{key}",
    ]


def test_connections_and_hang_ups() -> None:
    assert talk(
        ("A", "asked", b"get a\r\n"),
        ("B", "asked", b"get b\r\n"),
        ("B", "answered", b"END\r\n"),
        ("A", "answered", b"END\r\n"),
        ("B", "closed", b""),
        ("A", "asked", b"quit\r\n"),
        ("A", "hung-up", b""),
    ) == ["> get {key}", "B> get {key2}", "B< END", "< END", "B close", "> quit", "closed"]


def test_bytes_that_come_in_pieces_are_put_together() -> None:
    assert talk(
        ("A", "asked", b"set a 0 0 4\r\na\r"),
        ("A", "asked", b"\nb\r\n"),
        ("A", "answered", b"STO"),
        ("A", "answered", b"RED\r\n"),
        ("A", "asked", b"get a\r\n"),
        ("A", "answered", b"VALUE a 0 4\r\na\r\n"),
        ("A", "answered", b"b\r\nEND\r\n"),
    ) == ["> set {key} 0 0 4", "> a\\r\\nb", "< STORED", "> get {key}", "< VALUE {key} 0 4", "< a\\r\\nb", "< END"]


def test_values_are_escaped() -> None:
    lines = talk(("A", "asked", b"set a 0 0 6\r\n\x00\xff{}' \r\n"), ("A", "answered", b"STORED\r\n"))
    assert lines[1] == "> \\0\\xff\\{\\}'\\x20"


def test_silences_are_waited_for() -> None:
    lines = talk(
        ("A", "asked", b"mn\r\n", 1_800_000_000.0),
        ("A", "answered", b"MN\r\n", 1_800_000_000.1),
        ("A", "asked", b"mn\r\n", 1_800_000_000.4),
        ("A", "answered", b"MN\r\n", 1_800_000_000.5),
        ("A", "asked", b"mn\r\n", 1_800_000_002.5),
        ("A", "answered", b"MN\r\n", 1_800_000_002.6),
    )
    assert lines == ["> mn", "< MN", "> mn", "< MN", "wait 2.0", "> mn", "< MN"]


def test_times_move_with_the_clock() -> None:
    assert talk(
        ("A", "asked", b"set a 0 1800000060 1\r\nx\r\nmg a T1800000100 t\r\ntouch a 100\r\n"),
        ("A", "answered", b"STORED\r\nHD t100\r\nTOUCHED\r\n"),
    ) == [
        "> set {key} 0 {time+60} 1",
        "> x",
        "> mg {key} T{time+100} t",
        "> touch {key} 100",
        "< STORED",
        "< HD t{:98..102}",
        "< TOUCHED",
    ]


def test_a_binary_key() -> None:
    assert talk(("A", "asked", b"mg AP8= b k v\r\n"), ("A", "answered", b"HD kAP8= b\r\n")) == [
        "> mg {key|base64} b k v",
        "< HD k{key|base64} b",
    ]


def test_a_long_key_stays_long() -> None:
    key = b"k" * 200
    assert talk(("A", "asked", b"get %b\r\nget %b\r\n" % (key, key)), ("A", "answered", b"END\r\nEND\r\n")) == [
        "> get {key:200}",
        "> get {key}",
        "< END",
        "< END",
    ]


def test_what_depends_on_the_server_is_loose() -> None:
    assert talk(
        ("A", "asked", b"version\r\nstats\r\nme a\r\n"),
        ("A", "answered", b"VERSION 1.6.45\r\nSTAT pid 12\r\nEND\r\nME a exp=-1 la=0 cas=9 fetch=no cls=1 size=60\r\n"),
    )[3:] == [
        "< VERSION {:rest}",
        "<* STAT {:word} {:rest}",
        "< END",
        "< ME {key} exp=-1 la={:0..2} cas={cas1:uint} fetch=no cls=1 size={:uint}",
    ]


def test_a_watcher_is_left_to_itself() -> None:
    assert talk(("A", "asked", b"watch\r\n"), ("A", "answered", b"OK\r\n"), ("A", "answered", b"ts=1 x\r\n")) == [
        "> watch",
        "drain",
    ]


@pytest.mark.parametrize(("request_line", "scope"), [(b"flush_all\r\n", "server"), (b"mn\r\n", "key")])
def test_scope(request_line: bytes, scope: str) -> None:
    recorded = scenario([Event("A", "asked", 1.0, request_line)], "a session", "here")
    assert parse(recorded.text, "session.toml")[0].scope == scope
    assert recorded.requests == 1


def test_a_list_is_expected_in_any_order_and_length() -> None:
    assert talk(
        ("A", "asked", b"stats\r\nlru_crawler metadump all\r\n"),
        ("A", "answered", b"STAT pid 1\r\nSTAT up"),
        ("A", "answered", b"time 2\r\nEND\r\nkey=a exp=-1\r\nkey=b exp=-1\r\nEND\r\n"),
    ) == [
        *("> stats", "> lru_crawler metadump all"),
        *("<* STAT {:word} {:rest}", "< END", "<* key={:rest}", "< END"),
    ]


STATS: tuple[tuple[str, Kind, bytes], ...] = (("A", "asked", b"stats\r\n"), ("A", "answered", b"STAT pid 1\r\nSTAT u"))


def test_a_list_without_its_end_takes_no_barrier() -> None:
    assert talk(*STATS) == ["> stats", "< STAT {:word} {:rest}", "drain"]
    assert talk(*STATS, ("A", "closed", b"")) == ["> stats", "< STAT {:word} {:rest}", "drain", "close"]


def test_a_client_that_sends_no_more_and_reads_on() -> None:
    assert talk(
        ("A", "asked", b"get a\r\n"), ("A", "shut", b""), ("A", "answered", b"END\r\n"), ("A", "hung-up", b"")
    ) == ["> get {key}", "shut", "< END", "closed"]


def test_a_recording_that_is_cut_takes_no_barrier() -> None:
    lines = talk(("A", "asked", b"get a\r\n"), ("B", "asked", b"mn\r\n"), ("B", "answered", b"MN\r\n"), cut=True)
    assert lines == ["> get {key}", "B> mn", "B< MN", "drain", "B drain"]


def test_many_requests_in_one_piece() -> None:
    count = 20_000
    lines = talk(("A", "asked", b"mn\r\n" * count), ("A", "answered", b"MN\r\n" * count))
    assert lines == ["> mn"] * count + ["< MN"] * count


def test_an_unfinished_request_takes_no_barrier() -> None:
    assert talk(("A", "asked", b"mn\r\n"), ("A", "answered", b"MN\r\n"), ("A", "asked", b"set a 0 0 5\r\nab")) == [
        "> mn",
        "< MN",
        "> set {key} 0 0 5",
        ">. ab",
        "drain",
    ]
