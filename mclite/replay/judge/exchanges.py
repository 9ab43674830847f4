"""A dialogue as requests and answers, with names in place of what varies by nature, and where two of them differ.

Two servers, or one server twice, never give the same bytes: keys begin with the prefix of a run, cas uniques, times,
process ids, ports and counts are of one moment. Here these are replaced by names such as `key` and `<cas>`, so that
what is left is the answer itself. Bytes are written as the results write them: `\\r`, `\\n`, `\\x00`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

#: A key that the suite made, also one that is padded to a length.
_KEY = re.compile(r"m[a-z0-9]{5,7}_[a-z0-9]{4}(?:_+x)?")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{12,}={0,2}")
#: Unix time, also with a fraction; the suite was not there before 2023, and numbers of 2033 are not expected.
_TIME = re.compile(r"(?<![0-9])1[789][0-9]{8}(?![0-9])(\.[0-9]+)?")
_PORT = re.compile(r"(?<=[0-9\]]):[0-9]{4,5}(?![0-9])")
_SOCKET = re.compile(r"(?<=\bunix:)\S+")
#: What is too long to be kept; a key may be cut in two by it.
_CUT = re.compile(r"\S*\\\{\.\.\.[0-9]+ bytes\.\.\.\\\}\S*")
_FOLDER = re.compile(r"/\S*mclite-server-[^/\s]*")
#: What is written `name=number` in the lines of me, metadump and watch, and is of one server at one moment.
_FIELD = re.compile(r"\b(la|exp|ts|ttl|gid|rport|cls|clsid|cfd|size|fd)=(?!-1\b)(-?)[0-9]+(\.[0-9]+)?")
_VALUE_CAS = re.compile(r"^(VALUE \S+ [0-9]+ [0-9]+) ([0-9]+)$")
_CAS_TOKEN = re.compile(r"(?<= c)[1-9][0-9]*(?= |$)")
_CAS_FIELD = re.compile(r"\bcas=([1-9][0-9]*)")
#: Where cas uniques are sent, and where they are received.
_SENT_UNIQUE = re.compile(r"(^cas(?: \S+){4} | C)([0-9]+)(?= |$)")
_UNIQUE = re.compile(r"VALUE \S+ [0-9]+ [0-9]+ ([0-9]+)|(?<= c)([1-9][0-9]*)|cas=([1-9][0-9]*)")
#: A cas unique that the request gives to the item.
_GIVEN = re.compile(r"(?<= E)([0-9]+)(?= |$)")
_FEED = re.compile(r"(?<=[^\\]\\n)(?=.)")
_META = re.compile(r"^(HD|OK|VA [0-9]+|EN|NS|EX|NF)(?= |$)")
_NUMBERS = re.compile(r"(?<![^ :])-?[0-9]+(\.[0-9]+)?(?![^ :])")
_STAT = re.compile(r"^STAT (\S+)(?: (.*))?$")
#: Settings that say where and on which machine a server runs.
_PLACES = frozenset(
    {"tcpport", "udpport", "inter", "domain_socket", "auth_file", "ssl_chain_cert", "ssl_key", "umask", "oldest"}
)
#: Statistics that are text of this machine.
_MACHINE = frozenset(
    {"libevent", "pid", "time", "uptime", "rusage_user", "rusage_system", "pointer_size", "conn_yields"}
)
_VERSION_LINE = re.compile(r"^(VERSION |STAT version )(\S+)$")
#: What stands in an answer for lines of a list that the scenario does not speak of, and for a connection that ends.
REST, HANGS_UP = "…", "(the server hangs up)"
_REST = re.compile(r"[0-9]+ more lines")
_HANG_UPS = frozenset({"the server closed the connection", "the server reset the connection"})
#: The most by which a count that is asked for again is shown to have changed; more is of the whole server.
_COUNTED = 20
#: Seconds by which a remaining time to live may differ, since it is counted down.
_TICKS = 2

Event = Sequence[Any]  #: connection, `>` sent, `<` received or `!` happened, and the text


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was sent on a connection before the next answer on it, and all that was received until more was sent."""

    conn: str
    request: tuple[str, ...]  #: lines without CR LF
    answer: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """The same request, and its answers from one side and from the other."""

    conn: str
    request: tuple[str, ...]
    then: tuple[str, ...]
    now: tuple[str, ...]
    before: tuple[str, ...] = field(default=(), compare=False)  #: all that was sent before it


