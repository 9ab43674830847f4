"""One connection without its socket: bytes in, bytes out.

The strategy: a loop with two states over one buffer. In the first it looks for a line end, and the line is a command;
in the second it takes as many bytes as the command said, and they are the data block, or are thrown away after a
command that was refused. One call handles all complete requests of the buffer and returns all their answers, so the
shell around it writes once. The rule that keeps it true: nothing is answered for a request before it is complete, and
`noreply` drops an answer in one place, `_answer`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic
from typing import TYPE_CHECKING, Final

from mclite.core.budget import SMALL
from mclite.core.transcript import answers_shown, shown
from mclite.handlers.authentication import Gate
from mclite.handlers.table import CHECKS, HANDLERS
from mclite.protocol import errors
from mclite.protocol.parser import (
    LINE_MAX,
    LINE_MAX_WHOLE,
    MULTIGET,
    MULTIGET_LINE_MAX,
    BadRequest,
    Request,
    line_too_long,
    parse,
)
from mclite.protocol.replies import TURN_BYTES
from mclite.store.base import StoreError
from mclite.store.slabs import item_size

if TYPE_CHECKING:
    from mclite.core.instance import Instance
    from mclite.handlers.binary import Binary

_BLOCK_END: Final = b"\r\n"
_PARTS_MAX: Final = 16
"""Parts of an answer that are written without joining them, one of which is longer than as many TURN_BYTES."""

COSTS: Final = {b"stats": 100, b"lru_crawler": 50, b"slabs": 1000}
"""The turns (-R) that a request takes besides its own, by command: what looks at more than one item takes as long."""

_BINARY: Final = 0x80
"""The first byte of a connection that speaks the binary protocol."""


class Session:
    """A connection to an Instance. `closed` is true when the server is to hang up, after what `receive` returned.

    `more` is true when requests wait because -R of them were served, or the answers grew large; another `receive`, of
    nothing, goes on with them.
    `push`, if the shell sets it, sends bytes that answer no request (the log lines of `watch`), and `write_parts` sends
    a list of bytes without joining them.
    """

    def __init__(
        self, instance: Instance, peer: str = "", local: str = "", transport: str = "tcp", protocol: str | None = None
    ) -> None:
        self.instance = instance
        instance.last_number += 1
        self.number = instance.last_number
        self.peer = peer
        self.local = local
        self.transport = transport
        self.closed = False
        self.close_reason = "normal"
        self._gate = None if instance.settings.auth_file is None else Gate(instance)
        self._is_udp = transport == "udp"
        self.push: Callable[[bytes], bool | None] | None = None
        self.write_parts: Callable[[list[bytes]], None] | None = None
        self.unread = False  # the client does not read; answers wait to be written
        self.last_command_time = instance.store.now
        self._line = b""  # an incomplete line
        self._block: Callable[[bytes], bytes] | None = None  # what takes the incomplete data block
        self._block_request: Request | None = None  # the request that it belongs to
        self._parts: list[bytes] = []  # of a data block, or of a long line
        self._parted = 0  # bytes in the parts of a long line
        self._missing = 0  # bytes of the data block, with its CR LF, that have not arrived
        self._swallow = 0  # bytes to discard
        self._after_swallow = b""
        self._holds = 0  # bytes of an unfinished request, as the budget knows it
        self._block_size = 0  # of the incomplete data block
        self._out: list[bytes] = []
        self._batch = b""  # the buffer whose requests are being carried out,
        self._batch_at = 0  # and where in it the line of the present one begins
        self._looked_at = 0  # how far `pipelined` has looked through it,
        self._waiting = False  # and what it found there
        self.more = False
        self.watching = False  # what a watcher sends is ignored
        self._binary: Binary | None = None
        self._protocol = protocol or instance.settings.protocol
        self._begins = not self._is_udp and self._protocol != "ascii"  # its first byte says how it speaks
        # Something is half received or half done, or the connection has not begun or is closed.
        self._half = self._gate is not None or self._begins
        self.rest: Iterator[bytes] | None = None
        """the parts of an answer that are still to be made, if it was too large for one turn"""

    @property
    def state(self) -> str:
        """What the connection waits for, in the words of `stats conns` (protocol.txt 1755-1776)."""
        if self.unread:
            return "conn_mwrite"
        if self._missing or (self._binary is not None and self._binary.waiting):
            return "conn_nread"
        if self._swallow:
            return "conn_swallow"
        return "conn_waiting" if self._line else "conn_read"

    @property
    def pipelined(self) -> bool:
        """True if the present request follows others whose answers, even empty ones for noreply, have not been sent.

        memcached sends them when it reaches mn. Few commands ask, so the requests are read a second time for it, each
        once.
        """
        position = self._looked_at
        while position < self._batch_at:
            end = self._batch.find(b"\n", position)
            request = parse(self._batch[position:end])
            position = end + 1
            self._waiting = True
            if isinstance(request, Request):
                self._waiting = request.command.name != b"mn"
                position += request.length + 2 if request.length >= 0 else 0
        self._looked_at = position
        return self._waiting

    def receive(self, data: bytes) -> bytes:
        """Receive `data` from the client, and return the answers to all requests that it completes.

        Answers with large data blocks go through `write_parts` instead, if the shell has set it: they are not copied.
        """
        instance = self.instance
        if monotonic() >= instance.next_second:
            instance.look_at_clock()
        store = instance.store
        stats = instance.stats
        stats.bytes_read += len(data)
        self.last_command_time = store.now
        if self._half:
            self._resume(data)
            self._hold()
        else:
            # The fast path (mclite/fast/) goes on for as long as it can; what it leaves is for the slow path.
            position = 0
            fast = instance.fast
            turns = instance.turns
            if fast is not None and not self._is_udp:
                position, turns = fast.serve(data, 0, turns, self._out)
            if position != len(data):
                self._requests(data, position, turns)
                self._batch = b""
                self._hold()
            elif (
                instance.turns - turns > _PARTS_MAX >= len(self._out)
                and self.write_parts is not None
                and max(map(len, self._out)) > _PARTS_MAX * TURN_BYTES
            ):
                out, self._out = self._out, []
                stats.bytes_written += sum(map(len, out))
                self.write_parts(out)
                return b""
        out = self._out
        if store.busy:
            self._settle(out)
        if not out:
            return b""
        self._out = []
        answer = b"".join(out)
        if instance.tell is not None and self._binary is None:
            for text in answers_shown(answer):
                instance.tell(f">{self.number} {text}")
        stats.bytes_written += len(answer)
        return answer

    def _resume(self, data: bytes) -> None:
        """Receive `data` while a request, a line or an answer is incomplete."""
        if self.closed or self.watching:
            return
        if self._gate is not None:
            data = self._gate.receive(data, self._out)
            if self._gate.closed:
                self._give_up()
            if not self._gate.open:
                return
            self._gate = None
            self._begins = False
        elif self._begins and data:
            self._begins = False
            if data[0] == _BINARY or self._protocol == "binary":
                from mclite.handlers.binary import Binary  # here, since a server starts sooner without it

                self._binary = Binary(self)
            if self.instance.tell is not None:
                kind = "ascii" if self._binary is None else "binary"
                self.instance.tell(f"{self.number}: Client using the {kind} protocol")
        if self._binary is not None:
            self.more = False
            held, self._line = self._line, b""
            self._binary.receive(held + data, self._out)
            return
        if self.rest is not None:
            self._line += data
            part = next(self.rest, None)
            if part is not None:
                self._out.append(part)
                return
            self.rest = None
            data = b""
        if self._missing:
            data = self._more_of_block(data)
        elif self._swallow:
            data = self._more_to_swallow(data)
        if self.more or (data and len(self._line) <= LINE_MAX):
            self.more = False
            self._requests(self._line + data if self._line else data, 0, self.instance.turns)
        elif data:
            self._lengthen(data)
        self._batch = b""
        self._half = bool(self._missing or self._swallow or self._line or self.closed or self.watching or self.more)

    def _lengthen(self, data: bytes) -> None:
        """Go on with a line that is long already: a multi-get. It is put together when it ends or has doubled.

        So the cost grows with its length, not with the square of it, however small the pieces are.
        """
        self._parts.append(data)
        self._parted += len(data)
        whole = len(self._line) + self._parted
        if b"\n" in data or self._parted >= len(self._line) or whole > MULTIGET_LINE_MAX:
            line = b"".join((self._line, *self._parts))
            self._parts, self._parted = [], 0
            self._requests(line, 0, self.instance.turns)

    def _requests(self, buffer: bytes, position: int, turns: int) -> None:
        """The slow path, which is the specification: carry out requests of `buffer` from `position` on, for `turns`."""
        out = self._out
        instance = self.instance
        if self._is_udp:
            turns = 1  # each answer is a message of its own
        first = True  # which the fast path has left: it is tried from the second request on
        self._batch = buffer
        self._looked_at, self._waiting = 0, False
        while not (self.closed or self.watching):
            # Looked up for each request: one may have switched on what the fast path does not do.
            fast = None if first or self._is_udp else instance.fast
            first = False
            if fast is not None:
                position, turns = fast.serve(buffer, position, turns, out)
                if position == len(buffer):
                    break
            if turns <= 0 and position < len(buffer):
                instance.stats.conn_yields += 1
                self.more = self._half = True
                self._line = buffer[position:]
                return
            turns -= 1
            end = buffer.find(b"\n", position)
            if end < 0:
                break
            if end - position >= LINE_MAX_WHOLE and not buffer.startswith(MULTIGET, position):
                self._give_up()
                return
            line = buffer[position:end]
            self._batch_at = position
            position = end + 1
            if instance.tell is not None:
                instance.tell(f"<{self.number} {shown(line)}")
            request = parse(line)
            if isinstance(request, BadRequest):
                if request.hang_up:
                    self._give_up()
                    return
                if not request.noreply:
                    out.append(request.error)
                continue
            if request.length < 0:
                answer = HANDLERS[request.command.name](self, request)
                turns -= COSTS.get(request.command.name, 0)
                if answer and not request.noreply:
                    if len(answer) > TURN_BYTES and instance.budget.used_up:
                        answer = self._refuse_to_answer()
                    out.append(answer)
                    turns -= len(answer) // TURN_BYTES
                if self.rest is not None:
                    self.more = self._half = True
                    self._line = buffer[position:]
                    return
            else:
                position = self._begin_block(request, buffer, position)
        if self.closed or self.watching or position >= len(buffer):
            self._line = b""
        else:
            if line_too_long(buffer, position):
                self._give_up()
                return
            self._line = buffer[position:]
        self._half = bool(self._missing or self._swallow or self._line or self.closed or self.watching)

    def _settle(self, out: list[bytes]) -> None:
        """Let the store keep what the batch changed before its answers, `out`, are sent.

        If it cannot, they are not true: an error takes their place, and the connection, out of step if there was more
        than one, is closed (protocol.txt 172-179).
        """
        try:
            self.instance.store.settle()
        except StoreError:
            if len(out) > 1:
                self.closed = self._half = True
                self.close_reason = "error"
            out[:] = [errors.STORE_FAILED] if out else []

    def _refuse_to_answer(self) -> bytes:
        """Give up an answer that is too large while too many wait to be sent."""
        self.instance.budget.refused += 1
        self.rest = None
        return errors.NO_MEMORY_TO_ANSWER

    def _hold(self) -> None:
        """Tell the budget what is held of an unfinished request; hang up if that is too much."""
        holds = len(self._line) + self._parted + (self._block_size if self._missing else 0)
        if holds <= SMALL and not self._holds:
            return
        if self.instance.budget.take(self._holds, holds):
            self._holds = holds
        else:
            self._out.append(errors.NO_MEMORY_TO_READ)
            self._parts, self._parted = [], 0
            self._give_up()

    def forget(self) -> None:
        """Let go of what is held for the client, which has gone."""
        self.rest = None
        self.instance.budget.take(self._holds, 0)
        self._holds = 0

    def begin_to_watch(self) -> None:
        """Send the client nothing but log lines from now on, and ignore what it sends."""
        self.watching = True

    def hold(self, data: bytes) -> None:
        """Keep `data` for later, while there is `more` to do."""
        self._line += data

    def _begin_block(self, request: Request, buffer: bytes, position: int) -> int:
        """Start on the data block of `request`, which begins at `position`; return where in `buffer` to go on."""
        block = CHECKS[request.command.name](self, request)
        size = request.length + 2
        stop = position + size
        if isinstance(block, bytes):
            answer = b"" if request.noreply else block
            if stop <= len(buffer):
                if answer:
                    self._out.append(answer)
                return stop
            self._swallow = stop - len(buffer)
            self._after_swallow = answer
            return len(buffer)
        if stop <= len(buffer):
            data = buffer[position:stop]
            answer = block(data[:-2]) if data.endswith(_BLOCK_END) else self._bad_data_chunk(request.length)
            if answer and not request.noreply:
                self._out.append(answer)
            return stop
        if size > SMALL and not self.instance.budget.has_room(size):
            self._swallow = stop - len(buffer)
            self._after_swallow = b"" if request.noreply else errors.NO_MEMORY
            return len(buffer)
        self._block = block
        self._block_request = request
        self._block_size = size
        self._parts = [buffer[position:]]
        self._missing = stop - len(buffer)
        return len(buffer)

    def _more_of_block(self, data: bytes) -> bytes:
        """Add `data` to the incomplete data block; return what follows the block."""
        if len(data) < self._missing:
            self._parts.append(data)
            self._missing -= len(data)
            return b""
        rest = data[self._missing :]
        self._parts.append(data[: self._missing])
        whole = b"".join(self._parts)
        block, request = self._block, self._block_request
        assert block is not None
        assert request is not None
        self._parts = []
        self._missing = 0
        self._block = self._block_request = None
        instance = self.instance
        fast = None if self._is_udp else instance.fast
        answer = None if fast is None else fast.store_late(request, whole)
        if answer is None:
            answer = block(whole[:-2]) if whole.endswith(_BLOCK_END) else self._bad_data_chunk(len(whole) - 2)
        if answer and not request.noreply:
            self._out.append(answer)
        return rest

    def _bad_data_chunk(self, length: int) -> bytes:
        """Refuse a data block that does not end where its line said; it counts as a storage request all the same."""
        instance = self.instance
        instance.stats.classes[instance.store.slabs.class_of(item_size(1, length, 0))].cmd_set += 1
        return errors.BAD_DATA_CHUNK

    def _more_to_swallow(self, data: bytes) -> bytes:
        """Discard the part of `data` that belongs to a refused command; return the rest."""
        if len(data) < self._swallow:
            self._swallow -= len(data)
            return b""
        rest = data[self._swallow :]
        self._swallow = 0
        if self._after_swallow:
            self._out.append(self._after_swallow)
        return rest

    def _give_up(self) -> None:
        """Close the connection: a line of this length is no command."""
        self.closed = self._half = True
        self.close_reason = "error"
        self._line = b""
