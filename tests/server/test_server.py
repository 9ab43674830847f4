"""A server's life: where it listens, that it keeps house, that it stops."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import gc
import shutil
import socket
import ssl
import stat
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from waiting import SECONDS_MAX, until

from mclite.core.instance import Instance
from mclite.core.settings import Settings
from mclite.protocol import replies
from mclite.server import server as server_module
from mclite.server.connection import Connection
from mclite.server.server import ServeError, loop_factory, split_address, stop_listening, tls_context
from mclite.store.stats import Stats

if TYPE_CHECKING:
    from tests.server.conftest import Running

TARGETS = Path(__file__).parents[2] / "conformance" / "targets"

Serve = Callable[[str], "Running"]


def has_ipv6() -> bool:
    """Can this machine listen on ::1?"""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback address")


@needs_ipv6
def test_several_addresses(serve: Serve) -> None:
    server = serve("-l 127.0.0.1 -l ::1")
    for host, port in server.server.addresses:
        server.connect(host, port).ask(b"version\r\n", replies.VERSION)
    assert [host for host, _ in server.server.addresses] == ["127.0.0.1", "::1"]
    shown = server.connect()
    shown.send(b"stats conns\r\n")
    lines = []
    while (line := shown.line()) != b"END\r\n":
        lines.append(line)
    assert any(b"tcp6:[::1]:" in line for line in lines)


def test_an_address_with_a_port(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = serve(f"-l 127.0.0.1:{port}")
    assert server.server.addresses == [("127.0.0.1", port)]
    server.connect().ask(b"mn\r\n", b"MN\r\n")


def test_a_free_port_is_shown(serve: Serve) -> None:
    server = serve("")
    assert server.settings.port == server.port > 0
    assert server.instance.listeners == [f"tcp:127.0.0.1:{server.port}"]


def test_a_port_that_is_taken(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=rf"^cannot listen on 127.0.0.1:{port}: Address already in use$"):
            serve(f"-p {port}")


def test_a_udp_port_that_is_taken(serve: Serve) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=rf"^cannot listen on UDP 127.0.0.1:{port}: Address already in use$"):
            serve(f"-U {port}")


def test_a_host_that_is_none(serve: Serve) -> None:
    with pytest.raises(ServeError, match=r"^cannot listen on no\.such\.host\.invalid:"):
        serve("-l no.such.host.invalid")


@pytest.mark.parametrize(("mask", "mode"), [("700", 0o700), ("0770", 0o770), ("777", 0o777)])
def test_a_unix_socket(mask: str, mode: int, serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    server = serve(f"-s {path} -a {mask}")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    server.connect_unix(str(path)).ask(b"version\r\n", replies.VERSION)
    assert server.server.addresses == []
    (session,) = server.instance.sessions.values()
    assert session.transport == "unix"
    server.stop()
    assert not path.exists()


def test_a_unix_socket_that_was_left_behind(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    server = serve(f"-s {path}")
    server.connect_unix(str(path)).ask(b"mn\r\n", b"MN\r\n")


def test_a_unix_socket_that_another_server_listens_on(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    server = serve(f"-s {path}")
    with pytest.raises(ServeError, match="another server does"):
        serve(f"-s {path}")
    server.connect_unix(str(path)).ask(b"mn\r\n", b"MN\r\n")


def test_a_unix_socket_that_cannot_be(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "none" / "socket"
    with pytest.raises(ServeError, match=f"^cannot listen on {path}: No such file or directory$"):
        serve(f"-s {path}")
    (tmp_path / "file").write_text("precious")
    with pytest.raises(ServeError, match=r"^cannot listen on "):
        serve(f"-s {tmp_path / 'file'}")
    assert (tmp_path / "file").read_text() == "precious"


def test_what_has_expired_is_reclaimed_without_being_asked_for(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HOUSEKEEPING_SECONDS", 0.02)
    server = serve("--debug-clock")
    wire = server.connect()
    wire.ask(b"set a 0 10 1\r\nx\r\nset b 0 0 1\r\nx\r\ndebugtime 10\r\n", b"STORED\r\nSTORED\r\nOK\r\n")
    until(lambda: len(server.instance.store) == 1)
    assert server.instance.stats.total("reclaimed") + server.instance.stats.total("crawler_reclaimed") == 1
    until(lambda: server.instance.housekeepings > 2)


def test_shutdown(serve: Serve) -> None:
    server = serve("-A")
    wire = server.connect()
    wire.send(b"shutdown\r\n")
    assert wire.closed()
    until(lambda: not server.alive)


def test_shutdown_graceful_closes_what_is_open(serve: Serve) -> None:
    server = serve("-A")
    wire, other = server.connect(), server.connect()
    other.ask(b"set a 0 0 1\r\nx\r\n", b"STORED\r\n")
    wire.send(b"shutdown graceful\r\n")
    assert other.closed()
    until(lambda: not server.alive)


def test_a_stop_is_not_held_up_by_a_client_that_never_reads(serve: Serve) -> None:
    server = serve("")
    wire = server.connect()
    wire.ask(b"set a 0 0 1000000\r\n" + b"x" * 1_000_000 + b"\r\n", b"STORED\r\n")
    wire.send(b"get a\r\n" * 100)
    until(lambda: any(one.transport.get_write_buffer_size() for one in server.server.connections))
    server.call(server.server.stopped.set)
    until(lambda: not server.alive)


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("127.0.0.1", "127.0.0.1", 11211),
        ("127.0.0.1:5", "127.0.0.1", 5),
        ("::1", "::1", 11211),
        ("[::1]", "::1", 11211),
        ("[::1]:5", "::1", 5),
        ("localhost", "localhost", 11211),
        ("*", "", 11211),
        ("*:5", "", 5),
    ],
)
def test_addresses(address: str, host: str, port: int) -> None:
    assert split_address(address, 11211) == (host, port)


@pytest.mark.parametrize("address", ["127.0.0.1:x", "127.0.0.1:0", "127.0.0.1:65536", "[::1]:x", "[::1]x"])
def test_bad_addresses(address: str) -> None:
    with pytest.raises(ServeError, match="bad port in the address"):
        split_address(address, 11211)


def tls_settings(**more: object) -> Settings:
    """Return the settings of a TLS server."""
    files = {"ssl_chain_cert": str(TARGETS / "certificate.pem"), "ssl_key": str(TARGETS / "key.pem")}
    given = {"enable_ssl": True, **files, **more}
    return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


def test_a_tls_context() -> None:
    context = tls_context(tls_settings(ssl_min_version=3, ssl_ciphers="ECDHE+AESGCM"), Stats())
    assert context.minimum_version == ssl.TLSVersion.TLSv1_3
    assert context.verify_mode == ssl.CERT_NONE
    authority = str(TARGETS / "certificate.pem")
    assert tls_context(tls_settings(ssl_verify_mode=1, ssl_ca_cert=authority), Stats()).verify_mode == ssl.CERT_OPTIONAL
    assert tls_context(tls_settings(ssl_verify_mode=2, ssl_ca_cert=authority), Stats()).verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"ssl_chain_cert": None}, "-Z needs -o ssl_chain_cert=FILE,ssl_key=FILE"),
        ({"ssl_key": "/no/such/key"}, "cannot read the TLS file /no/such/key"),
        ({"ssl_key": str(TARGETS / "certificate.pem")}, "cannot use the certificate"),
        ({"ssl_ciphers": "NONE-SUCH"}, "cannot use the certificate"),
        ({"ssl_ca_cert": "/no/such/file"}, "cannot read the TLS file /no/such/file"),
    ],
)
def test_a_bad_tls_context(more: dict[str, object], says: str) -> None:
    with pytest.raises(ServeError, match=says):
        tls_context(tls_settings(**more), Stats())


def test_event_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loop_factory("asyncio") is asyncio.new_event_loop
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert loop_factory("auto") is asyncio.new_event_loop
    with pytest.raises(ServeError, match="uvloop is not installed"):
        loop_factory("uvloop")


def test_uvloop_is_taken_if_it_is_there() -> None:
    uvloop = pytest.importorskip("uvloop")
    assert loop_factory("auto") is loop_factory("uvloop") is uvloop.new_event_loop


def test_a_fault_of_its_own_is_shown(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    server = serve("")
    server.call(
        lambda: server.server._exception(server._loop, {"message": "harmless", "exception": ConnectionResetError()})
    )
    server.call(lambda: server.server._exception(server._loop, {"message": "a fault", "exception": ValueError("x")}))
    assert "a fault" in caplog.text
    assert "harmless" not in caplog.text


@pytest.mark.parametrize("turns", range(6))
def test_a_connection_that_arrives_as_the_server_stops_is_closed(turns: int) -> None:
    async def arrive() -> list[str]:
        unclosed: list[str] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: unclosed.append(context["message"]))
        server = server_module.Server(Instance(Settings(port=0)))
        await server.start()
        listener = await loop.create_server(lambda: Connection(server), "127.0.0.1", 0)
        with socket.create_connection(listener.sockets[0].getsockname()) as client:
            client.settimeout(SECONDS_MAX)
            for _ in range(turns):
                await asyncio.sleep(0)
            await stop_listening([listener])
            await server.stop()
            with contextlib.suppress(ConnectionResetError):  # it was never accepted
                assert client.recv(1) == b""
        return unclosed

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", ResourceWarning)
        assert asyncio.run(arrive()) == []
        gc.collect()
    assert [str(one.message) for one in seen if one.category is ResourceWarning] == []


def token(user: bytes) -> bytes:
    """Return the request that proves who a client is."""
    return b"set x 0 0 %d\r\n%b\r\n" % (len(user), user)


def test_the_users_are_read_again(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text("old:one\n")
    server = serve(f"-Y {file}")
    known = server.connect()
    known.ask(token(b"old one"), b"STORED\r\n")
    file.write_text("new:two\n")
    assert server.server.reload() == []
    server.connect().ask(token(b"old one"), b"CLIENT_ERROR authentication failure\r\n")
    server.connect().ask(token(b"new two"), b"STORED\r\n")
    known.ask(b"get a\r\n", b"END\r\n")
    for content in ("no colon\n", ""):
        file.write_text(content)
        (problem,) = server.server.reload()
        assert str(file) in problem
        assert problem.endswith("; the users are those of before")
        server.connect().ask(token(b"new two"), b"STORED\r\n")
    file.unlink()
    assert "No such file" in server.server.reload()[0]
    server.connect().ask(token(b"new two"), b"STORED\r\n")


def certificate_of(server: Running) -> bytes:
    """Return the certificate that the server shows now."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    sock = server.connect_tls(context).sock
    assert isinstance(sock, ssl.SSLSocket)
    return sock.getpeercert(binary_form=True) or b""


