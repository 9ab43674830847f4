"""What may be sent to a server that the suite did not start: nothing that changes or reveals what others keep there.

The rule holds whatever a release or a clone makes of the bytes. So nothing is parsed as the protocol would have it:
every line of a connection, each data block too, and the beginning of every write, is read as a command, in any case
of letters. A line must then be one of the forms below, and no line may hold a word of `FORBIDDEN`. What is not allowed
here is played to servers of the suite's own, and with `--destructive` to any. docs/safety.md says the same for readers.
"""

from __future__ import annotations

import base64
import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Final

from mclite.replay.scenario.scenario import Scenario
from mclite.replay.scenario.talk import Act, AnyOf, Expect, Script, SomeOf, Write
from mclite.replay.scenario.text import Text


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Commands whose first argument is a key: it must be one of the run. Those of the second line are no commands, or some
#: clone's.
ONE_KEY: Final = _words(
    "set add replace append prepend cas incr decr delete touch ms mg md ma me "
    "remove put store bget getx xget meta mgs mx mz"
)
#: Words that are nearly one of these commands: some server takes them for it, with the key of the run.
NEARLY: Final = _words(
    "se sat sex sets sett ste xet est ad app adx abd addd adds dad and replac replacx replaced replaces xeplace place "
    "appen appenx appends xppend pend prepen prepenx prepends xrepend pre ca caz cass kas case ge gex gett got getz "
    "getss xets gest del delet deletx deletes xelete inc incx incrs xncr increment dec decx decrs xecr decrement touc "
    "toucx touches xouch mgx mgg xg mq mss msx xs mset mdx mdd xd mdel mf max maa xa mb mex mee xe"
)
#: Commands all of whose arguments are keys, after as many others: each must be one of the run.
MANY_KEYS: Final = {"get": 0, "gets": 0, "mget": 0, "gat": 1, "gats": 1} | dict.fromkeys(
    ("ga", "gax", "gatx", "xat", "gay", "gatz", "gatss", "xats", "gast"), 1
)
#: Commands that touch no item, whatever their arguments.
NO_KEY: Final = frozenset({"version", "mn", "quit"})
#: The `stats` requests that only count: no keys, no addresses of clients, no walk through all items.
STATS: Final = frozenset({("stats",), ("stats", "settings"), ("stats", "items"), ("stats", "slabs")})
#: Words with which a line may begin that is no command: data blocks, pieces of them, and commands of no server.
WORDS: Final = _words(
    "ab abc abcd abcde abcdef abcdefghij abcdeunknown abcmn bad bc bogus cd cde de "
    "defghij en end foo fresh ge he hello hi hixxmn ho last llo lower mclite mid middle mnx ne new newer newxmn "
    "noreply ok old one other ping post quitx secret seven shared stale text too two unknown upper va value "
    "ver versio versiox versions xersion word world mm mnn mnop xmn xn xxmn xy xyz"
)
#: No line may hold one of these, in whatever place: a server that loses its step could take it for a command.
FORBIDDEN: Final = (
    *(b"flush", b"shutdown", b"memlimit", b"verbosity", b"debugtime", b"misbehave", b"lru", b"slabs", b"watch"),
    *(b"detail", b"dump", b"reset", b"reassign", b"automove", b"extstore", b"certs"),
    *(b"config", b"scrub", b"monitor", b"reload"),  # of clones
)
#: Bytes of a word within which the prefix of the run must begin: servers may cut long keys off.
HEAD = 64

_PREFIX = b"m00000"
#: Makes a space of each byte that some server may take for the end of a word.
_SPACES = bytes(byte if 0x20 < byte != 0x7F else 0x20 for byte in range(256))
_VERB_LIKE = re.compile(r"[a-z_]+")


def objection(scenario: Scenario) -> str | None:
    """Return why `scenario` may not be played to a server that the suite did not start; None if it may."""
    return _objection(scenario, scenario.transport == "udp-raw")


