"""The fast path against the slow one: the same bytes, items and counters for every session."""

import base64
import random
from collections.abc import Callable

import pytest

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.core.settings import Settings
from mclite.protocol.commands import verbs
from mclite.protocol.replies import ANSWER_MAX
from mclite.store import DebugClock
from mclite.store.stats import CLASS_COUNTERS, CLASS_HELD, COUNTERS

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
ODD_KEYS = [b"a b", b"a\nb", b"a\r\nget b", b"b 0", b"a 0 0 1"]
"""what only a key that comes encoded can be, and what looks like it in a line or in several"""
STORES = [verb.encode() for verb in verbs("storage") if verb not in ("set", "cas")]
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

    def send_and_go_on(self, data: bytes) -> None:
        """Send `data`, and let each server take the turns that it needs: in the fast path each key of a get is one."""
        answers = []
        for session in self.sessions:
            answer = session.receive(data)
            while session.more:
                answer += session.receive(b"")
            answers.append(answer)
        assert answers[0] == answers[1], data

    def advance(self, seconds: int) -> None:
        for instance in (self.fast, self.slow):
            instance.clock.advance(seconds)

    def compare(self, turns: bool = True) -> None:
        """Compare the items, in any order, since the fast path stores in place; with `turns` the turns, too."""
        assert items(self.fast) == items(self.slow)
        assert self.fast.store.used == self.slow.store.used
        for name in COUNTERS:
            if name == "conn_yields" and not turns:
                continue
            assert getattr(self.fast.stats, name) == getattr(self.slow.stats, name), name
        for one, other in zip(self.fast.stats.classes, self.slow.stats.classes, strict=True):
            for name in (*CLASS_COUNTERS, *CLASS_HELD):
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
    match choose.choice("gggGsssSmmMidtDxfno"):
        case "g":
            return b"get " + b" ".join(key() for _ in range(choose.choice([1, 1, 1, 2]))) + end
        case "G":
            return b"gets " + key() + end
        case "s":
            value = choose.choice(VALUES)
            length = len(value) if choose.random() < 0.97 else choose.choice([0, 1, 400])
            noreply = choose.choice([b"", b"", b" noreply", b" x"])
            return b"set %b %b %b %d%b%b%b\r\n" % (key(), number(), number(), length, noreply, end, value)
        case "S":
            verb = choose.choice(STORES)
            value = choose.choice(VALUES)
            noreply = choose.choice([b"", b"", b" noreply"])
            return b"%b %b 0 0 %d%b%b%b\r\n" % (verb, key(), len(value), noreply, end, value)
        case "m":
            flags = [choose.choice(FLAGS) for _ in range(choose.choice([0, 1, 1, 2, 3, 4]))]
            return b" ".join([b"mg", key(), *flags]) + end
        case "M":
            value = choose.choice(VALUES)
            flags = b"".join(choose.sample([b"", b" T5", b" F7", b" q", b" c", b" Tx", b" F0", b" Mp", b" T"], k=2))
            return b"ms %b %d%b%b%b\r\n" % (key(), len(value), flags, end, value)
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
        case "o":
            encoded = base64.b64encode(choose.choice(ODD_KEYS))
            return choose.choice([b"ms %b 1 b\r\n7\r\n", b"mg %b b v k\r\n", b"ma %b b\r\n", b"md %b b\r\n"]) % encoded
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


def run(choose: random.Random) -> bytes:
    """Return requests of one verb, most of them with the same words behind the key, and now and then another one."""

    def one(key: bytes) -> bytes:
        if choose.random() < 0.03:
            return request(choose)
        if choose.random() < 0.1:
            key = choose.choice(KEYS)
        data = choose.choice(VALUES) if choose.random() < 0.2 else value
        match verb:
            case b"get" | b"gets" | b"delete":
                return b"%b %b%b\r\n" % (verb, key, choose.choice([b"", b"", b"", b"", b" ", b" b"]))
            case b"set":
                return b"set %b %b%d%b\r\n%b\r\n" % (key, b"0 0 ", len(data), tail, data)
            case b"ms":
                return b"ms %b %d%b\r\n%b\r\n" % (key, len(data), tail, data)
        return b"%b %b%b\r\n" % (verb, key, tail if choose.random() < 0.95 else b" 7")

    verb = choose.choice([b"get", b"gets", b"set", b"ms", b"mg", b"incr", b"delete", b"touch"])
    value = choose.choice(VALUES)
    tails = {
        b"set": [b"", b" noreply"],
        b"ms": [b"", b" T9", b" q T9 F2"],
        b"mg": [b" v", b"", b" v k", b" t f s c", b" k q", b" v "],
        b"incr": [b" 1", b" 5", b" x", b" 1 noreply"],
        b"touch": [b" 0", b" 9", b" -1", b""],
    }
    tail = choose.choice(tails.get(verb, [b""]))
    keys = choose.choices(KEYS[:4] + [b"key%d" % number for number in range(40)], k=choose.choice([2, 3, 20, 200]))
    return b"".join(map(one, keys))


