"""What an honest server has to say, as bytes of the protocol that the request came in; and how an answer is bent.

An answer is a row of parts, so that it can be cut at a place that means something in every protocol: `line` is what is
read before a data block (a VALUE line, a VA line, a binary header with its extras), `data` and `crlf` the block and its
end, `end` the line that ends an answer of several.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from mclite.replay.clientcheck.arrival import Request
from mclite.replay.clientcheck.arrival_binary import ANSWER, HEADER
from mclite.replay.clientcheck.items import STATISTICS, VERSION, Item, Reply

Kind = Literal["line", "data", "crlf", "end"]


class Part(NamedTuple):
    """A part of an answer."""

    kind: Kind
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Bend:
    """How an answer differs from the honest one.

    Attributes:
        length: what the announced length of a data block becomes: +3, -3, or =3 for that number itself
        key: is named in the place of the item's own
        opaque: is added to the opaque
        order: of the items of a multi-get
        extra: an item that was not asked for, before the others
        double: the first item comes twice
        error: the text of SERVER_ERROR in the place of the answer
        error_after: with `error`, behind so many items
        word: of a one-line answer, in the place of the honest one
    """

    length: str | None = None
    key: bytes | None = None
    opaque: int = 0
    order: Literal["reversed", "rotated"] | None = None
    extra: tuple[bytes, bytes] | None = None
    double: bool = False
    error: str | None = None
    error_after: int = 0
    word: str | None = None

    def announced(self, size: int) -> int:
        """Return the length that is announced for a block of `size` bytes."""
        if self.length is None:
            return size
        return int(self.length[1:]) if self.length[0] == "=" else max(0, size + int(self.length))


HONEST = Bend()


def render(request: Request, reply: Reply, bend: Bend = HONEST) -> list[Part]:
    """Return `reply` to `request` in its protocol, bent; nothing where a quiet request wants nothing."""
    if bend.word is not None and reply.word not in ("VALUES", "STATS", "VERSION"):
        reply = Reply(bend.word)
    items = list(reply.items)
    if bend.order is not None:
        items = items[::-1] if bend.order == "reversed" else items[1:] + items[:1]
    if bend.double:
        items = items[:1] + items
    if bend.extra is not None:
        items.insert(0, (bend.extra[0], Item(bend.extra[1], items[0][1].flags if items else 0)))
    bent = Reply(reply.word, tuple(items), reply.number)
    match request.protocol:
        case "binary":
            return list(_binary(request, bent, bend))
        case "meta":
            return list(_meta(request, bent, bend))
    return list(_text(request, bent, bend))


def _block(line: bytes, data: bytes) -> Iterator[Part]:
    yield Part("line", line)
    yield Part("data", data)
    yield Part("crlf", b"\r\n")


def _text(request: Request, reply: Reply, bend: Bend) -> Iterator[Part]:
    if request.quiet:
        return
    error = f"SERVER_ERROR {bend.error}\r\n".encode()
    if bend.error is not None and not bend.error_after:
        yield Part("line", error)
        return
    match reply.word:
        case "VALUES":
            for number, (key, item) in enumerate(reply.items, 1):
                cas = b" %d" % item.cas if request.name in ("gets", "gats") else b""
                size = bend.announced(len(item.value))
                yield from _block(b"VALUE %s %d %d%s\r\n" % (bend.key or key, item.flags, size, cas), item.value)
                if bend.error is not None and number >= bend.error_after:
                    yield Part("end", error)
                    return
            yield Part("end", b"END\r\n")
        case "STATS":
            for name, value in STATISTICS:
                yield Part("line", b"STAT %s %s\r\n" % (name, value))
            yield Part("end", b"END\r\n")
        case _:
            yield from _one_line(reply)


def _one_line(reply: Reply) -> Iterator[Part]:
    match reply.word:
        case "NONE":
            return
        case "NUMBER":
            yield Part("line", b"%d\r\n" % reply.number)
        case "NOT_A_NUMBER":
            yield Part("line", b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n")
        case "VERSION":
            yield Part("line", b"VERSION %s\r\n" % VERSION)
        case _:
            yield Part("line", reply.word.encode() + b"\r\n")


_META_WORDS = {
    "STORED": b"HD", "DELETED": b"HD", "TOUCHED": b"HD", "OK": b"HD",
    "NOT_STORED": b"NS", "EXISTS": b"EX", "NOT_FOUND": b"NF",
}  # fmt: skip


def _meta(request: Request, reply: Reply, bend: Bend) -> Iterator[Part]:
    letters = {token[:1]: token[1:] for token in request.tokens}
    if bend.error is not None:
        yield Part("line", f"SERVER_ERROR {bend.error}\r\n".encode())
        return
    if reply.word == "NOOP":
        yield Part("line", b"MN\r\n")
        return
    if request.verb in ("get", "gat", "touch"):
        items = reply.items
        if reply.word == "TOUCHED" or not items:
            if reply.word == "TOUCHED":
                yield Part("line", b"HD%s\r\n" % meta_flags(request, Item(b""), bend))
            elif not request.quiet:
                yield Part("line", b"EN\r\n")
            return
        for _, item in items:
            flags = meta_flags(request, item, bend)
            if b"v" in letters:
                yield from _block(b"VA %d%s\r\n" % (bend.announced(len(item.value)), flags), item.value)
            else:
                yield Part("line", b"HD%s\r\n" % flags)
        return
    if reply.word == "NUMBER":
        value = b"%d" % reply.number
        flags = meta_flags(request, Item(value), bend)
        if b"v" in letters:
            yield from _block(b"VA %d%s\r\n" % (bend.announced(len(value)), flags), value)
        elif not request.quiet:
            yield Part("line", b"HD%s\r\n" % flags)
        return
    word = _META_WORDS.get(reply.word)
    if word is None:
        yield from _one_line(reply)
    elif not (request.quiet and (word == b"HD" or (word == b"NF" and request.name == "md"))):
        yield Part("line", word + meta_flags(request, Item(b""), bend) + b"\r\n")


def meta_flags(request: Request, item: Item, bend: Bend = HONEST) -> bytes:
    """Return the flags of the answer to a meta command, in the order of the request (protocol.txt 114-131)."""
    key = bend.key or (request.keys[0] if request.keys else b"")
    binary = any(token == b"b" for token in request.tokens)
    out = b""
    for token in request.tokens:
        letter = token[:1]
        if letter == b"k":
            out += b" k" + (base64.b64encode(key) if binary else key)
        elif letter == b"O":
            out += b" O" + (_shifted(token[1:], bend.opaque) if bend.opaque else token[1:])
        elif letter == b"b":
            out += b" b"
        elif request.verb in ("get", "gat", "touch"):
            fields = {b"f": item.flags, b"c": item.cas, b"s": len(item.value), b"t": -1, b"h": 1, b"l": 0}
            out += b" %s%d" % (letter, fields[letter]) if letter in fields else b""
        elif letter in (b"c", b"t"):
            out += b" %s%d" % (letter, item.cas if letter == b"c" else -1)
    return out


def _shifted(opaque: bytes, by: int) -> bytes:
    return b"%d" % (int(opaque) + by) if opaque.isdigit() else opaque + b"x"


_STATUS = {
    "NOT_FOUND": (1, b"Not found"),
    "EXISTS": (2, b"Data exists for key."),
    "NOT_STORED": (5, b"Not stored."),
    "NOT_A_NUMBER": (6, b"Non-numeric server-side value for incr or decr"),
    "ERROR": (0x81, b"Unknown command"),
}


def _binary(request: Request, reply: Reply, bend: Bend) -> Iterator[Part]:
    if bend.error is not None:
        yield packet(request, bend, status=0x82, value=bend.error.encode())
        return
    if reply.word == "VALUES" and reply.items:
        for key, item in reply.items:
            named = (bend.key or key) if request.name.startswith("GETK") or key not in request.keys else b""
            size = bend.announced(len(item.value))
            extras = item.flags.to_bytes(4)
            yield packet(request, bend, extras=extras, key=named, cas=item.cas, announced=4 + len(named) + size)
            if item.value:
                yield Part("data", item.value)
        return
    if reply.word == "VALUES":
        if not request.quiet:
            named = request.keys[0] if request.name == "GETK" else b""
            yield packet(request, bend, status=1, key=named, value=b"" if named else b"Not found")
        return
    if reply.word in _STATUS or reply.word == "NOT_STORED":
        status, text = _STATUS[reply.word]
        if reply.word == "NOT_STORED" and request.verb in ("add", "replace"):
            status, text = (2, b"Data exists for key.") if request.verb == "add" else _STATUS["NOT_FOUND"]
        if not (request.quiet and status == 1 and request.verb == "get"):
            yield packet(request, bend, status=status, value=text)
        return
    if reply.word == "STATS":
        for name, value in STATISTICS:
            yield packet(request, bend, key=name, value=value)
        yield packet(request, bend)
        return
    if not request.quiet:
        value = {"NUMBER": reply.number.to_bytes(8), "VERSION": VERSION}.get(reply.word, b"")
        yield packet(request, bend, value=value, cas=101 if request.data is not None else 0)


def packet(
    request: Request,
    bend: Bend = HONEST,
    *,
    status: int = 0,
    extras: bytes = b"",
    key: bytes = b"",
    value: bytes = b"",
    cas: int = 0,
    announced: int | None = None,
) -> Part:
    """Return a binary answer to `request`, or with `announced` its beginning without the value."""
    body = extras + key + value
    size = len(body) if announced is None else announced
    opaque = ((int.from_bytes(request.opaque) + bend.opaque) & 0xFFFF_FFFF).to_bytes(4)
    head = HEADER.pack(ANSWER, request.opcode, len(key), len(extras), 0, status, size & 0xFFFF_FFFF, opaque, cas)
    return Part("line", head + body)
