"""mg, ms, md, ma, me and mn: whole conversations."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.protocol import errors, replies

if TYPE_CHECKING:
    from tests.conftest import Direct, Server

CASES = [
    (
        "mg: a miss and a hit",
        b"mg a\r\nset a 5 100 2\r\nxy\r\nmg a\r\nmg a v\r\nmg a s v t f k Oo\r\n",
        b"EN\r\nSTORED\r\nHD\r\nVA 2\r\nxy\r\nVA 2 s2 t100 f5 ka Oo\r\nxy\r\n",
    ),
    (
        "mg: hit before and last access",
        b"set a 0 0 1\r\nx\r\nmg a h l\r\nmg a h l\r\n",
        b"STORED\r\nHD h0 l0\r\nHD h1 l0\r\n",
    ),
    (
        "mg: u leaves no trace",
        b"set a 0 0 1\r\nx\r\nmg a u\r\nmg a h\r\nmg a h\r\n",
        b"STORED\r\nHD\r\nHD h0\r\nHD h1\r\n",
    ),
    (
        "mg: q hides the miss only",
        b"set a 0 0 1\r\nx\r\nmg a q\r\nmg nope q\r\nmg nope v q k Oo\r\nmg a v q\r\nmn\r\n",
        b"STORED\r\nHD\r\nVA 1\r\nx\r\nMN\r\n",
    ),
    (
        "mg: flags are returned in the order in which they were sent",
        b"set a 5 0 1\r\nx\r\nmg a O1 k f s t\r\nmg a t s f k O1\r\n",
        b"STORED\r\nHD O1 ka f5 s1 t-1\r\nHD t-1 s1 f5 ka O1\r\n",
    ),
    (
        "mg: k and O come back on a miss",
        b"mg nope v f s t k Oabc\r\nmg bm9wZQ== b k Oabc\r\n",
        b"EN knope Oabc\r\nEN kbm9wZQ== b Oabc\r\n",
    ),
    (
        "mg: T touches, and t after it shows that",
        b"set a 0 0 1\r\nx\r\nmg a T100 t\r\nmg a T0 t\r\nmg a T-1 t\r\nmg a\r\n",
        b"STORED\r\nHD t100\r\nHD t-1\r\nHD t4294967235\r\nEN\r\n",
    ),
    (
        "mg: N creates, and one client wins",
        b"mg a N30 t v\r\nmg a N30 t v\r\nmg a v\r\nms a 1\r\nx\r\nmg a N30 v\r\n",
        b"VA 0 t30 W\r\n\r\nVA 0 t30 Z\r\n\r\nVA 0 Z\r\n\r\nHD\r\nVA 1\r\nx\r\n",
    ),
    (
        "mg: R wins when the time is short",
        b"set a 0 20 1\r\nx\r\nmg a R10\r\nmg a R30\r\nmg a R30\r\nmg a\r\nset b 0 0 1\r\nx\r\nmg b R30\r\n",
        b"STORED\r\nHD\r\nHD W\r\nHD Z\r\nHD Z\r\nSTORED\r\nHD\r\n",
    ),
    (
        "mg: what is created with u has not been fetched",
        b"mg a u N100\r\nmg a u h\r\nmg a h\r\nmg a h\r\nmg b N100\r\nmg b h\r\n",
        b"HD W\r\nHD h0 Z\r\nHD h0 Z\r\nHD h1 Z\r\nHD W\r\nHD h1 Z\r\n",
    ),
    (
        "mg: the token of R is an exptime",
        b"set a 0 20 1\r\nx\r\nmg a R2592001\r\nmg a T-1 R0\r\nset a 0 20 1\r\nx\r\nmg a R2592000\r\nmg a R-1\r\n",
        b"STORED\r\nHD\r\nHD\r\nSTORED\r\nHD W\r\nHD Z\r\n",
    ),
    (
        "md: x takes client flags from F",
        b"set a 7 0 1\r\nx\r\nmd a x F70000\r\nmg a f s\r\nmd a x\r\nmg a f\r\nmd a I F5\r\nmg a f\r\n",
        b"STORED\r\nHD\r\nHD f70000 s0\r\nHD\r\nHD f0\r\nHD\r\nHD f0 X W\r\n",
    ),
    (
        "mg: a stale item is won once",
        b"set a 0 0 1\r\nx\r\nmd a I T30\r\nmg a v t\r\nmg a v\r\nms a 1\r\ny\r\nmg a v\r\n",
        b"STORED\r\nHD\r\nVA 1 t30 X W\r\nx\r\nVA 1 Z X\r\nx\r\nHD\r\nVA 1\r\ny\r\n",
    ),
    (
        "mg: E gives no unique to what is there",
        b"ms a 1 E5\r\nx\r\nmg a E77 c\r\nmg nope N30 E78 c\r\n",
        b"HD\r\nHD c5\r\nHD c78 W\r\n",
    ),
    (
        "mg: C leaves out the value that the client has",
        b"ms a 1 E5\r\nx\r\nmg a v C5 c\r\nmg a v C6 c\r\nmg a C5\r\n",
        b"HD\r\nHD c5\r\nVA 1 c5\r\nx\r\nHD\r\n",
    ),
    (
        "mg: base64 keys",
        b"ms Zm9v 3 b\r\nbar\r\nmg Zm9v b k v\r\nmg foo k v\r\nget foo\r\nmg Zm9v\r\n",
        b"HD\r\nVA 3 kZm9v b\r\nbar\r\nVA 3 kZm9v b\r\nbar\r\nVALUE foo 0 3\r\nbar\r\nEND\r\nEN\r\n",
    ),
    (
        "a key that breaks the line is base64 in every answer",
        (
            b"mg YQ0KYg== b k N30\r\nmd YQ0KYg== b\r\nma YQ0KYg== b N0 J9\r\nmg YQ0KYg== b k\r\nma YQ0KYg== b\r\n"
            b"mg YQ0KYg== b k\r\nms YQ0KYg== 1 b MA\r\nx\r\nmg YQ0KYg== b k\r\nmd YQ0KYg== b x\r\nmg YQ0KYg== b k\r\n"
        ),
        (
            b"HD kYQ0KYg== b W\r\nHD\r\nHD\r\nHD kYQ0KYg== b\r\nHD\r\n"
            b"HD kYQ0KYg== b\r\nHD\r\nHD kYQ0KYg== b\r\nHD\r\nHD kYQ0KYg== b\r\n"
        ),
    ),
    (
        "mg: malformed base64",
        (
            b"mg Zm9 b\r\nmg Z b\r\nmg Zm9v= b\r\nmg ==== b\r\nmg Zm9vZ=== b\r\nmg !!!! b\r\n"
            b"ms Zm!9v 1 b k\r\nx\r\nms YQ==YQ== 1 b k\r\nx\r\nms YW=j 1 b k\r\nx\r\n"
        ),
        (errors.BAD_KEY_ENCODING * 6 + b"HD kZm9v b\r\nHD kYQ== b\r\nHD kYWA= b\r\n"),
    ),
    (
        "mg: duplicate and unknown flags",
        b"mg a v v\r\nmg a v S\r\nmg a !\r\nmg a v O1 O2\r\nmg a S1 v v\r\n",
        (errors.DUPLICATE_FLAG + errors.BAD_FLAG + errors.BAD_FORMAT + errors.DUPLICATE_FLAG + errors.BAD_FLAG),
    ),
    (
        "mg: bad tokens",
        b"mg a Tx\r\nmg a T\r\nmg a Rx\r\nmg a N\r\nmg a Cx\r\nmg a E18446744073709551616\r\n",
        (errors.BAD_TOKEN * 6),
    ),
    (
        "mg: tokens of flags that mg does not heed are judged all the same",
        b"set a 0 0 1\r\nx\r\nmg a F1 D1 J1 I x M9 P1 L1\r\nmg a Fx\r\nmg a Dx\r\nmg a Jx\r\n",
        (b"STORED\r\nHD\r\n" + errors.BAD_FORMAT + errors.BAD_DELTA_VALUE + errors.BAD_INITIAL),
    ),
    (
        "mg: too many tokens",
        b"mg a" + b" P1" * 18 + b"\r\nmg a" + b" P1" * 19 + b"\r\n",
        errors.DUPLICATE_FLAG + errors.TOO_MANY_FLAGS,
    ),
    (
        "mg: an opaque that is too long",
        b"set a 0 0 1\r\nx\r\nmg a O"
        + b"x" * 31
        + b"\r\nmg a O"
        + b"x" * 33
        + b"\r\nmg nope O"
        + b"x" * 33
        + b"\r\nmg nope q O"
        + b"x" * 33
        + b"\r\n",
        (b"STORED\r\nHD Oxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n" + errors.OPAQUE_TOO_LONG * 3),
    ),
    (
        "mg: a key of 251 bytes",
        b"mg "
        + b"k" * 251
        + b" v\r\nms "
        + b"k" * 251
        + b" 1\r\nx\r\nmd "
        + b"k" * 251
        + b"\r\nma "
        + b"k" * 251
        + b"\r\nme "
        + b"k" * 251
        + b"\r\nversion\r\n",
        (errors.BAD_FORMAT * 3 + errors.BAD_ARITHMETIC_FLAG + errors.BAD_FORMAT + replies.VERSION),
    ),
    (
        "ms: modes",
        (
            b"ms a 1 ME\r\nx\r\nms a 1 ME\r\ny\r\nms a 1 MA\r\nz\r\nms a 1 MP\r\nw\r\nmg a v\r\n"
            b"ms a 1 MR\r\nr\r\nms nope 1 MR\r\nr\r\nms a 1 MS\r\ns\r\nmg a v\r\n"
        ),
        b"HD\r\nNS\r\nHD\r\nHD\r\nVA 3\r\nwxz\r\nHD\r\nNS\r\nHD\r\nVA 1\r\ns\r\n",
    ),
    (
        "ms: aliases and bad modes",
        b"ms a 1 Me\r\nx\r\nms a 1 Mset\r\nx\r\nms a 1 MX\r\nx\r\nms a 1 M\r\nx\r\nversion\r\n",
        (errors.BAD_SET_MODE * 4 + replies.VERSION),
    ),
    (
        "ms: append to nothing, with and without N",
        b"ms a 1 MA\r\nx\r\nms a 1 MA N30 T99\r\nx\r\nmg a v t\r\nms b 1 MP N0\r\ny\r\nmg b v t\r\n",
        b"NS\r\nHD\r\nVA 1 t30\r\nx\r\nHD\r\nVA 1 t-1\r\ny\r\n",
    ),
    (
        "ms: flags, TTL, unique",
        b"ms a 1 F5 T100 E77 c s k Oo\r\nx\r\nmg a f t c\r\n",
        b"HD c77 s1 ka Oo\r\nHD f5 t100 c77\r\n",
    ),
    (
        "ms: q hides HD only",
        b"ms a 1 q\r\nx\r\nms a 1 q ME\r\nx\r\nms a 1 q Tx\r\nx\r\nms a 1 q k\r\nx\r\nmn\r\n",
        b"NS\r\n" + errors.BAD_TOKEN + b"MN\r\n",
    ),
    (
        "ms: compare and swap",
        b"ms a 1 E5\r\nx\r\nms a 1 C4 E7\r\ny\r\nms a 1 C5 E7\r\nz\r\nms nope 1 C5\r\nx\r\nmg a v c\r\n",
        b"HD\r\nEX\r\nHD\r\nNF\r\nVA 1 c7\r\nz\r\n",
    ),
    (
        "ms: compare with other modes",
        (
            b"ms a 1 E5\r\nx\r\nms a 1 MA C4\r\ny\r\nms a 1 MA C5 E9\r\ny\r\nms a 1 ME C9\r\nz\r\n"
            b"ms a 1 MR C8\r\nz\r\nms a 1 MR C9\r\nz\r\nmg a v\r\n"
        ),
        b"HD\r\nEX\r\nHD\r\nNS\r\nEX\r\nHD\r\nVA 1\r\nz\r\n",
    ),
    (
        "ms: I takes an older unique, and marks as stale",
        (
            b"ms a 1 E50 T40\r\nx\r\nms a 1 C40 I T30 E60\r\ny\r\nmg a v t c\r\nms a 1 C70 I\r\nz\r\n"
            b"ms a 1 C60 I E80\r\nz\r\nmg a v c\r\n"
        ),
        b"HD\r\nHD\r\nVA 1 t40 c60 X W\r\ny\r\nEX\r\nHD\r\nVA 1 c80\r\nz\r\n",
    ),
    ("ms: I without C", b"ms a 1 E50\r\nx\r\nms a 1 I E40\r\ny\r\nmg a v\r\n", b"HD\r\nHD\r\nVA 1\r\ny\r\n"),
    (
        "ms: base64 keys",
        b"ms Zm9v 1 b k\r\nx\r\nms Zm9 1 b\r\nx\r\nms Zm9v 1 b b\r\nx\r\nversion\r\n",
        (b"HD kZm9v b\r\n" + errors.BAD_KEY_ENCODING + errors.DUPLICATE_FLAG + replies.VERSION),
    ),
    (
        "ms: a bad line has its data block swallowed",
        b"ms a 7 Tx\r\nversion\r\nms a 7 z\r\nversion\r\nms a 7 Fx\r\nversion\r\nversion\r\n",
        (errors.BAD_TOKEN + errors.BAD_FLAG + errors.BAD_FORMAT + replies.VERSION),
    ),
    (
        "ms: a length that is none has not",
        b"ms a x\r\nversion\r\nms a\r\nms a -1\r\nms a 1 +\r\nversion\r\n",
        (errors.BAD_FORMAT + replies.VERSION + errors.BAD_FORMAT * 3 + replies.VERSION),
    ),
    (
        "ms: a bad data block",
        b"ms a 1\r\nxyz\r\nms a 1 q\r\nxyz\r\nversion\r\n",
        (errors.BAD_DATA_CHUNK + errors.BAD_FORMAT + errors.BAD_DATA_CHUNK + errors.BAD_FORMAT + replies.VERSION),
    ),
    (
        "ms: too large removes the item",
        b"ms a 1\r\nx\r\nms a 1048577\r\n" + b"x" * 1048577 + b"\r\nmg a\r\n",
        b"HD\r\n" + errors.TOO_LARGE + b"EN\r\n",
    ),
    (
        "ms: too large, in another mode and quiet",
        b"ms a 1\r\nx\r\nms a 1048577 ME q Oo\r\n" + b"x" * 1048577 + b"\r\nmg a\r\n",
        b"HD\r\n" + errors.TOO_LARGE + b"EN\r\n",
    ),
    (
        "ms: k and O come back with NS, EX and NF, and c as 0",
        (
            b"ms a 1 E5\r\nx\r\nms a 1 ME k Oo c s\r\nyy\r\n\r\nms a 1 ME k Oo c s\r\ny\r\n"
            b"ms a 1 C6 k Oo c s\r\ny\r\nms nope 1 C6 k Oo c s\r\ny\r\n"
        ),
        (
            b"HD\r\n"
            + errors.BAD_DATA_CHUNK
            + errors.BAD_FORMAT * 2
            + b"NS ka Oo c0 s1\r\nEX ka Oo c0 s1\r\nNF knope Oo c0 s1\r\n"
        ),
    ),
    (
        "ms: an opaque that is too long",
        b"ms a 1 O" + b"x" * 33 + b"\r\nx\r\nms a 1 MX O" + b"x" * 33 + b"\r\nx\r\nmg a\r\n",
        errors.OPAQUE_TOO_LONG + errors.BAD_SET_MODE + b"EN\r\n",
    ),
    (
        "md: deletes",
        b"md a\r\nset a 0 0 1\r\nx\r\nmd a\r\nmd a k Oo\r\nset a 0 0 1\r\nx\r\nmd a k Oo\r\n",
        b"NF\r\nSTORED\r\nHD\r\nNF ka Oo\r\nSTORED\r\nHD ka Oo\r\n",
    ),
    (
        "md: q hides HD and NF alone",
        b"set a 0 0 1\r\nx\r\nmd a q\r\nmd a q\r\nms a 1 E5\r\nx\r\nmd a q C4\r\nmd a q Tx\r\nmn\r\n",
        b"STORED\r\nNF\r\nHD\r\nEX\r\n" + errors.BAD_TOKEN + b"MN\r\n",
    ),
    (
        "md: compare",
        b"ms a 1 E5\r\nx\r\nmd a C4 k Oo\r\nmg a v\r\nmd a C5\r\nmg a v\r\n",
        b"HD\r\nEX ka Oo\r\nVA 1\r\nx\r\nHD\r\nEN\r\n",
    ),
    (
        "md: I marks as stale, with a new unique",
        b"ms a 1 E5 T99\r\nx\r\nmd a I E9\r\nmg a v c t\r\nmg a v c\r\nmd a I T30 E12\r\nmg a v c t\r\n",
        b"HD\r\nHD\r\nVA 1 c9 t99 X W\r\nx\r\nVA 1 c9 Z X\r\nx\r\nHD\r\nVA 1 c12 t30 X W\r\nx\r\n",
    ),
    (
        "md: x removes data and flags, and keeps the item",
        (
            b"ms a 3 E5 F7 T99\r\nxyz\r\nmd a x\r\nmg a v f s t\r\nms a 3 E5 F7 T99\r\nxyz\r\n"
            b"md a x T30 E9\r\nmg a v f s t c\r\n"
        ),
        b"HD\r\nHD\r\nVA 0 f0 s0 t-1\r\n\r\nHD\r\nHD\r\nVA 0 f0 s0 t30 c9\r\n\r\n",
    ),
    ("md: x and I", b"ms a 3 E5 T99\r\nxyz\r\nmd a x I E9\r\nmg a v t c\r\n", b"HD\r\nHD\r\nVA 0 t-1 c9 X W\r\n\r\n"),
    (
        "md: base64 keys",
        b"ms Zm9v 1 b\r\nx\r\nmd Zm9v b k\r\nmd Zm9v b k\r\nmd Zm9 b\r\n",
        b"HD\r\nHD kZm9v b\r\nNF kZm9v b\r\n" + errors.BAD_KEY_ENCODING,
    ),
    (
        "ma: counts",
        (
            b"set n 0 0 2\r\n10\r\nma n\r\nma n v\r\nma n D5 v\r\nma n MD v\r\nma n M- D100 v\r\n"
            b"ma n M+ v\r\nma n MI v\r\nma n MDECR v\r\n"
        ),
        (
            b"STORED\r\nHD\r\nVA 2\r\n12\r\nVA 2\r\n17\r\nVA 2\r\n16\r\nVA 1\r\n0\r\nVA 1\r\n1\r\nVA 1\r\n"
            b"2\r\nVA 1\r\n1\r\n"
        ),
    ),
    (
        "ma: a miss",
        b"ma n\r\nma n k Oo v\r\nma n q\r\nma n N0 v\r\nma n v\r\n",
        b"NF\r\nNF kn Oo\r\nNF\r\nVA 1\r\n0\r\nVA 1\r\n1\r\n",
    ),
    (
        "ma: creates",
        b"ma n N30 J13 v t\r\nma n N30 J13 v t\r\nma m N0 J5 D7 v t k Oo\r\n",
        b"VA 2 t30\r\n13\r\nVA 2 t30\r\n14\r\nVA 1 t-1 km Oo\r\n5\r\n",
    ),
    (
        "ma: bad numbers",
        b"set n 0 0 1\r\nx\r\nma n\r\nma n q\r\nma n Dx\r\nma n Jx\r\nma n MX\r\nma n N\r\nma n z\r\n",
        (
            b"STORED\r\n"
            + errors.NON_NUMERIC * 2
            + errors.BAD_ARITHMETIC_FLAG * 2
            + errors.BAD_ARITHMETIC_MODE
            + errors.BAD_ARITHMETIC_FLAG * 2
        ),
    ),
    (
        "ma: compare and give a unique",
        b"ms n 1 E5\r\n1\r\nma n C4 v\r\nma n C5 E9 v c\r\nma n q\r\nma n q v\r\n",
        b"HD\r\nEX\r\nVA 1 c9\r\n2\r\n",
    ),
    (
        "ma: T touches",
        b"set n 0 0 1\r\n1\r\nma n T30 v t\r\nma n T0 t\r\nma n t T30\r\n",
        b"STORED\r\nVA 1 t30\r\n2\r\nHD t-1\r\nHD t-1\r\n",
    ),
    (
        "ma: base64 keys",
        b"ms Zm9v 1 b\r\n1\r\nma Zm9v b v k\r\nma YmFy b N0 v k\r\nma Zm9 b\r\n",
        b"HD\r\nVA 1 kZm9v b\r\n2\r\nVA 1 kYmFy b\r\n0\r\n" + errors.BAD_ARITHMETIC_FLAG,
    ),
    (
        "ma: wraps and pads",
        b"set n 0 0 20\r\n18446744073709551615\r\nma n v\r\nset n 0 0 2\r\n10\r\nma n MD v s\r\nget n\r\n",
        b"STORED\r\nVA 1\r\n0\r\nSTORED\r\nVA 1\r\n9\r\nVALUE n 0 2\r\n9 \r\nEND\r\n",
    ),
    (
        "ma: an opaque that is too long",
        b"set n 0 0 1\r\n1\r\nma n O" + b"x" * 33 + b"\r\nget n\r\nma nope O" + b"x" * 33 + b"\r\n",
        (b"STORED\r\n" + errors.OPAQUE_TOO_LONG + b"VALUE n 0 1\r\n2\r\nEND\r\n" + errors.OPAQUE_TOO_LONG),
    ),
    (
        "ma: a value that is too long to be a number",
        b"set n 0 0 25\r\n" + b"1" * 25 + b"\r\nma n\r\n",
        b"STORED\r\n" + errors.NON_NUMERIC,
    ),
    (
        "me: an item",
        b"ms a 5 E5 T99\r\nhello\r\nme a\r\nmg a\r\nme a\r\nms b 1 E6 F3\r\nx\r\nme b\r\n",
        (
            b"HD\r\nME a exp=99 la=0 cas=5 fetch=no cls=1 size=65\r\nHD\r\n"
            b"ME a exp=99 la=0 cas=5 fetch=yes cls=1 size=65\r\nHD\r\n"
            b"ME b exp=-1 la=0 cas=6 fetch=no cls=1 size=65\r\n"
        ),
    ),
    (
        "me: a miss, and a bad line",
        b"me a\r\nme a b b\r\nme\r\n",
        b"EN\r\n" + errors.BAD_FORMAT * 2,
    ),
    ("mn: no-op", b"mn\r\nmn x\r\n", b"MN\r\nMN\r\n"),
]


@pytest.mark.parametrize(("sent", "answered"), [one[1:] for one in CASES], ids=[one[0] for one in CASES])
def test_conversation(sent: bytes, answered: bytes, server: Server) -> None:
    assert server.ask(sent) == answered


def test_a_time_to_live_runs_out(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    server.ask(b"ms a 1 T10\r\nx\r\n")
    server.clock.advance(4)
    assert server.ask(b"mg a t l h\r\nmg a t l h\r\n") == b"HD t6 l4 h0\r\nHD t6 l0 h1\r\n"
    server.clock.advance(6)
    assert server.ask(b"mg a t\r\n") == b"EN\r\n"


def test_a_placeholder_dies_too(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    assert server.ask(b"mg a N10 t v\r\n") == b"VA 0 t10 W\r\n\r\n"
    server.clock.advance(10)
    assert server.ask(b"mg a N10 v\r\nmg a N10 v\r\n") == b"VA 0 W\r\n\r\nVA 0 Z\r\n\r\n"


def test_who_refreshes_early(direct: Callable[[str], Direct]) -> None:
    """The anti-dogpile story of protocol.txt 668-694: one client wins, all others go on with the old value."""
    server = direct("")
    server.ask(b"ms a 1 T60\r\nx\r\n")
    assert server.ask(b"mg a v R30\r\n") == b"VA 1\r\nx\r\n"
    server.clock.advance(31)
    assert server.ask(b"mg a v R30\r\nmg a v R30\r\n") == b"VA 1 W\r\nx\r\nVA 1 Z\r\nx\r\n"
    assert server.ask(b"ms a 1 T60\r\ny\r\nmg a v R30\r\n") == b"HD\r\nVA 1\r\ny\r\n"


def test_what_me_shows(server: Server) -> None:
    server.ask(b"ms a 5 E77 T100 F1\r\nhello\r\n")
    assert re.fullmatch(rb"ME a exp=(100|99) la=[01] cas=77 fetch=no cls=1 size=69\r\n", server.ask(b"me a\r\n"))
    server.ask(b"mg a\r\n")
    assert b" fetch=yes " in server.ask(b"me a\r\n")
    server.ask(b"ms ICAg 1 b E5\r\nx\r\n")


def test_me_knows_base64_keys() -> None:
    """memcached 1.6.45 forgets to decode the key; protocol.txt 472-473 says that it is decoded."""
    session = Session(Instance())
    session.receive(b"ms ICAg 1 b E5\r\nx\r\n")
    assert session.receive(b"me ICAg b\r\n").startswith(b"ME ICAg exp=-1 ")
    assert session.receive(b"me ICA b\r\n") == errors.BAD_FORMAT


def test_an_opaque_of_32_bytes() -> None:
    """memcached 1.6.45 counts the O with them; protocol.txt 606-607 does not."""
    session = Session(Instance())
    assert session.receive(b"mg a O" + b"x" * 32 + b" k\r\n") == b"EN O" + b"x" * 32 + b" ka\r\n"


FULL = errors.NO_MEMORY


def full(direct: Callable[[str], Direct]) -> Direct:
    """Return a server without room, that may not evict."""
    server = direct("-M -m 8")
    for number in range(20):
        server.ask(b"set k%d 0 0 500000\r\n" % number + b"x" * 500_000 + b"\r\n")
    for number in range(6000):
        if server.ask(b"set s%d 0 0 900\r\n" % number + b"x" * 900 + b"\r\n") == FULL:
            break
    while server.ask(b"set t%d 0 0 0\r\n\r\n" % number) != FULL:
        number += 1
    return server


def test_no_memory(direct: Callable[[str], Direct]) -> None:
    server = full(direct)
    assert server.ask(b"mg nope N30\r\nms nope 1\r\nx\r\nma nope N0\r\nset nope 0 0 1\r\nx\r\n") == FULL * 4
    assert server.ask(b"md s1 x\r\n") == b"HD\r\n"
    moved = server.moved(b"set nope 0 0 2000\r\n" + b"x" * 2000 + b"\r\n", frozenset({"store_no_memory", "cmd_set"}))
    assert moved == {"store_no_memory": 1}