def make_certificate(chain: Path, key: Path) -> None:
    """Write a new certificate of localhost, and its key."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(private, hashes.SHA256())
    )
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain, pem = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, pem, plain))


def test_the_certificates_are_read_again(serve: Serve, tmp_path: Path) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    shutil.copy(TARGETS / "certificate.pem", chain)
    shutil.copy(TARGETS / "key.pem", key)
    server = serve(f"-Z -o ssl_chain_cert={chain},ssl_key={key}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    before = server.connect_tls(context)
    first = certificate_of(server)
    make_certificate(chain, key)
    assert certificate_of(server) == first, "nobody said that it is to be read again"
    assert server.server.reload() == []
    second = certificate_of(server)
    assert second != first
    before.ask(b"mn\r\n", b"MN\r\n")
    chain.write_text("no certificate")
    (problem,) = server.server.reload()
    assert problem.startswith(f"cannot use the certificate {chain}")
    assert problem.endswith("; the certificates are those of before")
    assert certificate_of(server) == second


def test_any_udp_port(serve: Serve) -> None:
    server = serve("-U -1")
    assert server.settings.udp_port > 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(SECONDS_MAX)
        client.sendto(bytes([0, 1, 0, 0, 0, 1, 0, 0]) + b"mn\r\n", ("127.0.0.1", server.settings.udp_port))
        assert client.recv(100)[8:] == b"MN\r\n"
