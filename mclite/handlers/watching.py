"""watch: turn the connection into a log stream (protocol.txt 1197-1266)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mclite.core.watchers import STREAMS
from mclite.handlers.register import serves
from mclite.protocol import errors, replies
from mclite.protocol.parser import Request

if TYPE_CHECKING:
    from mclite.handlers.caller import Caller


@serves("watch")
def watch(session: Caller, request: Request) -> bytes:
    """Send the connection the log lines of the streams named, of fetchers if none is."""
    if not session.instance.settings.watch_enabled:
        return b"CLIENT_ERROR watch commands not allowed\r\n"
    if session.pipelined:
        return b"ERROR cannot pipeline other commands before watch\r\n"
    streams = frozenset(arg.decode("latin-1") for arg in request.args) or frozenset({"fetchers"})
    if not streams <= STREAMS:
        return errors.ERROR
    if session.push is None:
        return b"ERROR watching is not possible on this transport\r\n"
    session.instance.watchers.add(session, streams)
    session.instance.refresh()
    session.begin_to_watch()
    return replies.OK
