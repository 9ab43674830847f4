"""Error texts: each is one of the protocol's three kinds, on one line, and is there once."""

from __future__ import annotations

import pytest

from mclite.protocol import errors
from mclite.protocol.reader import ReplyReader, Status

TEXTS = {name: text for name, text in vars(errors).items() if isinstance(text, bytes) and name.isupper()}
MEMCACHED = {
    "ERROR": b"ERROR",
    "BAD_FORMAT": b"CLIENT_ERROR bad command line format",
    "BAD_FORMAT_SHORT": b"CLIENT_ERROR bad command line",
    "BAD_DATA_CHUNK": b"CLIENT_ERROR bad data chunk",
    "BAD_DELTA": b"CLIENT_ERROR invalid numeric delta argument",
    "BAD_EXPTIME": b"CLIENT_ERROR invalid exptime argument",
    "BAD_INITIAL": b"CLIENT_ERROR invalid numeric initial value",
    "BAD_FLAG": b"CLIENT_ERROR invalid flag",
    "BAD_DELTA_VALUE": b"CLIENT_ERROR invalid numeric delta value",
    "BAD_SET_MODE": b"CLIENT_ERROR invalid mode for ms M token",
    "BAD_ARITHMETIC_MODE": b"CLIENT_ERROR invalid mode for ma M token",
    "BAD_ARITHMETIC_FLAG": b"CLIENT_ERROR invalid or duplicate flag",
    "TOO_MANY_FLAGS": b"CLIENT_ERROR options flags are too long",
    "BAD_KEY_ENCODING": b"CLIENT_ERROR error decoding key",
    "BAD_TOKEN": b"CLIENT_ERROR bad token in command line format",
    "DUPLICATE_FLAG": b"CLIENT_ERROR duplicate flag",
    "OPAQUE_TOO_LONG": b"CLIENT_ERROR opaque token too long",
    "NON_NUMERIC": b"CLIENT_ERROR cannot increment or decrement non-numeric value",
    "UNAUTHENTICATED": b"CLIENT_ERROR unauthenticated",
    "AUTHENTICATION_FAILED": b"CLIENT_ERROR authentication failure",
    "TOKEN_TOO_LONG": b"CLIENT_ERROR auth token too long",
    "BAD_TOKEN_FORMAT": b"CLIENT_ERROR bad authentication token format",
    "BAD_TERMINATION": b"CLIENT_ERROR bad command line termination",
    "NO_FLUSH_ALL": b"CLIENT_ERROR flush_all not allowed",
    "BAD_SHUTDOWN_MODE": b"CLIENT_ERROR invalid shutdown mode",
    "NO_STATS_DETAIL": b"CLIENT_ERROR stats detail not allowed",
    "BAD_STATS_DETAIL": b"CLIENT_ERROR usage: stats detail on|off|dump",
    "NO_CACHEDUMP": b"CLIENT_ERROR stats cachedump not allowed",
    "SLEEP_TOO_LONG": b"CLIENT_ERROR sleep must be one second or less",
    "CRAWLER_DISABLED": b"CLIENT_ERROR lru crawler disabled",
    "BAD_SLAB_ID": b"CLIENT_ERROR Illegal slab id",
    "TOO_LARGE": b"SERVER_ERROR object too large for cache",
    "STORE_FAILED": b"SERVER_ERROR cannot write to the store",
    "NO_MEMORY": b"SERVER_ERROR out of memory storing object",
    "NO_MEMORY_TO_ANSWER": b"SERVER_ERROR out of memory writing get response",
    "NO_MEMORY_TO_READ": b"SERVER_ERROR out of memory reading request",
    "SHUTDOWN_DISABLED": b"SERVER_ERROR: shutdown not enabled",
    "MEMLIMIT_IN_BYTES": b"MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes",
    "MEMLIMIT_TOO_SMALL": b"MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m",
}
"""What memcached 1.6.45 says, for clients match on it; other tests take the texts from `errors`."""


def test_the_texts_are_those_of_memcached() -> None:
    assert {name: text.removesuffix(b"\r\n") for name, text in TEXTS.items()} == MEMCACHED


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_an_error_is_one_line_that_clients_read(text: bytes) -> None:
    reader = ReplyReader()
    reader.receive_data(text)
    reply = reader.next_reply()
    assert isinstance(reply, Status)
    assert reply.code.rstrip(b":") in (b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR") or reply.code.startswith(
        b"MEMLIMIT_"
    )
    assert reader.pending == b""
    assert reply.to_bytes() == text


def test_no_text_is_there_twice() -> None:
    assert len(set(TEXTS.values())) == len(TEXTS)
