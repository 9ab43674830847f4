"""What a client sent, as requests: the text and the meta commands.

The strategy: every request of text, meta and binary becomes the same `Request`, in the words of the classic commands,
so that one scenario fits clients of all protocols. The rule that keeps it true: whatever protocol.txt does not allow
is a request with a `problem`, and no byte is passed over in silence.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, replace
from typing import Literal

from mclite.replay.scenario.wire import brief

Protocol = Literal["text", "meta", "binary"]
PROTOCOLS: tuple[Protocol, ...] = ("text", "meta", "binary")

#: Bytes of a key (protocol.txt 46-51), of a command line without its end, and of a data block that are read.
KEY_MAX, LINE_MAX, DATA_MAX = 250, 1 << 20, 64 << 20
_NOT_IN_KEYS = re.compile(rb"[\x00-\x20\x7f]")
_NUMBER = re.compile(rb"[0-9]{1,20}")
_SIGNED = re.compile(rb"-?[0-9]{1,20}")

STORAGE = frozenset({"set", "add", "replace", "append", "prepend", "cas"})
_RETRIEVAL = {"get": 0, "gets": 0, "gat": 1, "gats": 1}
#: Commands without a key that a client may send, and that have an answer of their own.
_OTHERS = frozenset(
    {"version", "verbosity", "stats", "quit", "flush_all", "shutdown", "watch", "lru", "lru_crawler", "slabs",
     "cache_memlimit"}
)  # fmt: skip
_META = frozenset({"mg", "ms", "md", "ma", "me", "mn"})
_MODES = {"S": "set", "E": "add", "A": "append", "P": "prepend", "R": "replace"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that arrived: `verb` in the words of the classic commands, `name` as it was sent.

    Attributes:
        keys: as sent, decoded if they came in base64
        exptime: seconds as sent; None where the request has none
        quiet: no answer is wanted where all went well, or none at all
        tokens: the flags of a meta command; the rest of a line without keys
        opaque: 4 bytes of a binary request
        initial: value of a counter that is not there, None where it is not made
        problem: why protocol.txt does not allow it
    """

    protocol: Protocol
    verb: str
    name: str
    raw: bytes
    keys: tuple[bytes, ...] = ()
    data: bytes | None = None
    flags: int = 0
    exptime: int | None = None
    cas: int | None = None
    delta: int | None = None
    initial: int | None = None
    quiet: bool = False
    tokens: tuple[bytes, ...] = ()
    opcode: int = 0
    opaque: bytes = b""
    problem: str | None = None

    @property
    def normal(self) -> tuple[bytes, ...]:
        """The request as a classic command writes it, and its data block: what a `>` line is held against."""
        keys = b" ".join(self.keys)
        exptime = b"%d" % (self.exptime or 0)
        match self.verb:
            case "set" | "add" | "replace" | "append" | "prepend" | "cas":
                data = self.data or b""
                line = b"%s %s %d %s %d" % (self.verb.encode(), keys, self.flags, exptime, len(data))
                return (line + (b" %d" % (self.cas or 0) if self.verb == "cas" else b""), data)
            case "gat":
                return (b"gat %s %s" % (exptime, keys),)
            case "touch":
                return (b"touch %s %s" % (keys, exptime),)
            case "incr" | "decr":
                return (b"%s %s %d" % (self.verb.encode(), keys, self.delta or 0),)
        words = (self.verb.encode(), *self.keys, *(self.tokens if self.protocol == "text" else ()))
        return (b" ".join(words),)


class _WrongError(ValueError):
    """The request is none that protocol.txt allows; the text says why."""


def key_problem(key: bytes) -> str | None:
    """Return why `key` is no key that can be sent as it is, or None (protocol.txt 46-51)."""
    if not key:
        return "the key is empty"
    if len(key) > KEY_MAX:
        return f"the key has {len(key)} bytes, and {KEY_MAX} are the most"
    found = _NOT_IN_KEYS.search(key)
    return f"the key holds {brief(found[0])}, white space or a control character" if found else None


