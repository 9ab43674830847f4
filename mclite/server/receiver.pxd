"""The types of receiver.py for the compiled build."""

from mclite.core.session cimport Session

cdef class Receiver:
    cdef public bint _more
    cdef public Session session
    cdef public object transport
