"""An item: the data held under a key, and what the server knows of it."""

from __future__ import annotations

from typing import Final

FETCHED: Final = 1
"""It has been fetched since it was stored: the `h` flag of mg (protocol.txt 547)."""
STALE: Final = 2
"""It was marked as stale by md or ms with I (protocol.txt 680-687)."""
WON: Final = 4
"""A client has won the right to recache it (protocol.txt 668-694)."""
ACTIVE: Final = 8
"""It has been fetched since the LRU last looked at it, and is spared once."""
BINARY_KEY: Final = 16
"""Its key was sent base64 encoded, and is shown so."""
TEMPORARY: Final = 32
"""It lives so short that it is not evicted (protocol.txt 1070-1073)."""
ODD_KEY: Final = 64
"""Its key has a space or LF in it, or is noreply: what looks like it in a line may be no key (see mclite/fast/)."""

_HEADS_MAX: Final = 4096
_heads: dict[tuple[int, int], bytes] = {}


def head_of(flags: int, length: int) -> bytes:
    """Return what follows the key in an item's VALUE line: " <flags> <bytes>" and CR LF.

    Items with the same flags and length share it, so it costs an item a reference.
    """
    head = _heads.get((flags, length))
    if head is None:
        head = b" %d %d\r\n" % (flags, length)
        if len(_heads) < _HEADS_MAX:
            _heads[flags, length] = head
    return head


class Item:
    """An item. It does not know its key: the store does, once.

    `block` is the data block with its CR LF, and `head` what precedes it in an answer to get, so that an item is sent
    as it is held. `exptime` is the Unix time in seconds at which it expires, 0 for never; `cas` its cas unique; `time`
    the Unix time in seconds of its last access; `state` the bits above; `slab_class` the class id that its size falls
    in.
    """

    __slots__ = ("block", "cas", "exptime", "head", "slab_class", "state", "time")

    def __init__(
        self, data: bytes, flags: int, exptime: int, cas: int, time: int, slab_class: int, state: int = 0
    ) -> None:
        self.block = data + b"\r\n"
        self.head = head_of(flags, len(data))
        self.exptime = exptime
        self.cas = cas
        self.time = time
        self.slab_class = slab_class
        self.state = state

    def __reduce__(self) -> tuple[type[Item], tuple[bytes, int, int, int, int, int, int]]:
        """Copy and pickle it by what it is made of, which a compiled class must say."""
        return Item, (self.data, self.flags, self.exptime, self.cas, self.time, self.slab_class, self.state)

    @property
    def data(self) -> bytes:
        """The data, without the CR LF."""
        return self.block[:-2]

    @property
    def size(self) -> int:
        """The length of the data in bytes."""
        return len(self.block) - 2

    @property
    def flags(self) -> int:
        """The client's 32 bits."""
        head = self.head
        return 0 if head.startswith(b" 0 ") else int(head[1 : head.index(b" ", 1)])

    def replace_data(self, data: bytes) -> None:
        """Hold `data`, of the same length, instead."""
        self.block = data + b"\r\n"
