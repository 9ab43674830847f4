"""Bytes to replies, for the client, and replies to bytes once more.

The rule that keeps it true: a reply is known by its first word. `ROWS` gives each word the shape of what follows;
a line that begins with none of them is a number or makes no sense, and then the reader stops for good, because
what follows cannot be trusted. CR LF is the only line end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from mclite.protocol import replies
from mclite.protocol.replies import CRLF


class ReplyError(Exception):
    """The server sent what is no reply of the protocol; nothing after it can be trusted."""


@dataclass(frozen=True, slots=True)
class Status:
    """A line that is a word, and a text after it for errors and the like: STORED, CLIENT_ERROR bad data chunk."""

    code: bytes
    text: bytes = b""

    def to_bytes(self) -> bytes:
        """Return the reply as it goes over the wire."""
        return b"%b %b\r\n" % (self.code, self.text) if self.text else self.code + CRLF


@dataclass(frozen=True, slots=True)
class Value:
    """An item of a retrieval command (protocol.txt 306-321)."""

    key: bytes
    flags: int
    data: bytes
    cas: int | None = None

    def to_bytes(self) -> bytes:
        """Return the reply as it goes over the wire."""
        return replies.value(self.key, self.flags, self.data, self.cas)


@dataclass(frozen=True, slots=True)
class Number:
    """The new value after incr or decr (protocol.txt 387-388)."""

    value: int

    def to_bytes(self) -> bytes:
        """Return the reply as it goes over the wire."""
        return b"%d\r\n" % self.value


@dataclass(frozen=True, slots=True)
class Stat:
    """A line of statistics (protocol.txt 1291-1303)."""

    name: bytes
    value: bytes

    def to_bytes(self) -> bytes:
        """Return the reply as it goes over the wire."""
        return replies.stat(self.name, self.value)


@dataclass(frozen=True, slots=True)
class Meta:
    """A reply to a meta command: code, flags with their tokens, and the data block of VA (protocol.txt 105-112)."""

    code: bytes
    flags: tuple[bytes, ...] = ()
    data: bytes | None = None

    def to_bytes(self) -> bytes:
        """Return the reply as it goes over the wire."""
        flags = b"".join(b" " + flag for flag in self.flags)
        if self.data is None:
            return self.code + flags + CRLF
        return b"%b %d%b\r\n%b\r\n" % (self.code, len(self.data), flags, self.data)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a dump or of a log: free text that ends in LF alone (protocol.txt 1157-1158 and 1226-1229)."""

    text: bytes

    def to_bytes(self) -> bytes:
        """Return the reply as it goes over the wire."""
        return self.text + b"\n"


Reply = Status | Value | Number | Stat | Meta | Line

Shape = Literal["word", "text", "value", "stat", "meta", "meta-value", "free"]

ROWS: Final[dict[bytes, Shape]] = {
    **dict.fromkeys(
        (b"STORED", b"NOT_STORED", b"EXISTS", b"NOT_FOUND", b"DELETED", b"TOUCHED", b"OK", b"END", b"RESET"), "word"
    ),
    **dict.fromkeys(
        (b"ERROR", b"ERROR:", b"CLIENT_ERROR", b"SERVER_ERROR", b"SERVER_ERROR:", b"VERSION", b"BUSY", b"BADCLASS",
         b"NOSPARE", b"NOTFULL", b"NOTSTARTED", b"UNSAFE", b"SAME", b"MEMLIMIT_TOO_SMALL", b"MEMLIMIT_ADJUST_FAILED",
         b"PREFIX", b"ITEM", b"mg"), "text"
    ),
    b"VALUE": "value",
    b"STAT": "stat",
    **dict.fromkeys((b"HD", b"EN", b"NF", b"NS", b"EX", b"MN"), "meta"),
    b"VA": "meta-value",
    b"ME": "free",
}  # fmt: skip


