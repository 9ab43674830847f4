from __future__ import annotations

from mclite.replay.play.inbox import Inbox


def test_bytes_are_taken_in_order_and_once() -> None:
    inbox = Inbox()
    inbox.buffer += b"STORED\r\nEND\r\n"
    assert inbox.take(8) == b"STORED\r\n"
    assert inbox.buffer == b"END\r\n"
    assert inbox.take(100) == b"END\r\n"
    assert inbox.take(1) == b""


def test_it_is_over_when_a_reason_is_given() -> None:
    inbox = Inbox()
    inbox.buffer += b"x"
    assert not inbox.over()
    inbox.gone = "the server closed the connection"
    assert inbox.over()
    assert inbox.take(1) == b"x"  # what was received stays to be read
