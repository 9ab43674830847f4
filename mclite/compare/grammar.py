"""The grammar of sessions: classic and meta commands, legal, borderline and illegal, drawn with a `random.Random`.

What would make two equal servers answer differently is left out: lifetimes that could end between two requests, and
cas uniques that the counter of one server could reach. `version` is left to the barrier. Any Random will do; draw.py
hands in Hypothesis's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from mclite.compare.dialogue import HangUp, Request, Session, Step, Wait, Write, constant
from mclite.protocol.commands import verbs

STORAGE = verbs("storage")
RETRIEVAL = verbs("retrieval")
OTHERS = verbs("deletion", "arithmetic", "touching")
META = verbs("meta")

_DATA = ("1", "hello", "10", "5", "0", "99", "", "00010", "18446744073709551615", "a b", "7 ", " 7", "-1")
_ODD_DATA = (r"\r\n", r"END\r\n", r"\0\xff", "{x*50}", "{x*300}", "{9*21}", "{x*9000}", "{x*70000}")
_NUMBERS = ("0", "1", "5", "10", "100")
_ODD_NUMBERS = (
    *("x", "-1", "+1", "1.5", "007", "1x", "4294967295", "4294967296", "18446744073709551615", "18446744073709551616"),
    *("-18446744073709551615", "{9*25}", "9223372036854775807", "9223372036854775808", "2147483648", "0x10"),
)
#: Never between 1 and 4: those wait for `_expiry`.
_EXPTIMES = ("0", "100", "-1", "2592000", "2592001", "{time+100}")
_ODD_EXPTIMES = ("x", "+100", "1.5", "-100", "4294967296", "9223372036854775808", "{9*25}", "", "100x")
_UNIQUES = ("{cas}", "{cas+100000}", "{cas-200}", "0", "9007199254740993", "18446744073709551615")
_ODD_UNIQUES = ("x", "-1", "18446744073709551616", "", "1.5", "{9*25}", "123456789012345x")
_ODD_KEYS = ("{keylong}", "{x*251}", "{key|base64}", "{key}:b", "{key}\\x01", "{key}\\xff", "{x*300}")
_FLAGS = "vcfkhlqstuxbI"
_TOKEN_FLAGS = "TNRCEFDJMO"
_ODD_FLAGS = ("S", "W", "X", "Z", "z", "!", "1", "P", "L", "Pa", "Lb/c", "a", "_", "\\{", "\\xff")
_MODES = ("S", "E", "A", "P", "R", "I", "+", "D", "-", "Set", "i", "d", "s", "a", "", "x", "SS")
_OPAQUES = ("1", "abc", "", "{o*31}", "{o*33}")
_JUNK = (
    *("foo", "x", "", "GET {key}", " get {key}", "get\\t{key}", "mgx {key}", "ab", "stats foo", "lru", "verbosity"),
    *("mn x", "me", "mg", "ms", "ms {key}", "md", "ma", "set", "set {key}", "set {key} 0 0", "delete", "incr", "touch"),
    *("slabs", "slabs reassign", "slabs automove", "lru_crawler", "cache_memlimit", "cache_memlimit x", "flush_all x"),
    *("gets", "gat", "gats", "gat 0", "cas {key} 0 0 1", "get {k*3000}", "\\0", "lru mode x", "lru_crawler x"),
    *("verbosity x y", "watch x", "shutdown x", "quit x", "quit", "get {{key} *30}{key}", "{get *8}x", "mset {key} 1"),
)
_ODD_LENGTHS = ("x", "-1", "", "1.5", "+1", "{9*12}", "2147483647", "1x")
_NOREPLY = (" noreply", " noreply", " noreply ", " NOREPLY", " x", " 0", " 5", " 0 noreply")
_FLUSH = ("flush_all", "flush_all 0", "flush_all noreply", "flush_all -1", "verbosity 0")
#: How many writes a session has.
_SIZES = (1, 1, 2, 3, 5, 8, 12)


def _rare(random: Random, common: Sequence[str], rare: Sequence[str], one_in: int) -> str:
    """Return one of `common`, and with a chance of 1 in `one_in` one of `rare`."""
    return random.choice(rare if random.randrange(one_in) == 0 else common)


def _key(random: Random) -> str:
    return _rare(random, ("{key}", "{key}", "{key}", "{key}", "{key2}", "{key2}", "{key3}"), _ODD_KEYS, 16)


def _number(random: Random) -> str:
    return _rare(random, _NUMBERS, _ODD_NUMBERS, 5)


def _exptime(random: Random) -> str:
    return _rare(random, _EXPTIMES, _ODD_EXPTIMES, 12)


def _end(random: Random) -> str:
    return _rare(random, ("\\r\\n",), ("\\n", " \\r\\n", "  \\n"), 30)


def _noreply(random: Random) -> str:
    return _rare(random, ("",), _NOREPLY, 6)


def _length_and_data(random: Random) -> tuple[str, str]:
    """Draw the length that a line says, and the data block: nearly always of that length."""
    data = _rare(random, _DATA, _ODD_DATA, 8)
    length = len(constant(data))
    how = random.randrange(40)
    if how == 0:
        return random.choice(_ODD_LENGTHS), data
    if how == 1:
        length += 1
    elif how == 2:
        length = max(0, length - 1)
    return str(length), data


def storage(random: Random) -> Request:
    """Draw a storage command of the classic kind."""
    verb = random.choice(STORAGE)
    length, data = _length_and_data(random)
    words = [verb, _key(random), _number(random), _exptime(random), length]
    if verb == "cas":
        words.append(_rare(random, _UNIQUES, _ODD_UNIQUES, 10))
    if random.randrange(40) == 0:
        words.pop(random.randrange(1, len(words)))
    return Request(" ".join(words) + _noreply(random), data, _end(random))


def retrieval(random: Random) -> Request:
    """Draw a retrieval command of the classic kind."""
    verb = random.choice(RETRIEVAL)
    words = [verb, _exptime(random)] if verb.startswith("gat") else [verb]
    number = random.choice((1, 1, 1, 1, 2, 2, 3, 0, 5, 30))
    if number == 30:
        return Request(" ".join(words) + "{ {key}*30}", end=_end(random))
    return Request(" ".join(words + [_key(random) for _ in range(number)]), end=_end(random))


def other(random: Random) -> Request:
    """Draw delete, incr, decr or touch."""
    verb = random.choice(OTHERS)
    words = [verb, _key(random)]
    if verb in ("incr", "decr"):
        words.append(_number(random))
    elif verb == "touch":
        words.append(_exptime(random))
    return Request(" ".join(words) + _noreply(random), end=_end(random))


def _flag(random: Random) -> str:
    kind = random.randrange(40)
    if kind == 0:
        return random.choice(_ODD_FLAGS)
    if kind < 24:
        return random.choice(_FLAGS)
    letter = random.choice(_TOKEN_FLAGS)
    match letter:
        case "T" | "N":
            return letter + _exptime(random)
        case "R":  # nowhere near the lifetimes that items have, for the clocks of two servers do not tick at once
            return letter + random.choice(("0", "30", "2000000", "2500000", "-1", "x", "", "1.5", "{9*25}"))
        case "C":
            return letter + _rare(random, _UNIQUES, _ODD_UNIQUES, 6)
        case "E":  # one server's counter may reach what the other was given, so a given cas unique is a big number
            return letter + _rare(random, _UNIQUES[4:], _ODD_UNIQUES, 6)
        case "M":
            return letter + _rare(random, _MODES[:6], _MODES[6:], 3)
        case "O":
            return letter + random.choice(_OPAQUES)
        case _:
            return letter + _number(random)


def _flags(random: Random) -> list[str]:
    flags = [_flag(random) for _ in range(random.randrange(6))]
    if random.randrange(8):  # repeated flags are refused, so mostly there are none
        return list({flag[:1]: flag for flag in flags}.values())
    return flags


def meta(random: Random) -> Request:
    """Draw a meta command."""
    verb = random.choice(META)
    if verb == "mn":
        return Request("mn", end=_end(random))
    words = [verb, _key(random)]
    if verb == "me":
        words += random.choice(([],) * 20 + (["b"], ["z"], ["v", "b"]))
        return Request(" ".join(words), end=_end(random))
    flags = _flags(random)
    if "b" in flags and random.randrange(3):
        words[1] = "{key|base64}"
    if verb == "ms":
        length, data = _length_and_data(random)
        return Request(" ".join([*words, length, *flags]), data, _end(random))
    return Request(" ".join(words + flags), end=_end(random))


def _junk(random: Random) -> Request:
    return Request(random.choice(_JUNK), end=_end(random))


def _flush(random: Random) -> Request:
    return Request(random.choice(_FLUSH))


_KINDS: tuple[Callable[[Random], Request], ...] = (
    *(storage, storage, storage, meta, meta, meta, meta, meta, retrieval, retrieval, other, other, other, _junk),
)


def request(random: Random, destructive: bool = False) -> Request:
    """Draw a request; with `destructive` some change what other clients see."""
    if destructive and random.randrange(30) == 0:
        return _flush(random)
    return random.choice(_KINDS)(random)


def _write(random: Random, destructive: bool) -> Write:
    conn = random.choice("AAAAAAB")
    number = random.choice((1, 1, 1, 1, 1, 2, 3, 6))
    requests = tuple(request(random, destructive) for _ in range(number))
    small = sum(len(constant(one.block)) for one in requests if one.block) < 1000
    # Whether answers wait when `watch` arrives depends on how fast the pieces do.
    steady = not any(one.verb == "watch" for one in requests)
    chop = random.choice((1, 2, 7)) if small and steady and random.randrange(10) == 0 else 0
    return Write(conn, requests, chop)


def _expiry(random: Random) -> Session:
    """Draw a session in which an item's time runs out: it lives 2 s, and is looked at long after."""
    before = random.choice((Request("set {key} 0 2 1", "1"), Request("ms {key} 1 T2 c", "1")))
    changes = ("", "touch {key} 2", "touch {key} 100", "mg {key} T2", "md {key} I T2", "gat 2 {key}")
    change = random.choice(changes)
    after = random.choice(
        (
            *(Request(line) for line in ("get {key}", "mg {key} v t c", "incr {key} 1", "me {key}", "md {key}")),
            *(Request(line, "2") for line in ("add {key} 0 0 1", "append {key} 0 0 1", "cas {key} 0 0 1 {cas}")),
        )
    )
    requests = (before, Request(change)) if change else (before,)
    return (Write("A", requests), Wait(4.2), Write("A", (after,)), Write("A", (Request("get {key}"),)))


def session(random: Random, destructive: bool = False, waits: bool = True) -> Session:
    """Draw a session; with `destructive` some flush the server, with `waits` some take seconds."""
    if waits and random.randrange(200) == 0:
        return _expiry(random)
    steps: list[Step] = [_write(random, destructive) for _ in range(random.choice(_SIZES))]
    if random.randrange(40) == 0:
        steps.insert(random.randrange(len(steps) + 1), HangUp("A"))
    return tuple(steps)
