"""`mclite serve`: the reference server, with memcached's options."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from mclite import __version__
from mclite.core.credentials import AuthFileError
from mclite.core.instance import Instance, slabs_of
from mclite.core.options import OptionError
from mclite.core.settings import Settings
from mclite.fast import COMPILED
from mclite.protocol.replies import RELEASE
from mclite.server import options
from mclite.server.connection import Connection
from mclite.server.server import ServeError, Server, run
from mclite.store import DebugClock, SystemClock
from mclite.store.base import StoreError
from mclite.store.stats import Stats


def run_raw(arguments: list[str]) -> int:
    """Serve as `arguments` say; return 0 after a clean stop, 2 for bad options, 1 if the server cannot start."""
    try:
        parsed = options.parse(arguments)
    except OptionError as error:
        print(f"usage: mclite serve [options] (--help names them)\nmclite serve: {error}", file=sys.stderr)
        return 2
    if parsed.show == "help":
        print(f"memcached {RELEASE}\n{options.usage()}" if parsed.as_memcached else options.usage(), flush=True)
        return 0
    if parsed.show == "version" and parsed.as_memcached:
        print(f"memcached {RELEASE} (mclite {__version__})")
        return 0
    if parsed.show == "version":
        print(f"mclite {__version__}{' (compiled)' if COMPILED else ' (pure Python)'}, answers as memcached {RELEASE}")
        return 0
    if parsed.show == "license":
        print(f"mclite {__version__}, answers as memcached {RELEASE}: BSD 3-clause license, in the file LICENSE")
        return 0
    for note in parsed.notes:
        print(f"mclite serve: {note}", file=sys.stderr)
    connection: Callable[[Server], Connection] = Connection
    if parsed.settings.misbehave or parsed.settings.like:
        from mclite.testing import conduct  # here, since a server starts sooner without it

        if "list" in (parsed.settings.misbehave, parsed.settings.like):
            print(conduct.releases() if parsed.settings.like == "list" else conduct.listing())
            return 0
        try:
            connection = conduct.connection_of(parsed.settings)
        except ValueError as error:
            print(f"mclite serve: {error}", file=sys.stderr)
            return 2
    if parsed.ready_file is not None:
        _remove(parsed.ready_file)  # of a server that was killed: it is not ready
    if parsed.settings.loop == "uvloop":
        from mclite.cli.extras import need  # here, since a server starts sooner without it

        need("uvloop")
    try:
        instance = make_instance(parsed.settings)
        if parsed.daemonize:
            instance.store.close()  # files and locks do not survive the fork; that they can be had was shown
            _daemonize()
            instance = make_instance(parsed.settings)
        instance.log = _log
        instance.refresh()
        run(instance, lambda server: _listening(server, parsed), connection)
    except (ServeError, AuthFileError) as error:
        print(f"mclite serve: {error}", file=sys.stderr)
        return 1
    finally:
        if parsed.pid_file is not None:
            _remove(parsed.pid_file, f"{os.getpid()}\n")
        if parsed.ready_file is not None:
            _remove(parsed.ready_file)
    return 0


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _remove(name: str, content: str | None = None) -> None:
    """Remove the file `name`, with `content` only if it holds that: it may be another server's."""
    from pathlib import Path  # here, and below, since a server starts sooner without it

    path = Path(name)
    try:
        if content is None or path.read_text() == content:
            path.unlink()
    except (OSError, UnicodeDecodeError):
        pass


def _write(name: str, content: str) -> None:
    """Write the file `name` so that a reader finds all of `content` or no file. Raises ServeError."""
    from pathlib import Path

    part = Path(f"{name}.{os.getpid()}")
    try:
        part.write_text(content)
        part.replace(name)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ServeError(f"cannot write {name}: {error.strerror}") from None


def make_instance(settings: Settings) -> Instance:
    """Make the instance that `settings` ask for. Raises ServeError."""
    if settings.store == "memory":
        return Instance(settings)
    from mclite.store.registry import StoreOptions, open_store

    clock = DebugClock() if settings.debug_clock else SystemClock()
    options = StoreOptions(clock, Stats(), slabs_of(settings), settings.max_bytes, settings.evict, settings.sync)
    try:
        return Instance(settings, open_store(settings.store, options))
    except StoreError as error:
        raise ServeError(f"--store {settings.store}: {error}") from None


def _listening(server: Server, parsed: options.Parsed) -> None:
    if parsed.pid_file is not None:
        _write(parsed.pid_file, f"{os.getpid()}\n")
    if parsed.ready_file is not None:
        _write(parsed.ready_file, "".join(f"{address}\n" for address in server.listening_on))
    if parsed.user is not None:
        _become(parsed.user)
    if server.settings.verbosity:
        where = ", ".join(server.instance.listeners)
        print(f"mclite serve: listening on {where}, answering as memcached {RELEASE}", file=sys.stderr, flush=True)


def _become(name: str) -> None:
    """Give up root for user `name`, as memcached does; without root the option has no effect."""
    if not hasattr(os, "getuid") or os.getuid() != 0:
        return
    import pwd  # here, since it is POSIX only

    try:
        user = pwd.getpwnam(name)
    except KeyError:
        raise ServeError(f"-u {name}: there is no such user") from None
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def _daemonize() -> None:
    """Go on in the background, without a terminal."""
    if not hasattr(os, "fork"):
        raise ServeError("-d needs fork, which this system does not have: start it in the background otherwise")
    if os.fork():
        os._exit(0)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
