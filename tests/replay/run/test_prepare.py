"""What a target is and can do, asked before the first scenario."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from waiting import SECONDS_MAX

from mclite.replay.play.transport import Address, Unreachable
from mclite.replay.run import prepare as module
from mclite.replay.run.prepare import is_empty, prepare
from mclite.replay.scenario.versions import KNOWN
from mclite.replay.target.servers import Server
from mclite.replay.target.spec import Asked, TargetError, find_spec

Scripted = Callable[..., Address]
EMPTY = {b"stats": b"STAT pid 1\r\nSTAT curr_items 0\r\nEND\r\n"}


def asked(address: Address) -> Asked:
    return Asked(f"--target {address}", address=address)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probe only for what the tests look at: a server that is silent to the rest costs seconds."""
    probes = module.probe
    monkeypatch.setattr(
        module, "probe", lambda address, key, harmful: probes(address, key, ["meta", "flush"], harmful=harmful)
    )


def test_a_server_that_runs_is_what_it_says(scripted: Scripted) -> None:
    address = scripted({b"mn": b"MN\r\n", b"stats settings": b"END\r\n", **EMPTY}, version=b"VERSION 1.6.18\r\n")
    info, server = prepare(asked(address), None)
    assert server is None
    assert (info.name, info.version, info.known, info.judged) == (str(address), "1.6.18", "1.6.18", "1.6.18")
    assert (info.spawn, info.empty, info.declares) == (None, True, [])
    assert info.capabilities["meta"][0] is True
    assert info.capabilities["flush"][0] is None  # it could harm others
    assert info.capabilities["udp"][0] is False
    assert info.prefix
    assert prepare(asked(address), None)[0].prefix != info.prefix


@pytest.mark.parametrize(
    ("answer", "version", "known"),
    [
        (b"VERSION 1.6.18_26_g123\r\n", "1.6.18_26_g123", "1.6.18"),
        (b"VERSION 0.5.0\r\n", "0.5.0", None),
        (b"VERSION \x1b[31m\r\n", "\\x1b[31m", None),
        (b"ERROR\r\n", None, None),
    ],
)
def test_a_version_that_is_none_is_judged_as_the_newest(
    scripted: Scripted, answer: bytes, version: str | None, known: str | None
) -> None:
    info, _ = prepare(asked(scripted({b"stats settings": b"END\r\n"}, version=answer)), None)
    assert (info.version, info.known, info.judged) == (version, known, known or KNOWN[-1])


def test_the_user_decides_as_what_it_is_judged(scripted: Scripted) -> None:
    info, _ = prepare(asked(scripted({b"stats settings": b"END\r\n"})), "1.5.0")
    assert (info.known, info.judged) == ("1.6.45", "1.5.0")


def test_a_server_of_our_own_is_asked_everything(toy: str) -> None:
    info, server = prepare(Asked("--spawn toy", spec=find_spec(toy, Path())), None)
    assert server is not None
    try:
        assert server.alive
        assert info.spawn is not None
        assert "{port}" in info.spawn
        assert not info.empty  # only what others keep is looked after
        assert info.capabilities["flush"][0] is not None
        assert "udp" not in info.capabilities
    finally:
        server.stop()


def test_what_was_started_is_stopped_when_it_cannot_be_asked(toy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Server] = []

    def fail(address: Address) -> bytes:
        raise Unreachable("it has hung up")

    class Noted(Server):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]
            started.append(self)

    monkeypatch.setattr(module, "Server", Noted)
    monkeypatch.setattr(module, "ask_version", fail)
    with pytest.raises(Unreachable, match="it has hung up"):
        prepare(Asked("--spawn toy", spec=find_spec(toy, Path())), None)
    assert [server.alive for server in started] == [False]


def test_a_transport_that_nothing_says_how_to_start(toy: str) -> None:
    with pytest.raises(TargetError, match="nothing says how to start it"):
        prepare(Asked("--spawn toy", spec=find_spec(toy, Path())), None, "tls")


@pytest.mark.parametrize(
    ("answer", "empty"),
    [
        (EMPTY[b"stats"], True),
        (b"STAT curr_items 5\r\nEND\r\n", False),
        (b"STAT curr_items 0", False),
        (b"STAT x curr_items 0\r\nEND\r\n", False),
        (b"ERROR\r\n", False),
        (b"x" * 100_000, False),
    ],
)
def test_empty_is_only_who_says_so(
    serve: Callable[[Callable[[socket.socket], None]], Address], answer: bytes, empty: bool
) -> None:
    def handler(peer: socket.socket) -> None:
        peer.recv(100)
        peer.sendall(answer)

    assert is_empty(serve(handler)) is empty


def test_udp_is_probed_on_the_same_port() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(SECONDS_MAX)
        address = Address("tcp", *peer.getsockname())

        def answer(text: bytes) -> None:
            data, client = peer.recvfrom(100)
            peer.sendto(data[:8] + text, client)

        for text, present in ((b"VERSION 1\r\n", True), (b"ERROR\r\n", False)):
            thread = threading.Thread(target=answer, args=(text,))
            thread.start()
            found = module._probe_udp(address)
            thread.join()
            assert found.present is present
            assert text.strip().decode() in found.evidence
    assert module._probe_udp(address).present is False
