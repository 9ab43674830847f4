"""The fast path against the slow one: the same bytes, items and counters for every session."""

import random

import pytest

from mclite.fast import serve
from mclite.instance import Instance
from mclite.session import Session
from mclite.settings import Settings
from mclite.stats import CLASS_COUNTERS, COUNTERS
from mclite.store import DebugClock

KEYS = [b"a", b"b", b"c", b"n", b"noreply", b"k" * 250, b"k" * 251, b"YQ==", b"a\rb", b"\xc3\xa9", b""]
NUMBERS = [b"0", b"1", b"5", b"10", b"99", b"-1", b"+1", b"007", b"x", b"", b"2592000", b"2592001", b"4294967296"]
NUMBERS += [b"999999999", b"9999999999", b"18446744073709551615", b"18446744073709551616", b"1\n"]
VALUES = [
    b"",
    b"1",
    b"9",
    b"10",
    b"0010",
    b"999999999999999999",
    b"hello",
    b"\r\n",
    b"END\r\n",
    b"get a\r\n",
    b"x" * 300,
]
FLAGS = [b"v", b"k", b"f", b"s", b"t", b"c", b"O1", b"O", b"q", b"b", b"h", b"l", b"u", b"T5", b"N9", b"I", b"v", b"O2"]


class Pair:
    """Two servers that see the same: one with the fast path, one without."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.fast = Instance(settings, clock=DebugClock())
        self.slow = Instance(settings, clock=DebugClock())
        for instance in (self.fast, self.slow):
            assert isinstance(instance.clock, DebugClock)
            instance.clock.pause()
        self.slow.clock._stopped = self.fast.clock._stopped  # the same second
        self.slow.allow_fast = False
        self.slow.refresh()
        self.sessions = Session(self.fast), Session(self.slow)

    def send(self, data: bytes) -> bytes:
        fast, slow = (session.receive(data) for session in self.sessions)
        assert fast == slow, data
        assert self.sessions[0].closed == self.sessions[1].closed
        return fast

    def advance(self, seconds: int) -> None:
        for instance in (self.fast, self.slow):
            instance.clock.advance(seconds)

    def compare(self) -> None:
        """The same items, in any order: the fast path stores in place."""
        assert items(self.fast) == items(self.slow)
        assert self.fast.store.used == self.slow.store.used
        for name in COUNTERS:
            assert getattr(self.fast.stats, name) == getattr(self.slow.stats, name), name
        for one, other in zip(self.fast.stats.classes, self.slow.stats.classes, strict=True):
            for name in CLASS_COUNTERS:
                assert getattr(one, name) == getattr(other, name), name


def items(instance: Instance) -> dict[bytes, tuple[object, ...]]:
    # ACTIVE (8) only steers the LRU: the fast path sets it where the slow one moves the item instead.
    return {
        key: (item.data, item.flags, item.exptime, item.cas, item.time, item.state & ~8, item.slab_class)
        for key, item in instance.store.items()
    }


def request(choose: random.Random) -> bytes:
    def key() -> bytes:
        return choose.choice(KEYS[:4] if choose.random() < 0.8 else KEYS)

    def number() -> bytes:
        return choose.choice(NUMBERS[:5] if choose.random() < 0.8 else NUMBERS)

    end = b"\r\n" if choose.random() < 0.97 else choose.choice([b"\n", b" \r\n", b"\r\r\n"])
    match choose.choice("gggGsssSmmMidtDxfn"):
        case "g":
            return b"get " + b" ".join(key() for _ in range(choose.choice([1, 1, 1, 2]))) + end
        case "G":
            return b"gets " + key() + end
        case "s":
            value = choose.choice(VALUES)
            length = len(value) if choose.random() < 0.97 else choose.choice([0, 1, 400])
            return b"set %b %b %b %d%b%b\r\n" % (key(), number(), number(), length, end, value)
        case "S":
            verb = choose.choice([b"add", b"replace", b"append", b"prepend"])
            value = choose.choice(VALUES)
            return b"%b %b 0 0 %d%b%b\r\n" % (verb, key(), len(value), end, value)
        case "m":
            flags = [choose.choice(FLAGS) for _ in range(choose.choice([0, 1, 1, 2, 3, 4]))]
            return b" ".join([b"mg", key(), *flags]) + end
        case "M":
            value = choose.choice(VALUES)
            return b"ms %b %d%b%b%b\r\n" % (key(), len(value), choose.choice([b"", b"", b" T5", b" c"]), end, value)
        case "i":
            return choose.choice([b"incr ", b"incr ", b"decr "]) + key() + b" " + number() + end
        case "d":
            return b"delete " + key() + choose.choice([b"", b"", b" noreply"]) + end
        case "t":
            return b"touch " + key() + b" " + number() + end
        case "D":
            return choose.choice([b"md a I", b"md b", b"ma n", b"gat 5 a", b"mg c N9", b"mn", b"mn x"]) + end
        case "f":
            return choose.choice([b"flush_all", b"flush_all 2", b"version", b"verbosity 0"]) + end
        case "n":
            return b"set n 0 0 %d\r\n%b\r\n" % (len(number_text := b"%d" % choose.randrange(1000)), number_text)
    return choose.choice([b"foo\r\n", b"\r\n", b"get\r\n", b"set a\r\n", b"GET a\r\n", b"mg\r\n"])


@pytest.mark.parametrize("seed", range(30))
def test_random_sessions(seed: int) -> None:
    choose = random.Random(seed)
    pair = Pair()
    for _ in range(120):
        batch = b"".join(request(choose) for _ in range(choose.choice([1, 1, 2, 5, 30])))
        if choose.random() < 0.1:
            cut = choose.randrange(len(batch) + 1)
            pair.send(batch[:cut])
            pair.send(batch[cut:])
        else:
            pair.send(batch)
        if choose.random() < 0.05:
            pair.advance(choose.choice([1, 3, 6]))
        if pair.sessions[0].closed:
            break
    pair.compare()


def test_byte_by_byte() -> None:
    choose = random.Random(1)
    pair = Pair()
    for byte in b"".join(request(choose) for _ in range(300)):
        pair.send(bytes([byte]))
    pair.compare()


def test_a_run_of_gets_is_longer_than_is_taken_apart_at_once() -> None:
    pair = Pair()
    pair.send(b"".join(b"set k%d 0 0 3\r\n%03d\r\n" % (number, number) for number in range(300)))
    answer = pair.send(b"".join(b"get k%d\r\n" % number for number in range(300)))
    assert answer.count(b"VALUE ") == answer.count(b"END\r\n") == 300
    pair.send(b"".join(b"get k%d\r\n" % number for number in range(0, 600, 2)))
    pair.compare()


def test_a_data_block_that_looks_like_gets() -> None:
    pair = Pair()
    pair.send(b"set a 0 0 1\r\n1\r\nget a\r\nset b 0 0 12\r\nget a\r\nget a\r\nget b\r\nget a\r\n")
    pair.compare()


def test_memory_limit_is_left_to_the_slow_path() -> None:
    pair = Pair(Settings(max_bytes=4000))
    for number in range(200):
        pair.send(b"set k%d 0 0 50\r\n%b\r\n" % (number, b"x" * 50))
        assert pair.fast.store.used <= 4000
    assert pair.fast.stats.total("evicted") == pair.slow.stats.total("evicted") > 0


def test_is_taken() -> None:
    """Requests of the common forms do not reach the slow path at all."""
    instance = Instance()
    assert instance.fast_store is not None
    common = b"set a 1 0 2\r\n10\r\nget a\r\nget a\r\ngets a\r\nmg a v\r\nmg a k t O1\r\nincr a 1\r\ntouch a 9\r\n"
    common += b"ms b 1\r\nx\r\nget nope\r\ndelete b\r\ndelete b\r\nmn\r\n"
    assert serve(instance.fast_store, common, 0, 100, []) == len(common)


@pytest.mark.parametrize("asked", [b"stats detail on\r\n", b"lru temp_ttl 60\r\n"])
def test_is_not_taken_when_something_unusual_is_asked_for(asked: bytes) -> None:
    instance = Instance()
    Session(instance).receive(asked)
    assert instance.fast_store is None


def test_turns() -> None:
    instance = Instance(Settings(requests_per_event=5))
    session = Session(instance)
    answer = session.receive(b"mn\r\n" * 100)
    assert session.more
    while session.more:
        answer += session.receive(b"")
    assert answer == b"MN\r\n" * 100
    assert instance.stats.conn_yields > 0
