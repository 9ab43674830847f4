"""What the code under test sent: each request, parsed, for assertions."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final, Literal, overload

from mclite.testing import words

Protocol = Literal["text", "meta", "binary"]

KEPT_MAX: Final = 100_000
"""Requests that are kept; older ones are dropped, and counted."""
KEPT_BYTES_MAX: Final = 64 << 20
"""Bytes of the requests that are kept."""
_SHOWN_BYTES: Final = 60
_SHOWN_REQUESTS: Final = 50
_POLL_SECONDS: Final = 0.002


class Request:
    """One request. Two are equal if they say the same; where, when and in which protocol is not compared.

    `verb` is the text protocol's word, also for what the binary protocol calls otherwise (GETKQ is `get`, a SET with a
    cas unique is `cas`). `keys` are bytes; text is taken too, and one key alone. `flags` and `exptime` are 0 where
    none were sent, `data` and `cas` None, `delta` is that of incr and decr. `tokens` are the flags of a meta command
    without its key and length, and other commands' arguments. `noreply` is true for `noreply` and quiet requests.

    Not compared: `protocol` (text, meta or binary), `opcode` (the name that the binary protocol has), `opaque`,
    `connection` (1 is the server's first), `time` (of the server's clock, Unix seconds), `raw` (the bytes).
    """

    __slots__ = (
        "cas", "connection", "data", "delta", "exptime", "flags", "keys", "noreply", "opaque", "opcode", "protocol",
        "raw", "time", "tokens", "verb",
    )  # fmt: skip

    def __init__(
        self,
        verb: str,
        keys: str | bytes | Sequence[str | bytes] = (),
        *,
        flags: int = 0,
        exptime: int = 0,
        data: str | bytes | None = None,
        cas: int | None = None,
        delta: int | None = None,
        tokens: Sequence[str] = (),
        noreply: bool = False,
        protocol: Protocol = "text",
        opcode: str = "",
        opaque: bytes | int | None = None,
        connection: int = 0,
        time: int = 0,
        raw: bytes = b"",
    ) -> None:
        self.verb = verb
        alone = [keys] if isinstance(keys, str | bytes) else keys
        self.keys = tuple(key.encode() if isinstance(key, str) else key for key in alone)
        self.flags = flags
        self.exptime = exptime
        self.data = data.encode() if isinstance(data, str) else data
        self.cas = cas
        self.delta = delta
        self.tokens = tuple(tokens)
        self.noreply = noreply
        self.protocol = protocol
        self.opcode = opcode
        self.opaque = opaque
        self.connection = connection
        self.time = time
        self.raw = raw

    @property
    def key(self) -> bytes:
        """The first key. Raises IndexError if there is none."""
        return self.keys[0]

    @property
    def _said(self) -> tuple[object, ...]:
        return (
            self.verb,
            self.keys,
            self.flags,
            self.exptime,
            self.data,
            self.cas,
            self.delta,
            self.tokens,
            self.noreply,
        )

    def __eq__(self, other: object) -> bool:
        return self._said == other._said if isinstance(other, Request) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._said)

    def __repr__(self) -> str:
        keys = [_text(key) for key in self.keys]
        parts = [repr(self.verb)]
        if keys:
            parts.append(repr(keys[0] if len(keys) == 1 else keys))
        for name, value, usual in (("flags", self.flags, 0), ("exptime", self.exptime, 0)):
            if value != usual:
                parts.append(f"{name}={value}")
        if self.data is not None:
            parts.append(f"data={_short(self.data)}")
        for name, number in (("cas", self.cas), ("delta", self.delta)):
            if number is not None:
                parts.append(f"{name}={number}")
        if self.tokens:
            parts.append(f"tokens={self.tokens!r}")
        if self.noreply:
            parts.append("noreply=True")
        return f"Request({', '.join(parts)})"


def _text(key: bytes) -> str | bytes:
    try:
        return key.decode()
    except UnicodeDecodeError:
        return key


def _short(data: bytes) -> str:
    if len(data) <= _SHOWN_BYTES:
        return repr(data)
    return f"{data[:_SHOWN_BYTES]!r}... ({len(data)} bytes)"


def explain(left: object, right: object) -> list[str] | None:
    """Return what differs between two lists of requests, a line each, for pytest; None if they are no such lists."""
    if not all(isinstance(side, list | tuple | Requests) for side in (left, right)):
        return None
    first, second = (list(side) for side in (left, right))  # type: ignore[call-overload]
    if not any(isinstance(one, Request) for one in first + second):
        return None
    lines = [f"{len(first)} requests, not the {len(second)} expected"]
    for number, (one, other) in enumerate(zip_longest(first, second, fillvalue=None), 1):
        same = one == other
        lines.append(f"{' ' if same else '>'} {number:>3}  {'none' if one is None else repr(one)}")
        if not same:
            lines.append(f"   expected  {'none' if other is None else repr(other)}")
    return lines


class Requests(Sequence[Request]):
    """The requests that a server received, in order, kept until `clear`; a request is there before it is answered.

    `dropped` says how many older ones were let go, so that memory stays bounded.
    """

    def __init__(self) -> None:
        self._kept: deque[Request] = deque()
        self._bytes = 0
        self._lock = threading.Lock()
        self.dropped = 0

    def add(self, request: Request) -> None:
        """Keep `request`."""
        with self._lock:
            self._kept.append(request)
            self._bytes += len(request.raw)
            while len(self._kept) > KEPT_MAX or (self._bytes > KEPT_BYTES_MAX and len(self._kept) > 1):
                self._bytes -= len(self._kept.popleft().raw)
                self.dropped += 1

    def clear(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self._kept.clear()
            self._bytes = self.dropped = 0

    def _all(self) -> list[Request]:
        with self._lock:
            return list(self._kept)

    def of(self, *verbs: str, key: str | bytes | None = None, connection: int | None = None) -> list[Request]:
        """Return the requests with one of `verbs`, of any for none, that have `key` and arrived on `connection`.

        Raises ValueError for a verb that does not exist, naming the nearest.
        """
        wanted = words.verbs(verbs) if verbs else None
        name = None if key is None else words.text(key, "key")
        return [
            one
            for one in self._all()
            if (wanted is None or one.verb in wanted)
            and (name is None or name in one.keys)
            and (connection is None or one.connection == connection)
        ]

    @property
    def verbs(self) -> list[str]:
        """The verbs, in order."""
        return [one.verb for one in self._all()]

    @property
    def connections(self) -> list[int]:
        """The numbers of the connections that sent something, in order of their first request."""
        return list(dict.fromkeys(one.connection for one in self._all()))

    def wait(self, count: int, *verbs: str, timeout: float = 5.0) -> list[Request]:
        """Wait until there are `count` requests with one of `verbs`, and return them: for what nothing answers.

        Raises AssertionError, which shows what was received, after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while len(found := self.of(*verbs)) < count:
            if time.monotonic() >= deadline:
                what = " or ".join(verbs) or "request"
                raise AssertionError(f"{len(found)} of {count} {what} within {timeout} s\n{self.dump()}")
            time.sleep(_POLL_SECONDS)
        return found

    def dump(self) -> str:
        """Return the requests as text, a line each, the last 50 of them."""
        kept = self._all()
        lines = [f"{len(kept) + self.dropped} requests received" + (":" if kept else "")]
        if len(kept) > _SHOWN_REQUESTS:
            lines.append(f"  ... {len(kept) - _SHOWN_REQUESTS} earlier ones")
        for number, one in list(enumerate(kept, self.dropped + 1))[-_SHOWN_REQUESTS:]:
            kind = f" {one.protocol}" + (f" {one.opcode}" if one.opcode else "") if one.protocol != "text" else ""
            lines.append(f"  {number:>4}  connection {one.connection}{kind}  {repr(one).removeprefix('Request')}")
        return "\n".join(lines)

    @overload
    def __getitem__(self, index: int) -> Request: ...

    @overload
    def __getitem__(self, index: slice) -> list[Request]: ...

    def __getitem__(self, index: int | slice) -> Request | list[Request]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Request]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == list(other) if isinstance(other, list | tuple | Requests) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._all())
