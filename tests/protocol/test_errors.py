"""Error texts: each is one of the protocol's three kinds, on one line, and is there once."""

from __future__ import annotations

import pytest

from mclite.protocol import errors
from mclite.protocol.reader import ReplyReader, Status

TEXTS = {name: text for name, text in vars(errors).items() if isinstance(text, bytes) and name.isupper()}


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