@pytest.mark.parametrize("seed", range(60))
def test_runs(seed: int) -> None:
    """Many requests of one kind in one write, whole, cut anywhere, and with few turns."""
    choose = random.Random(seed)
    pair = Pair(Settings(max_reqs_per_event=choose.choice([1000, 1000, 7])))
    for _ in range(30):
        batch = run(choose)
        cut = choose.randrange(len(batch) + 1) if choose.random() < 0.3 else len(batch)
        for part in (batch[:cut], batch[cut:]):
            pair.send_and_go_on(part)
        if choose.random() < 0.2:
            pair.advance(choose.choice([1, 3, 10]))
        if pair.sessions[0].closed:
            break
    pair.compare(turns=False)


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


@pytest.mark.parametrize("together", [1, 20])
def test_memory_limit(together: int) -> None:
    pair = Pair(Settings(memory_limit=4000 / (1 << 20)))
    for number in range(0, 400, together):
        keys = range(number, number + together)
        pair.send(b"".join(b"set k%d 0 0 50\r\n%b\r\n" % (key, b"x" * 50) for key in keys))
        assert pair.fast.store.used <= 4000
    assert pair.fast.stats.total("evicted") == pair.slow.stats.total("evicted") > 0
    pair.compare()


def test_what_was_flushed_is_counted_before_room_is_made() -> None:
    pair = Pair(Settings(memory_limit=4000 / (1 << 20)))
    pair.send(b"set a 0 0 1\r\n1\r\nset b 0 0 1\r\n1\r\n")
    pair.advance(5)
    pair.send(b"flush_all\r\nset c 0 0 3500\r\n%b\r\n" % (b"x" * 3500))
    pair.send(b"set a 0 0 1000\r\n%b\r\nset b 0 0 1000\r\n%b\r\n" % (b"x" * 1000, b"x" * 1000))
    assert pair.fast.stats.get_flushed == 1
    pair.compare()


def test_a_line_that_is_no_key_makes_no_room() -> None:
    pair = Pair(Settings(memory_limit=4000 / (1 << 20), max_item_size=1024))
    pair.send(b"".join(b"set k%d 0 0 50\r\n%b\r\n" % (number, b"x" * 50) for number in range(34)))
    used = pair.fast.store.used
    for key, size in ((b"k" * 251, 500), (b"", 500), (b"k" * 200, 900)):
        pair.send(b"set %b 0 0 %d\r\n%b\r\n" % (key, size, b"x" * size))
        assert pair.fast.store.used == used
    pair.compare()


@pytest.mark.parametrize("tail", [b"0 0 5000", b"7 0 5000 noreply", b"0 3 5000", b"0 x 5000", b"0 0 4999", b"0 0 5001"])
def test_a_data_block_in_pieces(tail: bytes) -> None:
    pair = Pair()
    for verb in (b"set a " + tail, b"add a " + tail, b"ms b 5000 F7", b"ms b 5000 T3", b"ms b 4999", b"set k\n" + tail):
        pair.send(verb + b"\r\n" + b"x" * 2000)
        pair.advance(2)
        pair.send(b"x" * 2999)
        pair.send(b"x\r\nget a\r\n")
        pair.send(b"gets a b\r\n")
    pair.compare()


def test_a_full_memory_without_evictions() -> None:
    pair = Pair(Settings(memory_limit=4000 / (1 << 20), disable_evictions=True))
    answer = pair.send(b"".join(b"set k%d 0 0 50\r\n%b\r\n" % (number, b"x" * 50) for number in range(100)))
    assert b"SERVER_ERROR" in answer
    pair.compare()


