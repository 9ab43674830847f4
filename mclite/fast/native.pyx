# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The fast path in Cython, for the optional compiled build: what path.py does, one request at a time, without its objects.

A line is split into words in place; a request is carried out if its words, and the item that it finds, are of a form
that is known, and left to the slow path if not. Answers are written one behind the other into `room`, and become one
`bytes` at the end. The rule that keeps it true is that of the package: a method that returns 0 has changed nothing.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from libc.string cimport memchr, memcmp, memcpy

from mclite.store.stats cimport ClassStats, Stats
from mclite.store.item cimport Item, head_of
from mclite.store.slabs cimport SlabClasses, item_size

from mclite.protocol.replies import ANSWER_MAX as _ANSWER_MAX
from mclite.protocol.replies import TURN_BYTES as _TURN_BYTES
from mclite.fast.path import FastPath as PythonPath
from mclite.protocol.parser import KEY_MAX as _KEY_MAX
from mclite.store import item as _bits
from mclite.store.base import RELATIVE_MAX as _RELATIVE_MAX

cdef extern from "Python.h":
    PyObject* PyDict_GetItemWithError(object, object) except? NULL

cdef enum:
    ROOM = 16384  # bytes of answers that are put together
    LARGE = 2048  # bytes of a data block from which on it is not copied there
    WORDS_MAX = 10  # mg, its key, and flags
    FLAGS_MAX = 7
    OPAQUE_MAX = 31
    FORM_DIGITS = 7  # of flags, exptime and bytes: no sum of them overflows
    EXPTIME_DIGITS = 9
    NUMBER_DIGITS = 18  # two such numbers are less than 2**63 together
    HEADS = 256  # a power of two

cdef Py_ssize_t KEY_MAX = _KEY_MAX
cdef Py_ssize_t ANSWER_MAX = _ANSWER_MAX
cdef Py_ssize_t TURN_BYTES = _TURN_BYTES
cdef long long RELATIVE_MAX = _RELATIVE_MAX
cdef int ACTIVE = _bits.ACTIVE
cdef int ODD_KEY = _bits.ODD_KEY
cdef int SEEN = _bits.FETCHED | _bits.ACTIVE
cdef int UNUSUAL = _bits.STALE | _bits.WON | _bits.BINARY_KEY | _bits.ODD_KEY

cdef struct Word:
    const char* at
    Py_ssize_t size

cdef struct Form:  # of the line of a set or ms
    long long flags
    long long exptime
    Py_ssize_t size
    const char* answer
    Py_ssize_t answer_size

cdef struct Head:  # what items of a size and flags have in common
    long long flags
    Py_ssize_t size


cdef inline bint same(Word word, const char* text, Py_ssize_t size) noexcept:
    return word.size == size and memcmp(word.at, text, size) == 0


cdef inline int split(const char* at, const char* end, Word* words) noexcept:
    """Split what lies between `at` and `end` at each space; return the number of words, 0 if one is empty.

    No more than WORDS_MAX are split: then the last of them is all the rest.
    """
    cdef int number = 0
    cdef const char* space
    while True:
        space = <const char*>memchr(at, c" ", end - at) if number < WORDS_MAX - 1 else NULL
        if space is NULL:
            space = end
        if space == at:
            return 0
        words[number].at = at
        words[number].size = space - at
        number += 1
        if space == end:
            return number
        at = space + 1


cdef inline long long read_number(Word word, Py_ssize_t most) noexcept:
    """Return the number that `word` is; -1 unless it is all digits, and `most` of them at most."""
    cdef long long number = 0
    cdef Py_ssize_t i
    cdef unsigned char digit
    if word.size < 1 or word.size > most:
        return -1
    for i in range(word.size):
        digit = <unsigned char>(word.at[i] - c"0")
        if digit > 9:
            return -1
        number = number * 10 + digit
    return number


