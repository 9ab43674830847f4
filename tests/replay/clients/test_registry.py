from __future__ import annotations

import socket
import threading

from mclite.replay.clients.registry import LIBRARIES, speaks_binary
from mclite.testing import ServerThread


def test_each_library_is_there_once() -> None:
    names = [library.name for library in LIBRARIES]
    assert len(names) == len(set(names)) == 12
    assert {library.language for library in LIBRARIES} == {"Python", "Node.js"}
    assert {library.protocol for library in LIBRARIES} == {"text", "meta", "binary"}


def test_the_binary_protocol_is_asked_for() -> None:
    with ServerThread() as server:
        assert speaks_binary((server.host, server.port))
    with ServerThread(protocol="ascii") as server:
        assert not speaks_binary((server.host, server.port))


def test_a_server_that_is_silent_or_gone_does_not_speak_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = listener.getsockname()
        assert not speaks_binary(place)
        answered = threading.Thread(target=lambda: listener.accept()[0].close())
        answered.start()
        assert not speaks_binary(place)
        answered.join()
    assert not speaks_binary(place)