COMMON = {
    b"set": b"set %d 1 0 2\r\n10\r\n",
    b"set with an exptime": b"set %d 0 60 2\r\n10\r\n",
    b"set noreply": b"set %d 0 0 2 noreply\r\n10\r\n",
    b"ms": b"ms %d 2\r\n10\r\n",
    b"ms with flags": b"ms %d 2 T60 F1 q\r\n10\r\n",
    b"get": b"get %d\r\n",
    b"get of two": b"get %d nope\r\n",
    b"gets": b"gets %d\r\n",
    b"mg": b"mg %d\r\n",
    b"mg v": b"mg %d v\r\n",
    b"mg with flags": b"mg %d v k t f s c O1\r\n",
    b"incr": b"incr %d 1\r\n",
    b"touch": b"touch %d 0\r\n",
    b"delete": b"delete %d\r\n",
}


KEY = b"key"
ALONE = [
    b"get %b\r\n",
    b"gets %b\r\n",
    b"mg %b v\r\n",
    b"mg %b v k t f s c O1\r\n",
    b"touch %b 0\r\n",
    b"touch %b 60\r\n",
    b"incr %b 7\r\n",
    b"delete %b\r\n",
    b"set %b 0 0 2\r\n57\r\n",
    b"set %b 9 60 3 noreply\r\n570\r\n",
    b"set %b 0 0 0\r\n\r\n",
    b"ms %b 2\r\n57\r\n",
    b"ms %b 2 T60 F1 q\r\n57\r\n",
]
SITUATIONS: dict[str, Callable[[Pair], object]] = {
    "held": lambda pair: pair.send(b"set key 0 0 2\r\n10\r\n"),
    "held with flags": lambda pair: pair.send(b"set key 9 0 3\r\n999\r\n"),
    "about to grow": lambda pair: pair.send(b"set key 0 0 2\r\n99\r\n"),
    "no number": lambda pair: pair.send(b"set key 0 0 3\r\n007\r\n"),
    "empty": lambda pair: pair.send(b"set key 0 0 0\r\n\r\n"),
    "fetched": lambda pair: pair.send(b"set key 0 0 2\r\n10\r\nget key\r\n"),
    "to expire": lambda pair: pair.send(b"set key 0 60 2\r\n10\r\n"),
    "expired": lambda pair: (pair.send(b"set key 0 5 2\r\n10\r\n"), pair.advance(6)),
    "expired at once": lambda pair: pair.send(b"set key 0 -1 2\r\n10\r\n"),
    "flushed": lambda pair: (pair.send(b"set key 0 0 2\r\n10\r\n"), pair.advance(5), pair.send(b"flush_all\r\n")),
    "stale": lambda pair: pair.send(b"set key 0 0 2\r\n10\r\nmd key I T30\r\n"),
    "won": lambda pair: pair.send(b"set key 0 0 2\r\n10\r\nmd key I\r\nmg key c\r\n"),
    "encoded": lambda pair: pair.send(b"ms %b 2 b\r\n10\r\n" % base64.b64encode(b"key")),
    "missed": lambda pair: None,
    "full": lambda pair: pair.send(b"".join(b"set %d 0 0 2\r\n10\r\n" % number for number in range(62))),
}


def after_each(pair: Pair) -> None:
    """Look at everything, and whether what is said next is understood as it should be."""
    pair.send(b"gets key key2\r\n")
    pair.send(b"mg key s t f c h l v\r\n")
    pair.compare()


@pytest.mark.parametrize("prepare", SITUATIONS.values(), ids=SITUATIONS)
@pytest.mark.parametrize("form", ALONE)
def test_alone(form: bytes, prepare: Callable[[Pair], object]) -> None:
    """One request in a buffer, in every situation, twice."""
    pair = Pair(Settings(memory_limit=4000 / (1 << 20)))
    prepare(pair)
    for seconds in (0, 1):
        pair.send(form % KEY)
        pair.advance(seconds)
        pair.send(form % KEY)
        after_each(pair)


@pytest.mark.parametrize("form", ALONE)
def test_alone_cut_anywhere(form: bytes) -> None:
    pair = Pair()
    request = form % KEY
    for cut in range(1, len(request)):
        pair.send(b"set key 0 0 2\r\n10\r\n")
        for part in (request[:cut], request[cut:]):
            pair.send(part)
        after_each(pair)
        pair.send(b"set %b 0 0 1\r\n7\r\n" % request[:cut].rpartition(b" ")[2].strip(b"\r\n"))


