"""What an instance and its watchers see of a session, so that neither has to know the session's own module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Peer(Protocol):
    """A connected client: `number` identifies it, `peer` and `local` are the two addresses of its connection.

    `transport` is tcp, tls, unix, udp or local. `push` sends bytes that answer no request, if the transport can.
    `state` is the one that `stats conns` shows, `last_command_time` is in Unix seconds.
    """

    number: int
    peer: str
    local: str
    transport: str
    closed: bool
    close_reason: str
    push: Callable[[bytes], bool | None] | None
    last_command_time: int

    @property
    def state(self) -> str:
        """What the connection waits for (protocol.txt 1755-1776)."""
