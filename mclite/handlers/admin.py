"""flush_all, cache_memlimit, shutdown, version, verbosity, quit (protocol.txt 1806-1869), misbehave (1871-1884)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mclite.handlers.register import serves
from mclite.protocol import errors, replies
from mclite.protocol.numbers import UINT32, digits, signed, signed_32
from mclite.protocol.parser import Request
from mclite.store.clock import DebugClock

if TYPE_CHECKING:
    from mclite.handlers.caller import Caller

_MEGABYTES_MAX: Final = 1_000_000_000


@serves("flush_all")
def flush_all(session: Caller, request: Request) -> bytes:
    """Invalidate all items, now or after a delay in seconds."""
    instance = session.instance
    instance.stats.cmd_flush += 1
    delay = 0
    if not instance.settings.flush_enabled:
        return errors.NO_FLUSH_ALL
    if len(request.args) > request.noreply:
        sent = signed_32(request.args[0])
        if sent is None:
            return errors.BAD_EXPTIME
        delay = sent
    instance.store.flush_all(delay)
    return replies.OK


@serves("version")
def version(session: Caller, request: Request) -> bytes:
    """Say which memcached version mclite answers as."""
    return replies.VERSION


@serves("verbosity")
def verbosity(session: Caller, request: Request) -> bytes:
    """Set how much the server logs."""
    level = digits(request.args[0], UINT32) if request.args else None
    if level is None:
        return errors.BAD_FORMAT
    session.instance.settings.verbosity = min(level, 2)
    session.instance.refresh()
    return replies.OK


@serves("quit")
def quit_(session: Caller, request: Request) -> bytes:
    """Close the connection."""
    session.closed = True
    return b""


@serves("cache_memlimit")
def cache_memlimit(session: Caller, request: Request) -> bytes:
    """Set the memory limit, in megabytes."""
    megabytes = digits(request.args[0], UINT32) if request.args else None
    if megabytes is None:
        return errors.ERROR
    if megabytes < 8:
        return errors.MEMLIMIT_TOO_SMALL
    if megabytes > _MEGABYTES_MAX:
        return errors.MEMLIMIT_IN_BYTES
    instance = session.instance
    instance.settings.max_bytes = instance.store.maxbytes = megabytes << 20
    return replies.OK


@serves("shutdown")
def shutdown(session: Caller, request: Request) -> bytes:
    """Stop the server, if it was started with -A."""
    instance = session.instance
    if not instance.settings.shutdown_command:
        return errors.SHUTDOWN_DISABLED
    if request.args and request.args != [b"graceful"]:
        return errors.BAD_SHUTDOWN_MODE
    session.closed = True
    if instance.on_stop is not None:
        instance.on_stop(bool(request.args))
    return b""


@serves("misbehave")
def misbehave(session: Caller, request: Request) -> bytes:
    """Say whether the security restrictions hold. They are seccomp's, and mclite has none: an ERROR as in memcached."""
    return errors.ERROR


@serves("debugtime")
def debugtime(session: Caller, request: Request) -> bytes:
    """Stop the clock (p), let it run (r), or move it by seconds, if the server has the debug clock."""
    clock = session.instance.clock
    if not isinstance(clock, DebugClock):
        return errors.ERROR
    what = request.args[0]
    if what == b"p":
        clock.pause()
    elif what == b"r":
        clock.resume()
    else:
        seconds = signed(what)
        if seconds is None or abs(seconds) > UINT32:
            return errors.ERROR
        clock.advance(seconds)
    session.instance.keep_house()
    return replies.OK
