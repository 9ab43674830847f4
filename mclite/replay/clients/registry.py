"""The libraries that are tried."""

from __future__ import annotations

import socket

from mclite.replay.clients.asynchronous import Aiomcache, Emcache
from mclite.replay.clients.library import Library, Place
from mclite.replay.clients.node import Memjs, NodeMemcached
from mclite.replay.clients.python import (
    MetaMemcache,
    Pylibmc,
    PylibmcBinary,
    PylibmcHash,
    PymemcacheClient,
    PymemcacheHash,
    PymemcachePooled,
    PythonMemcached,
)

LIBRARIES: tuple[type[Library], ...] = (
    *(PymemcacheClient, PymemcachePooled, PymemcacheHash),
    *(Pylibmc, PylibmcHash, PylibmcBinary),
    *(PythonMemcached, Aiomcache, Emcache, MetaMemcache),
    *(NodeMemcached, Memjs),
)

#: A no-op of the binary protocol, and how its answer begins.
_NOOP = b"\x80\x0a" + bytes(22)
_ANSWER = b"\x81\x0a"


def speaks_binary(place: Place) -> bool:
    """Tell whether a server speaks the binary protocol, of which protocol.txt does not speak."""
    try:
        with socket.create_connection(place, 2.0) as sock:
            sock.settimeout(0.5)
            sock.sendall(_NOOP)
            return sock.recv(24).startswith(_ANSWER)
    except OSError:
        return False