class ReplyReader:
    """Bytes from a server to replies: `receive_data`, then `next_reply` until it gives None.

    `line_max` bounds a line and `data_max` a data block, bytes. After a ReplyError the reader refuses to go on.
    """

    def __init__(self, line_max: int = 8192, data_max: int = 1 << 30) -> None:
        self._buffer = bytearray()
        self._line_max = line_max
        self._data_max = data_max
        self._failed: str | None = None

    def receive_data(self, data: bytes) -> None:
        """Take in what the server sent."""
        self._buffer += data

    @property
    def pending(self) -> bytes:
        """What was received and not read yet."""
        return bytes(self._buffer)

    def next_reply(self, lines: bool = False) -> Reply | None:
        """Return the next whole reply, None if more bytes are needed; raise ReplyError for what is none.

        With `lines` a line that ends in LF alone is no error but a Line: the request was one that is answered so.
        """
        if self._failed is not None:
            raise ReplyError(self._failed)
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > self._line_max:
                raise self._fail("a reply line without end", self._buffer)
            return None
        line = bytes(self._buffer[: end + 1])
        if lines and b"\r" not in line:
            del self._buffer[: end + 1]
            return Line(line[:-1])
        if not line.endswith(CRLF) or b"\r" in line[:-2]:
            raise self._fail("a reply line that does not end in CR LF", line)
        text = line[:-2]
        word, _, rest = text.partition(b" ")
        shape = ROWS.get(word)
        length = -1
        reply: Reply
        if shape == "word":
            if rest or text != word:
                raise self._fail("a reply with something after it", line)
            reply = Status(word)
        elif shape == "text":
            reply = Status(word, rest)
        elif shape == "stat":
            name, _, stat_value = rest.partition(b" ")
            reply = Stat(name, stat_value)
        elif shape == "meta":
            reply = Meta(word, tuple(rest.split()))
        elif shape == "free":
            reply = Meta(word, tuple(rest.split(b" ")))
        elif shape == "value":
            return self._value(rest, line, end + 1)
        elif shape == "meta-value":
            length = self._number(rest.partition(b" ")[0], line, self._data_max)
            data = self._data_block(end + 1, length, line)
            if data is None:
                return None
            return Meta(word, tuple(rest.split()[1:]), data)
        elif (digits := text.rstrip(b" ")).isdigit():  # it may be padded (protocol.txt 393-397)
            reply = Number(self._number(digits, line, 0xFFFF_FFFF_FFFF_FFFF))
        else:
            raise self._fail("a line that is no reply", line)
        del self._buffer[: end + 1]
        return reply

    def _value(self, rest: bytes, line: bytes, start: int) -> Reply | None:
        parts = rest.split(b" ")
        if not 3 <= len(parts) <= 4 or not parts[0]:
            raise self._fail("a VALUE line with the wrong number of parts", line)
        flags = self._number(parts[1], line, 0xFFFF_FFFF)
        length = self._number(parts[2], line, self._data_max)
        cas = self._number(parts[3], line, 0xFFFF_FFFF_FFFF_FFFF) if len(parts) == 4 else None
        data = self._data_block(start, length, line)
        return None if data is None else Value(parts[0], flags, data, cas)

    def _data_block(self, start: int, length: int, line: bytes) -> bytes | None:
        stop = start + length
        if len(self._buffer) < stop + 2:
            return None
        if self._buffer[stop : stop + 2] != CRLF:
            raise self._fail("a data block that is not as long as its line says", line)
        data = bytes(self._buffer[start:stop])
        del self._buffer[: stop + 2]
        return data

    def _number(self, text: bytes, line: bytes, most: int) -> int:
        if not text.isdigit() or len(text) > 20 or int(text) > most:
            raise self._fail("a number that is none, or too large", line)
        return int(text)

    def _fail(self, what: str, line: bytes | bytearray) -> ReplyError:
        self._failed = f"the server sent {what}: {bytes(line[:100])!r}"
        return ReplyError(self._failed)
