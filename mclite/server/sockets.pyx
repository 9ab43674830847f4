# cython: language_level=3, boundscheck=False, wraparound=False
"""TCP connections without the event loop's transports, for the optional compiled build on Linux.

One epoll holds the sockets, and the event loop watches that epoll. When something has arrived, one call of `turn` reads it,
hands it to the protocols and lets them write, at the cost of one recv and one send a request; what the event loop does
is shared by all connections that were ready. To its protocol a connection looks as asyncio's do; asyncio.Transport says
what the methods mean. The rule that keeps it true: a connection is let go of only between two turns (`_lost`, which is
called by call_soon), so what epoll_wait has named is there until the end of its turn.
"""

import os

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF
from libc.errno cimport EAGAIN, EINTR, errno
from libc.string cimport memset

cdef extern from "Python.h":
    PyObject* new_bytes "PyBytes_FromStringAndSize"(const char*, Py_ssize_t) except NULL
    int _PyBytes_Resize(PyObject**, Py_ssize_t) except -1

cdef extern from "sys/uio.h":
    cdef struct iovec:
        void* iov_base
        size_t iov_len

cdef extern from "sys/socket.h":
    cdef struct msghdr:
        iovec* msg_iov
        size_t msg_iovlen
    int MSG_DONTWAIT, MSG_NOSIGNAL
    Py_ssize_t sendmsg(int, const msghdr*, int)
    Py_ssize_t recv(int, void*, size_t, int)
    Py_ssize_t send(int, const void*, size_t, int)

cdef extern from "sys/epoll.h":
    int EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLL_CLOEXEC
    unsigned int EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR
    ctypedef union epoll_data_t:
        void* ptr
    cdef struct epoll_event:
        unsigned int events
        epoll_data_t data
    int epoll_create1(int)
    int epoll_ctl(int, int, int, epoll_event*)
    int epoll_wait(int, epoll_event*, int, int)

cdef enum:
    EVENTS = 128  # connections that one epoll_wait names
    ROUNDS = 16  # of epoll_wait in one turn, before the event loop's other work: less than a millisecond
    SMALL = 16 << 10  # bytes that are read at once,
    LARGE = 256 << 10  # and of a connection whose last read was full
    HIGH_WATER = 64 << 10  # unsent bytes above which the protocol is to pause writing,
    LOW_WATER = 16 << 10  # and down to which
    PARTS = 64  # that are sent without joining them


cdef class Sockets:
    """The sockets of one event LOOP."""

    cdef object loop
    cdef int epoll
    cdef set connections
    cdef char room[SMALL]

    def __init__(self, loop):
        self.epoll = epoll_create1(EPOLL_CLOEXEC)
        if self.epoll < 0:
            raise os_error(errno)
        self.loop = loop
        self.connections = set()
        loop.add_reader(self.epoll, self.turn)

    def add(self, sock, protocol):
        """Serve SOCK, connected and non-blocking, with PROTOCOL."""
        cdef SocketTransport transport = SocketTransport(self, sock, protocol)
        self.connections.add(transport)
        transport.watch()
        protocol.connection_made(transport)

    def turn(self):
        """Do what there is to do on all sockets."""
        cdef epoll_event events[EVENTS]
        cdef SocketTransport transport
        cdef int ready, number
        for _ in range(ROUNDS):
            ready = epoll_wait(self.epoll, events, EVENTS, 0)
            for number in range(ready):
                transport = <SocketTransport>events[number].data.ptr
                if transport.watched & EPOLLOUT and events[number].events & ~EPOLLIN:
                    transport.flush()
                if transport.watched & EPOLLIN and events[number].events & ~EPOLLOUT:
                    transport.read()
            if ready <= 0:
                return

    def close(self):
        """Hang up on all, at once."""
        cdef SocketTransport transport
        if self.epoll < 0:
            return
        for transport in list(self.connections):
            transport.lose(None)
            transport._lost(None)
        self.loop.remove_reader(self.epoll)
        os.close(self.epoll)
        self.epoll = -1


