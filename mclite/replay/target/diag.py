"""Which sockets take what is sent to a port, asked of the Linux kernel over netlink (sock_diag).

/proc/net/tcp says the same, but is read line by line through every connection of the machine: with thousands of
closed ones that are still remembered it takes 100 times as long.
"""

from __future__ import annotations

import errno
import socket
import struct

_SOCK_DIAG, _BY_FAMILY = 4, 20  # NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_ERROR, _DONE = 2, 3  # NLMSG_ERROR, NLMSG_DONE
_LISTEN, _UNCONNECTED = 10, 7  # TCP_LISTEN, TCP_CLOSE: what an unconnected UDP socket is
#: struct nlmsghdr; struct inet_diag_req_v2 without its socket; of struct inet_diag_msg the family and the local end.
_HEADER, _ASKED, _ANSWER = struct.Struct("=IHHII"), struct.Struct("=BBBxI"), struct.Struct("=BBBB2s2s16s")
_OF_NO_SOCKET = bytes(48)
#: Where the user and the inode are in struct inet_diag_msg.
_OWNER, _OWNER_AT = struct.Struct("=II"), 64
#: What the kernel says of a family that it does not have.
_ABSENT = frozenset({errno.ENOENT, errno.EAFNOSUPPORT})
#: Seconds that the kernel may take.
_SECONDS = 2.0

_HERE = {
    socket.AF_INET: {socket.inet_pton(socket.AF_INET, host) for host in ("127.0.0.1", "0.0.0.0")},
    socket.AF_INET6: {socket.inet_pton(socket.AF_INET6, host) for host in ("::", "::ffff:127.0.0.1")},
}


def sockets(port: int, udp: bool) -> dict[int, int] | None:
    """Return the inodes and users of the sockets that take what is sent to a port of 127.0.0.1.

    None where the kernel cannot be asked so.
    """
    if not hasattr(socket, "AF_NETLINK"):
        return None
    found: dict[int, int] = {}
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG) as link:
            link.settimeout(_SECONDS)
            for family in _HERE:
                if not _ask(link, family, port, udp, found):
                    return None
    except (OSError, struct.error):
        return None
    return found


def _ask(link: socket.socket, family: int, port: int, udp: bool, found: dict[int, int]) -> bool:
    """Put the sockets of a family into `found`; return False if the kernel refuses."""
    protocol, state = (socket.IPPROTO_UDP, _UNCONNECTED) if udp else (socket.IPPROTO_TCP, _LISTEN)
    asked = _ASKED.pack(family, protocol, 0, 1 << state) + _OF_NO_SOCKET
    link.send(_HEADER.pack(_HEADER.size + len(asked), _BY_FAMILY, _REQUEST_DUMP, 1, 0) + asked)
    while True:
        data = link.recv(1 << 16)
        while data:
            length, kind, *_ = _HEADER.unpack_from(data)
            if kind == _DONE:
                return True
            if kind == _ERROR or length < _HEADER.size:
                # No IPv6 here: nothing listens on it.
                return kind == _ERROR and -struct.unpack_from("=i", data, _HEADER.size)[0] in _ABSENT
            message = data[_HEADER.size : length]
            given, *_, here, _, host = _ANSWER.unpack_from(message)
            own = host[:4] if given == socket.AF_INET else host
            if int.from_bytes(here, "big") == port and own in _HERE[socket.AddressFamily(given)]:
                user, inode = _OWNER.unpack_from(message, _OWNER_AT)
                found[inode] = user
            data = data[(length + 3) & ~3 :]
