from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from mclite.replay.play.transport import Address, Unreachable
from mclite.replay.target import capabilities
from mclite.replay.target.capabilities import BUILDS, PROBES, Capability, ask_version, probe, probe_builds

Scripted = Callable[..., Address]
Serve = Callable[[Callable[[socket.socket], None]], Address]


def silent(peer: socket.socket) -> None:
    """Read what the client sends until it hangs up, and say nothing."""
    while peer.recv(65536):
        pass


@pytest.mark.parametrize(
    ("name", "answers", "present"),
    [
        ("meta", {b"mn": b"MN\r\n"}, True),
        ("meta", {b"mn": b"ERROR\r\n"}, False),
        ("flush", {b"flush_all mclite": b"CLIENT_ERROR invalid exptime argument\r\n"}, True),
        ("flush", {b"flush_all mclite": b"CLIENT_ERROR flush_all not allowed\r\n"}, False),
        ("flush", {b"flush_all mclite": b"OK\r\n"}, True),  # the word taken for 0: it has flushed
        ("flush", {b"flush_all mclite": b"ERROR\r\n"}, False),
        ("cache-memlimit", {b"cache_memlimit 1": b"MEMLIMIT_TOO_SMALL cannot set\r\n"}, True),
        ("lru", {b"lru tune 100 100 1 1": b"ERROR hot and warm\r\n"}, True),
        ("lru", {b"lru tune 100 100 1 1": b"ERROR\r\n"}, False),
        ("cas", {b"gets k1": b"VALUE k1 0 1 7\r\n1\r\nEND\r\n"}, True),
        ("cas", {b"gets k1": b"VALUE k1 0 1\r\n1\r\nEND\r\n"}, False),
        ("touch", {b"touch k1 0": b"NOT_FOUND\r\n"}, True),
        ("touch", {b"touch k1 0": b"TOUCHED\r\n"}, True),  # the item of the probe before is not deleted yet
        ("touch", {b"touch k1 0": b"ERROR\r\n"}, False),
        ("gat", {b"gat 0 k1": b"VALUE k1 0 1\r\n1\r\nEND\r\n"}, True),
        ("stats-items", {b"stats items": b"END\r\n"}, True),
    ],
)
def test_probes(scripted: Scripted, name: str, answers: dict[bytes, bytes], present: bool) -> None:
    found = probe(scripted(answers), b"k1", [name], harmful=True)[name]
    assert found.present is present
    ((request, answer),) = answers.items()
    assert request.decode() in found.evidence
    assert answer.split(b"\r\n")[0].decode() in found.evidence


def test_what_a_server_was_built_with_shows_in_its_settings(scripted: Scripted) -> None:
    settings = b"STAT maxbytes 1\r\nSTAT ssl_enabled no\r\nSTAT x proxy_enabled \r\nEND\r\n"
    found = probe_builds(scripted({b"stats settings": settings}))
    assert found.keys() == BUILDS.keys()
    assert found["tls-build"] == Capability(True, "`stats settings` lists `ssl_enabled`")
    assert found["proxy-build"] == Capability(False, "`stats settings` lists no `proxy_enabled`")
    assert not any(item.present for item in probe_builds(scripted({b"stats settings": b"ERROR\r\n"})).values())


def test_no_answer_is_absent_and_costs_little(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    address = serve(silent)
    waits: list[float] = []
    ask = capabilities._ask
    monkeypatch.setattr(capabilities, "WAIT", 0.2)
    monkeypatch.setattr(capabilities, "_ask", lambda *asked: waits.append(asked[2]) or ask(*asked))
    found = probe(address, b"k1", harmful=True)
    assert found.keys() == PROBES.keys()
    assert all(item.present is False for item in found.values())
    assert found["meta"].evidence == "`mn` got no answer"
    assert waits == [0.2] * 3 + [0.1] * (len(PROBES) - 3)


def test_ask_version(scripted: Scripted, serve: Serve) -> None:
    assert ask_version(scripted(version=b"VERSION 1.6.18\r\n")) == b"VERSION 1.6.18\r\n"
    with pytest.raises(Unreachable, match="does not answer `version`"):
        ask_version(serve(silent), 0.2)
    with pytest.raises(Unreachable, match="it sends `xxx"):
        ask_version(serve(lambda peer: peer.sendall(b"x" * 100_000)), 0.2)


#: What a server that the suite did not start is asked.
HARMLESS = {"meta", "meta-debug", "cas", "touch", "gat", "stats", "stats-settings", "stats-items", "stats-slabs"}


def test_what_could_harm_is_not_tried(serve: Serve) -> None:
    received = bytearray()

    def answer(peer: socket.socket) -> None:
        """Say ERROR to whatever comes."""
        while data := peer.recv(65536):
            received.extend(data)
            peer.sendall(b"ERROR\r\n")

    found = probe(serve(answer), b"k1")
    assert {name for name, item in found.items() if item.present is False} == HARMLESS
    others = PROBES.keys() - HARMLESS
    assert others == {name for name, item in found.items() if item.present is None}
    assert all("only --destructive" in found[name].evidence for name in others)
    for name in others:
        assert PROBES[name][0] not in received
