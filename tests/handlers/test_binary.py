"""The binary protocol: whole conversations in frames, as memcached 1.6.45 has them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import pytest

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.protocol import replies
from mclite.protocol.binary import HEADER, Header, Opcode, Status, read_frame, read_header, request

if TYPE_CHECKING:
    from tests.conftest import Direct, Server, Start

NOOP = request(Opcode.NOOP)


class Answer(NamedTuple):
    """A response; of the cas unique it says only whether there is one."""

    opcode: int
    status: int = Status.OK
    value: bytes = b""
    key: bytes = b""
    extras: bytes = b""
    unique: bool = False


def answers(data: bytes) -> list[Answer]:
    """Take responses apart."""
    found = []
    while data:
        header = read_header(data)
        assert header.magic == 0x81
        frame = read_frame(header, data[HEADER.size : HEADER.size + header.length])
        found.append(Answer(header.opcode, header.status, frame.value, frame.key, frame.extras, bool(header.cas)))
        data = data[HEADER.size + header.length :]
    return found


def store(opcode: int, key: bytes, value: bytes, flags: int = 5, exptime: int = 0, cas: int = 0) -> bytes:
    """Return a set, add or replace."""
    return request(opcode, key, struct.pack(">II", flags, exptime), value, cas=cas)


def count(opcode: int, key: bytes, delta: int, initial: int = 10, exptime: int = 0, cas: int = 0) -> bytes:
    """Return an increment or decrement."""
    return request(opcode, key, struct.pack(">QQI", delta, initial, exptime), cas=cas)


def number(value: int) -> bytes:
    """Return `value` as a response shows it."""
    return struct.pack(">Q", value)


SET = store(Opcode.SET, b"a", b"hello")
FIVE = b"\0\0\0\5"
TEN = struct.pack(">I", 10)
MISS = b"Not found"
THERE = b"Data exists for key."
O = Opcode  # noqa: E741
S = Status
STORED = Answer(O.SET, unique=True)
DONE = Answer(O.NOOP)

CASES: list[tuple[str, bytes, list[Answer]]] = [
    ("set and get", SET + request(O.GET, b"a"), [STORED, Answer(O.GET, value=b"hello", extras=FIVE, unique=True)]),
    ("getk shows the key", SET + request(O.GETK, b"a"), [STORED, Answer(O.GETK, S.OK, b"hello", b"a", FIVE, True)]),
    ("get of nothing", request(O.GET, b"nope"), [Answer(O.GET, S.NOT_FOUND, MISS)]),
    ("getk of nothing", request(O.GETK, b"nope"), [Answer(O.GETK, S.NOT_FOUND, key=b"nope")]),
    ("getq and getkq of nothing", request(O.GETQ, b"nope") + request(O.GETKQ, b"nope") + NOOP, [DONE]),
    ("getq of something", SET + request(O.GETQ, b"a"), [STORED, Answer(O.GETQ, S.OK, b"hello", b"", FIVE, True)]),
    ("add", store(O.ADD, b"a", b"x") * 2, [Answer(O.ADD, unique=True), Answer(O.ADD, S.EXISTS, THERE)]),
    ("addq", store(O.ADDQ, b"a", b"x") * 2 + NOOP, [Answer(O.ADDQ, S.EXISTS, THERE), DONE]),
    (
        "replace",
        store(O.REPLACE, b"a", b"x") + SET + store(O.REPLACE, b"a", b"y"),
        [Answer(O.REPLACE, S.NOT_FOUND, MISS), STORED, Answer(O.REPLACE, unique=True)],
    ),
    ("replaceq of nothing", store(O.REPLACEQ, b"a", b"x") + NOOP, [Answer(O.REPLACEQ, S.NOT_FOUND, MISS), DONE]),
    ("setq", store(O.SETQ, b"a", b"x") + NOOP, [DONE]),
    ("set with another unique", SET + store(O.SET, b"a", b"y", cas=12345), [STORED, Answer(O.SET, S.EXISTS, THERE)]),
    ("set with a unique of nothing", store(O.SET, b"a", b"y", cas=5), [Answer(O.SET, S.NOT_FOUND, MISS)]),
    ("add with a unique", store(O.ADD, b"a", b"y", cas=5), [Answer(O.ADD, S.NOT_FOUND, MISS)]),
    (
        "delete",
        SET + request(O.DELETE, b"a") * 2,
        [STORED, Answer(O.DELETE), Answer(O.DELETE, S.NOT_FOUND, MISS)],
    ),
    (
        "deleteq",
        SET + request(O.DELETEQ, b"a") * 2 + NOOP,
        [STORED, Answer(O.DELETEQ, S.NOT_FOUND, MISS), DONE],
    ),
    ("delete with another unique", SET + request(O.DELETE, b"a", cas=99), [STORED, Answer(O.DELETE, S.EXISTS, THERE)]),
    (
        "increment creates, then counts",
        count(O.INCREMENT, b"n", 5) * 2 + request(O.GET, b"n"),
        [
            Answer(O.INCREMENT, value=number(10), unique=True),
            Answer(O.INCREMENT, value=number(15), unique=True),
            Answer(O.GET, S.OK, b"15", b"", bytes(4), True),
        ],
    ),
    (
        "decrement stops at 0",
        count(O.INCREMENT, b"n", 5) + count(O.DECREMENT, b"n", 100) + request(O.GET, b"n"),
        [
            Answer(O.INCREMENT, value=number(10), unique=True),
            Answer(O.DECREMENT, value=number(0), unique=True),
            Answer(O.GET, S.OK, b"0 ", b"", bytes(4), True),
        ],
    ),
    (
        "increment that creates nothing",
        count(O.INCREMENT, b"n", 5, exptime=0xFFFFFFFF) + count(O.INCREMENTQ, b"n", 5, exptime=0xFFFFFFFF),
        [Answer(O.INCREMENT, S.NOT_FOUND, MISS), Answer(O.INCREMENTQ, S.NOT_FOUND, MISS)],
    ),
    ("incrementq", count(O.INCREMENTQ, b"n", 5) + count(O.DECREMENTQ, b"n", 5) + NOOP, [DONE]),
    (
        "increment of what is no number",
        SET + count(O.INCREMENT, b"a", 1),
        [STORED, Answer(O.INCREMENT, S.NON_NUMERIC, b"Non-numeric server-side value for incr or decr")],
    ),
    (
        "increment with another unique",
        count(O.INCREMENT, b"n", 5) + count(O.INCREMENT, b"n", 5, cas=7),
        [Answer(O.INCREMENT, value=number(10), unique=True), Answer(O.INCREMENT, S.EXISTS, THERE)],
    ),
    (
        "append and prepend",
        SET + request(O.APPEND, b"a", value=b"y") + request(O.PREPEND, b"a", value=b"w") + request(O.GET, b"a"),
        [
            STORED,
            Answer(O.APPEND, unique=True),
            Answer(O.PREPEND, unique=True),
            Answer(O.GET, S.OK, b"whelloy", b"", FIVE, True),
        ],
    ),
    (
        "append to nothing",
        request(O.APPEND, b"a", value=b"y") + request(O.PREPENDQ, b"a", value=b"y"),
        [Answer(O.APPEND, S.NOT_STORED, b"Not stored."), Answer(O.PREPENDQ, S.NOT_STORED, b"Not stored.")],
    ),
    ("appendq", SET + request(O.APPENDQ, b"a", value=b"y") + NOOP, [STORED, DONE]),
    (
        "append with another unique",
        SET + request(O.APPEND, b"a", value=b"y", cas=3),
        [STORED, Answer(O.APPEND, S.EXISTS, THERE)],
    ),
    ("version", request(O.VERSION), [Answer(O.VERSION, value=replies.RELEASE.encode())]),
    (
        "flush",
        SET + request(O.FLUSH) + request(O.FLUSH, extras=bytes(4)) + request(O.FLUSHQ) + request(O.GET, b"a"),
        [STORED, Answer(O.FLUSH), Answer(O.FLUSH), Answer(O.GET, S.NOT_FOUND, MISS)],
    ),
    (
        "touch",
        SET + request(O.TOUCH, b"a", TEN) + request(O.TOUCH, b"nope", TEN),
        [STORED, Answer(O.TOUCH, S.OK, b"", b"", FIVE, True), Answer(O.TOUCH, S.NOT_FOUND, MISS)],
    ),
    (
        "get and touch",
        SET + request(O.GAT, b"a", TEN) + request(O.GATK, b"a", TEN) + request(O.GATKQ, b"a", TEN),
        [
            STORED,
            Answer(O.GAT, S.OK, b"hello", b"", FIVE, True),
            Answer(O.GATK, S.OK, b"hello", b"a", FIVE, True),
            Answer(O.GATKQ, S.OK, b"hello", b"a", FIVE, True),
        ],
    ),
    (
        "get and touch of nothing",
        request(O.GAT, b"a", TEN) + request(O.GATK, b"a", TEN) + request(O.GATQ, b"a", TEN) + NOOP,
        [Answer(O.GAT, S.NOT_FOUND, MISS), Answer(O.GATK, S.NOT_FOUND, key=b"a"), DONE],
    ),
    ("stat reset", request(O.STAT, b"reset"), [Answer(O.STAT)]),
    ("stat of nothing", request(O.STAT, b"foo"), [Answer(O.STAT, S.NOT_FOUND, MISS)]),
    (
        "stat detail",
        request(O.STAT, b"detail on") + request(O.STAT, b"detail dump") + request(O.STAT, b"detail off"),
        [Answer(O.STAT), Answer(O.STAT, S.OK, b"END\r\n", b"detailed"), Answer(O.STAT), Answer(O.STAT)],
    ),
    ("an unknown opcode", request(0x55), [Answer(0x55, S.UNKNOWN, b"Unknown command")]),
    ("SASL is unknown", request(0x20), [Answer(0x20, S.UNKNOWN, b"Unknown command")]),
    (
        "a value that is too large",
        SET + store(O.SET, b"a", b"x" * 1048577) + request(O.GET, b"a"),
        [STORED, Answer(O.SET, S.TOO_LARGE, b"Too large."), Answer(O.GET, S.NOT_FOUND, MISS)],
    ),
    (
        "one that would only just not fit",
        store(O.SETQ, b"a", b"x" * 1048570) + NOOP,
        [Answer(O.SETQ, S.TOO_LARGE, b"Too large."), DONE],
    ),
    (
        "a key may have spaces",
        store(O.SET, b"a b", b"x") + request(O.GET, b"a b"),
        [STORED, Answer(O.GET, S.OK, b"x", b"", FIVE, True)],
    ),
    ("a key of 250 bytes", store(O.SET, b"k" * 250, b"x"), [STORED]),
    (
        "the longest exptime is none in the past",
        store(O.SET, b"a", b"x", exptime=0xFFFFFFFF) + request(O.GET, b"a"),
        [STORED, Answer(O.GET, S.OK, b"x", b"", FIVE, True)],
    ),
]

cases = pytest.mark.parametrize(("sent", "wanted"), [one[1:] for one in CASES], ids=[one[0] for one in CASES])


@cases
def test_conversation(sent: bytes, wanted: list[Answer], server: Server) -> None:
    assert answers(server.ask(sent, barrier=False)) == wanted
    assert not server.talk.closed


@cases
def test_in_pieces(sent: bytes, wanted: list[Answer]) -> None:
    size = 1 if len(sent) < 1000 else 65536
    session = Session(Instance())
    got = b"".join(session.receive(sent[at : at + size]) for at in range(0, len(sent), size))
    assert answers(got) == wanted
    assert session.state == "conn_read"


INVALID = b"Invalid arguments"


@pytest.mark.parametrize(
    "sent",
    [
        request(O.GET),
        request(O.GET, b"a", b"xxxx"),
        request(O.GET, b"a", value=b"v"),
        request(O.GET, b"k" * 251),
        request(O.SET, b"a", b"", b"x"),
        request(O.SET, b"", bytes(8), b"x"),
        store(O.SET, b"k" * 251, b"x"),
        request(O.NOOP, b"k"),
        request(O.NOOP, b"", bytes(4)),
        request(O.VERSION, b"k"),
        request(O.QUIT, b"k"),
        request(O.FLUSH, b"k"),
        request(O.FLUSH, extras=bytes(8)),
        request(O.DELETE, b"a", bytes(4)),
        request(O.INCREMENT, b"n"),
        request(O.TOUCH, b"a"),
        request(O.APPEND, b"a", bytes(8), b"y"),
        HEADER.pack(*Header(0x80, O.SET, 1, 8, 0, 0, 0x7FFFFFFF, 0, 0)) + bytes(9),
    ],
)
def test_what_contradicts_itself_ends_the_connection(sent: bytes, server: Server) -> None:
    assert answers(server.ask(sent + NOOP, barrier=False)) == [Answer(sent[1], S.INVALID, INVALID)]
    assert server.talk.closed


@pytest.mark.parametrize("sent", [request(O.STAT, b"", value=b"v"), NOOP + b"\x81" + bytes(23), request(O.QUITQ)])
def test_what_ends_it_without_a_word(sent: bytes, server: Server) -> None:
    assert answers(server.ask(sent + NOOP, barrier=False)) == [DONE] * (len(sent) > 24 and sent[1] == O.NOOP)
    assert server.talk.closed


def test_quit(server: Server) -> None:
    assert answers(server.ask(request(O.QUIT) + NOOP, barrier=False)) == [Answer(O.QUIT)]
    assert server.talk.closed


def test_a_length_that_is_too_short_for_the_key() -> None:
    session = Session(Instance())
    sent = HEADER.pack(*Header(0x80, O.SET, 3, 8, 0, 0, 4, 0, 0))
    assert answers(session.receive(sent)) == [Answer(O.SET, S.UNKNOWN, b"Unknown command")]
    assert session.closed


def test_what_is_unknown_is_bounded() -> None:
    session = Session(Instance())
    sent = HEADER.pack(*Header(0x80, 0x55, 3, 0, 0, 0, 1 << 30, 0, 0))
    assert answers(session.receive(sent)) == [Answer(0x55, S.INVALID, INVALID)]
    assert session.closed


def test_statistics(server: Server) -> None:
    found = answers(server.ask(request(O.STAT), barrier=False))
    assert found.pop() == Answer(O.STAT)
    shown = {one.key: one.value for one in found}
    assert shown[b"version"] == replies.RELEASE.encode()
    assert shown[b"curr_items"] == b"0"
    found = answers(server.ask(request(O.STAT, b"settings"), barrier=False))
    shown = {one.key: one.value for one in found}
    assert shown[b"maxbytes"] == b"67108864"
    assert shown[b"binding_protocol"] == b"auto-negotiate"


@pytest.mark.parametrize(
    ("sent", "moved"),
    [
        (request(O.GET, b"a"), {"cmd_get": 1, "get_hits": 1}),
        (request(O.GETQ, b"nope"), {"cmd_get": 1, "get_misses": 1}),
        (request(O.GAT, b"a", TEN), {"cmd_touch": 1, "touch_hits": 1}),
        (request(O.TOUCH, b"nope", TEN), {"cmd_touch": 1, "touch_misses": 1}),
        (SET, {"cmd_set": 1, "total_items": 1}),
        (store(O.SET, b"a", b"y", cas=12345), {"cmd_set": 1, "cas_badval": 1}),
        (store(O.SET, b"nope", b"y", cas=12345), {"cmd_set": 1, "cas_misses": 1}),
        (request(O.DELETE, b"a"), {"delete_hits": 1}),
        (request(O.DELETE, b"nope"), {"delete_misses": 1}),
        (count(O.INCREMENT, b"nope", 1, exptime=0xFFFFFFFF), {"incr_misses": 1}),
        (count(O.DECREMENT, b"nope", 1, exptime=0xFFFFFFFF), {"decr_misses": 1}),
        (request(O.FLUSH), {"cmd_flush": 1}),
    ],
)
def test_what_moves(sent: bytes, moved: dict[str, int], server: Server) -> None:
    names = (
        "cmd_get", "get_hits", "get_misses", "cmd_touch", "touch_hits", "touch_misses", "cmd_set", "total_items",
        "cas_badval", "cas_misses", "cas_hits", "delete_hits", "delete_misses", "incr_misses", "decr_misses",
        "cmd_flush",
    )  # fmt: skip
    other = server.connect()
    server.ask(SET, barrier=False)
    before = other.stats()
    server.ask(sent, barrier=False)
    after = other.stats()
    changes = {name: int(after[name]) - int(before[name]) for name in names}
    assert {name: change for name, change in changes.items() if change} == moved


def test_text_and_frames_share_the_items(server: Server) -> None:
    server.ask(SET, barrier=False)
    text = server.connect()
    assert text.ask(b"get a\r\nset b 7 0 1\r\nx\r\n") == b"VALUE a 5 5\r\nhello\r\nEND\r\nSTORED\r\n"
    wanted = [Answer(O.GET, S.OK, b"x", b"", b"\0\0\0\7", True)]
    assert answers(server.ask(request(O.GET, b"b"), barrier=False)) == wanted


def test_a_connection_stays_what_it_began_as(direct: Callable[[str], Direct]) -> None:
    text = direct("").connect()
    text.ask(b"mn\r\n")
    assert text.ask(request(O.VERSION) + b"\r\n") == b"ERROR\r\n"


def test_text_only(start: Start) -> None:
    server = start("-B ascii")
    assert server.ask(request(O.VERSION) + b"\r\n", barrier=False) == b"ERROR\r\n"
    assert server.stats(b"settings")["binding_protocol"] == "ascii"


def test_what_is_thrown_away_is_not_kept() -> None:
    session = Session(Instance())
    session.receive(HEADER.pack(*Header(0x80, O.SET, 1, 8, 0, 0, 50_000_009, 0, 0)) + bytes(8) + b"a")
    for _ in range(50):
        assert session.receive(b"x" * 1_000_000) == b""
    assert answers(session.receive(NOOP)) == [DONE]


def test_a_turn_is_bounded(direct: Callable[[str], Direct]) -> None:
    server = direct("-R 5")
    session = Session(server.instance)
    got = [session.receive(NOOP * 12)]
    while session.more:
        got.append(session.receive(b""))
    assert [len(one) // 24 for one in got] == [5, 5, 2]


def test_flush_can_be_forbidden(direct: Callable[[str], Direct]) -> None:
    assert answers(direct("-F").ask(request(O.FLUSH)))[0].status == S.UNKNOWN


def test_without_memory(direct: Callable[[str], Direct]) -> None:
    server = direct("-M -m 8")
    sent = b"".join(store(O.SETQ, b"k%d" % n, b"x" * 500_000) for n in range(20))
    assert {one.status for one in answers(server.ask(sent))} == {S.NO_MEMORY}


def test_watchers_are_told(direct: Callable[[str], Direct]) -> None:
    server = direct("-D :")
    watcher = server.connect()
    watcher.ask(b"watch fetchers mutations deletions\r\n")
    server.ask(store(O.SET, b"p:n", b"1") + request(O.GET, b"p:n") + count(O.INCREMENT, b"p:n", 1))
    server.ask(request(O.DELETE, b"p:n"))
    kinds = [line.split(b"type=")[1].split()[0] for line in watcher.pushed]
    assert kinds == [b"item_get", b"item_store", b"item_get", b"item_get", b"item_get", b"deleted"]
    dump = server.connect().ask(b"stats detail dump\r\n")
    assert dump == b"PREFIX p get 1 hit 1 set 1 del 1\r\nEND\r\n"
