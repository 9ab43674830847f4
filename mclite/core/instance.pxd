"""The types of instance.py for the compiled build."""

from mclite.store.stats cimport Stats

cdef class Instance:
    cdef public object settings
    cdef public object clock
    cdef public object store
    cdef public Stats stats
    cdef public list credentials
    cdef public Py_ssize_t turns
    cdef public dict sessions
    cdef public list listeners
    cdef public bint accepting
    cdef public object most_connections
    cdef public object listen_disabled_us
    cdef public object housekeepings
    cdef public object certificates_loaded
    cdef public object last_number
    cdef public object watchers
    cdef public object detail
    cdef public object prefixes
    cdef public object budget
    cdef public bint crawling
    cdef public object on_stop
    cdef public object log
    cdef public object tell
    cdef public double next_second
    cdef public bint allow_fast
    cdef public object fast
    cdef object _fast
