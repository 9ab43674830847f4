"""set, add, replace, append, prepend, cas, delete, incr and decr: whole conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mclite.protocol import errors, replies

if TYPE_CHECKING:
    from tests.conftest import Server

CASES = [
    (
        "set replaces data, flags and exptime",
        b"set a 5 0 2\r\nxx\r\nset a 6 100 3\r\nyyy\r\nget a\r\nmg a t\r\n",
        b"STORED\r\nSTORED\r\nVALUE a 6 3\r\nyyy\r\nEND\r\nHD t100\r\n",
    ),
    (
        "a refused set line has its data block swallowed",
        b"set a x 0 4\r\nquit\r\nversion\r\n",
        errors.BAD_FORMAT + replies.VERSION,
    ),
    (
        "a set line without a length has not",
        b"set a 0 0 x\r\nversion\r\n",
        errors.BAD_FORMAT + replies.VERSION,
    ),
    (
        "a refused set leaves the old item",
        b"set a 0 0 1\r\nx\r\nset a 0 x 1\r\ny\r\nget a\r\n",
        b"STORED\r\n" + errors.BAD_FORMAT + b"VALUE a 0 1\r\nx\r\nEND\r\n",
    ),
    (
        "a set that is too large removes the old item",
        b"set a 0 0 1\r\nx\r\nset a 0 0 1048577\r\n" + b"y" * 1048577 + b"\r\nget a\r\n",
        b"STORED\r\n" + errors.TOO_LARGE + b"END\r\n",
    ),
    (
        "an add that is too large removes nothing",
        b"set a 0 0 1\r\nx\r\nadd a 0 0 1048577\r\n" + b"y" * 1048577 + b"\r\nget a\r\n",
        b"STORED\r\n" + errors.TOO_LARGE + b"VALUE a 0 1\r\nx\r\nEND\r\n",
    ),
    (
        "a replace that is too large removes nothing",
        b"set a 0 0 1\r\nx\r\nreplace a 0 0 1048577\r\n" + b"y" * 1048577 + b"\r\nget a\r\n",
        b"STORED\r\n" + errors.TOO_LARGE + b"VALUE a 0 1\r\nx\r\nEND\r\n",
    ),
    (
        "too large and noreply says nothing",
        b"set a 0 0 1048577 noreply\r\n" + b"y" * 1048577 + b"\r\nversion\r\n",
        replies.VERSION,
    ),
    (
        "the largest item fits",
        b"set a 0 0 1048400\r\n" + b"y" * 1048400 + b"\r\nmg a s\r\n",
        b"STORED\r\nHD s1048400\r\n",
    ),
    (
        "one that would only just not fit",
        b"set a 0 0 1048576\r\n" + b"y" * 1048576 + b"\r\n",
        errors.TOO_LARGE,
    ),
    (
        "a data block that is too long is refused, its rest is a line",
        b"set a 0 0 1\r\nxyz\r\nversion\r\n",
        errors.BAD_DATA_CHUNK + errors.BAD_FORMAT + replies.VERSION,
    ),
    (
        "a data block that is too short swallows what follows",
        b"set a 0 0 10\r\nx\r\nversion\r\nversion\r\n",
        b"STORED\r\n" + replies.VERSION,
    ),
    (
        "a bad data block leaves the old item",
        b"set a 0 0 1\r\nx\r\nset a 0 0 1\r\nyz\r\n\r\nget a\r\n",
        (b"STORED\r\n" + errors.BAD_DATA_CHUNK + errors.BAD_FORMAT * 2 + b"VALUE a 0 1\r\nx\r\nEND\r\n"),
    ),
    (
        "a bad data block says nothing with noreply",
        b"set a 0 0 1 noreply\r\nyz\r\n\r\nversion\r\n",
        (errors.BAD_FORMAT * 2 + replies.VERSION),
    ),
    (
        "LF alone does not end a data block",
        b"set a 0 0 1\r\nx\n\nversion\r\n",
        errors.BAD_DATA_CHUNK + replies.VERSION,
    ),
    ("LF alone ends a line", b"set a 0 0 1\nx\r\nget a\n", b"STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n"),
    (
        "a key of 251 bytes",
        b"set " + b"k" * 251 + b" 0 0 1\r\nx\r\nversion\r\n",
        errors.BAD_FORMAT + replies.VERSION,
    ),
    (
        "a key of 251 bytes, noreply",
        b"set " + b"k" * 251 + b" 0 0 1 noreply\r\nx\r\nversion\r\n",
        replies.VERSION,
    ),
    (
        "a key of 251 bytes is refused before bad flags",
        b"set " + b"k" * 251 + b" x 0 1\r\nx\r\nversion\r\n",
        errors.BAD_FORMAT + replies.VERSION,
    ),
    (
        "add stores once",
        b"add a 1 0 1\r\nx\r\nadd a 2 0 1\r\ny\r\nget a\r\n",
        b"STORED\r\nNOT_STORED\r\nVALUE a 1 1\r\nx\r\nEND\r\n",
    ),
    (
        "replace needs an item",
        b"replace a 0 0 1\r\nx\r\nset a 1 0 1\r\nx\r\nreplace a 2 0 1\r\ny\r\nget a\r\n",
        b"NOT_STORED\r\nSTORED\r\nSTORED\r\nVALUE a 2 1\r\ny\r\nEND\r\n",
    ),
    (
        "append keeps flags and exptime",
        b"set a 3 100 1\r\nx\r\nappend a 9 0 2\r\nyz\r\nmg a v f t\r\n",
        b"STORED\r\nSTORED\r\nVA 3 f3 t100\r\nxyz\r\n",
    ),
    (
        "prepend keeps flags and exptime",
        b"set a 3 100 1\r\nx\r\nprepend a 9 0 2\r\nyz\r\nmg a v f t\r\n",
        b"STORED\r\nSTORED\r\nVA 3 f3 t100\r\nyzx\r\n",
    ),
    (
        "append of nothing",
        b"set a 0 0 1\r\nx\r\nappend a 0 0 0\r\n\r\nget a\r\n",
        b"STORED\r\nSTORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n",
    ),
    (
        "append to nothing",
        b"append a 0 0 1\r\nx\r\nprepend a 0 0 1\r\nx\r\nget a\r\n",
        b"NOT_STORED\r\nNOT_STORED\r\nEND\r\n",
    ),
    (
        "append beyond the largest item is not stored",
        b"set a 0 0 600000\r\n" + b"x" * 600000 + b"\r\nappend a 0 0 600000\r\n" + b"x" * 600000 + b"\r\nmg a s\r\n",
        b"STORED\r\nNOT_STORED\r\nHD s600000\r\n",
    ),
    (
        "append with bad flags is refused",
        b"set a 0 0 1\r\nx\r\nappend a x 0 1\r\ny\r\nget a\r\n",
        b"STORED\r\n" + errors.BAD_FORMAT + b"VALUE a 0 1\r\nx\r\nEND\r\n",
    ),
    (
        "cas stores with the unique of the item",
        b"ms a 1 E77\r\nx\r\ncas a 5 0 2 77\r\nyy\r\nget a\r\n",
        b"HD\r\nSTORED\r\nVALUE a 5 2\r\nyy\r\nEND\r\n",
    ),
    (
        "cas with another unique",
        b"ms a 1 E77\r\nx\r\ncas a 5 0 2 78\r\nyy\r\nget a\r\n",
        b"HD\r\nEXISTS\r\nVALUE a 0 1\r\nx\r\nEND\r\n",
    ),
    (
        "cas with unique 0 never stores",
        b"ms a 1 E77\r\nx\r\ncas a 5 0 2 0\r\nyy\r\nget a\r\n",
        b"HD\r\nEXISTS\r\nVALUE a 0 1\r\nx\r\nEND\r\n",
    ),
    ("cas without an item", b"cas a 5 0 2 77\r\nyy\r\nget a\r\n", b"NOT_FOUND\r\nEND\r\n"),
    (
        "cas without a unique",
        b"cas a 5 0 2\r\nyy\r\nversion\r\n",
        errors.BAD_FORMAT + replies.VERSION,
    ),
    (
        "cas with a unique that is no number",
        b"cas a 5 0 2 x\r\nyy\r\ncas a 0 0 2 -1\r\nyy\r\ncas a 0 0 2 18446744073709551616\r\nyy\r\n",
        (errors.BAD_FORMAT * 3),
    ),
    (
        "each change changes the unique",
        (
            b"ms a 1 E77\r\n1\r\nappend a 0 0 1\r\n1\r\ncas a 0 0 1 77\r\nx\r\nms a 1 E77\r\n1\r\n"
            b"incr a 1\r\ncas a 0 0 1 77\r\nx\r\nms a 1 E77\r\n1\r\ntouch a 0\r\ncas a 0 0 1 77\r\nx\r\n"
        ),
        b"HD\r\nSTORED\r\nEXISTS\r\nHD\r\n2\r\nEXISTS\r\nHD\r\nTOUCHED\r\nSTORED\r\n",
    ),
    (
        "a negative exptime stores nothing to be found",
        b"set a 0 -1 1\r\nx\r\nget a\r\nset a 0 0 1\r\nx\r\nset a 0 -1 1\r\ny\r\nget a\r\n",
        b"STORED\r\nEND\r\nSTORED\r\nSTORED\r\nEND\r\n",
    ),
    ("an exptime in the past, in Unix seconds", b"set a 0 1000000000 1\r\nx\r\nget a\r\n", b"STORED\r\nEND\r\n"),
    ("delete", b"set a 0 0 1\r\nx\r\ndelete a\r\ndelete a\r\nget a\r\n", b"STORED\r\nDELETED\r\nNOT_FOUND\r\nEND\r\n"),
    (
        "delete takes a second argument, whatever it is",
        b"delete a 0\r\ndelete a 5\r\ndelete a x\r\ndelete a b c\r\ndelete a 0 noreply\r\nversion\r\n",
        b"NOT_FOUND\r\nNOT_FOUND\r\nNOT_FOUND\r\nNOT_FOUND\r\n" + replies.VERSION,
    ),
    ("delete of a key of 251 bytes", b"delete " + b"k" * 251 + b"\r\n", errors.BAD_FORMAT),
    (
        "incr and decr",
        b"set n 0 0 2\r\n10\r\nincr n 5\r\ndecr n 15\r\ndecr n 1\r\nget n\r\n",
        b"STORED\r\n15\r\n0\r\n0\r\nVALUE n 0 2\r\n0 \r\nEND\r\n",
    ),
    (
        "decr keeps the length, with spaces",
        b"set n 0 0 2\r\n10\r\ndecr n 1\r\nget n\r\nincr n 1\r\nget n\r\n",
        b"STORED\r\n9\r\nVALUE n 0 2\r\n9 \r\nEND\r\n10\r\nVALUE n 0 2\r\n10\r\nEND\r\n",
    ),
    (
        "incr lengthens",
        b"set n 4 0 2\r\n99\r\nincr n 1\r\nget n\r\n",
        b"STORED\r\n100\r\nVALUE n 4 3\r\n100\r\nEND\r\n",
    ),
    (
        "incr wraps at 64 bits",
        b"set n 0 0 20\r\n18446744073709551615\r\nincr n 1\r\nget n\r\nincr n 18446744073709551615\r\n",
        b"STORED\r\n0\r\nVALUE n 0 20\r\n0                   \r\nEND\r\n18446744073709551615\r\n",
    ),
    ("decr stops at 0", b"set n 0 0 1\r\n5\r\ndecr n 18446744073709551615\r\n", b"STORED\r\n0\r\n"),
    (
        "incr keeps flags and exptime",
        b"set n 7 100 1\r\n9\r\nincr n 1\r\nmg n f t v\r\n",
        b"STORED\r\n10\r\nVA 2 f7 t100\r\n10\r\n",
    ),
    (
        "incr of what is no number",
        b"set n 0 0 1\r\nx\r\nincr n 1\r\ndecr n 1\r\nset n 0 0 0\r\n\r\nincr n 1\r\n",
        (b"STORED\r\n" + errors.NON_NUMERIC * 2 + b"STORED\r\n" + errors.NON_NUMERIC),
    ),
    (
        "incr by what is no number",
        b"set n 0 0 1\r\n1\r\nincr n x\r\nincr n -1\r\ndecr n 1.5\r\nget n\r\n",
        (b"STORED\r\n" + errors.BAD_DELTA * 3 + b"VALUE n 0 1\r\n1\r\nEND\r\n"),
    ),
    (
        "incr without an item",
        b"incr n 1\r\ndecr n 1\r\nincr n x\r\n",
        b"NOT_FOUND\r\nNOT_FOUND\r\n" + errors.BAD_DELTA,
    ),
    (
        "incr and decr with noreply",
        (
            b"set n 0 0 1\r\n1\r\nincr n 1 noreply\r\ndecr n 5 noreply\r\nincr n x noreply\r\n"
            b"incr nope 1 noreply\r\nget n\r\n"
        ),
        b"STORED\r\nVALUE n 0 1\r\n0\r\nEND\r\n",
    ),
    ("incr of a key of 251 bytes", b"incr " + b"k" * 251 + b" 1\r\n", errors.BAD_FORMAT),
]


@pytest.mark.parametrize(("sent", "answered"), [one[1:] for one in CASES], ids=[one[0] for one in CASES])
def test_conversation(sent: bytes, answered: bytes, server: Server) -> None:
    assert server.ask(sent) == answered
