from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from mclite.replay.play.transport import Address, Unreachable
from mclite.replay.scenario.offers import documented
from mclite.replay.target import capabilities
from mclite.replay.target.capabilities import BUILDS, CLOCK, Capability, ask_version, probe, probe_builds

Scripted = Callable[..., Address]
Serve = Callable[[Callable[[socket.socket], None]], Address]


def silent(peer: socket.socket) -> None:
    """Read what the client sends until it hangs up, and say nothing."""
    while peer.recv(65536):
        pass


ASKED = [CLOCK, *documented().entries.values()]
ENTRIES = {one.name: one for one in ASKED}


@pytest.mark.parametrize(
    ("name", "answers", "present"),
    [
        ("mn", {b"mn": b"MN\r\n"}, True),
        ("mn", {b"mn": b"ERROR\r\n"}, False),
        ("mn", {b"mn": b"MMM\r\n"}, True),  # a wrong answer is one of a server that has it
        ("mn", {b"mn": b"CLIENT_ERROR what is mn?\r\n", b"bogus": b"CLIENT_ERROR what is bogus?\r\n"}, False),
        ("incr", {b"incr k1_incr 1": b"NOT_FOUND\r\n"}, True),
        ("incr", {b"incr k1_incr 1": b"CLIENT_ERROR wrong\r\n"}, True),
        ("incr", {b"incr k1_incr 1": b"ERROR unknown command\r\n"}, False),
        ("flush_all", {b"flush_all mclite": b"CLIENT_ERROR invalid exptime argument\r\n"}, True),
        ("flush_all", {b"flush_all mclite": b"CLIENT_ERROR flush_all not allowed\r\n"}, False),
        ("flush_all", {b"flush_all mclite": b"OK\r\n"}, True),  # the word taken for 0: it has flushed
        ("flush_all", {b"flush_all mclite": b"ERROR\r\n"}, False),
        ("cache_memlimit", {b"cache_memlimit 1": b"MEMLIMIT_TOO_SMALL cannot set\r\n"}, True),
        ("lru", {b"lru tune 100 100 1 1": b"ERROR hot and warm\r\n"}, True),
        ("lru", {b"lru tune 100 100 1 1": b"ERROR\r\n"}, False),
        ("gets", {b"gets k1_gets": b"VALUE k1_gets 0 1 7\r\n1\r\nEND\r\n"}, True),
        ("gets", {b"gets k1_gets": b"VALUE k1_gets 0 1\r\n1\r\nEND\r\n"}, False),
        ("touch", {b"touch k1_touch 0": b"NOT_FOUND\r\n"}, True),
        ("touch", {b"touch k1_touch 0": b"ERROR\r\n"}, False),
        ("gat", {b"gat 0 k1_gat": b"END\r\n"}, True),
        ("stats-items", {b"stats items": b"END\r\n"}, True),
        ("stats-items", {b"stats items": b"ERROR\r\n"}, False),
        ("debugtime", {b"debugtime r": b"OK\r\n"}, True),
    ],
)
def test_probes(scripted: Scripted, name: str, answers: dict[bytes, bytes], present: bool) -> None:
    found = probe(scripted({b"bogus": b"ERROR\r\n", **answers}), b"k1", [ENTRIES[name]], harmful=True)[name]
    assert found.present is present
    request, answer = next(iter(answers.items()))
    assert request.decode() in found.evidence
    assert answer.split(b"\r\n")[0].decode() in found.evidence


@pytest.mark.parametrize(("answer", "present"), [(b"VALUE k1_gets 0 1 7\r\n", True), (b"ERROR\r\n", False)])
@pytest.mark.parametrize("together", [True, False])
def test_an_answer_to_noreply_is_none_to_what_follows(
    serve: Serve, answer: bytes, present: bool, together: bool
) -> None:
    def talkative(peer: socket.socket) -> None:
        while request := peer.recv(65536):
            if b"gets " not in request:
                peer.sendall(b"ERROR\r\n")
            elif together:
                peer.sendall(b"STORED\r\n" + answer)
            else:
                peer.sendall(b"STORED\r\n")
                time.sleep(0.05)
                peer.sendall(answer)

    found = probe(serve(talkative), b"k1", [ENTRIES["gets"]])["gets"]
    assert found.present is present
    assert answer.decode().split("\r\n")[0] in found.evidence


def test_to_hang_up_is_the_answer_to_quit_and_to_nothing_else(serve: Serve) -> None:
    def closing(peer: socket.socket) -> None:
        peer.recv(65536)

    address = serve(closing)
    found = probe(address, b"k1", [ENTRIES["quit"], ENTRIES["incr"]])
    assert found["quit"] == Capability(True, "`quit` closes the connection")
    assert found["incr"] == Capability(False, "`incr k1_incr 1` closes the connection")


def test_what_answers_the_same_to_everything_offers_nothing(serve: Serve) -> None:
    def garbage(peer: socket.socket) -> None:
        while peer.recv(65536):
            peer.sendall(b"garbage\r\n")

    found = probe(serve(garbage), b"k1", harmful=True)
    assert {name for name, item in found.items() if item.present} == set()


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
    assert found.keys() == ENTRIES.keys()
    assert {name for name, item in found.items() if item.present is not False} == {"shutdown"}
    assert found["mn"].evidence == "`mn` got no answer"
    assert waits == [0.2] * 3 + [0.1] * (len(ENTRIES) - 3)  # one more for the word that nobody knows, one less to ask


def test_ask_version(scripted: Scripted, serve: Serve) -> None:
    assert ask_version(scripted(version=b"VERSION 1.6.18\r\n")) == b"VERSION 1.6.18\r\n"
    with pytest.raises(Unreachable, match="does not answer `version`"):
        ask_version(serve(silent), 0.2)
    with pytest.raises(Unreachable, match="it sends `xxx"):
        ask_version(serve(lambda peer: peer.sendall(b"x" * 100_000)), 0.2)


#: What a server that the suite did not start is not asked.
HARMFUL = {
    *("verbosity", "flush_all", "cache_memlimit", "slabs", "lru", "lru_crawler", "watch", "debugtime"),
    *("stats-sizes", "stats-conns", "lru-crawler-metadump", "lru-crawler-mgdump"),
}


def test_what_could_harm_is_not_tried(serve: Serve) -> None:
    received = bytearray()

    def answer(peer: socket.socket) -> None:
        """Say ERROR to whatever comes."""
        while data := peer.recv(65536):
            received.extend(data)
            peer.sendall(b"ERROR\r\n")

    found = probe(serve(answer), b"k1")
    assert {name for name, item in found.items() if item.present is None} == HARMFUL | {"shutdown"}
    assert {name for name, item in found.items() if item.present is False} == ENTRIES.keys() - HARMFUL - {"shutdown"}
    assert all("only --destructive" in found[name].evidence for name in HARMFUL)
    assert "would end the server" in found["shutdown"].evidence
    for name in HARMFUL:
        request = ENTRIES[name].request(b"k1")
        assert request is not None
        assert request not in received
