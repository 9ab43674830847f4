"""What the handlers see of a session: they are registered with it, and do not import it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from mclite.core.peer import Peer

if TYPE_CHECKING:
    from mclite.core.instance import Instance


class Caller(Peer, Protocol):
    """The session whose request is carried out. A handler may set `closed`, `more` and `rest`.

    `more` says that requests wait for another turn; `rest` yields the parts of an answer that is too large for one.
    """

    instance: Instance
    more: bool
    rest: Iterator[bytes] | None

    @property
    def pipelined(self) -> bool:
        """True if the request follows others whose answers have not been sent."""

    def begin_to_watch(self) -> None:
        """Send the client nothing but log lines from now on, and read nothing of what it sends."""
