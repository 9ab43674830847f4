"""Free ports for the servers that the suite starts, none of them handed out twice at the same time.

The kernel names a port that is free now. Until the server listens, which takes seconds on a busy machine, it could
name the same one to somebody else, and two scenarios would speak to one server. So each port is claimed with a lock
on a file in the temporary folder: between threads, the workers of a run, and runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import tempfile
from pathlib import Path

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
        with contextlib.suppress(OSError):
            _file(port).unlink()
        os.close(descriptor)


def _free_for_udp(port: int) -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as datagram:
        try:
            datagram.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _claim(port: int) -> bool:
    """Lock the file of a port; False when somebody else has it."""
    try:
        descriptor = os.open(_file(port), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    except OSError:  # another user's file: that port is in use
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        current = _file(port).stat().st_ino == os.fstat(descriptor).st_ino  # it may just have been given up
    except OSError:
        current = False
    if not current:
        os.close(descriptor)
        return False
    _claims[port] = descriptor
    return True


def _file(port: int) -> Path:
    return Path(tempfile.gettempdir()) / f"mclite-port-{port}"
