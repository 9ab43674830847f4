"""A connection without a socket: pieces, batches, -R, what hangs up, what is kept in memory."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.core.settings import Settings
from mclite.handlers.tuning import PIECE_ITEMS
from mclite.protocol import errors, replies
from mclite.protocol.parser import MULTIGET_LINE_MAX
from mclite.store import MemoryStore, SystemClock
from mclite.store.base import StoreError
from mclite.store.stats import Stats

if TYPE_CHECKING:
    from tests.conftest import Server, Start

MEGABYTE = 1 << 20


@pytest.fixture
def session() -> Session:
    """A session on a server of its own."""
    return Session(Instance())


def test_nothing_in_nothing_out(session: Session) -> None:
    assert session.receive(b"") == b""
    assert session.state == "conn_read"


@pytest.mark.parametrize(
    ("begun", "state", "rest", "answer"),
    [
        (b"get a", "conn_waiting", b"\r\n", b"END\r\n"),
        (b"get a\r", "conn_waiting", b"\n", b"END\r\n"),
        (b"set a 0 0 3\r\n", "conn_nread", b"abc\r\n", b"STORED\r\n"),
        (b"set a 0 0 3\r\nab", "conn_nread", b"c\r\n", b"STORED\r\n"),
        (b"set a 0 0 3\r\nabc\r", "conn_nread", b"\n", b"STORED\r\n"),
        (b"set a 0 0 3\r\nabc\r", "conn_nread", b"x", errors.BAD_DATA_CHUNK),
        (b"set a 0 x 3\r\nab", "conn_swallow", b"c\r\n", errors.BAD_FORMAT),
        (b"set a 0 0 3 noreply\r\nab", "conn_nread", b"c\r\n", b""),
        (b"set a 0 x 3 noreply\r\nab", "conn_swallow", b"c\r\n", b""),
        (b"ms a 3 z\r\nab", "conn_swallow", b"c\r\n", errors.BAD_FLAG),
    ],
)
def test_half_a_request(begun: bytes, state: str, rest: bytes, answer: bytes, session: Session) -> None:
    assert session.receive(begun) == b""
    assert session.state == state
    assert session.receive(rest + b"mn\r\n") == answer + b"MN\r\n"
    assert session.state == "conn_read"


def test_a_large_value_in_pieces(session: Session) -> None:
    value = bytes(range(256)) * 4000
    wire = b"set a 0 0 %d\r\n" % len(value) + value + b"\r\nget a\r\n"
    answer = b"".join(session.receive(wire[at : at + 1448]) for at in range(0, len(wire), 1448))
    assert answer == b"STORED\r\nVALUE a 0 %d\r\n" % len(value) + value + b"\r\nEND\r\n"


def test_a_refused_block_in_pieces(session: Session) -> None:
    wire = b"set a 0 0 %d\r\n" % (2 * MEGABYTE) + b"x" * (2 * MEGABYTE) + b"\r\nmn\r\n"
    answers = [session.receive(wire[at : at + 65536]) for at in range(0, len(wire), 65536)]
    assert b"".join(answers) == errors.TOO_LARGE + b"MN\r\n"
    assert answers[0] == b""


def test_requests_that_yield() -> None:
    """About as many as -R says are answered at once; the rest waits, what comes meanwhile behind it."""
    session = Session(Instance(Settings(max_reqs_per_event=10)))
    answers = [session.receive(b"set a 0 0 1\r\nx\r\nmn\r\n" * 50 + b"get")]
    assert session.more
    session.hold(b" a\r\n")
    while session.more:
        answers.append(session.receive(b""))
    assert b"".join(answers) == b"STORED\r\nMN\r\n" * 50 + b"VALUE a 0 1\r\nx\r\nEND\r\n"
    assert max(answer.count(b"\n") for answer in answers) <= 20
    assert session.instance.stats.conn_yields == len(answers) - 1


def parts(session: Session, wire: bytes) -> list[bytes]:
    """Return the answers to `wire`, turn by turn."""
    answers = [session.receive(wire)]
    while session.more:
        answers.append(session.receive(b""))
    return answers


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    ("request_", "cas"), [(b"get" + b" a" * 30, b""), (b"gets" + b" a" * 30, b" 1"), (b"gat 0" + b" a" * 30, b"")]
)
def test_a_large_answer_comes_in_parts(request_: bytes, cas: bytes, fast: bool) -> None:
    instance = Instance()
    instance.allow_fast = fast
    instance.refresh()
    session = Session(instance)
    value = b"x" * 1_000_000
    session.receive(b"ms a 1000000 E1\r\n" + value + b"\r\n")
    item = b"VALUE a 0 1000000" + cas + b"\r\n" + value + b"\r\n"
    answers = parts(session, request_ + b"\r\nmn\r\n")
    assert b"".join(answers) == item * 30 + b"END\r\nMN\r\n"
    assert len(answers) >= 6
    assert max(map(len, answers)) < 6 * MEGABYTE
    assert session.state == "conn_read"


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("request_", [b"get a\r\n", b"mg a v\r\n", b"gets a\r\n"])
def test_many_large_answers_come_in_parts(request_: bytes, fast: bool) -> None:
    instance = Instance()
    instance.allow_fast = fast
    instance.refresh()
    session = Session(instance)
    session.receive(b"set a 0 0 1000000\r\n" + b"x" * 1_000_000 + b"\r\n")
    answers = parts(session, request_ * 30 + b"mn\r\n")
    assert b"".join(answers).count(b"x" * 1_000_000) == 30
    assert answers[-1].endswith(b"MN\r\n")
    assert max(map(len, answers)) < 12 * MEGABYTE


def test_a_long_key_behind_much_data() -> None:
    session = Session(Instance())
    session.receive(b"set a 0 0 1000000\r\n" + b"x" * 1_000_000 + b"\r\n")
    answers = parts(session, b"get" + b" a" * 30 + b" " + b"k" * 251 + b"\r\n")
    assert answers == [errors.BAD_FORMAT]


def test_very_many_keys_come_in_parts() -> None:
    session = Session(Instance())
    answers = parts(session, b"get" + b" k" * 50_000 + b"\r\n")
    assert b"".join(answers) == b"END\r\n"
    assert session.instance.stats.get_misses == 50_000


def test_what_comes_meanwhile_waits() -> None:
    session = Session(Instance())
    session.receive(b"set a 0 0 1000000\r\n" + b"x" * 1_000_000 + b"\r\n")
    session.receive(b"get" + b" a" * 30 + b"\r\n")
    assert session.more
    session.hold(b"mn\r\nm")
    answers = [session.receive(b"")]
    while session.more:
        answers.append(session.receive(b""))
    assert b"".join(answers).endswith(b"END\r\nMN\r\n")
    assert session.receive(b"n\r\n") == b"MN\r\n"


def test_exactly_as_many_as_may_be_do_not_yield() -> None:
    session = Session(Instance(Settings(max_reqs_per_event=3)))
    assert session.receive(b"mn\r\n" * 3) == b"MN\r\n" * 3
    assert not session.more
    assert session.receive(b"mn\r\n" * 3) == b"MN\r\n" * 3


def test_yielding_changes_no_answer(start: Start) -> None:
    wire = b"".join(b"set k%d 0 0 2\r\n%02d\r\nincr k%d 1\r\n" % (n, n, n) for n in range(60))
    answer = b"".join(b"STORED\r\n%d\r\n" % (n + 1) for n in range(60))
    for option in ("-R 1", "-R 7", "-R 1000"):
        assert start(option).ask(wire) == answer


def test_quit_ends_the_batch(server: Server) -> None:
    assert server.ask(b"mn\r\nquit\r\nset a 0 0 1\r\nx\r\n") == b"MN\r\n"
    assert server.talk.closed
    assert server.connect().ask(b"get a\r\n") == b"END\r\n"


def test_nothing_is_answered_after_the_end(session: Session) -> None:
    session.receive(b"quit\r\n")
    assert session.receive(b"mn\r\n") == b""
    assert session.closed
    assert session.close_reason == "normal"


@pytest.mark.parametrize("size", [1, 1000, 2049, 5000])
def test_an_endless_line(size: int, session: Session) -> None:
    for _ in range(0, 1 << 20, size):
        if session.receive(b"x" * size) or session.closed:
            break
    assert session.closed
    assert session.close_reason == "error"


def test_an_endless_line_behind_requests(session: Session) -> None:
    assert session.receive(b"version\r\n" + b"x" * 3000) == replies.VERSION
    assert session.closed


def test_a_browser(session: Session) -> None:
    assert session.receive(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nset a 0 0 1\r\nx\r\n") == b""
    assert session.closed


def peak(session: Session, pieces: list[bytes]) -> int:
    """Return the bytes of memory that `session` takes at most while it receives `pieces`, one after another."""
    tracemalloc.start()
    try:
        for piece in pieces:
            session.receive(piece)
            if session.closed:
                break
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_what_is_swallowed_is_not_kept(session: Session) -> None:
    piece = b"x" * 65536
    assert peak(session, [b"set a 0 0 1000000000\r\n"] + [piece] * 500) < MEGABYTE
    assert session.state == "conn_swallow"


def test_a_line_is_kept_up_to_its_limit(session: Session) -> None:
    assert peak(session, [b"x" * 1000] * 5000) < MEGABYTE
    assert session.closed


def test_empty_lines_are_not_kept(session: Session) -> None:
    assert peak(session, [b"\r\n" * 1000] * 8) < MEGABYTE
    assert session.receive(b"mn\r\n") == b"MN\r\n"


def test_bytes_are_counted(session: Session) -> None:
    session.receive(b"set a 0 0 1\r\n")
    session.receive(b"x\r\nget a\r\n")
    stats = session.instance.stats
    assert stats.bytes_read == 23
    assert stats.bytes_written == len(b"STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n")


class FailingStore(MemoryStore):
    """A store that cannot keep what it was told."""

    busy = True

    def settle(self) -> None:
        raise StoreError("the disk is full")


def test_a_store_that_cannot_keep_what_it_was_told() -> None:
    session = Session(Instance(store=FailingStore(SystemClock(), Stats())))
    assert session.receive(b"set a 0 0 1\r\nx\r\n") == errors.STORE_FAILED
    assert not session.closed
    assert session.receive(b"set a 0 0 1 noreply\r\nx\r\n") == b""
    assert session.receive(b"mn\r\nmn\r\n") == errors.STORE_FAILED
    assert session.closed
    assert session.close_reason == "error"


def test_a_watcher_is_not_listened_to_any_more(session: Session) -> None:
    session.push = lambda line: None
    assert session.receive(b"watch\r\nversion\r\n") == b"OK\r\n"
    assert session.receive(b"version\r\n") == b""
    assert not session.closed


def test_what_a_client_that_does_not_read_waits_for(session: Session) -> None:
    session.unread = True
    assert session.state == "conn_mwrite"


def test_a_request_may_end_the_fast_path_for_those_behind_it(session: Session) -> None:
    requests = b"stats detail on\r\nget a:b\r\nstats detail dump\r\nstats detail off\r\n"
    assert session.receive(requests) == b"OK\r\nEND\r\nPREFIX a get 1 hit 0 set 0 del 0\r\nEND\r\nOK\r\n"
    answer = session.receive(b"lru temp_ttl 60\r\nset a 0 20 1\r\n5\r\nstats items\r\nlru temp_ttl -1\r\n")
    assert b":number_temp 1\r\n" in answer


@pytest.mark.parametrize("piece", [1, 7, 1000, 100_000])
def test_a_long_multi_get_in_pieces(piece: int, session: Session) -> None:
    session.receive(b"set key0 0 0 1\r\na\r\nset key1999 0 0 1\r\nb\r\n")
    sent = b"get " + b" ".join(b"key%d" % number for number in range(2_000)) + b"\r\nmn\r\n"
    answer = b"".join(session.receive(sent[at : at + piece]) for at in range(0, len(sent), piece))
    while session.more:
        answer += session.receive(b"")
    assert answer == b"VALUE key0 0 1\r\na\r\nVALUE key1999 0 1\r\nb\r\nEND\r\nMN\r\n"


def test_a_multi_get_without_end_in_small_pieces(session: Session) -> None:
    piece = b" ".join([b"k" * 99] * 10) + b" "
    session.receive(b"get ")
    sent = next(sent for sent in range(0, 32 << 20, len(piece)) if session.receive(piece) or session.closed)
    assert MULTIGET_LINE_MAX - len(piece) <= sent <= MULTIGET_LINE_MAX
    assert session.close_reason == "error"


@pytest.mark.parametrize("fast", [True, False])
def test_large_answers_are_written_in_parts(fast: bool) -> None:
    session = Session(Instance())
    session.instance.allow_fast = fast
    session.instance.refresh()
    session.receive(b"set large 0 0 100000\r\n%b\r\nset small 0 0 1\r\n1\r\n" % (b"x" * 100_000))
    expected = session.receive(b"get large\r\n"), session.receive(b"get large\r\nget small\r\n")
    written = session.instance.stats.bytes_written
    parts: list[bytes] = []
    session.write_parts = parts.extend
    for request, answer in zip((b"get large\r\n", b"get large\r\nget small\r\n"), expected, strict=True):
        parts.clear()
        returned = session.receive(request)
        assert b"".join(parts) + returned == answer
        assert not (parts and returned)
        assert bool(parts) == fast
    assert session.instance.stats.bytes_written == written + sum(map(len, expected))
    parts.clear()
    assert session.receive(b"get small\r\n" * 20) == b"VALUE small 0 1\r\n1\r\nEND\r\n" * 20
    assert parts == []


def test_what_costs_much_ends_the_turn() -> None:
    instance = Instance()
    for request, at_once in ((b"stats items", 11), (b"lru_crawler crawl all", 20), (b"slabs reassign 1 2", 1)):
        session = Session(instance)
        answers = session.receive(request + b"\r\n" + (request + b"\r\n") * 49)
        assert session.more
        assert answers.count(b"END\r\n") + answers.count(b"OK\r\n") + answers.count(b"NOSPARE") <= at_once


def test_whether_others_wait_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import mclite.core.session as module

    read: list[bytes] = []
    inner = module.parse
    monkeypatch.setattr(module, "parse", lambda line: read.append(line) or inner(line))
    session = Session(Instance())
    session.push = lambda line: True
    assert session.receive(b"watch x\r\n" * 500).count(b"ERROR") == 500
    assert len(read) <= 2 * 500  # once each to carry it out, and once as one that precedes others


def test_a_dump_is_made_in_pieces_one_at_a_time() -> None:
    instance = Instance()
    count = 2 * PIECE_ITEMS + 10
    for number in range(count):
        instance.store.store("set", b"k%d" % number, b"x", 0, 0)
    dumping, other = Session(instance), Session(instance)
    answer = dumping.receive(b"lru_crawler mgdump all\r\n")
    assert answer.count(b"mg ") < PIECE_ITEMS
    assert dumping.more
    for request in (b"lru_crawler metadump all\r\n", b"lru_crawler crawl all\r\n"):
        assert other.receive(request) == b"BUSY currently processing crawler request\r\n"
    assert other.receive(b"get k1\r\n") == b"VALUE k1 0 1\r\nx\r\nEND\r\n"
    other.receive(b"delete k2005\r\n")
    while dumping.more:
        piece = dumping.receive(b"")
        assert piece.count(b"mg ") <= PIECE_ITEMS
        answer += piece
    assert answer.count(b"mg ") == count - 1  # one was deleted before its turn came
    assert answer.endswith(b"EN\r\n")
    assert not instance.crawling
    dumping.receive(b"lru_crawler metadump all\r\n")
    assert instance.crawling
    dumping.rest = None  # the client has gone
    assert not instance.crawling


def test_a_crawl_takes_turns() -> None:
    instance = Instance()
    for number in range(3 * PIECE_ITEMS):
        instance.store.store("set", b"k%d" % number, b"x", 0, 1)
    session = Session(instance)
    assert session.receive(b"lru_crawler crawl all\r\n") == replies.OK
    assert instance.stats.total("crawler_reclaimed") <= 2 * PIECE_ITEMS
    while session.more:
        assert session.receive(b"") == b""
    assert instance.stats.total("crawler_reclaimed") == 3 * PIECE_ITEMS
    assert not instance.crawling
