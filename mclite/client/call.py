"""One command on its way: what is sent, and what is made of the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mclite.client.errors import BadArgumentError
from mclite.client.expect import Expect, expect
from mclite.protocol.commands import COMMANDS, Command
from mclite.protocol.parser import LINE_MAX
from mclite.protocol.reader import Meta, Reply, Status

T = TypeVar("T")


@dataclass(slots=True)
class Call(Generic[T]):
    """A command of the table with its `args`, its data block if it has one, and what turns the replies into a result.

    With `noreply` the server is asked not to answer. `quiet_tokens` are what a quiet pipeline adds to a meta command.
    """

    row: Command
    args: list[bytes]
    result: Callable[[list[Reply]], T]
    data: bytes | None = None
    noreply: bool = False
    quiet_tokens: tuple[bytes, ...] = ()

    @property
    def line(self) -> bytes:
        """The command line, without its end."""
        tokens = [self.row.name, *self.args, *self.quiet_tokens]
        if self.noreply:
            tokens.append(b"noreply")
        return b" ".join(tokens)

    def to_bytes(self) -> bytes:
        """Return the command as it goes over the wire. Raises BadArgumentError if the line is too long."""
        line = self.line
        if len(line) >= LINE_MAX and not (self.row.several and self.row.key == 0):
            raise BadArgumentError(f"a command line of {len(line)} bytes; servers take {LINE_MAX}: ask for fewer keys")
        return line + b"\r\n" if self.data is None else b"%b\r\n%b\r\n" % (line, self.data)

    def expect(self) -> Expect:
        """Return which replies may answer it."""
        return expect(self.row, [*self.args, *self.quiet_tokens])

    @property
    def repeatable(self) -> bool:
        """Does it do no harm to carry the command out a second time, when the first answer was lost?"""
        if self.row.name == b"mg":
            return not any(flag[0] in b"NR" for flag in self.args[1:])
        return self.row.repeatable

    @property
    def unanswered(self) -> Any:
        """The result of a silent command that the server did not answer: True where that is how success looks."""
        return True if self.noreply and self.row.kind in ("storage", "deletion", "touching") else None

    @property
    def silent(self) -> bool:
        """May the server leave out the answer?"""
        return self.noreply or bool(self.quiet_tokens)

    def made_quiet(self, number: int) -> Call[T]:
        """Return this call as number `number` of a quiet pipeline: with q and an opaque, or with noreply."""
        if self.row.kind == "meta" and self.row.name not in (b"me", b"mn"):
            if any(flag[0] in b"Oq" for flag in self.args[1 if self.row.length is None else 2 :]):
                raise BadArgumentError("a quiet pipeline sets q and the opaque itself")
            return Call(self.row, self.args, self.result, self.data, False, (b"q", b"O%d" % number))
        if self.row.noreply and self.row.kind != "admin":
            return Call(self.row, self.args, self.result, self.data, True)
        return self


def call(
    name: bytes,
    args: list[bytes],
    result: Callable[[list[Reply]], T],
    data: bytes | None = None,
    noreply: bool = False,
) -> Call[T]:
    """Return a call of the command `name`."""
    return Call(COMMANDS[name], args, result, data, noreply)


def said(positive: bytes) -> Callable[[list[Reply]], bool]:
    """Return what is true for a one-line answer of the word `positive`."""
    return lambda replies: isinstance(replies[0], Status) and replies[0].code == positive


def nothing(replies: list[Reply]) -> None:
    """Make nothing of the answer."""


def same(replies: list[Reply]) -> list[Reply]:
    """Return the replies as they are."""
    return replies


def barrier(meta: bool) -> Call[None]:
    """Return what asks for an answer after silent commands: mn if `meta` commands are among them, else version."""
    return call(b"mn" if meta else b"version", [], nothing)


def opaque_of(reply: Reply) -> bytes | None:
    """Return the opaque that a reply to a meta command carries."""
    if isinstance(reply, Meta):
        for flag in reply.flags:
            if flag[0] == 79:
                return flag
    return None
