"""The types of session.py for the compiled build."""

from mclite.core.instance cimport Instance

cdef class Session:
    cdef public Instance instance
    cdef public object number
    cdef public str peer
    cdef public str local
    cdef public str transport
    cdef public bint closed
    cdef public str close_reason
    cdef public object push
    cdef public object write_parts
    cdef public bint unread
    cdef public object last_command_time
    cdef public bint more
    cdef public bint watching
    cdef public object rest
    cdef public object _gate
    cdef public bint _is_udp
    cdef public bytes _line
    cdef public object _block
    cdef public object _block_request
    cdef public list _parts
    cdef public Py_ssize_t _parted
    cdef public Py_ssize_t _missing
    cdef public Py_ssize_t _swallow
    cdef public bytes _after_swallow
    cdef public Py_ssize_t _holds
    cdef public Py_ssize_t _block_size
    cdef public list _out
    cdef public bytes _batch
    cdef public Py_ssize_t _batch_at
    cdef public Py_ssize_t _looked_at
    cdef public bint _waiting
    cdef public object _binary
    cdef public str _protocol
    cdef public bint _begins
    cdef public bint _half

    cpdef bytes receive(self, bytes data)