cdef class SocketTransport:
    """One connection; see asyncio.Transport."""

    cdef Sockets sockets
    cdef object sock
    cdef object protocol
    cdef object data_received
    cdef int fd
    cdef unsigned int watched  # the events that epoll is to tell of
    cdef bint reading
    cdef bint closing
    cdef bint lost  # it is let go of before the next turn
    cdef bint full  # the last read was
    cdef bint paused  # the protocol has been told to pause writing
    cdef list unsent  # pieces that the kernel has not taken
    cdef Py_ssize_t unsent_bytes

    def __init__(self, Sockets sockets, sock, protocol):
        self.sockets = sockets
        self.sock = sock
        self.fd = sock.fileno()
        self.protocol = protocol
        self.data_received = protocol.data_received
        self.reading = True
        self.unsent = []

    cdef int watch(self) except -1:
        """Have epoll tell what is waited for now. What nothing is waited for is taken out: it would tell of hang-ups."""
        cdef epoll_event event
        cdef unsigned int wanted = 0
        cdef int operation
        if not self.lost:
            if self.reading and not self.closing:
                wanted |= EPOLLIN
            if self.unsent:
                wanted |= EPOLLOUT
        if wanted == self.watched:
            return 0
        operation = EPOLL_CTL_DEL if not wanted else EPOLL_CTL_MOD if self.watched else EPOLL_CTL_ADD
        event.events = wanted
        event.data.ptr = <void*>self
        if epoll_ctl(self.sockets.epoll, operation, self.fd, &event) < 0:
            raise os_error(errno)
        self.watched = wanted
        return 0

    cdef int read(self) except -1:
        """Read once, and hand over what was read."""
        cdef PyObject* large = NULL
        cdef bytes data
        cdef Py_ssize_t got
        cdef int error
        if self.full:  # a large data block is coming: straight into what will be handed over
            large = new_bytes(NULL, LARGE)
            got = recv(self.fd, PyBytes_AS_STRING(<object>large), LARGE, MSG_DONTWAIT)
        else:
            got = recv(self.fd, self.sockets.room, SMALL, MSG_DONTWAIT)
        error = errno
        self.full = got >= SMALL
        if large is NULL:
            data = PyBytes_FromStringAndSize(self.sockets.room, got) if got > 0 else None
        elif got > 0:
            _PyBytes_Resize(&large, got)
            data = <bytes>large
            Py_DECREF(data)
        else:
            Py_DECREF(<object>large)
        try:
            if got > 0:
                self.data_received(data)
            elif got == 0:
                if not self.protocol.eof_received():
                    self.close()
            elif error != EAGAIN and error != EINTR:
                self.lose(os_error(error))
        except Exception as fault:
            self.sockets.loop.call_exception_handler(
                {"message": "a protocol failed", "exception": fault, "transport": self, "protocol": self.protocol}
            )
            self.lose(fault)
        return 0

    def write(self, bytes data not None):
        """Send DATA, or keep what the kernel does not take."""
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
        cdef Py_ssize_t sent = 0
        if self.lost or not size:
            return
        if not self.unsent:
            sent = self.send(data)
            if sent < 0 or sent == size:
                return
        self.keep(data[sent:] if sent else data)

    def writelines(self, list parts not None):
        """Send `parts` one after the other, without joining them unless they are many or the kernel is full."""
        cdef iovec vector[PARTS]
        cdef msghdr message
        cdef Py_ssize_t number = len(parts)
        cdef Py_ssize_t size = 0
        cdef Py_ssize_t sent
        cdef Py_ssize_t i
        cdef bytes part
        if self.lost or self.unsent or number > PARTS:
            return self.write(b"".join(parts))
        for i in range(number):
            part = parts[i]
            vector[i].iov_base = <void*>PyBytes_AS_STRING(part)
            vector[i].iov_len = PyBytes_GET_SIZE(part)
            size += PyBytes_GET_SIZE(part)
        memset(&message, 0, sizeof(message))
        message.msg_iov = vector
        message.msg_iovlen = number
        sent = self.taken(sendmsg(self.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL))
        if 0 <= sent < size:
            self.keep(b"".join(parts)[sent:])

    cdef int keep(self, bytes data) except -1:
        """Keep `data`, which the kernel did not take, until it does."""
        self.unsent.append(data)
        self.unsent_bytes += PyBytes_GET_SIZE(data)
        self.watch()
        if self.unsent_bytes > HIGH_WATER and not self.paused:
            self.paused = True
            self.protocol.pause_writing()
        return 0

    cdef Py_ssize_t send(self, bytes data) except -2:
        """Return how many bytes of `data` the kernel took; -1 if the connection is broken."""
        return self.taken(
            send(self.fd, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), MSG_DONTWAIT | MSG_NOSIGNAL)
        )

    cdef Py_ssize_t taken(self, Py_ssize_t sent) except -2:
        """Return `sent`, the result of a system call that sends: 0 if it was to be tried again, -1 if all is lost."""
        cdef int error = errno
        if sent >= 0:
            return sent
        if error == EAGAIN or error == EINTR:
            return 0
        self.lose(os_error(error))
        return -1

    cdef int flush(self) except -1:
        """Send of what was kept as much as the kernel takes."""
        cdef bytes data = self.unsent[0] if len(self.unsent) == 1 else b"".join(self.unsent)
        cdef Py_ssize_t sent = self.send(data)
        if sent < 0:
            return 0
        self.unsent_bytes -= sent
        self.unsent = [data[sent:]] if self.unsent_bytes else []
        self.watch()
        if self.unsent_bytes <= LOW_WATER and self.paused:
            self.paused = False
            self.protocol.resume_writing()
        if self.closing and not self.unsent:
            self.lose(None)
        return 0

    def pause_reading(self):
        """Read nothing until resume_reading."""
        self.reading = False
        self.watch()

    def resume_reading(self):
        """Read again."""
        self.reading = True
        self.watch()

    def is_reading(self):
        """Is it read from?"""
        return self.reading and not self.closing

    def is_closing(self):
        """Is it closed, or about to be?"""
        return self.closing

    def close(self):
        """Read no more, and hang up when everything is sent."""
        if self.closing:
            return
        self.closing = True
        self.watch()
        if not self.unsent:
            self.lose(None)

    def abort(self):
        """Hang up at once."""
        self.lose(None)

    cdef int lose(self, error) except -1:
        """Let go of the connection, for ERROR, when this turn is over."""
        if self.lost:
            return 0
        self.closing = self.lost = True
        self.unsent = []
        self.unsent_bytes = 0
        self.watch()
        self.sockets.loop.call_soon(self._lost, error)
        return 0

    def _lost(self, error):
        if self.protocol is None:
            return  # Sockets.close did not wait
        protocol = self.protocol
        self.protocol = self.data_received = None
        self.sockets.connections.discard(self)
        try:
            protocol.connection_lost(error)
        finally:
            self.sock.close()

    def get_write_buffer_size(self):
        """Return how many bytes wait to be sent."""
        return self.unsent_bytes

    def get_extra_info(self, name, default=None):
        """Return `socket`, `peername` or `sockname`, DEFAULT if it has none."""
        try:
            if name == "socket":
                return self.sock
            if name == "peername":
                return self.sock.getpeername()
            if name == "sockname":
                return self.sock.getsockname()
        except OSError:
            pass
        return default


cdef os_error(int number):
    return OSError(number, os.strerror(number))
