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
from mclite.replay.scenario.offers import Declared
from mclite.replay.scenario.versions import KNOWN
from mclite.replay.target.servers import Server
from mclite.replay.target.spec import Asked, TargetError, find_spec

Scripted = Callable[..., Address]
Serve = Callable[[Callable[[socket.socket], None]], Address]
EMPTY = {b"stats": b"STAT pid 1\r\nSTAT curr_items 0\r\nEND\r\n"}


def asked(address: Address) -> Asked:
    return Asked(f"--target {address}", address=address)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probe only for what the tests look at: a server that is silent to the rest costs seconds."""
    probes, wanted = module.probe, {"mn", "flush_all", "set", "touch", "shutdown", "incr", "stats"}
    monkeypatch.setattr(
        module,
        "probe",
        lambda address, key, offers, harmful: probes(
            address, key, [one for one in offers if one.name in wanted], harmful=harmful
        ),
    )


def test_a_server_that_runs_is_what_it_says(scripted: Scripted) -> None:
    address = scripted({b"mn": b"MN\r\n", b"stats settings": b"END\r\n", **EMPTY}, version=b"VERSION 1.6.18\r\n")
    info, server = prepare(asked(address), None)
    assert server is None
    assert (info.name, info.version, info.known, info.judged) == (str(address), "1.6.18", "1.6.18", "1.6.18")
    assert (info.spawn, info.empty, info.lacks, info.required) == (None, True, [], [])
    assert info.capabilities["mn"][0] is True
    assert info.capabilities["flush_all"][0] is None  # it could harm others
    assert info.capabilities["udp"][0] is False
    assert info.prefix
    assert prepare(asked(address), None)[0].prefix != info.prefix


def test_a_name_that_was_given_goes_before_the_address(scripted: Scripted) -> None:
    address = scripted({b"mn": b"MN\r\n", **EMPTY}, version=b"VERSION 1.6.18\r\n")
    info, _ = prepare(Asked(f"--target {address}", address=address, name="EU staging"), None)
    assert (info.name, info.slug, info.address) == ("EU staging", "eu-staging", str(address))
    assert info.shown == f"EU staging ({address})"


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
        assert info.capabilities["flush_all"][0] is not None
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


def test_what_is_known_about_a_target_travels(toy: str, tmp_path: Path) -> None:
    asked = Asked("--spawn toy", spec=find_spec(toy, tmp_path), declared_by="--lacks incr")
    asked.declared = Declared(frozenset({"incr"}), frozenset({"mg"}), "classic")
    info, server = prepare(asked, None)
    assert server is not None
    try:
        assert (info.lacks, info.required, info.profile, info.declared_by) == (
            *(["incr"], ["mg"], "classic", "--lacks incr"),
        )
        assert info.capabilities["set"][0] is True
        assert info.capabilities["touch"][0] is False
        assert info.capabilities["shutdown"][0] is None
    finally:
        server.stop()


def test_a_server_that_ends_at_a_question_is_started_again_for_the_others(toy: str, tmp_path: Path) -> None:
    info, server = prepare(Asked("--spawn toy", spec=find_spec(f"{toy} die-on-incr", tmp_path)), None)
    assert server is not None
    try:
        assert server.alive
        present, evidence = info.capabilities["incr"]
        assert present
        assert evidence.endswith("_probe_incr 1` ended the server")
        assert info.capabilities["stats"][0] is True
        assert str(server.address) == info.address
    finally:
        server.stop()


def test_a_server_that_the_suite_did_not_start_and_that_ends_is_named(toy: str, tmp_path: Path) -> None:
    server = Server(find_spec(f"{toy} die-on-incr", tmp_path))
    try:
        with pytest.raises(Unreachable, match="ended at `incr "):
            prepare(Asked("--target x", address=server.address), None)
    finally:
        server.stop()


def test_an_empty_server_is_empty_though_the_probe_stores_items(serve: Serve) -> None:
    items: set[bytes] = set()

    def answer(peer: socket.socket) -> None:
        with peer.makefile("rb") as lines:
            for line in lines:
                words = line.split()
                match words[:1]:
                    case [b"version"]:
                        peer.sendall(b"VERSION 1\r\n")
                    case [b"set"]:
                        items.add(words[1])
                        lines.readline()
                        peer.sendall(b"STORED\r\n")
                    case [b"stats"]:
                        peer.sendall(b"STAT curr_items %d\r\nEND\r\n" % len(items))
                    case _:
                        peer.sendall(b"ERROR\r\n")

    address = serve(answer)
    assert prepare(Asked("--target x", address=address), None)[0].empty
    assert items
    assert not prepare(Asked("--target x", address=address), None)[0].empty