cdef inline Py_ssize_t print_number(char* to, unsigned long long number) noexcept:
    """Write `number`; return how many digits it has, 20 at most."""
    cdef char digits[20]
    cdef Py_ssize_t first = 20
    while True:
        first -= 1
        digits[first] = <char>(c"0" + number % 10)
        number //= 10
        if number == 0:
            break
    memcpy(to, digits + first, 20 - first)
    return 20 - first


cdef inline Word next_word(const char* at, const char* end) noexcept:
    """Return what lies between `at` and the next space, or `end`."""
    cdef Word word
    cdef const char* space = <const char*>memchr(at, c" ", end - at)
    word.at = at
    word.size = (end if space is NULL else space) - at
    return word


cdef inline bint read_set(Word* words, int number, Form* form) noexcept:
    """Read the line "set <key> <flags> <exptime> <bytes> [noreply]"; False if it is unusual."""
    if number == 5:
        form.answer = b"STORED\r\n"
        form.answer_size = 8
    elif number == 6 and same(words[5], b"noreply", 7):
        form.answer = b""
        form.answer_size = 0
    else:
        return False
    form.flags = read_number(words[2], FORM_DIGITS)
    form.exptime = read_number(words[3], FORM_DIGITS)
    form.size = read_number(words[4], FORM_DIGITS)
    return form.flags >= 0 and form.exptime >= 0 and form.size >= 0


cdef inline bint read_ms(Word* words, int number, Form* form) noexcept:
    """Read the line "ms <key> <datalen> [F<flags>] [T<exptime>] [q]"; False if it is unusual."""
    cdef Word flag
    cdef int i
    cdef bint with_flags = False, with_exptime = False
    if number < 3:
        return False
    form.flags = form.exptime = 0
    form.answer = b"HD\r\n"
    form.answer_size = 4
    form.size = read_number(words[2], FORM_DIGITS)
    for i in range(3, number):
        flag = words[i]
        flag.at += 1
        flag.size -= 1
        if words[i].at[0] == c"q" and form.answer_size and not flag.size:
            form.answer_size = 0
        elif words[i].at[0] == c"F" and not with_flags:
            with_flags = True
            form.flags = read_number(flag, FORM_DIGITS)
        elif words[i].at[0] == c"T" and not with_exptime:
            with_exptime = True
            form.exptime = read_number(flag, FORM_DIGITS)
        else:
            return False
    return form.flags >= 0 and form.exptime >= 0 and form.size >= 0


cdef inline Py_ssize_t size_of(Word key, Item item) noexcept:
    """Return the bytes that `item` takes under `key`, as memcached counts them."""
    return item_size(key.size, PyBytes_GET_SIZE(item.block) - 2, 0 if PyBytes_AS_STRING(item.head)[1] == c"0" else 1)


cdef inline Word size_in(bytes head) noexcept:
    """Return the words of an item's HEAD, " <flags> <bytes>" and CR LF, from <bytes> on."""
    cdef Word word
    cdef const char* at = PyBytes_AS_STRING(head)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(head)
    word.at = <const char*>memchr(at + 1, c" ", size - 1) + 1
    word.size = at + size - word.at
    return word


