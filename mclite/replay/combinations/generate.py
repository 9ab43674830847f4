"""Scenarios from the rows of a table: the state, the request, and a look at what is there, answered by the model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from mclite.replay.combinations.cover import rows
from mclite.replay.combinations.model import Model
from mclite.replay.combinations.table import GONE, LARGE, STATES, Row, Table
from mclite.replay.combinations.tables import CHANGES, TABLES
from mclite.replay.scenario.versions import parse_version

#: The chapter that holds what is made here.
CHAPTER = "combinations"
#: The data blocks of storage commands, by name.
DATA = {"two": ("ab", 2), "none": ("", 0), "large": LARGE}
#: The comments that part a talk; `measure` finds the request by them.
BEFORE, REQUEST, AFTER = "# before", "# the request", "# what is there now"
_TITLE = 80
_OLDEST = "1.4.15"
#: The first release that pads a number which gets shorter.
_PADS = "1.4.17"


@dataclass(slots=True)
class Made:
    """A scenario as it is written."""

    slug: str
    title: str
    lines: list[str]
    level: str
    since: str
    requires: list[str]
    talk: list[str]


class _Talk:
    """Requests and what the model answers to them, line by line."""

    def __init__(self, meta: bool) -> None:
        self.model = Model()
        self.meta = meta
        self.lines: list[str] = []
        self.known = ""  # the cas of the item, shown by an answer

    def say(self, request: str, data: tuple[str, int] | None = None, behind: str = "") -> list[str]:
        """Send a request, and perhaps another one in the same write; expect what the model says of it."""
        self.lines.append(f"> {request}")
        if data is not None:
            self.lines.append(f"> {data[0]}".rstrip())
        answer = self.answer(request, data)
        if behind:
            self.lines.append(f"> {behind}")
        self.lines += [f"< {line}".rstrip() for line in answer]
        if behind:
            self.lines.append("< MN" if behind == "mn" else "< END")
        return answer

    def answer(self, request: str, data: tuple[str, int] | None) -> list[str]:
        """Return what the model says."""
        verb = request.split(" ", 1)[0]
        if verb == "me":
            return self.model.me()
        if verb in ("mg", "ms", "md", "ma"):
            return self.model.meta(request, data)
        return self.model.classic(
            request.replace("{{key2} *19}", "").replace("{key2} ", "").replace(" {key2}", ""), data
        )

    def bind(self) -> None:
        """Have the cas of the item shown, so that later answers can be held against it."""
        item = self.model.item
        if item is not None:
            self.say("mg {key} c u" if self.meta and not item.stale else "gets {key}")
            self.known = item.cas.text


def scenario(table: Table, row: Row) -> Made:
    """Return the scenario of a row."""
    meta = row["ask"] in ("mg", "hit", "me") if "change" in row else "command" not in row
    talk = _Talk(meta)
    state = STATES[row["state"]]
    if state.requests:
        talk.lines.append(BEFORE)
    if row.get("C") == "lower":
        talk.say("set {key} 0 0 1", ("x", 1))
    for number, (request, data) in enumerate(state.requests):
        talk.say(request, data)
        if number == 0 and row["state"] in GONE:
            talk.bind()
    if row["state"] not in GONE:
        talk.bind()
    talk.lines.append(REQUEST)
    talk.model.silent = False
    request, data = _request(table, row)
    for plus in ("+1000000", "-1", ""):
        request = request.replace(f"{{cas{plus}}}", f"{{{talk.known}{plus}}}" if talk.known else "5")
    behind = ("mn" if meta else "get {key2}") if row["delivery"] == "followed" else ""
    pieces = row["delivery"] == "pieces"
    talk.lines += ["chop 1"] * pieces
    answer = talk.say(request, data, behind)
    talk.lines += ["chop 0"] * pieces
    talk.lines.append(AFTER)
    talk.say(table.dimensions[-1].values[row["ask"]])
    observed = talk.model.silent or row["ask"] in ("hit", "me")
    return Made(
        slug="-".join(_slug(table, row)),
        title=_title(table, row, request, answer),
        lines=_lines(table, row),
        level="observed" if observed else "must",
        since=max(_since(table, row), _PADS if talk.model.padded else _OLDEST, key=parse_version),
        requires=_requires(row, meta, state.requests),
        talk=talk.lines,
    )


def _request(table: Table, row: Row) -> tuple[str, tuple[str, int] | None]:
    """Return the request of a row and its data block."""
    if "change" in row:
        return CHANGES[row["change"]]
    return _classic(table, row) if "command" in row else _meta(table, row)


def _meta(table: Table, row: Row) -> tuple[str, tuple[str, int] | None]:
    values = {dimension.name: dimension.values for dimension in table.dimensions}
    order = reversed(table.order) if row["order"] == "reversed" else table.order
    flags = [values[name][row[name]] for name in order]
    key = "{key|base64}" if row["b"] == "b" else "{key}"
    data = DATA[row["data"]] if "data" in row else None
    words = [table.name, key, *([str(data[1])] if data is not None else []), *filter(None, flags)]
    return " ".join(words), data


def _classic(table: Table, row: Row) -> tuple[str, tuple[str, int] | None]:
    command = row["command"]
    if "keys" in row:
        keys = next(one for one in table.dimensions if one.name == "keys").values[row["keys"]]
        return f"{command} {row['exptime']} {keys}" if command.startswith("gat") else f"{command} {keys}", None
    noreply = " noreply" if row["noreply"] == "noreply" else ""
    if "data" not in row:
        amount = {"most": "18446744073709551615", "-": ""}.get(row["amount"], row["amount"])
        word = amount or row["exptime"].removeprefix("-" if row["exptime"] == "-" else " ")
        return f"{command} {{key}}{f' {word}' if word else ''}{noreply}", None
    data = DATA[row["data"]]
    unique = {"-": "", "right": " {cas}", "other": " {cas+1000000}"}[row["unique"]]
    return f"{command} {{key}} {row['flags']} {row['exptime']} {data[1]}{unique}{noreply}", data


def _said(table: Table, row: Row) -> Iterator[tuple[str, str]]:
    """Yield the dimensions whose value is not the one that is not said."""
    for dimension in table.dimensions:
        if row[dimension.name] != next(iter(dimension.values)) or dimension.name in ("state", "command", "change"):
            yield dimension.name, row[dimension.name]


#: How a value is written in the name of a scenario, where its own name does not do.
_WORDS = {"C": "cas", "E": "explicit", "O": "opaque", "T": "ttl", "F": "flags", "I": "invalidate", "M": "mode"}
_MODES = {"S": "set", "E": "add", "A": "append", "P": "prepend", "R": "replace", "I": "incr", "D": "decr"}


def _slug(table: Table, row: Row) -> Iterator[str]:
    for name, value in _said(table, row):
        if name == "M":
            yield f"mode-{_MODES.get(value, value)}" if table.name == "ms" or value not in _MODES else _MODES[value]
        elif name == "exptime":
            yield f"until-{value.replace('-1', 'past')}"
        elif name == "amount":
            yield f"by-{value}"
        elif name == "unique":
            yield f"cas-{value}"
        elif name == "ask":
            yield f"then-{value}"
        elif len(name) == 1 and name.isupper():
            rest = value.removeprefix(name).replace("-1", "past")
            yield _WORDS.get(name, name.lower()) + (f"-{rest}" if rest else "")
        elif name == "flags":
            yield f"flags-{value}"
        else:
            yield value.lower()


#: How a title calls the values of a classic request.
_SAID = {
    "noreply": {"noreply": "noreply"},
    "flags": {"7": "flags 7", "4294967295": "wide flags"},
    "exptime": {"0": "time 0", "100": "time 100", "-1": "past time"},
    "unique": {"right": "right unique", "other": "other unique"},
    "amount": {"1": "by 1", "0": "by 0", "100": "by 100", "most": "by 2^64-1"},
    "keys": {"missing-first": "second", "missing-last": "first", "twice": "twice", "twenty": "twentieth"},
    "data": {"none": "no data", "large": "large data"},
}


def _title(table: Table, row: Row, request: str, answer: list[str]) -> str:
    """Return a title: the request, what it is about, and the answer, as much of it as there is room for."""
    words = request.split(" ")
    if "change" in row:
        said = [row["change"]]
    elif "command" in row:
        said = [words[0], *(_SAID[name][value] for name, value in _said(table, row) if value in _SAID.get(name, ()))]
    else:
        said = [words[0], *(_short(word, row) for word in words[3 if table.name == "ms" else 2 :])]
        said += [_SAID["data"][row["data"]]] if row.get("data", "two") != "two" else []
    about = f"of {STATES[row['state']].words}"
    how = {"followed": ", not alone", "pieces": ", in pieces"}.get(row["delivery"], "")
    then = f", then {row['ask']}" if row["ask"] != next(iter(table.dimensions[-1].values)) else ""
    choices = (
        f"{' '.join(said)} {about}{how} answers {_code(answer)}{then}",
        f"{' '.join(said)} {about}{how}{then}",
        f"{_joined(said)} {about}{how}{then}",
        f"{_joined(said)} {about}{then}",
        f"{_joined(said)} {about}",
    )
    return next(title for title in choices if len(title) <= _TITLE - 4)


def _short(word: str, row: Row) -> str:
    """Return a flag as a title has it: the cas unique by what it is."""
    if word[0] == "C":
        return f"C={row['C']}"
    return {"E987654321": "E", "Oabc": "O", "F4294967295": "F=wide"}.get(word, word)


def _joined(words: list[str]) -> str:
    """Return words, those of one letter together."""
    single = "".join(word for word in words if len(word) == 1)
    return " ".join([word for word in words if len(word) > 1] + ([single] if single else []))


def _code(answer: list[str]) -> str:
    if not answer:
        return "nothing"
    words = answer[0].split(" ")
    marks = [word for word in words[1:] if word in ("W", "X", "Z")] if words[0] in ("HD", "VA") else []
    number = "the number" if words[0].isdigit() else words[0]
    return " ".join([number if len(answer[0]) > 2 or words[0].isupper() else answer[0], *marks])


def _lines(table: Table, row: Row) -> list[str]:
    found = [table.lines]
    for name, _ in _said(table, row):
        cited = table.cited.get(name)
        if cited is not None and cited not in found:
            found.append(cited)
    return found


def _since(table: Table, row: Row) -> str:
    releases = [table.since, STATES[row["state"]].since, table.since_of(row)]
    for dimension in table.dimensions:
        releases += [dimension.since.get(row[dimension.name], table.since)]
    return max(releases, key=parse_version)


def _requires(row: Row, meta: bool, requests: tuple[tuple[str, tuple[str, int] | None], ...]) -> list[str]:
    """Return the capabilities that the requests of a scenario need."""
    sent = " ".join(request for request, _ in requests)
    meta |= row.get("change", "").startswith(("mg", "ms", "ma", "md"))
    found = ["meta"] if meta or "{key} I" in sent or "mg " in sent or row["ask"] in ("mg", "hit", "me") else []
    found += ["meta-debug"] if row["ask"] == "me" else []
    found += (
        ["gat"] if row["ask"].startswith("gat") or row.get("command", row.get("change", "")).startswith("gat") else []
    )
    found += ["touch"] if "touch" in sent or row.get("command", row.get("change", "")).startswith("touch") else []
    return [*found, "cas"]


def made(table: Table) -> list[Made]:
    """Return the scenarios of a table, each with a name and a title of its own."""
    found = [scenario(table, row) for row in rows(table)]
    found.sort(key=lambda one: one.slug)
    for attribute in ("slug", "title"):
        seen: dict[str, int] = {}
        for one in found:
            text = getattr(one, attribute)
            seen[text] = seen.get(text, 0) + 1
            if seen[text] > 1:
                more = f"-{seen[text]}" if attribute == "slug" else f" ({seen[text]})"
                setattr(one, attribute, text + more)
    return found


def toml(table: Table) -> str:
    """Return the file of a table."""
    lines = [
        f"# {table.head}",
        "# Made by `mclite suite combinations --write` from mclite/replay/combinations: change these, not this file.",
        f'section = "{table.section}"',
        *([f'since = "{table.since}"'] if table.since != _OLDEST else []),
    ]
    for one in made(table):
        lines += ["", "[[scenario]]", f'id = "{one.slug}"', f'title = "{one.title}"']
        lines += [f"lines = {_array(one.lines)}", f'level = "{one.level}"']
        lines += [f'since = "{one.since}"'] if one.since != table.since else []
        lines += [f"requires = {_array(one.requires)}", "talk = '''"]
        lines += [*one.talk, "'''"]
    return "\n".join(lines) + "\n"


def _array(items: list[str]) -> str:
    return f"[{', '.join(json.dumps(item) for item in items)}]"


def files() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every file of the chapter."""
    for table in TABLES:
        yield f"{CHAPTER}/{table.name}.toml", toml(table)