def _key(key: bytes) -> bytes:
    if problem := key_problem(key):
        raise _WrongError(problem)
    return key


def _number(word: bytes, what: str, most: int = (1 << 64) - 1) -> int:
    if not _NUMBER.fullmatch(word) or int(word) > most:
        raise _WrongError(f"{what} is {brief(word)!r}, not a number from 0 to {most}")
    return int(word)


def _exptime(word: bytes) -> int:
    if not _SIGNED.fullmatch(word) or not -(1 << 63) <= int(word) < 1 << 63:
        raise _WrongError(f"exptime is {brief(word)!r}, not a whole number of seconds")
    return int(word)


def data_length(line: bytes) -> int | None:
    """Return the bytes of the data block that follows a command line; None when none does, or their number is none."""
    words = line.split()
    where = 4 if words and words[0].decode("latin-1") in STORAGE else 2 if words[:1] == [b"ms"] else 0
    if not where or len(words) <= where or not _NUMBER.fullmatch(words[where]):
        return None
    return int(words[where])


def parse_line(line: bytes, data: bytes | None, raw: bytes) -> Request:
    """Return the request of a command line without its end, and of the data block that came behind it."""
    words = line.split(b" ")
    while words and not words[-1]:
        words.pop()  # a space at the end parts nothing
    name = words[0].decode("latin-1") if words else ""
    protocol: Protocol = "meta" if name in _META else "text"
    fields: dict[str, object] = {"verb": _MODES["S"] if name == "ms" else name, "name": name, "data": data}
    try:
        if b"" in words:
            raise _WrongError("two spaces follow each other, so an argument is empty")
        fields |= _meta(name, words[1:], data) if name in _META else _classic(name, words[1:], data)
    except _WrongError as error:
        fields["problem"] = str(error)
    return Request(protocol=protocol, raw=raw, **fields)  # type: ignore[arg-type]  # the fields of Request


def _classic(name: str, args: list[bytes], data: bytes | None) -> dict[str, object]:
    fields: dict[str, object] = {"quiet": args[-1:] == [b"noreply"]}
    if fields["quiet"]:
        args = args[:-1]
    if name in STORAGE:
        if len(args) != (5 if name == "cas" else 4):
            raise _WrongError(f"{name} has {len(args)} arguments, not {5 if name == 'cas' else 4}")
        if data is None:
            raise _WrongError("the data block is not there")
        fields |= {"keys": (_key(args[0]),), "flags": _number(args[1], "flags", 0xFFFF_FFFF)}
        fields |= {"exptime": _exptime(args[2]), "cas": _number(args[4], "cas unique") if name == "cas" else None}
        if _number(args[3], "bytes") != len(data):
            raise _WrongError(f"bytes is {int(args[3])}, and the data block has {len(data)}")
        return fields
    if name in _RETRIEVAL:
        first = _RETRIEVAL[name]
        if len(args) <= first:
            raise _WrongError(f"{name} has no key")
        fields |= {"verb": "gat" if first else "get", "keys": tuple(_key(key) for key in args[first:]), "quiet": False}
        return fields | ({"exptime": _exptime(args[0])} if first else {})
    if name in ("incr", "decr", "touch"):
        if len(args) != 2:
            raise _WrongError(f"{name} has {len(args)} arguments, not 2")
        value = {"exptime": _exptime(args[1])} if name == "touch" else {"delta": _number(args[1], "value")}
        return fields | {"keys": (_key(args[0]),)} | value
    if name == "delete":
        if args[1:] not in ([], [b"0"]):  # the 0 of servers before 1.4 is still taken
            raise _WrongError("delete has more than a key")
        if not args:
            raise _WrongError("delete has no key")
        return fields | {"keys": (_key(args[0]),)}
    if name not in _OTHERS:
        raise _WrongError(f"there is no command {brief(name.encode('latin-1'), 40, 0)!r}")
    return fields | {"tokens": tuple(args), "quiet": fields["quiet"] or name == "quit"}