@pytest.mark.parametrize("form", ALONE)
@pytest.mark.parametrize("more", [b"\r", b"\n", b"\r\n", b"g", b"get key\r\n", b"\0", b"mn\r\n", b" ", b"x\r\n"])
def test_alone_and_something_else(form: bytes, more: bytes) -> None:
    for together in (form % KEY + more, (form % KEY)[:-2] + more, more + form % KEY):
        pair = Pair()
        pair.send(b"set key 0 0 2\r\n10\r\nset ke 0 0 1\r\n1\r\n")
        pair.send(together)
        pair.send(b"\r\nmn\r\n")
        after_each(pair)


@pytest.mark.parametrize("form", ALONE)
@pytest.mark.parametrize(
    "key", [*ODD_KEYS, b"noreply", b"", b"k" * 250, b"k" * 251, b"k\r", b"k\t", b"\xc3\xa9", b"key 0", b"key noreply"]
)
def test_alone_with_an_odd_key(form: bytes, key: bytes) -> None:
    """A key that only comes encoded is not found by what looks like it; others are looked up as they stand."""
    pair = Pair()
    encoded = base64.b64encode(key)
    for known in (b"", b"set %b 0 0 2\r\n10\r\n" % key, b"ms %b 2 b\r\n10\r\n" % encoded):
        pair.send(known)
        for request in (form % key, form % b"a" + form % key + form % b"b", form % key):
            pair.send(request)
            if pair.sessions[0].closed:
                return
        pair.send(b"incr %b 1000000\r\n" % key + b"ma %b b D1000000\r\n" % encoded)  # it is stored anew, and as odd
        pair.send(form % key)
    pair.compare()


@pytest.mark.parametrize("number", [1, 2, 100, 500])
@pytest.mark.parametrize("form", COMMON.values(), ids=[name.decode() for name in COMMON])
def test_is_taken(form: bytes, number: int) -> None:
    """Requests of the common forms do not reach the slow path at all, alone or many in one write."""
    instance = Instance()
    assert instance.fast is not None
    Session(instance).receive(b"".join(b"set %d 0 0 2\r\n10\r\n" % key for key in range(number)))
    requests = b"".join(form % key for key in range(number))
    assert instance.fast.serve(requests, 0, 1000, [])[0] == len(requests)


def test_misses_are_taken() -> None:
    instance = Instance()
    assert instance.fast is not None
    requests = b"get nope\r\nget no\r\ndelete nope\r\ndelete no\r\nmg nope v\r\nmg no v\r\nget no nope\r\nmn\r\nmn\r\n"
    assert instance.fast.serve(requests, 0, 100, [])[0] == len(requests)


def test_sets_of_different_sizes_are_taken() -> None:
    instance = Instance()
    assert instance.fast is not None
    requests = b"".join(b"set %d 0 0 %d\r\n%b\r\n" % (size, size, b"x" * size) for size in (5, 0, 9, 9, 700, 5000, 1))
    assert instance.fast.serve(requests, 0, 100, [])[0] == len(requests)


@pytest.mark.parametrize("asked", [b"stats detail on\r\n", b"lru temp_ttl 60\r\n"])
def test_is_not_taken_when_something_unusual_is_asked_for(asked: bytes) -> None:
    instance = Instance()
    Session(instance).receive(asked)
    assert instance.fast is None


def test_turns() -> None:
    instance = Instance(Settings(max_reqs_per_event=5))
    session = Session(instance)
    answer = session.receive(b"mn\r\n" * 100)
    assert session.more
    while session.more:
        answer += session.receive(b"")
    assert answer == b"MN\r\n" * 100
    assert instance.stats.conn_yields > 0


@pytest.mark.parametrize("request_", [b"get large\r\n", b"gets large\r\n", b"mg large v\r\n", b"get large large\r\n"])
def test_large_answers_take_more_of_a_turn(request_: bytes) -> None:
    """The answers of one turn stay bounded, and both paths end it behind the same request."""
    pair = Pair()
    pair.send(b"set large 0 0 1000000\r\n%b\r\n" % (b"x" * 1_000_000))
    answer = pair.send(request_ * 20)
    assert len(answer) < ANSWER_MAX + 2_100_000
    assert all(session.more for session in pair.sessions)
    while pair.sessions[0].more:
        answer += pair.send(b"")
    assert answer == pair.send(request_) * 20
    pair.compare()
