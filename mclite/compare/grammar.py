"""The grammar of sessions, as Hypothesis strategies: classic and meta commands, legal, borderline and illegal.

What is simple comes first everywhere, for that is what a difference is shrunk to. What would make two equal servers
answer differently is left out: lifetimes that could end between two requests, and cas uniques that the counter of one
server could reach. `version` is left to the barrier.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from mclite.compare.dialogue import HangUp, Request, Session, Step, Wait, Write, constant

STORAGE = ("set", "add", "replace", "append", "prepend", "cas")
RETRIEVAL = ("get", "gets", "gat", "gats")
OTHERS = ("delete", "incr", "decr", "touch")
META = ("mg", "ms", "md", "ma", "me", "mn")

_DATA = ("1", "hello", "10", "5", "0", "99", "", "00010", "18446744073709551615", "a b", "7 ", " 7", "-1")
_ODD_DATA = (r"\r\n", r"END\r\n", r"\0\xff", "{x*50}", "{x*300}", "{9*21}", "{x*9000}", "{x*70000}", "get {key}")
_NUMBERS = ("0", "1", "5", "10", "100")
_ODD_NUMBERS = (
    *("x", "-1", "+1", "1.5", "007", "1x", "4294967295", "4294967296", "18446744073709551615", "18446744073709551616"),
    *("-18446744073709551615", "{9*25}", "9223372036854775807", "9223372036854775808", "2147483648", "0x10"),
)
#: Never between 1 and 4: those wait for `_expiry`.
_EXPTIMES = ("0", "100", "-1", "2592000", "2592001", "{time+100}")
_ODD_EXPTIMES = ("x", "+100", "1.5", "-100", "4294967296", "9223372036854775808", "{9*25}", "", "100x")
_UNIQUES = ("{cas}", "{cas+1}", "{cas-1}", "0", "9007199254740993", "18446744073709551615")
_ODD_UNIQUES = ("x", "-1", "18446744073709551616", "", "1.5", "{9*25}", "123456789012345x")
_ODD_KEYS = ("{keylong}", "{x*251}", "{key|base64}", "{key}:b", "{key}\\x01", "{key}\\xff", "{x*300}")
_FLAGS = "vcfkhlqstuxbI"
_ODD_FLAGS = ("S", "W", "X", "Z", "z", "!", "1", "P", "L", "Pa", "Lb/c", "a", "_", "{", "\\xff")
_MODES = ("S", "E", "A", "P", "R", "I", "+", "D", "-", "Set", "i", "d", "s", "a", "", "x", "SS")
_OPAQUES = ("1", "abc", "", "{o*31}", "{o*32}", "{o*33}")
_JUNK = (
    *("foo", "x", "", "GET {key}", " get {key}", "get\\t{key}", "mgx {key}", "ab", "stats foo", "lru", "verbosity"),
    *("mn x", "me", "mg", "ms", "ms {key}", "md", "ma", "set", "set {key}", "set {key} 0 0", "delete", "incr", "touch"),
    *("slabs", "slabs reassign", "slabs automove", "lru_crawler", "cache_memlimit", "cache_memlimit x", "flush_all x"),
    *("gets", "gat", "gats", "gat 0", "cas {key} 0 0 1", "get {k*3000}", "\\0", "lru mode x", "lru_crawler x"),
    *("verbosity x y", "watch x", "shutdown x", "quit x", "quit", "get {{key} *30}{key}", "{get *8}x", "mset {key} 1"),
)


def _one_of(number: int) -> SearchStrategy[int]:
    """Return one of 0 ... number - 1, each as often as the others: st.integers prefers the ends."""
    return st.sampled_from(range(number))


def _rare(common: Sequence[str], rare: Sequence[str], one_in: int) -> SearchStrategy[str]:
    """Return what is common, and about once in so many times what is rare: in one draw, for draws are what costs."""
    times = max(1, round((one_in - 1) * len(rare) / len(common)))
    return st.sampled_from(tuple(common) * times + tuple(rare))


KEY = _rare(("{key}", "{key}", "{key2}", "{key3}"), _ODD_KEYS, 12)
NUMBER = _rare(_NUMBERS, _ODD_NUMBERS, 5)
EXPTIME = _rare(_EXPTIMES, _ODD_EXPTIMES, 12)
UNIQUE = _rare(_UNIQUES, _ODD_UNIQUES, 10)
DATA = _rare(_DATA, _ODD_DATA, 6)
END = _rare(("\\r\\n",), ("\\n", " \\r\\n", "  \\n"), 30)
NOREPLY = _rare(("",), (" noreply", " noreply", " noreply ", " NOREPLY", " x", " 0", " 5", " 0 noreply"), 6)


_ODD_LENGTH = st.sampled_from(("x", "-1", "", "1.5", "+1", "{9*12}", "2147483647", "1x"))


@st.composite
def _length_and_data(draw: DrawFn) -> tuple[str, str]:
    """Draw the length that a line says, and the data block: nearly always of that length."""
    data = draw(DATA)
    if "{key}" in data:
        data = "1"
    length = len(constant(data))
    how = draw(_one_of(40))
    if how == 39:
        return draw(_ODD_LENGTH), data
    if how == 38:
        length += 1
    elif how == 37:
        length = max(0, length - 1)
    return str(length), data


@st.composite
def storage(draw: DrawFn) -> Request:
    """Draw a storage command of the classic kind."""
    verb = draw(st.sampled_from(STORAGE))
    length, data = draw(_length_and_data())
    words = [verb, draw(KEY), draw(NUMBER), draw(EXPTIME), length]
    if verb == "cas":
        words.append(draw(UNIQUE))
    if draw(_one_of(40)) == 39:
        words.pop(draw(st.sampled_from(range(1, len(words)))))
    return Request(" ".join(words) + draw(NOREPLY), data, draw(END))


@st.composite
def retrieval(draw: DrawFn) -> Request:
    """Draw a retrieval command of the classic kind."""
    verb = draw(st.sampled_from(RETRIEVAL))
    words = [verb, draw(EXPTIME)] if verb.startswith("gat") else [verb]
    number = draw(st.sampled_from((1, 1, 1, 2, 3, 0, 5, 30)))
    if number == 30:
        return Request(" ".join(words) + "{ {key}*30}", end=draw(END))
    return Request(" ".join(words + [draw(KEY) for _ in range(number)]), end=draw(END))


@st.composite
def other(draw: DrawFn) -> Request:
    """Draw delete, incr, decr or touch."""
    verb = draw(st.sampled_from(OTHERS))
    words = [verb, draw(KEY)]
    if verb in ("incr", "decr"):
        words.append(draw(NUMBER))
    elif verb == "touch":
        words.append(draw(EXPTIME))
    return Request(" ".join(words) + draw(NOREPLY), end=draw(END))


def _all_flags() -> tuple[str, ...]:
    """Return the flags of the meta commands with their tokens, what is usual more often than what is odd."""
    pool = [*_FLAGS * 14]
    tokens = {
        **dict.fromkeys("TNR", (_EXPTIMES, _ODD_EXPTIMES)),
        **dict.fromkeys("FDJ", (_NUMBERS, _ODD_NUMBERS)),
        "C": (_UNIQUES, _ODD_UNIQUES),
        # One server's counter may reach what the other was given, so a given cas unique is a big number.
        "E": (_UNIQUES[4:], _ODD_UNIQUES),
        "M": (_MODES[:6], _MODES[6:]),
        "O": (_OPAQUES[:2], _OPAQUES[2:]),
    }
    for letter, (usual, odd) in tokens.items():
        pool += [letter + token for token in usual] * (24 // len(usual)) + [letter + token for token in odd[:10]]
    return (*pool, *(flag for flag in _ODD_FLAGS if flag != "{"), "\\{")


_FLAG = st.sampled_from(_all_flags())


@st.composite
def _flags(draw: DrawFn) -> str:
    flags = [draw(_FLAG) for _ in range(draw(_one_of(6)))]
    if draw(_one_of(8)) != 7:  # repeated flags are refused, so mostly there are none
        flags = list({flag[:1]: flag for flag in flags}.values())
    return "".join(f" {flag}" for flag in flags)


_ME_FLAG = _rare(("",), (" b", " z", " v b"), 8)


@st.composite
def meta(draw: DrawFn) -> Request:
    """Draw a meta command."""
    verb = draw(st.sampled_from(META))
    if verb == "mn":
        return Request("mn", end=draw(END))
    words = verb + " " + draw(KEY)
    if verb == "me":
        return Request(words + draw(_ME_FLAG), end=draw(END))
    if verb == "ms":
        length, data = draw(_length_and_data())
        return Request(f"{words} {length}{draw(_flags())}", data, draw(END))
    flags = draw(_flags())
    if " b" in flags and draw(st.booleans()):
        words = verb + " {key|base64}"
    return Request(words + flags, end=draw(END))


@st.composite
def _junk(draw: DrawFn) -> Request:
    return Request(draw(st.sampled_from(_JUNK)), end=draw(END))


@st.composite
def _flush(draw: DrawFn) -> Request:
    return Request(
        draw(st.sampled_from(("flush_all", "flush_all 0", "flush_all noreply", "flush_all -1", "verbosity 0")))
    )


def request(destructive: bool = False) -> SearchStrategy[Request]:
    """Return the strategy of one request; with `destructive` some change what other clients see."""
    choices = [storage(), meta(), retrieval(), other(), storage(), meta(), meta(), retrieval(), _junk()]
    return st.one_of(*choices, _flush()) if destructive else st.one_of(*choices)


@st.composite
def _write(draw: DrawFn, one: SearchStrategy[Request]) -> Write:
    conn = draw(st.sampled_from("AAAAAAB"))
    number = draw(st.sampled_from((1, 1, 1, 1, 2, 3, 6)))
    chop = draw(st.sampled_from((0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 1)))
    return Write(conn, tuple(draw(one) for _ in range(number)), chop)


@st.composite
def _expiry(draw: DrawFn) -> Session:
    """Draw a session in which an item's time runs out: it lives 2 s, and is looked at before and long after."""
    before = draw(st.sampled_from((Request("set {key} 0 2 1", "1"), Request("ms {key} 1 T2 c", "1"))))
    change = draw(
        st.sampled_from(("", "touch {key} 2", "touch {key} 100", "mg {key} T2", "md {key} I T2", "gat 2 {key}"))
    )
    after = draw(
        st.sampled_from(("get {key}", "mg {key} v t c", "add", "append", "incr {key} 1", "me {key}", "md {key}", "cas"))
    )
    requests = [before] + ([Request(change)] if change else [])
    last = (
        Request(f"{after} {{key}} 0 0 1" + (" {cas}" if after == "cas" else ""), "2")
        if " " not in after
        else Request(after)
    )
    return (Write("A", tuple(requests)), Wait(4.2), Write("A", (last,)), Write("A", (Request("get {key}"),)))


@st.composite
def session(draw: DrawFn, destructive: bool = False, waits: bool = True) -> Session:
    """Draw a session."""
    shape = draw(_one_of(200))
    if shape == 199 and waits:
        return draw(_expiry())
    steps: list[Step] = draw(st.lists(_write(request(destructive)), min_size=1, max_size=(2, 5, 12)[shape % 3]))
    if shape % 40 == 39:
        steps.insert(draw(st.sampled_from(range(len(steps) + 1))), HangUp("A"))
    return tuple(steps)
