"""Which replies may answer a request: what the client knows before it reads.

The strategy: an Expect is made from the row of the command table and the arguments that were sent, takes replies one
by one, and says when the answer is whole. The rule that keeps it true: whatever could not be the server's answer to
exactly this request (another command's word, a key that was not asked for, a flag that was not asked for, a number
that is none) raises SenselessError, because then the client and the server are out of step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import Final

from mclite.protocol.commands import Command
from mclite.protocol.meta import decode_key, encode_key
from mclite.protocol.numbers import UINT32, UINT64, digits
from mclite.protocol.reader import Line, Meta, Number, Reply, Stat, Status, Value


class SenselessError(Exception):
    """A reply that is none to what was asked; the text says why."""


class Expect(ABC):
    """The answer that is due, of which `replies` has arrived. An error of the server ends it without being taken."""

    lines = False
    """are lines without CR part of this answer?"""
    closes = False
    """may the server hang up instead of answering?"""
    endless = False
    """does the connection belong to the answer from here on?"""

    def __init__(self) -> None:
        self.replies: list[Reply] = []

    @abstractmethod
    def take(self, reply: Reply) -> bool:
        """Take the next `reply`; return whether the answer is whole. Raises SenselessError."""


def _wrong(reply: Reply, wanted: str) -> SenselessError:
    return SenselessError(f"{wanted} was due, not {reply.to_bytes()[:100]!r}")


class OneLine(Expect):
    """One line: a word that the table has, or a number where the command gives one (protocol.txt 272-285, 341-388)."""

    def __init__(self, row: Command) -> None:
        super().__init__()
        self._words = row.answers
        self._number = row.kind == "arithmetic"
        self.closes = row.name == b"shutdown"
        self.endless = row.name == b"watch"

    def take(self, reply: Reply) -> bool:
        """Take the line."""
        if not (
            (isinstance(reply, Status) and reply.code in self._words) or (self._number and isinstance(reply, Number))
        ):
            raise _wrong(reply, " or ".join(word.decode() for word in self._words) + " or a number" * self._number)
        self.replies.append(reply)
        return True


class Values(Expect):
    """Items of the keys that were asked for, in any order, those not held left out, then END (protocol.txt 298-327)."""

    def __init__(self, keys: Sequence[bytes], with_cas: bool) -> None:
        super().__init__()
        self._due = Counter(keys)
        self._with_cas = with_cas

    def take(self, reply: Reply) -> bool:
        """Take an item or END."""
        if isinstance(reply, Value):
            if (reply.cas is not None) != self._with_cas:
                raise _wrong(reply, "a cas unique" if self._with_cas else "no cas unique")
            if not self._due[reply.key]:
                twice = "twice" if reply.key in self._due else "though it was not asked for"
                raise SenselessError(f"the item {reply.key[:100]!r} was sent {twice}")
            self._due[reply.key] -= 1
            self.replies.append(reply)
            return False
        if not (isinstance(reply, Status) and reply.code == b"END"):
            raise _wrong(reply, "VALUE or END")
        self.replies.append(reply)
        return True


class List(Expect):
    """Lines that the server ends when it likes: they are bounded, because one that never does so would fill memory."""

    bytes_max = 16 << 20

    def __init__(self) -> None:
        super().__init__()
        self._bytes = 0

    def count(self, reply: Reply) -> None:
        """Count the bytes of a line. Raises SenselessError when they are too many."""
        self._bytes += len(reply.to_bytes())
        if self._bytes > self.bytes_max:
            raise SenselessError(f"a list has no end after {self.bytes_max} bytes")


class Statistics(List):
    """Lines of statistics and END, or the one word that some groups answer (protocol.txt 1268-1303)."""

    def take(self, reply: Reply) -> bool:
        """Take a line of them."""
        self.count(reply)
        if isinstance(reply, Stat) or (isinstance(reply, Status) and reply.code in (b"PREFIX", b"ITEM")):
            self.replies.append(reply)
            return False
        if not isinstance(reply, Status) or reply.code not in (b"END", b"RESET", b"OK"):
            raise _wrong(reply, "STAT, END, RESET or OK")
        if reply.code != b"END" and self.replies:
            raise _wrong(reply, "STAT or END")
        self.replies.append(reply)
        return True


class Dump(List):
    """OK from newer servers, the items in lines, and END, or EN for mgdump (protocol.txt 1138-1194)."""

    bytes_max = 1 << 30  # of millions of items

    def __init__(self, metaget: bool) -> None:
        super().__init__()
        self.lines = not metaget

    def take(self, reply: Reply) -> bool:
        """Take a line of it."""
        self.count(reply)
        self.replies.append(reply)
        if isinstance(reply, Status) and not (self.lines and reply.code == b"mg"):
            if reply.code == b"OK" and len(self.replies) == 1:
                return False
            if reply.code in (b"BUSY", b"BADCLASS") and len(self.replies) == 1:
                return True
            if self.lines and reply.code == b"END":
                return True
            if not self.lines and reply.code == b"mg":
                return False
        elif isinstance(reply, Line) and reply.text.startswith(b"key="):
            return False
        elif isinstance(reply, Meta) and reply.code == b"EN" and not self.lines:
            return True
        raise _wrong(reply, "an item of the dump or its end")


class Closing(Expect):
    """Nothing but the end of the connection (protocol.txt 1863-1869)."""

    closes = True

    def take(self, reply: Reply) -> bool:
        """Refuse any reply."""
        raise _wrong(reply, "the end of the connection")


_UNASKED: Final[dict[bytes, bytes]] = {b"mg": b"WXZ"}
_TOKEN_MAX: Final = {**dict.fromkeys(b"cslt", UINT64), ord("f"): UINT32, ord("h"): 1}


class MetaAnswer(Expect):
    """One reply to a meta command, with flags that were asked for and no others (protocol.txt 105-119)."""

    def __init__(self, row: Command, args: Sequence[bytes]) -> None:
        super().__init__()
        self._name = row.name
        self._codes = row.answers
        self._token = args[0] if args else b""
        flags = args[1 if row.length is None else 2 :]
        self._sent = {flag[0]: flag for flag in flags}
        opaque = self._sent.get(ord("O"))
        self.opaque = opaque
        self._key = (decode_key(self._token) if ord("b") in self._sent else None) or self._token

    def take(self, reply: Reply) -> bool:
        """Take the reply."""
        codes = self._codes
        if not isinstance(reply, Meta) or reply.code not in codes:
            raise _wrong(reply, " or ".join(code.decode() for code in codes))
        if reply.code == b"ME":
            reply = self._debug(reply)
        else:
            self._check(reply)
        self.replies.append(reply)
        return True

    def _debug(self, reply: Meta) -> Meta:
        """Take apart ME and a key, as sent or as it is: memcached prints some binary keys raw, spaces and all."""
        rest = b" ".join(reply.flags)
        for key in (self._token, self._key, encode_key(self._key)):
            if rest.startswith(key + b" "):
                return Meta(b"ME", (key, *rest[len(key) + 1 :].split()))
        raise _wrong(reply, f"ME {self._token!r}")

    def _check(self, reply: Meta) -> None:
        sent = self._sent
        value_due = ord("v") in sent
        if reply.code == b"VA" and not value_due:
            raise _wrong(reply, "an answer without a data block")
        if reply.code == b"HD" and value_due and not (self._name == b"mg" and ord("C") in sent):
            raise _wrong(reply, "VA with a data block")
        binary = b"b" in reply.flags
        seen: set[int] = set()
        for flag in reply.flags:
            letter = flag[0]
            if letter in seen:
                raise _wrong(reply, "each flag once")
            seen.add(letter)
            if letter in _UNASKED.get(self._name, b""):
                ok = len(flag) == 1
            elif letter == ord("b"):
                ok = len(flag) == 1 and ord("k") in sent
            elif letter not in sent:
                ok = False
            elif letter == ord("O"):
                ok = flag == self.opaque
            elif letter == ord("k"):
                ok = (decode_key(flag[1:]) if binary else flag[1:]) == self._key
            else:
                ok = flag == b"t-1" or digits(flag[1:], _TOKEN_MAX.get(letter, -1)) is not None
            if not ok:
                raise _wrong(reply, f"an answer to flags {b' '.join(sent.values()).decode('utf-8', 'replace')!r}")
            if letter == ord("s") and reply.data is not None and int(flag[1:]) != len(reply.data):
                raise _wrong(reply, f"a size of {len(reply.data)}")


def expect(row: Command, args: Sequence[bytes]) -> Expect:
    """Return which replies may answer the command of `row` with `args` (without noreply)."""
    if row.kind == "meta":
        return MetaAnswer(row, args)
    if row.kind == "retrieval":
        return Values(args[row.key :], row.name.endswith(b"s"))
    if row.name == b"stats":
        return Statistics()
    if row.name == b"quit":
        return Closing()
    if row.name == b"lru_crawler" and args[:1] in ([b"metadump"], [b"mgdump"]):
        return Dump(args[0] == b"mgdump")
    return OneLine(row)
