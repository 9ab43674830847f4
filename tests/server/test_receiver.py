"""Received bytes go to the session, and its answers to the transport in one write."""

from __future__ import annotations

from typing import Any

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.core.settings import Settings
from mclite.protocol import replies
from mclite.server.receiver import Receiver


class Recorder(Receiver):
    """Keeps what is written, and how often something is left to do."""

    def __init__(self, session: Session) -> None:
        self._more = False
        self.session = session
        self.transport: Any = self
        self.written: list[bytes] = []
        self.after = 0

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def _after_answer(self) -> None:
        self.after += 1
        self._more = self.session.more


def made(**options: Any) -> Recorder:
    return Recorder(Session(Instance(Settings(**options))))


def test_one_write_for_all_answers() -> None:
    receiver = made()
    receiver.data_received(b"version\r\nmn\r\nset a 0 0 1 noreply\r\nx\r\nversion\r\n")
    assert receiver.written == [replies.VERSION + replies.MN + replies.VERSION]
    assert receiver.after == 0


def test_nothing_is_written_for_nothing() -> None:
    receiver = made()
    receiver.data_received(b"versi")
    receiver.data_received(b"on\r")
    assert receiver.written == []
    receiver.data_received(b"\n")
    assert receiver.written == [replies.VERSION]


def test_a_session_that_closed_is_told_of_after_its_answer() -> None:
    receiver = made()
    receiver.data_received(b"version\r\nquit\r\n")
    assert (receiver.written, receiver.after) == ([replies.VERSION], 1)


def test_what_arrives_while_requests_wait_is_kept() -> None:
    receiver = made(max_reqs_per_event=1)
    receiver.data_received(b"mn\r\nmn\r\nver")
    assert (receiver.written, receiver.after) == ([replies.MN], 1)
    receiver.data_received(b"sion\r\n")
    assert receiver.written == [replies.MN]
    assert receiver.session.receive(b"") == replies.MN
    assert receiver.session.receive(b"") == replies.VERSION
