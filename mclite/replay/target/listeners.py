"""Proof that a socket belongs to a process that was started here, and not to a stranger on the same port.

On Linux the kernel tells which sockets a port has (diag.py, else /proc), and the open files of each process. Elsewhere
`lsof` does. Where the open files of the server may not be read (it dropped to another user, and this process may not
trace it), the server is asked for its process id, which `stats` shows (protocol.txt 1312); or no other process runs as
the user who owns the socket.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from mclite.replay.play.transport import Address, Connection, Unreachable, connect
from mclite.replay.target import diag
from mclite.replay.target.processes import Process, sessions_on_record
from mclite.replay.target.watcher import rows

#: `ours`: all sockets on the port are of the process and what it started. `other`: one of them is not.
#: `none`: there is no socket. `unknown`: nothing on this machine tells.
Owner = Literal["ours", "other", "none", "unknown"]

_PROC = Path("/proc")
_LISTEN, _UNCONNECTED = "0A", "07"
#: Seconds that the answer to `stats` may take.
_STATS_SECONDS = 2.0


def owner(process: Process, address: Address) -> Owner:
    """Return whose socket a client reaches at `address`: that of `process` and its descendants, or another's.

    Args:
        process: that was started to listen there
        address: of kind tcp, tls, udp or unix; the host is 127.0.0.1
    """
    if address.kind == "unix":
        return _unix_owner(process, address)
    udp = address.kind in ("udp", "udp-raw")
    for _ in range(3):  # what is read in two steps may change in between
        found = _proc_sockets(address.port, udp)
        if found is None:
            return _elsewhere(process, address, udp)
        if not found:
            return "none"
        said = _held(process, found)
        if said == "unknown":
            return _by_stats(process, address) or _by_user(process, set(found.values()))
        if said != "other":
            return said
        if _proc_sockets(address.port, udp) == found:
            break
    return "other"


def listening_pid(process: Process, address: Address) -> int | None:
    """Return the member of `process` that holds the socket at `address`; the oldest if it is shared."""
    found = set(_proc_sockets(address.port, udp=False) or ())
    if address.kind == "unix":
        found = _unix_sockets(address.host)
    return next((pid for pid in process.members() if found & (_sockets_of(pid) or set())), None)


def _held(process: Process, found: dict[int, int]) -> Owner:
    missing = set(found)
    hidden = False
    mine = _sockets_of(process.pid)
    if mine is not None and missing <= mine:
        return "ours"  # without looking at every process of the machine
    for pid in process.members():
        sockets = _sockets_of(pid)
        if sockets is None:
            hidden = True
            continue
        missing -= sockets
        if not missing:
            return "ours"
    return "unknown" if hidden else "other"


def _sockets_of(pid: int) -> set[int] | None:
    """Return the inodes of the sockets that a process has open, None when that may not be known."""
    found = set()
    try:
        for name in os.listdir(_PROC / str(pid) / "fd"):  # noqa: PTH208  # only the names
            with contextlib.suppress(FileNotFoundError):
                match = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(_PROC / str(pid) / "fd" / name))  # noqa: PTH115
                if match:
                    found.add(int(match[1]))
    except FileNotFoundError:
        return set()
    except PermissionError:
        return None
    except ProcessLookupError:
        return set()
    return found


def _proc_sockets(port: int, udp: bool) -> dict[int, int] | None:
    """Return the inodes and users of the sockets that take what is sent to a port of 127.0.0.1; None without /proc."""
    if (told := diag.sockets(port, udp)) is not None:
        return told
    here = {_hex(socket.AF_INET, host) for host in ("127.0.0.1", "0.0.0.0")}
    here |= {_hex(socket.AF_INET6, host) for host in ("::", "::ffff:127.0.0.1")}
    found: dict[int, int] = {}
    seen = False
    for name in ("udp", "udp6") if udp else ("tcp", "tcp6"):
        try:
            lines = (_PROC / "self/net" / name).read_text().splitlines()[1:]
        except OSError:
            continue
        seen = True
        for line in lines:
            fields = line.split()
            host, _, number = fields[1].partition(":")
            if int(number, 16) == port and host in here and fields[3] == (_UNCONNECTED if udp else _LISTEN):
                found[int(fields[9])] = int(fields[7])
    return found if seen else None


def _hex(family: socket.AddressFamily, host: str) -> str:
    """Return an address as /proc writes it: words of four bytes in the byte order of the machine."""
    packed = socket.inet_pton(family, host)
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words)


def _unix_owner(process: Process, address: Address) -> Owner:
    """Ask the kernel who listens at a path: which process, or whose open socket it is."""
    try:
        connection = Connection(address, 1.0)
    except Unreachable:
        return "none"
    try:
        if hasattr(socket, "SO_PEERCRED"):
            size = struct.calcsize("3i")
            pid = struct.unpack("3i", connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[0]
        elif sys.platform == "darwin":
            pid = connection.sock.getsockopt(0, 2)  # SOL_LOCAL, LOCAL_PEERPID
        else:
            return "unknown"
    finally:
        connection.close()
    # A server that went into the background after it began to listen has another id now, and the socket still.
    if pid == process.pid or pid in process.members() or listening_pid(process, address) is not None:
        return "ours"
    return "other"


def _unix_sockets(path: str) -> set[int]:
    """Return the inodes of the sockets bound to a path."""
    with contextlib.suppress(OSError):
        rows = [line.split(None, 7) for line in (_PROC / "self/net/unix").read_text().splitlines()[1:]]
        return {int(row[6]) for row in rows if len(row) == 8 and row[7] == path}
    return set()


def _elsewhere(process: Process, address: Address, udp: bool) -> Owner:
    """Ask `lsof`, where there is no /proc, or else the server."""
    program = shutil.which("lsof", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/bin")
    if program is None:
        return _by_stats(process, address) or "unknown"
    which = [f"-iUDP:{address.port}"] if udp else [f"-iTCP:{address.port}", "-sTCP:LISTEN"]
    said = subprocess.run([program, "-nP", "-t", "-a", *which], capture_output=True, text=True, check=False)
    found = {int(word) for word in said.stdout.split() if word.isdecimal()}
    if not found:
        return "none"
    return "ours" if found <= set(process.members()) else "other"


def _by_stats(process: Process, address: Address) -> Literal["ours", "other"] | None:
    """Ask the server for its process id; None when it does not say."""
    try:
        connection = connect(address, _STATS_SECONDS)
    except Unreachable:
        return None
    try:
        deadline = time.monotonic() + _STATS_SECONDS
        connection.send(b"stats\r\n", deadline)
        while len(connection.buffer) < 1 << 16:
            found = re.search(rb"^STAT pid (\d+)\r$", connection.buffer, re.MULTILINE)
            if found:
                return "ours" if int(found[1]) in process.members() else "other"
            if connection.buffer.endswith(b"END\r\n") or not connection.fill(deadline):
                break
        return None
    finally:
        connection.close()


def _by_user(process: Process, users: Iterable[int]) -> Owner:
    """Tell by elimination: only this process runs as the user who owns the socket.

    Other servers that runs of this user started do not count: each of them has claimed another port.
    """
    members = set(process.members())
    owned = set(users)
    started = sessions_on_record()
    others = [
        row.pid
        for row in rows()
        if row.pid not in members and row.session not in started and not row.zombie and _user(row.pid) in owned
    ]
    mine = {_user(pid) for pid in members}
    return "ours" if owned <= mine and not others else "unknown"


def _user(pid: int) -> int | None:
    with contextlib.suppress(OSError, StopIteration):
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Uid:")).split()[2])
    return None
