"""The types of item.py for the compiled build."""

cpdef bytes head_of(long long flags, Py_ssize_t length)

cdef class Item:
    cdef public bytes block
    cdef public bytes head
    cdef public long long exptime
    cdef public unsigned long long cas
    cdef public long long time
    cdef public int slab_class
    cdef public int state