def exchanges(events: Iterable[Event], version: str | None = None) -> tuple[Exchange, ...]:
    """Return a transcript as exchanges; `version` is the release that the server claims.

    The barrier at the end of each connection, `version` and its answer, is left out.
    """
    raw = list(_raw([(event[0], event[1], str(event[2])) for event in events]))
    names = _names(request for _, request, _ in raw)
    given = {number for _, request, _ in raw for line in _lines(request) for number in _GIVEN.findall(line)}
    uniques: set[str] = set()
    counts: dict[str, int] = {}
    made = []
    for conn, request, answer in raw:
        sent = tuple(_sent(_named(line, names), uniques) for line in _lines(request))
        about = sent[0] if sent else ""
        received = tuple(
            _statistic(found[1], found[2], about, counts) if (found := _STAT.match(line)) else line
            for line in (_received(_named(line, names), given, version) for line in _lines(answer, feeds=True))
        )
        uniques.update(number for found in _UNIQUE.finditer(answer) for number in found.groups() if number)
        made.append(Exchange(conn, sent, received))
    return tuple(made)


def compare(then: Sequence[Exchange], now: Sequence[Exchange]) -> tuple[Pair, ...]:
    """Return where the answers to the same requests differ; what only one side was asked is left out."""
    matcher = SequenceMatcher(
        None, [(one.conn, one.request) for one in then], [(one.conn, one.request) for one in now], autojunk=False
    )
    pairs: list[Pair] = []
    before: list[str] = []
    for tag, start, end, other, last in matcher.get_opcodes():
        one, two = (then[start:end], now[other:last]) if tag == "equal" else _joined(then[start:end], now[other:last])
        for mine, others in zip(one, two, strict=True):
            if not alike(mine.answer, others.answer):
                pairs.append(Pair(mine.conn, mine.request, mine.answer, others.answer, tuple(before)))
            before += mine.request
    return tuple(pairs)


def _joined(then: Sequence[Exchange], now: Sequence[Exchange]) -> tuple[list[Exchange], list[Exchange]]:
    """Return exchanges of each connection as one, if they begin with the same line then.

    A request without an answer and the next one are one exchange; with an answer they are two. A line that is sent
    otherwise, because the answer to the first one is another, says so.
    """
    one, two = ({conn: _one(conn, side) for conn in {item.conn for item in side}} for side in (then, now))
    pairs = []
    for conn, made in sorted(one.items()):
        other = two.get(conn)
        if other is not None and made.request[:1] == other.request[:1]:
            lines = zip_longest(made.request, other.request, fillvalue="nothing")
            request = tuple(line if line == also else f"{line} (now {also})" for line, also in lines)
            pairs.append((replace(made, request=request), replace(other, request=request)))
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _one(conn: str, side: Sequence[Exchange]) -> Exchange:
    mine = [item for item in side if item.conn == conn]
    return Exchange(
        conn,
        tuple(line for item in mine for line in item.request),
        tuple(line for item in mine for line in item.answer),
    )


def alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether two answers are the same but for seconds that went by, and for the order of statistics.

    Of an answer that is a list a transcript may keep only some lines. These must be in the other one, if that is whole;
    else those with the same name must be the same.
    """
    if REST in one and REST in other:
        mine, others = _by_name(one), _by_name(other)
        both = [(mine[name], others[name]) for name in mine.keys() & others.keys()]
        return all(one == other for one, other in both if len(one) == len(other) == 1)
    if REST in one or REST in other:
        part, whole = (one, other) if REST in one else (other, one)
        return set(part) - {REST} <= set(whole)
    if len(one) == len(other) > 2 and all(line.startswith("STAT ") for line in one[:-1]):
        one, other = sorted(one), sorted(other)
    return len(one) == len(other) and all(map(_alike_line, one, other))


def _by_name(lines: Iterable[str]) -> dict[str, list[str]]:
    """Return the lines of a list by what each is about, such as `STAT pid`."""
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(" ".join(line.split(" ")[:2]), []).append(line)
    return found


def _alike_line(one: str, other: str) -> bool:
    if one == other:
        return True
    if not (_META.match(one) and _META.match(other)):
        return False
    pieces, others = one.split(" "), other.split(" ")
    return len(pieces) == len(others) and all(map(_alike_piece, pieces, others))


def _alike_piece(one: str, other: str) -> bool:
    if one == other:
        return True
    if one[:1] != other[:1] or one[:1] not in ("t", "l") or not (one[1:].isdigit() and other[1:].isdigit()):
        return False
    return abs(int(one[1:]) - int(other[1:])) <= _TICKS


def _raw(events: Sequence[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield connection, all that was sent, all that was received, without the barriers."""
    last = {conn: index for index, (conn, kind, _) in enumerate(events) if kind == ">"}
    barriers = {index for conn, index in last.items() if events[index][2] == "version\\r\\n"}
    barriers -= {index for index in barriers if not any(e[0] == events[index][0] for e in events[:index])}
    ended = {events[index][0] for index in barriers}
    done: list[list[str]] = []
    current: dict[str, list[str]] = {}
    answered: set[str] = set()
    for index, (conn, kind, text) in enumerate(events):
        if index in barriers:
            continue
        if conn not in current or (kind == ">" and conn in answered):
            current[conn] = [conn, "", ""]
            done.append(current[conn])
            answered.discard(conn)
        if kind == ">":
            current[conn][1] += text
        elif kind == "<":
            current[conn][2] += text
            answered.add(conn)
        elif text in _HANG_UPS:
            current[conn][2] += HANGS_UP
            answered.add(conn)
        elif _REST.fullmatch(text):
            current[conn][2] += f"{REST}\\r\\n"
    for conn, request, answer in done:
        if conn in ended and current[conn][1:] == [request, answer]:
            answer = re.sub(r"VERSION [^\\]*\\r\\n$", "", answer)
        yield conn, request, answer