@functools.lru_cache(maxsize=8192)
def _objection(scenario: Scenario, framed: bool) -> str | None:
    talk = scenario.talk
    lines: dict[bytes, None] = {}  # each once, in order
    for versions in talk.variants().values():
        version = next(filter(scenario.applies_to, versions), None)
        for stream in _streams(talk.script(version), framed) if version is not None else ():
            lines.update(dict.fromkeys(_lines(stream)))
    return _first_objection(lines, _PREFIX)


def objection_to(data: bytes, prefix: bytes) -> str | None:
    """Return why `data` may not be sent by a run whose keys begin with `prefix`; None if it may."""
    return _first_objection(_lines(data), prefix)


def _lines(data: bytes) -> list[bytes]:
    return data.replace(b"\r", b"\n").split(b"\n")


def _first_objection(lines: Iterable[bytes], prefix: bytes) -> str | None:
    for line in lines:
        if found := _objection_to_line(line, prefix):
            shown = line[:60].decode("ascii", "backslashreplace") + ("..." if len(line) > 60 else "")
            return f"`{shown}` {found}"
    return None


def _objection_to_line(line: bytes, prefix: bytes) -> str | None:
    words = line.translate(_SPACES).split()
    if not words:
        return None
    verb = words[0].lower().decode("latin-1")
    lower = line.lower()
    if verb == "stats":
        form = tuple(word.lower().decode("latin-1") for word in words)
        return None if form in STATS else "is none of the statistics that only count"
    if forbidden := next((word.decode() for word in FORBIDDEN if word in lower), None):
        return f"holds `{forbidden}`, which some server could take for a command"
    if line.startswith((b"\x80", b"\x81")):
        return "could be a request of the binary protocol"
    if verb in ONE_KEY or verb in NEARLY:
        keys = words[1:2]
    elif verb in MANY_KEYS:
        keys = words[1 + MANY_KEYS[verb] :]
    elif verb in NO_KEY or _is_no_command(verb):
        return None
    else:
        return f"begins with `{verb[:40]}`, which could be a command of some server"
    if all(_is_own(key, prefix) for key in keys):
        return None
    return "names a key that does not have the prefix of the run"


def _is_no_command(word: str) -> bool:
    """Tell whether a word, in small letters, is no command of any server; `version` may follow a line without end."""
    word = word.removesuffix("version")
    return word in WORDS or not _VERB_LIKE.fullmatch(word) or word == word[0] * len(word)


def _is_own(key: bytes, prefix: bytes) -> bool:
    """Tell whether a word is a key of the run, or the base64 of one."""
    encoded = base64.b64encode(prefix[: len(prefix) // 3 * 3])
    return any(0 <= key.find(head) <= HEAD for head in (prefix, encoded))


class _Placeholders(dict[str, bytes]):
    """Values of a script that nobody answers: what the server would say is 1."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or not str(name).startswith(("key", "time"))

    def __missing__(self, name: str) -> bytes:
        return b"1"


def _streams(script: Script, framed: bool) -> Iterator[bytes]:
    """Yield the bytes of each write of a script, and those of each connection; `framed` datagrams without header."""
    numbers, values, connections = itertools.count(1), _Placeholders(), dict[str, bytearray]()

    def new_key(length: int | None) -> bytes:
        """Return a key of the run."""
        return b"%s_%04d" % (_PREFIX, next(numbers)) + b"x" * ((length or 0) - len(_PREFIX) - 5)

    for op in script:
        match op:
            case Write(conn=conn, lines=lines):
                data = b"".join(text.render(values, new_key) + end for text, end in lines)
                data = data[8:] if framed else data
                yield data
                connections.setdefault(conn, bytearray()).extend(data)
            case Act(conn=conn, verb="close" | "closed" | "reset"):
                yield bytes(connections.pop(conn, b""))
            case Act():
                pass
            case _:
                values.update((name, b"1") for text in _expected(op) for name in text.binds)
    for connection in connections.values():
        yield bytes(connection) + b"version\r\n"  # the barrier of the player


def _expected(op: Expect | AnyOf | SomeOf) -> Iterator[Text]:
    match op:
        case Expect(text=text):
            yield text
        case AnyOf(options=options):
            yield from (option.text for option in options)
        case SomeOf(wanted=wanted, until=until):
            yield from (item.text for item in wanted)
            yield from _expected(until)
