"""Random bytes and damaged sessions: no exception escapes, memory is bounded, the session goes on in step or is closed.

A short run with a fixed seed; `MCLITE_FUZZ_BYTES=10000000 MCLITE_FUZZ_SEED=7 pytest tests/test_fuzz.py` is a long one.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator

import pytest

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.core.settings import Settings
from mclite.protocol.binary import FORMS
from mclite.protocol.binary import request as request_frame
from mclite.protocol.commands import COMMANDS, verbs
from mclite.protocol.meta import FLAGS
from mclite.store.clock import DebugClock

BYTES = int(os.environ.get("MCLITE_FUZZ_BYTES", "200000"))
SEED = int(os.environ.get("MCLITE_FUZZ_SEED", "1"))
HELD_MAX = 3 << 20
"""Bytes that a session may hold: the largest item, half received."""

KEYS = [b"a", b"b", b"n", b"k" * 250, b"k" * 251, b"YQ==", b"noreply", b"a:b", b"\xff\x01", b"=", b"%"]
NUMBERS = [b"0", b"1", b"5", b"-1", b"99", b"x", b"", b"18446744073709551615", b"18446744073709551616", b"2147483648"]
VALUES = [b"", b"1", b"hello", b"18446744073709551615", b" 7", b"END\r\n", b"\0\xff\r\n", b"x" * 1000, b"0" * 30]
WORDS = [
    *COMMANDS, b"noreply", b"settings", b"items", b"slabs", b"sizes", b"conns", b"reset", b"detail", b"on", b"dump",
    b"cachedump", b"tune", b"mode", b"temp_ttl", b"metadump", b"mgdump", b"crawl", b"all", b"hash", b"automove",
    b"reassign", b"fetchers", b"graceful", b"freeratio", b"1,2", b"HTTP/1.1",
]  # fmt: skip
ENDS = [b"\r\n"] * 12 + [b"\n", b" \r\n", b"\r\r\n", b""]
DEPENDS_ON_DELIVERY = (b"stats", b"watch", b"lru_crawler", b"shutdown")
"""What answers otherwise behind others, or shows how many bytes were read."""


STORAGE = [verb.encode() for verb in verbs("storage")]
META = [verb.encode() for verb in verbs("meta")]


def request(chance: random.Random) -> bytes:
    """Return a request, more or less as it should be."""
    kind = chance.random()
    key = chance.choice(KEYS)
    end = chance.choice(ENDS)
    if kind < 0.3:
        data = chance.choice(VALUES)
        name = chance.choice(STORAGE)
        line = [name, key, chance.choice(NUMBERS), chance.choice(NUMBERS), b"%d" % len(data)]
        line += [chance.choice(NUMBERS)] * (name == b"cas") + [b"noreply"] * (chance.random() < 0.2)
        return b" ".join(line) + end + data + b"\r\n"
    if kind < 0.7:
        name = chance.choice(META)
        flags = [
            chr(chance.choice([*FLAGS])).encode() + chance.choice(NUMBERS) * (chance.random() < 0.5)
            for _ in range(chance.randrange(6))
        ]
        if name != b"ms":
            return b" ".join([name, key, *flags]) + end
        data = chance.choice(VALUES)
        return b" ".join([name, key, b"%d" % len(data), *flags]) + end + data + b"\r\n"
    words = [chance.choice(WORDS), *(chance.choice([*KEYS, *NUMBERS, *WORDS]) for _ in range(chance.randrange(5)))]
    return b" ".join(words) + end


def damaged(chance: random.Random, data: bytes) -> bytes:
    """Return `data` with a few bytes changed, lost, repeated or put in."""
    broken = bytearray(data)
    for _ in range(chance.choice([0, 0, 1, 2, 5])):
        at = chance.randrange(len(broken) + 1)
        match chance.randrange(4):
            case 0:
                broken[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del broken[at : at + chance.choice([1, 2, 20])]
            case 2:
                broken[at:at] = broken[at : at + chance.choice([1, 10, 100])]
            case _:
                broken[at:at] = chance.choice([b"\r\n", b" ", b"\0", b"\n", b"9", b"-", b"\xff", chance.choice(WORDS)])
    return bytes(broken)


def sessions(chance: random.Random, limit: int) -> Iterator[bytes]:
    """Yield what clients send, `limit` bytes in all."""
    while limit > 0:
        if chance.random() < 0.1:
            data = chance.randbytes(chance.choice([1, 10, 100, 3000]))
        else:
            data = damaged(chance, b"".join(request(chance) for _ in range(chance.choice([1, 2, 5, 20]))))
        limit -= len(data)
        yield data


def pieces(chance: random.Random, data: bytes) -> Iterator[bytes]:
    """Yield `data` cut at random."""
    while data:
        size = chance.choice([1, 2, 7, 100, 5000])
        yield data[:size]
        data = data[size:]


def send(session: Session, data: bytes) -> bytes:
    """Let `session` receive `data`, and go on until it has done all that it can."""
    answer = session.receive(data)
    while session.more and not session.closed:
        answer += session.receive(b"")
    return answer


def send_in_pieces(chance: random.Random, session: Session, data: bytes) -> bytes:
    """Send `data` in pieces, until the session is closed; return the answers."""
    got = b""
    for piece in pieces(chance, data):
        got += send(session, piece)
        if session.closed:
            break
    return got


def held(session: Session) -> int:
    """Return the bytes that `session` keeps for later."""
    values = [getattr(session, name) for name in dir(session) if not name.startswith("__") and name != "pipelined"]
    parts = [part for value in values for part in (value if isinstance(value, list) else [value])]
    return sum(len(part) for part in parts if isinstance(part, bytes | bytearray))


def make(**settings: object) -> Instance:
    """Return a server whose clock stands still."""
    clock = DebugClock()
    clock.pause()
    return Instance(Settings(memory_limit=8, **settings), clock=clock)  # type: ignore[arg-type]


def in_step(session: Session) -> bool:
    """Does `session` answer the next request as such, if none is half received?"""
    if session.state == "conn_waiting":
        send(session, b"\r\n")
    if session.closed or session.instance.watchers or session.state != "conn_read":
        return True
    return send(session, b"mn\r\n") == b"MN\r\n"


@pytest.mark.parametrize(
    "settings", [{}, {"disable_evictions": True}, {"max_reqs_per_event": 2}, {"stat_key_prefix": ":"}]
)
def test_no_exception_escapes(settings: dict[str, object]) -> None:
    chance = random.Random(SEED)
    instance = make(**settings)
    for data in sessions(chance, BYTES // 4):
        session = Session(instance)
        pushed: list[bytes] = []
        session.push = pushed.append
        instance.connected(session)
        for piece in pieces(chance, data):
            send(session, piece)
            if session.closed:
                break
        assert held(session) < HELD_MAX, data
        assert in_step(session), data
        instance.disconnected(session)
        assert instance.store.used <= max(instance.store.maxbytes, 8 << 20)
    assert instance.sessions == {}
    assert not instance.watchers


def slow() -> Instance:
    """Return a server that never takes the fast path."""
    instance = make()
    instance.allow_fast = False
    instance.refresh()
    return instance


@pytest.mark.parametrize("other", [make, slow], ids=["in pieces", "slow path"])
def test_delivery_changes_no_byte(other: Callable[[], Instance]) -> None:
    chance = random.Random(SEED + 1)
    first, second = make(), other()
    for data in sessions(chance, BYTES):
        if any(word in data for word in DEPENDS_ON_DELIVERY) or max(map(len, data.split(b"\n"))) > 2000:
            continue
        whole, cut = Session(first), Session(second)
        wanted, got = send(whole, data), send_in_pieces(chance, cut, data)
        assert got == wanted, data
        assert (cut.closed, cut.state) == (whole.closed, whole.state), data


def test_frames_that_are_damaged() -> None:
    """The binary protocol: whole against in pieces, random headers among good frames."""
    chance = random.Random(SEED + 3)
    first, second = make(), make()
    sent = 0
    while sent < BYTES:
        frames = []
        for _ in range(chance.choice([1, 3, 20])):
            form = chance.choice([*FORMS.items()])
            extras = chance.randbytes(chance.choice(form[1].extras))
            key = chance.choice(KEYS) * form[1].key
            value = chance.choice(VALUES) * form[1].value
            frames.append(request_frame(form[0], key, extras, value, cas=chance.choice([0, 0, 0, 1, 5])))
        data = b"".join(frames)
        data = b"\x80" + damaged(chance, data)[1:] if chance.random() < 0.5 else data
        sent += len(data)
        whole, cut = Session(first), Session(second)
        wanted, got = send(whole, data), send_in_pieces(chance, cut, data)
        assert (got, cut.closed, cut.state) == (wanted, whole.closed, whole.state), data
        assert held(cut) < HELD_MAX


def test_an_authentication_that_is_damaged(tmp_path: object) -> None:
    chance = random.Random(SEED + 2)
    users = os.path.join(str(tmp_path), "users")  # noqa: PTH118
    with open(users, "w") as file:  # noqa: PTH123
        file.write("alice:secret\n")
    instance = make(auth_file=users)
    for _ in range(BYTES // 400):
        data = damaged(chance, b"version\r\nset a 0 0 9\r\nbob wrong\r\nset a 0 0 12\r\nalice secret\r\nversion\r\n")
        whole, cut = Session(instance), Session(instance)
        wanted = send(whole, data)
        got = b"".join(send(cut, piece) for piece in pieces(chance, data))
        assert (got, cut.closed) == (wanted, whole.closed), data
        assert held(cut) < HELD_MAX
