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
TEMPORARY: Final = 32
"""It lives so short that it is not evicted (protocol.txt 1070-1073)."""
BINARY_KEY: Final = 16
"""Its key came base64 encoded, and is shown so."""


class Item:
    """An item. It does not know its key: the store does, once.

    `data` is the data block without its CR LF; `flags` the client's 32 bits; `exptime` the Unix time in seconds at
    which it expires, 0 for never; `cas` its cas unique; `time` the Unix time in seconds of its last access; `state`
    the bits above; `slab_class` the class id that its size falls in.
    """

    __slots__ = ("cas", "data", "exptime", "flags", "slab_class", "state", "time")

    def __init__(
        self, data: bytes, flags: int, exptime: int, cas: int, time: int, slab_class: int, state: int = 0
    ) -> None:
        self.data = data
        self.flags = flags
        self.exptime = exptime
        self.cas = cas
        self.time = time
        self.slab_class = slab_class
        self.state = state
