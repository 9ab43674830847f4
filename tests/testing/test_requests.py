"""The recorded requests, as a test asks for them and as they are shown."""

from __future__ import annotations

import threading

import pytest

from mclite.client import Client
from mclite.testing import Request, ServerThread
from mclite.testing import requests as module
from mclite.testing.requests import Requests


def test_what_a_client_sent() -> None:
    with ServerThread() as server, server.client() as client, server.client() as other:
        client.set("k", "v", 60)
        client.get_many(["k", "l"])
        other.mg("k", ttl=True)
        assert server.requests.of("set") == [Request("set", "k", data="v", exptime=60)]
        assert server.requests.of("get") == [Request("get", ["k", "l"])]
        assert server.requests.verbs == ["set", "get", "mg"]
        assert server.requests.connections == [1, 2]
        assert server.requests.of(connection=2) == [Request("mg", "k", tokens=["v", "t"])]
        assert server.requests.of(key="l") == server.requests.of("get", "gets")
        assert server.requests[0].raw == b"set k 0 60 1\r\nv\r\n"
        assert server.requests[-1].time == server.clock.now()
        assert len(server.requests) == 3
        server.requests.clear()
        assert server.requests == []


def test_a_request_is_there_before_its_answer_and_counted_once() -> None:
    with ServerThread() as server, server.client() as client:
        client.set("k", "0")
        for number in range(200):
            client.incr("k")
            assert len(server.requests.of("incr")) == number + 1


def test_wait_for_what_nothing_answers() -> None:
    with ServerThread() as server, server.client() as client:
        client.set("k", "v", noreply=True)
        (request,) = server.requests.wait(1, "set")
        assert request.noreply
        with pytest.raises(AssertionError, match=r"(?s)1 of 2 set within 0.01 s.*1 requests received.*'set', 'k'"):
            server.requests.wait(2, "set", timeout=0.01)
        with pytest.raises(ValueError, match="no command 'gte'; did you mean 'get'"):
            server.requests.wait(1, "gte")


def test_a_wrong_verb_is_named() -> None:
    with pytest.raises(ValueError, match="no command 'GET'; did you mean 'get'"):
        Requests().of("GET")


def test_how_it_is_shown() -> None:
    requests = Requests()
    requests.add(Request("set", "k", data=b"x" * 100, exptime=60, flags=5, connection=1))
    requests.add(Request("get", ["k", b"\xff"], connection=2, protocol="binary", opcode="GETK", noreply=True))
    requests.add(Request("incr", "k", delta=5, cas=9, tokens=["a"], connection=2))
    assert requests.dump().split("\n") == [
        "3 requests received:",
        f"     1  connection 1  ('set', 'k', flags=5, exptime=60, data=b'{'x' * 60}'... (100 bytes))",
        "     2  connection 2 binary GETK  ('get', ['k', b'\\xff'], noreply=True)",
        "     3  connection 2  ('incr', 'k', cas=9, delta=5, tokens=('a',))",
    ]
    assert repr(requests[2]) == "Request('incr', 'k', cas=9, delta=5, tokens=('a',))"
    assert Requests().dump() == "0 requests received"


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_MAX", 3)
    monkeypatch.setattr(module, "KEPT_BYTES_MAX", 20)
    requests = Requests()
    for number in range(5):
        requests.add(Request("get", f"k{number}", raw=b"x"))
    assert [one.key for one in requests] == [b"k2", b"k3", b"k4"]
    assert requests.dropped == 2
    requests.add(Request("get", "large", raw=b"x" * 100))
    assert [one.key for one in requests] == [b"large"]
    assert "6 requests received" in requests.dump()


def test_it_can_be_read_while_it_grows() -> None:
    with ServerThread() as server:

        def load() -> None:
            with Client(server.host, server.port) as client:
                for _ in range(500):
                    client.get("k")

        thread = threading.Thread(target=load)
        thread.start()
        while thread.is_alive():
            assert all(one.verb == "get" for one in server.requests)
        thread.join()
        assert len(server.requests.of("get")) == 500


def test_equality() -> None:
    assert Request("get", "k", connection=1, raw=b"a") == Request("get", [b"k"], connection=2)
    assert Request("get", "k") != Request("gets", "k")
    assert Request("get", "k") != "get k"
    assert len({Request("get", "k"), Request("get", "k")}) == 1
    assert Request("get", ["k", "l"]).key == b"k"
