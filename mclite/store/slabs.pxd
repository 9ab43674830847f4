"""The types of slabs.py for the compiled build."""

cpdef Py_ssize_t item_size(Py_ssize_t key_length, Py_ssize_t data_length, long long flags) noexcept

cdef class SlabClasses:
    cdef public Py_ssize_t item_size_max
    cdef public Py_ssize_t chunk_max
    cdef public list sizes
    cdef bytes _table

    cpdef int class_of(self, Py_ssize_t size) except -1