def _meta(name: str, args: list[bytes], data: bytes | None) -> dict[str, object]:
    if name == "mn":
        return {"verb": "noop"}
    if not args:
        raise _WrongError(f"{name} has no key")
    flags = args[2 if name == "ms" else 1 :]
    if name == "ms" and (data is None or len(args) < 2):
        raise _WrongError("ms has no length, or no data block")
    letters = {flag[:1].decode("latin-1"): flag[1:] for flag in flags}
    if len(letters) != len(flags):
        raise _WrongError("a flag is there twice")
    if any(_NOT_IN_KEYS.search(flag) for flag in flags):
        raise _WrongError("a flag holds a control character")
    key = _key(args[0])
    if "b" in letters:
        try:
            key = base64.b64decode(key, validate=True)
        except binascii.Error:
            raise _WrongError("the key is no base64, and the flag b says so") from None
    fields: dict[str, object] = {"keys": (key,), "quiet": "q" in letters, "tokens": tuple(flags)}
    if "T" in letters:
        fields["exptime"] = _exptime(letters["T"])
    if "C" in letters:
        fields["cas"] = _number(letters["C"], "the flag C")
    if "F" in letters and name == "ms":
        fields["flags"] = _number(letters["F"], "the flag F", 0xFFFF_FFFF)
    return fields | {"verb": _meta_verb(name, letters, fields)} | _meta_numbers(name, letters)


def _meta_verb(name: str, letters: dict[str, bytes], fields: dict[str, object]) -> str:
    mode = letters.get("M", b"").decode("latin-1").upper()[:1]
    match name:
        case "ms":
            verb = _MODES.get(mode or "S")
            if verb is None:
                raise _WrongError(f"there is no mode {mode}")
            return "cas" if verb == "set" and "cas" in fields else verb
        case "mg":
            if "T" in letters:
                return "gat" if "v" in letters else "touch"
            return "get"
        case "md":
            return "delete"
        case "ma":
            return "decr" if mode in ("D", "-") else "incr"
    return name


def _meta_numbers(name: str, letters: dict[str, bytes]) -> dict[str, object]:
    if name != "ma":
        return {}
    initial = _number(letters.get("J", b"0"), "the flag J") if "N" in letters else None
    return {"delta": _number(letters.get("D", b"1"), "the flag D"), "initial": initial}


def take(buffer: bytearray) -> Request | None:
    """Return the first request of text or meta in `buffer`; None when it is not whole."""
    end = buffer.find(b"\n")
    if end < 0:
        if len(buffer) <= LINE_MAX:
            return None
        raw = bytes(buffer)
        return Request(protocol="text", verb="", name="", raw=raw, problem=f"a line of more than {LINE_MAX} bytes")
    line = bytes(buffer[: end + 1])
    if not line.endswith(b"\r\n"):
        problem = f"a line that does not end in CR LF: {brief(line, 60, 0)}"
        return Request(protocol="text", verb="", name="", raw=line, problem=problem)
    size = data_length(line)
    if size is None:
        return parse_line(line[:-2], None, line)
    if size > DATA_MAX:
        problem = f"a data block of {size} bytes"
        return Request(protocol="text", verb="", name="", raw=bytes(buffer), problem=problem)
    stop = end + 1 + size
    if len(buffer) < stop + 2:
        return None
    raw = bytes(buffer[: stop + 2])
    request = parse_line(line[:-2], raw[end + 1 : stop], raw)
    if not raw.endswith(b"\r\n") and request.problem is None:
        # What lies behind the block is no request either: it is left to be read as one, and to be refused.
        lying = f"the data block does not end with the {size} bytes that its line announces"
        return replace(request, raw=raw[:stop], problem=lying)
    return request