cdef class FastPath:
    """The common requests on `store`; see path.py."""

    cdef object store
    cdef object python  # for what takes so long that a call costs nothing
    cdef Stats stats
    cdef SlabClasses slabs
    # Of the store, while a buffer is being worked through:
    cdef dict entries
    cdef list classes
    cdef long long now
    # Of the store, once a request has been found to change them, until the end of the buffer (`load_...`):
    cdef bint cas_loaded
    cdef bint used_loaded
    cdef unsigned long long last_cas
    cdef long long used
    cdef long long maxbytes
    # What was answered, and how many turns the last request took:
    cdef Py_ssize_t turns
    cdef list out
    cdef Py_ssize_t written
    cdef char room[ROOM]
    # A table of the heads used last:
    cdef list heads
    cdef Head head_of_slot[HEADS]

    def __init__(self, store):
        cdef int slot
        self.store = store
        self.python = PythonPath(store)
        self.stats = store.stats
        self.slabs = store.slabs
        self.heads = [None] * HEADS
        for slot in range(HEADS):
            self.head_of_slot[slot].size = -1

    def serve(self, bytes buffer not None, Py_ssize_t position, Py_ssize_t turns, list out not None):
        """Carry out requests of `buffer` from `position` on, for up to `turns` turns; see path.py."""
        cdef const char* at = PyBytes_AS_STRING(buffer)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(buffer)
        cdef Py_ssize_t taken
        self.begin(out)
        try:
            while turns > 0 and position < size:
                taken = self.one(at + position, size - position)
                if taken == 0:
                    break
                position += taken
                turns -= self.turns
            self.flush()
        finally:
            self.end()
        return position, max(turns, 0)

    def store_late(self, request, bytes block not None):
        """Carry out a set or ms whose `block`, with its CR LF, arrived after its line; see path.py."""
        return self.python.store_late(request, block)

    # What the store holds.

    cdef int begin(self, list out) except -1:
        self.out = out
        self.written = 0
        self.entries = self.store.entries
        self.now = self.store.now
        self.classes = self.stats.classes
        return 0

    cdef int end(self) except -1:
        self.out = None
        if self.cas_loaded:
            self.cas_loaded = False
            self.store.last_cas = self.last_cas
        if self.used_loaded:
            self.used_loaded = False
            self.store.used = self.used
        return 0

    cdef inline int load_cas(self) except -1:
        if not self.cas_loaded:
            self.last_cas = self.store.last_cas
            self.cas_loaded = True
        return 0

    cdef inline int load_used(self) except -1:
        if not self.used_loaded:
            self.used = self.store.used
            self.maxbytes = self.store.maxbytes
            self.used_loaded = True
        return 0

    cdef inline Item find(self, bytes key):
        cdef PyObject* found = PyDict_GetItemWithError(self.entries, key)
        return None if found is NULL else <Item>found

    cdef inline ClassStats counters_of(self, Item item):
        return <ClassStats>self.classes[item.slab_class]

    cdef inline bint dead(self, Item item) noexcept:
        return item.exptime != 0 and item.exptime <= self.now

    cdef inline long long expires(self, long long exptime) noexcept:
        return exptime if exptime == 0 or exptime > RELATIVE_MAX else self.now + exptime

    # Answers.

    cdef int flush(self) except -1:
        if self.written:
            self.out.append(PyBytes_FromStringAndSize(self.room, self.written))
            self.written = 0
        return 0

    cdef inline int put(self, const char* data, Py_ssize_t size) except -1:
        if size > ROOM - self.written:
            self.flush()
        memcpy(self.room + self.written, data, size)
        self.written += size
        return 0

    cdef inline int put_word(self, Word word) except -1:
        return self.put(word.at, word.size)

    cdef inline int put_number(self, const char* before, Py_ssize_t size, unsigned long long number) except -1:
        """Write `before`, of `size` bytes, and `number`."""
        cdef char text[20]
        self.put(before, size)
        return self.put(text, print_number(text, number))

    cdef inline int put_block(self, bytes block) except -1:
        cdef Py_ssize_t size = PyBytes_GET_SIZE(block)
        if size <= LARGE:
            return self.put(PyBytes_AS_STRING(block), size)
        self.flush()
        self.out.append(block)
        self.turns += size // TURN_BYTES
        return 0

    cdef inline int put_item(self, Word key, Item item, bint with_cas) except -1:
        """Write `item` as get does, or gets."""
        cdef Py_ssize_t size = PyBytes_GET_SIZE(item.head)
        self.put(b"VALUE ", 6)
        self.put_word(key)
        if with_cas:
            self.put(PyBytes_AS_STRING(item.head), size - 2)
            self.put_number(b" ", 1, item.cas)
            self.put(b"\r\n", 2)
        else:
            self.put(PyBytes_AS_STRING(item.head), size)
        return self.put_block(item.block)

    # Requests.

    cdef Py_ssize_t one(self, const char* at, Py_ssize_t size) except -1:
        """Carry out the request at `at`; return how many of the `size` bytes there it has, 0 if it is none of ours.

        `turns` is then the number of turns it took.
        """
        cdef Word words[WORDS_MAX]
        cdef Word verb
        cdef Word key
        cdef Form form
        cdef const char* line_end = <const char*>memchr(at, c"\n", size)
        cdef Py_ssize_t length = line_end + 1 - at
        cdef int number
        if line_end is NULL or length < 4 or at[length - 2] != c"\r":
            return 0
        line_end -= 1
        number = split(at, line_end, words)
        if number < 2:
            if number == 0 or not same(words[0], b"mn", 2):
                return 0
            self.turns = 1
            self.put(b"MN\r\n", 4)
            return length
        verb = words[0]
        key = words[1]
        if key.size > KEY_MAX or same(key, b"noreply", 7):
            return 0
        self.turns = 1
        if (same(verb, b"set", 3) and read_set(words, number, &form)) \
                or (same(verb, b"ms", 2) and read_ms(words, number, &form)):
            return self.store_one(&form, at, size, length, key)
        if same(verb, b"get", 3):
            if number > 2:
                return length if self.get_many(key.at, line_end) else 0
            return length if self.get(key, False) else 0
        if same(verb, b"mg", 2):
            return length if self.meta_get(key, words + 2, number - 2) else 0
        if number == 2:
            if same(verb, b"gets", 4):
                return length if self.get(key, True) else 0
            if same(verb, b"delete", 6):
                return length if self.delete(key) else 0
        elif number == 3:
            if same(verb, b"incr", 4):
                return length if self.increment(key, words[2]) else 0
            if same(verb, b"touch", 5):
                return length if self.touch(key, words[2]) else 0
        return 0

    cdef bint get(self, Word key, bint with_cas) except -1:
        cdef Item item = self.find(PyBytes_FromStringAndSize(key.at, key.size))
        if item is None:
            if self.store.flushed:
                return False
            self.stats.get_misses += 1
        else:
            if self.dead(item) or item.state & ODD_KEY:
                return False
            self.see(item)
            self.put_item(key, item, with_cas)
        self.stats.cmd_get += 1
        self.put(b"END\r\n", 5)
        return True

    cdef inline int see(self, Item item) except -1:
        """Note that `item` was fetched."""
        cdef ClassStats counters
        item.state |= SEEN
        item.time = self.now
        counters = self.counters_of(item)
        counters.get_hits += 1
        return 0

    cdef bint get_many(self, const char* at, const char* end) except -1:
        """Answer a get of all keys between `at` and `end`, or of none: first all are looked up."""
        cdef list items = []
        cdef Word key
        cdef Item item
        cdef const char* first = at
        cdef Py_ssize_t size = 0
        while at <= end:
            key = next_word(at, end)
            at = key.at + key.size + 1
            if not 0 < key.size <= KEY_MAX or same(key, b"noreply", 7):
                return False
            item = self.find(PyBytes_FromStringAndSize(key.at, key.size))
            if (self.store.flushed) if item is None else (self.dead(item) or item.state & ODD_KEY):
                return False
            items.append(item)
            if item is not None:
                size += PyBytes_GET_SIZE(item.block)
        if size > ANSWER_MAX:
            return False
        at = first
        for item in items:
            key = next_word(at, end)
            at = key.at + key.size + 1
            if item is None:
                self.stats.get_misses += 1
            else:
                self.see(item)
                self.put_item(key, item, False)
        self.stats.cmd_get += len(items)
        self.put(b"END\r\n", 5)
        self.turns = 1 + size // TURN_BYTES
        return True

    cdef bint meta_get(self, Word key, Word* flags, int number) except -1:
        """Answer an mg with flags out of v, k, f, s, t, c and O."""
        cdef Item item = self.find(PyBytes_FromStringAndSize(key.at, key.size))
        cdef Word size
        cdef Word flag
        cdef const char* head
        cdef unsigned int letters = 0  # a bit for each
        cdef unsigned int letter
        cdef bint with_value
        cdef int i
        if item is None:
            if number != 1 or not same(flags[0], b"v", 1) or self.store.flushed:
                return False
            self.stats.cmd_get += 1
            self.stats.get_misses += 1
            self.put(b"EN\r\n", 4)
            return True
        if self.dead(item) or item.state & UNUSUAL or number > FLAGS_MAX:
            return False
        for i in range(number):
            flag = flags[i]
            if memchr(b"vkfstcO", flag.at[0], 7) is NULL or flag.size > (OPAQUE_MAX if flag.at[0] == c"O" else 1):
                return False
            letter = 1U << (flag.at[0] & 31)
            if letters & letter:
                return False
            letters |= letter
        head = PyBytes_AS_STRING(item.head)
        size = size_in(item.head)
        with_value = letters & 1U << (c"v" & 31)
        if with_value:
            self.put(b"VA ", 3)
            self.put(size.at, size.size - 2)
        else:
            self.put(b"HD", 2)
        for i in range(number):
            flag = flags[i]
            if flag.at[0] == c"k":
                self.put(b" k", 2)
                self.put_word(key)
            elif flag.at[0] == c"f":
                self.put(b" f", 2)
                self.put(head + 1, size.at - head - 2)
            elif flag.at[0] == c"s":
                self.put_number(b" s", 2, PyBytes_GET_SIZE(item.block) - 2)
            elif flag.at[0] == c"t":
                if item.exptime:
                    self.put_number(b" t", 2, item.exptime - self.now)
                else:
                    self.put(b" t-1", 4)
            elif flag.at[0] == c"c":
                self.put_number(b" c", 2, item.cas)
            elif flag.at[0] == c"O":
                self.put(b" ", 1)
                self.put_word(flag)
        self.put(b"\r\n", 2)
        if with_value:
            self.put_block(item.block)
        self.see(item)
        self.stats.cmd_get += 1
        return True

    cdef bint touch(self, Word key, Word exptime) except -1:
        cdef ClassStats counters
        cdef Item item = self.find(PyBytes_FromStringAndSize(key.at, key.size))
        cdef long long seconds = read_number(exptime, EXPTIME_DIGITS)
        if item is None or seconds < 0 or self.dead(item) or item.state & ODD_KEY:
            return False
        item.state |= SEEN
        item.time = self.now
        item.exptime = self.expires(seconds)
        self.stats.cmd_touch += 1
        counters = self.counters_of(item)
        counters.touch_hits += 1
        self.put(b"TOUCHED\r\n", 9)
        return True

    cdef bint increment(self, Word key, Word delta) except -1:
        """Add `delta` to an item that is a plain number and keeps its length."""
        cdef ClassStats counters
        cdef Item item = self.find(PyBytes_FromStringAndSize(key.at, key.size))
        cdef Word old
        cdef long long number
        cdef long long more = read_number(delta, NUMBER_DIGITS)
        cdef char text[22]
        if item is None or more < 0 or item.exptime or item.state & ODD_KEY:
            return False
        old.at = PyBytes_AS_STRING(item.block)
        old.size = PyBytes_GET_SIZE(item.block) - 2
        number = read_number(old, NUMBER_DIGITS)
        if number < 0 or (old.at[0] == c"0" and old.size > 1) or print_number(text, number + more) != old.size:
            return False
        text[old.size] = c"\r"
        text[old.size + 1] = c"\n"
        item.block = PyBytes_FromStringAndSize(text, old.size + 2)
        self.put(text, old.size + 2)
        self.change(item)
        counters = self.counters_of(item)
        counters.incr_hits += 1
        return True

    cdef inline int change(self, Item item) except -1:
        """Give `item`, whose data were changed, a cas unique."""
        self.load_cas()
        self.last_cas += 1
        item.cas = self.last_cas
        item.time = self.now
        return 0

    cdef bint delete(self, Word key) except -1:
        cdef ClassStats counters
        cdef bytes name = PyBytes_FromStringAndSize(key.at, key.size)
        cdef Item item = self.find(name)
        cdef Py_ssize_t size
        if item is None:
            if self.store.flushed:
                return False
            self.stats.delete_misses += 1
            self.put(b"NOT_FOUND\r\n", 11)
            return True
        if self.dead(item) or item.state & ODD_KEY:
            return False
        self.load_used()
        size = size_of(key, item)
        self.used -= size
        counters = self.counters_of(item)
        counters.delete_hits += 1
        counters.held -= 1
        counters.held_bytes -= size
        del self.entries[name]
        self.put(b"DELETED\r\n", 9)
        return True

    cdef Py_ssize_t store_one(self, Form* form, const char* at, Py_ssize_t size, Py_ssize_t length, Word key) except -1:
        """Store the block behind the line of `length` bytes at `at`, as `form` says, under `key`; return as `one` does."""
        cdef Py_ssize_t taken = length + form.size + 2
        if taken > size or at[taken - 2] != c"\r" or at[taken - 1] != c"\n":
            return 0
        if not self.hold(key, form, at + length):
            return 0
        self.put(form.answer, form.answer_size)
        return taken

    cdef bint hold(self, Word key, Form* form, const char* block) except -1:
        cdef ClassStats counters
        cdef bytes name = PyBytes_FromStringAndSize(key.at, key.size)
        cdef bytes data = PyBytes_FromStringAndSize(block, form.size + 2)  # before an item is made that needs it
        cdef Item item = self.find(name)
        cdef bytes head = self.head(form)
        cdef Py_ssize_t total = item_size(key.size, form.size, form.flags)
        self.load_used()
        if item is None or item.head is not head or item.exptime or item.state & ODD_KEY \
                or self.used + total > self.maxbytes:
            item = self.make_place(key, name, item, form, total)
            if item is None:
                return False
            item.head = head
        else:
            item.state = ACTIVE  # as in make_place
        item.block = data
        item.exptime = self.expires(form.exptime)
        self.change(item)
        self.stats.total_items += 1
        counters = self.counters_of(item)
        counters.cmd_set += 1
        return True

    cdef Item make_place(self, Word key, bytes name, Item item, Form* form, Py_ssize_t total):
        """Make of `item`, held under `key`, one of `total` bytes, or a new one; None if that is unusual."""
        cdef int slab_class = self.slabs.class_of(total)
        cdef ClassStats counters
        cdef Py_ssize_t size
        if slab_class == 0:
            return None
        if item is None:
            if self.store.flushed:
                return None
        elif self.dead(item) or item.state & ODD_KEY:
            return None
        if self.maxbytes and self.used + total > self.maxbytes:
            if not self.make_room(total):
                return None
            item = self.find(name)
        if item is None:
            item = Item.__new__(Item)
            self.entries[name] = item
        else:
            item.state = ACTIVE  # in place: the LRU spares it once, as it would an item at its young end
            size = size_of(key, item)
            self.used -= size
            counters = self.counters_of(item)
            counters.held -= 1
            counters.held_bytes -= size
        self.used += total
        counters = <ClassStats>self.classes[slab_class]
        counters.held += 1
        counters.held_bytes += total
        item.slab_class = slab_class
        return item

    cdef bint make_room(self, Py_ssize_t total) except -1:
        cdef bint made
        if not self.store.evict:
            return False
        self.store.used = self.used
        made = self.store.make_room(total)
        self.used = self.store.used
        return made

    cdef inline bytes head(self, Form* form):
        """Return the head of `form`, the same object each time if it is one of those used last."""
        cdef int slot = (form.size * 31 + form.flags) & (HEADS - 1)
        cdef Head* known = &self.head_of_slot[slot]
        if known.size != form.size or known.flags != form.flags:
            self.heads[slot] = head_of(form.flags, form.size)
            known.size = form.size
            known.flags = form.flags
        return <bytes>self.heads[slot]
