"""Free ports for the servers that the suite starts, none of them handed out twice at the same time.

The kernel names a port that is free now. Until the server listens, which takes seconds on a busy machine, it could
name the same one to somebody else. So each port is claimed with a locked file in the folder of the user's runs:
between threads, the workers of a run, and runs. What other users and other programs take meanwhile is seen when the
server is to listen.
"""

from __future__ import annotations

import atexit
import os
import socket
from pathlib import Path

from mclite.replay.target.processes import folder_of_user
from mclite.replay.target.watcher import hold

#: The descriptor of the lock file of each port that this process claims.
_claims: dict[int, int] = {}


def free_port(udp: bool = False) -> int:
    """Return a port of 127.0.0.1 that nobody listens on or claims, for UDP neither if `udp`, and claim it."""
    while True:
        with socket.socket() as stream:
            stream.bind(("127.0.0.1", 0))
            port = int(stream.getsockname()[1])
            if udp and not _free_for_udp(port):
                continue
            if _claim(port):
                return port


def release(port: int) -> None:
    """Give up the claim of a port; nothing happens if this process has none."""
    descriptor = _claims.pop(port, None)
    if descriptor is not None:
        _file(port).unlink(missing_ok=True)
        os.close(descriptor)


@atexit.register
def _release_all() -> None:
    for port in list(_claims):
        release(port)


def _free_for_udp(port: int) -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as datagram:
        try:
            datagram.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _claim(port: int) -> bool:
    """Lock the file of a port; False when another process or thread has it."""
    try:
        _claims[port] = hold(_file(port))
    except OSError:
        return False
    return True


def _file(port: int) -> Path:
    return folder_of_user() / f"port-{port}"
