"""The tables: what each command can be combined with, for every release that takes it as protocol.txt says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mclite.replay.combinations.table import GONE, LARGE, STATES, Dimension, Row, Table


def _flag(letter: str, since: str = "1.4.15") -> Dimension:
    return Dimension(letter, {"-": "", letter: letter}, {letter: since})


def _states(*names: str) -> Dimension:
    since = {name: STATES[name].since for name in names}
    return Dimension("state", dict.fromkeys(names, ""), since, hard=True)


#: How the item is looked at after the request: the more ways, the less a server can hide.
ASK = Dimension(
    "ask",
    {
        "mg": "mg {key} c f s t v",
        "hit": "mg {key} h l c f s t v",
        "gets": "gets {key}",
        "gat": "gat 0 {key}",
        "me": "me {key}",
    },
    {"me": "1.6.24"},  # older ones turned the sign of exp
)
DELIVERY = Dimension("delivery", {"alone": "", "followed": "", "pieces": ""})
ORDER = Dimension("order", {"first": "", "reversed": ""})
KEY, BASE64, OPAQUE = _flag("k"), _flag("b"), Dimension("O", {"-": "", "O": "Oabc"})
QUIET = Dimension("q", {"-": "", "q": "q"}, hard=True)
#: `{cas}` is that of the item.
CAS = Dimension("C", {"-": "", "right": "C{cas}", "other": "C{cas+1000000}"}, hard=True)
EXPLICIT = Dimension("E", {"-": "", "E": "E987654321"}, {"E": "1.6.27"}, hard=True)


def _usable(row: Row) -> bool:
    """Tell whether a row makes sense, whatever the command."""
    state, ask = row["state"], row["ask"]
    return not (
        (state == "absent" and "right" in (row.get("C"), row.get("unique")))
        or (state == "absent" and row.get("C") == "lower")
        or (state == "base64" and (ask == "me" or row.get("b") == "-"))
        or (row.get("b") == "b" and ask == "me")
        or (row["delivery"] == "pieces" and (state == "large" or row.get("data") == "large"))
        or (row.get("order") == "reversed" and (row["delivery"] == "pieces" or _few(row)))
    )


def _few(row: Row) -> bool:
    """Tell whether a meta request has less than two flags, so that it has no order."""
    return sum(value != "-" for name, value in row.items() if len(name) == 1) < 2


MG = Table(
    "mg",
    "Meta get in combination: its flags with each other, and with every state of the item.",
    "Meta Get",
    "497-501",
    "1.6.18",
    (
        _states("absent", "item", "endless", "stale", "won", "vivified", "expired", "large", "base64"),
        *(_flag(letter) for letter in "cfhlst"),
        KEY,
        BASE64,
        OPAQUE,
        Dimension("v", {"-": "", "v": "v"}, hard=True),
        QUIET,
        _flag("u"),
        Dimension("C", CAS.values, {"right": "1.6.40", "other": "1.6.40"}, hard=True),
        EXPLICIT,
        Dimension("N", {"-": "", "N30": "N30", "N0": "N0"}, hard=True),
        Dimension("R", {"-": "", "R900": "R900", "R10": "R10"}, hard=True),
        Dimension("T", {"-": "", "T100": "T100", "T0": "T0", "T-1": "T-1"}, hard=True),
        ORDER,
        DELIVERY,
        ASK,
    ),
    ("b", "T", "N", "R", "E", "C", "q", "u", "k", "c", "f", "h", "l", "s", "t", "O", "v"),
    dict(zip("bcCfhklOqstuvENRT", map(str, (*range(543, 556), *range(558, 562))), strict=True)),
    lambda row: _usable(row) and not (row["T"] == "T-1" and (row["t"] == "t" or row["R"] != "-")),
)

MS = Table(
    "ms",
    "Meta set in combination: its modes and flags with each other, and with every state of the item.",
    "Meta Set",
    "699-703",
    "1.6.18",
    (
        _states("absent", "item", "endless", "stale", "won", "vivified", "expired", "large", "base64", "deleted"),
        Dimension("M", {"-": "", "S": "MS", "E": "ME", "A": "MA", "P": "MP", "R": "MR"}, hard=True),
        Dimension("C", {**CAS.values, "lower": "C{cas-1}"}, hard=True),
        Dimension("I", {"-": "", "I": "I"}, hard=True),
        Dimension("N", {"-": "", "N30": "N30", "N0": "N0"}, {"N30": "1.6.20", "N0": "1.6.20"}, hard=True),
        Dimension("T", {"-": "", "T100": "T100", "T0": "T0", "T-1": "T-1"}),
        Dimension("F", {"-": "", "F7": "F7", "F4294967295": "F4294967295"}),
        EXPLICIT,
        QUIET,
        _flag("c", since="1.6.21"),
        KEY,
        BASE64,
        OPAQUE,
        _flag("s", since="1.6.20"),
        Dimension("data", {"two": "", "none": "", "large": ""}),
        ORDER,
        DELIVERY,
        ASK,
    ),
    ("b", "T", "F", "I", "C", "E", "M", "N", "q", "c", "k", "O", "s"),
    dict(zip("bcCEFIkOqsTMN", map(str, range(739, 752)), strict=True)),
    lambda row: _usable(row) and not (row["data"] == "large" and row["state"] == "large" and row["M"] in "AP"),
)

MD = Table(
    "md",
    "Meta delete in combination: its flags with each other, and with every state of the item.",
    "Meta Delete",
    "810-813",
    "1.6.18",
    (
        _states("absent", "item", "endless", "stale", "won", "vivified", "expired", "large", "base64", "deleted"),
        CAS,
        Dimension("I", {"-": "", "I": "I"}, hard=True),
        Dimension("T", {"-": "", "T100": "T100", "T0": "T0", "T-1": "T-1"}, hard=True),
        Dimension("x", {"-": "", "x": "x"}, {"x": "1.6.27"}, hard=True),
        EXPLICIT,
        QUIET,
        KEY,
        BASE64,
        OPAQUE,
        ORDER,
        DELIVERY,
        ASK,
    ),
    ("q", "I", "b", "T", "x", "C", "E", "k", "O"),
    dict(zip("bCEIkOqTx", map(str, range(835, 844)), strict=True)),
    _usable,
)

MA = Table(
    "ma",
    "Meta arithmetic in combination: its modes and flags with each other, and with every state of the item.",
    "Meta Arithmetic",
    "881-886",
    "1.6.18",
    (
        _states(
            *("absent", "item", "nine", "endless-nine", "most", "text", "empty", "stale", "won", "vivified"),
            *("expired", "large", "base64", "deleted"),
        ),
        Dimension("M", {"-": "", "I": "MI", "plus": "M+", "D": "MD", "minus": "M-"}, hard=True),
        Dimension("D", {"-": "", "D0": "D0", "D5": "D5", "D100": "D100"}, hard=True),
        Dimension("N", {"-": "", "N30": "N30", "N0": "N0"}, hard=True),
        Dimension("J", {"-": "", "J7": "J7", "J1000": "J1000"}),
        Dimension("T", {"-": "", "T100": "T100", "T0": "T0", "T-1": "T-1"}),
        CAS,
        EXPLICIT,
        QUIET,
        _flag("t"),
        _flag("c"),
        _flag("v"),
        KEY,
        BASE64,
        OPAQUE,
        ORDER,
        DELIVERY,
        ASK,
    ),
    ("N", "J", "b", "D", "T", "M", "C", "E", "q", "t", "c", "v", "k", "O"),
    dict(zip("bCENJDTMOqtcvk", map(str, range(916, 930)), strict=True)),
    lambda row: _usable(row) and not (row["T"] == "T-1" and row["t"] == "t"),
    # until then q did not hide the answer of a number that was created
    lambda row: "1.6.40" if row["q"] == "q" and row["N"] != "-" and row["state"] in GONE else "1.6.18",
)


#: The states of items that only the classic commands made, and those that need the meta commands.
_CLASSIC = ("item", "absent", "endless", "empty", "large", "expired", "deleted")
_MARKED = ("item", "absent", "stale", "won", "vivified")
_GETS = Dimension("ask", {"gets": ASK.values["gets"], "get": "get {key}"})
_SEEN = Dimension("ask", {name: ASK.values[name] for name in ("mg", "hit", "me", "gat")}, ASK.since)
_UNTIL = Dimension("exptime", {"-": "", "0": "0", "100": "100", "-1": "-1"}, hard=True)
_NOREPLY = Dimension("noreply", {"-": "", "noreply": " noreply"}, hard=True)


def _commands(*names: str, since: str = "1.4.15") -> Dimension:
    return Dimension("command", dict.fromkeys(names, ""), {name: since for name in names if "gat" in name}, hard=True)


def _both(
    name: str,
    head: str,
    section: str,
    lines: str,
    dimensions: tuple[Dimension, ...],
    more: tuple[str, ...],
    cited: Mapping[str, str],
    valid: Callable[[Row], bool],
) -> tuple[Table, Table]:
    """Return the table of classic commands alone, which is about every release, and the one with meta commands."""
    command, *rest = dimensions
    alone = (command, _states(*_CLASSIC, *more), *rest, DELIVERY, _GETS)
    marked = (command, _states(*_MARKED, *more), *rest, DELIVERY, _SEEN)
    return (
        Table(name, f"{head}, with every state of the item.", section, lines, "1.4.15", alone, (), cited, valid),
        Table(
            *(f"{name}-and-meta", f"{head}, of items that meta commands made or look at.", section, lines, "1.6.18"),
            *(marked, (), cited, valid),
        ),
    )


def _storage(row: Row) -> bool:
    too_large = row["data"] == row["state"] == "large" and row["command"] in ("append", "prepend")
    return _usable(row) and (row["command"] == "cas") == (row["unique"] != "-") and not too_large


STORAGE = _both(
    "storage",
    "The classic storage commands in combination",
    "Storage commands",
    "207-210",
    (
        _commands("set", "add", "replace", "append", "prepend", "cas"),
        _NOREPLY,
        Dimension("flags", {"0": "0", "7": "7", "4294967295": "4294967295"}, {"4294967295": "1.4.27"}),
        Dimension("exptime", {"0": "0", "100": "100", "-1": "-1"}, hard=True),
        Dimension("unique", {"-": "", "right": "{cas}", "other": "{cas+1000000}"}, hard=True),
        Dimension("data", {"two": "", "none": "", "large": ""}),
    ),
    (),
    {"noreply": "259-263", "flags": "235-241", "exptime": "243-249", "unique": "255-257"},
    _storage,
)


def _retrieval(row: Row) -> bool:
    touches = row["command"].startswith("gat")
    return (
        _usable(row) and touches == (row["exptime"] != "-") and not (row["keys"] == "twice" and row["exptime"] == "-1")
    )


RETRIEVAL = _both(
    "retrieval",
    "get, gets, gat and gats in combination",
    "Retrieval command:",
    "291-304",
    (
        _commands("get", "gets", "gat", "gats", since="1.5.3"),
        Dimension(
            "keys",
            {
                "one": "{key}",
                "missing-first": "{key2} {key}",
                "missing-last": "{key} {key2}",
                "twice": "{key} {key}",
                "twenty": "{{key2} *19}{key}",
            },
        ),
        _UNTIL,
    ),
    (),
    {"keys": "323-327", "exptime": "425-434"},
    _retrieval,
)


def _others(row: Row) -> bool:
    counts, touches = row["command"] in ("incr", "decr"), row["command"] == "touch"
    return _usable(row) and counts == (row["amount"] != "-") and touches == (row["exptime"] != "-")


OTHERS = _both(
    "classic",
    "delete, incr, decr and touch in combination",
    "Deletion",
    "333-337",
    (
        _commands("delete", "incr", "decr", "touch"),
        _NOREPLY,
        Dimension("amount", {"-": "", "1": "1", "0": "0", "100": "100", "most": "18446744073709551615"}, hard=True),
        _UNTIL,
    ),
    ("nine", "endless-nine", "most", "text"),
    {"noreply": "379-381", "amount": "357-364", "exptime": "402-416"},
    _others,
)

#: What changes an item of two bytes, or does not; each is followed by every way of asking.
CHANGES: dict[str, tuple[str, tuple[str, int] | None]] = {
    "set": ("set {key} 0 0 2", ("ab", 2)),
    "set-all": ("set {key} 4294967294 100 5", ("hello", 5)),
    "set-large": (f"set {{key}} 0 0 {LARGE[1]}", LARGE),
    "add": ("add {key} 0 0 2", ("ab", 2)),
    "replace": ("replace {key} 7 100 2", ("ab", 2)),
    "append": ("append {key} 0 0 2", ("ab", 2)),
    "prepend": ("prepend {key} 0 0 2", ("ab", 2)),
    "cas": ("cas {key} 7 100 2 {cas}", ("ab", 2)),
    "cas-other": ("cas {key} 7 100 2 {cas+1000000}", ("ab", 2)),
    "incr": ("incr {key} 5", None),
    "incr-longer": ("incr {key} 90", None),
    "decr-shorter": ("decr {key} 5", None),
    "delete": ("delete {key}", None),
    "touch": ("touch {key} 100", None),
    "touch-never": ("touch {key} 0", None),
    "get": ("get {key}", None),
    "gets": ("gets {key}", None),
    "gat": ("gat 100 {key}", None),
    "gats": ("gats 100 {key}", None),
    "mg": ("mg {key} v", None),
    "mg-unseen": ("mg {key} u v", None),
    "mg-touch": ("mg {key} T100", None),
    "ms": ("ms {key} 2", ("ab", 2)),
    "ms-all": ("ms {key} 5 F4294967294 T100", ("hello", 5)),
    "ms-add": ("ms {key} 2 ME", ("ab", 2)),
    "ms-append": ("ms {key} 2 MA", ("ab", 2)),
    "ms-prepend": ("ms {key} 2 MP", ("ab", 2)),
    "ms-replace": ("ms {key} 2 MR F7", ("ab", 2)),
    "ms-cas": ("ms {key} 2 C{cas}", ("ab", 2)),
    "ms-other": ("ms {key} 2 C{cas+1000000}", ("ab", 2)),
    "ms-explicit": ("ms {key} 2 E987654321", ("ab", 2)),
    "ma": ("ma {key} D5", None),
    "ma-longer": ("ma {key} D90", None),
    "ma-shorter": ("ma {key} MD D5", None),
    "ma-touch": ("ma {key} T100", None),
    "ma-explicit": ("ma {key} E987654321", None),
    "md": ("md {key}", None),
    "md-other": ("md {key} C{cas+1000000}", None),
    "md-stale": ("md {key} I", None),
    "md-stale-time": ("md {key} I T100", None),
    "md-value": ("md {key} x", None),
    "md-stale-value": ("md {key} I x", None),
}


def _change_since(name: str) -> str:
    request = CHANGES[name][0]
    if " E" in request or " x" in request:
        return "1.6.27"
    if name == "set-all":  # the highest bit of flags was a sign
        return "1.4.27"
    return {"m": "1.6.18", "gat": "1.5.3"}.get(request[:1] if request[1] in "gsad" else request[:3], "1.4.15")


ANSWERS = Table(
    "answers",
    "Every answer in full: after each change of an item all that can be asked about it, in every way.",
    "Meta Commands",
    "93-96",
    "1.4.15",
    (
        Dimension("change", dict.fromkeys(CHANGES, ""), {name: _change_since(name) for name in CHANGES}),
        _states("twelve"),
        Dimension("delivery", {"alone": ""}),
        Dimension(
            "ask",
            {"get": "get {key}", "gats": "gats 0 {key}", **ASK.values},
            {"mg": "1.6.18", "hit": "1.6.18", "me": "1.6.24", "gat": "1.5.3", "gats": "1.5.3"},
        ),
    ),
    (),
    {},
    lambda row: row["change"] != row["ask"],
)

TABLES: tuple[Table, ...] = (ANSWERS, MG, MS, MD, MA, *STORAGE, *RETRIEVAL, *OTHERS)