def _lines(text: str, feeds: bool = False) -> list[str]:
    """Return wire text as lines, the last of which may have no CR LF; with `feeds` also a line feed alone ends one."""
    lines = text.split("\\r\\n")
    if feeds:
        lines = [part for line in lines for part in _FEED.split(line)]
    return lines[:-1] if lines[-1] == "" else lines


def _names(requests: Iterable[str]) -> list[tuple[str, str]]:
    """Return what stands for each key that was sent, also for its base64, the longest key first."""
    found: dict[str, str] = {}
    for request in requests:
        for key in _keys(request):
            if key not in found:
                number = len({name.partition("[")[0] for name in found.values()}) + 1
                name = f"key{number if number > 1 else ''}"
                found[key] = name if "__" not in key else f"{name}[{len(key)}]"
    pairs = list(found.items())
    pairs += [(base64.b64encode(key.encode()).decode(), f"base64({name})") for key, name in found.items()]
    return sorted(pairs, key=lambda pair: -len(pair[0]))


def _keys(request: str) -> Iterator[str]:
    """Yield the keys in what was sent, in their order."""
    places = [(found.start(), found[0]) for found in _KEY.finditer(request)]
    for found in _BASE64.finditer(request):
        try:
            plain = base64.b64decode(found[0]).decode("ascii")
        except ValueError:
            continue
        places += [(found.start(), inner[0]) for inner in _KEY.finditer(plain)]
    yield from (key for _, key in sorted(places))


def _named(line: str, names: Iterable[tuple[str, str]]) -> str:
    line = _CUT.sub(REST, line)
    for key, name in names:
        line = line.replace(key, name)
    return line


def _sent(line: str, uniques: set[str]) -> str:
    """Return a line that was sent with names; `uniques` are the cas uniques that were received before it."""

    def named(found: re.Match[str]) -> str:
        number = int(found[2])
        for name, other in (("<cas>", number), ("<cas+1>", number - 1), ("<cas-1>", number + 1)):
            if str(other) in uniques:
                return found[1] + name
        return found[0]

    return _TIME.sub("<time>", _SENT_UNIQUE.sub(named, line))


def _received(line: str, given: set[str], version: str | None) -> str:
    """Return a line of an answer with names; `given` are the cas uniques that the requests gave."""
    if version is not None:
        line = _VERSION_LINE.sub(lambda found: found[1] + found[2].replace(version, "<version>"), line)
    line = line.replace("{version}", "<version>")
    line = _SOCKET.sub("<path>", line)
    line = _FOLDER.sub("<folder>", _PORT.sub(":<port>", _TIME.sub("<time>", line)))
    line = _VALUE_CAS.sub(lambda found: f"{found[1]} {found[2] if found[2] in given else '<cas>'}", line)
    if _META.match(line):
        line = _CAS_TOKEN.sub(lambda found: found[0] if found[0] in given else "<cas>", line)
    line = _CAS_FIELD.sub(lambda found: found[0] if found[1] in given else "cas=<cas>", line)
    return _FIELD.sub(r"\1=\2<n>", line)


def _statistic(name: str, value: str | None, about: str, counts: dict[str, int]) -> str:
    """Return a line of the answer to `about` with names; `counts` are the first values of the dialogue."""
    if value is None:
        return f"STAT {name}"
    if about.startswith("stats settings"):
        return f"STAT {name} {'<place>' if name in _PLACES else value}"
    if name in _MACHINE:
        return f"STAT {name} <n>"
    if value.isdecimal() and (more := int(value) - counts.setdefault(name, int(value))) and abs(more) <= _COUNTED:
        return f"STAT {_NUMBERS.sub('<n>', name)} <n{more:+d}>"
    return f"STAT {_NUMBERS.sub('<n>', name)} {_NUMBERS.sub('<n>', value)}"
