"""One connection of a stream transport: bytes in, bytes out, flow control, turns, places, idle clients."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from waiting import SECONDS_MAX, until

from mclite.core.budget import UNSENT_MAX
from mclite.core.instance import Instance
from mclite.core.settings import Settings
from mclite.protocol import replies
from mclite.server import connection
from mclite.server import server as server_module
from mclite.server.connection import Connection
from mclite.server.server import ServeError, Server

if TYPE_CHECKING:
    from tests.server.conftest import Running, Wire

TARGETS = Path(__file__).parents[2] / "conformance" / "targets"
TOO_MANY = b"ERROR Too many open connections\r\n"

Serve = Callable[[str], "Running"]


def test_requests_and_answers(serve: Serve) -> None:
    wire = serve("").connect()
    wire.ask(b"set a 0 0 5\r\nhello\r\nget a\r\n", b"STORED\r\nVALUE a 0 5\r\nhello\r\nEND\r\n")
    wire.ask(b"version\r\n", replies.VERSION)


def test_a_request_byte_by_byte(serve: Serve) -> None:
    wire = serve("").connect()
    wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in b"set a 0 0 5\r\nhello\r\nget a\r\n":
        wire.send(bytes([byte]))
    assert wire.read(33) == b"STORED\r\nVALUE a 0 5\r\nhello\r\nEND\r\n"


def test_a_large_value(serve: Serve) -> None:
    wire = serve("").connect()
    value = bytes(range(256)) * 4000
    head = b"VALUE a 0 %d\r\n" % len(value)
    wire.ask(b"set a 0 0 %d\r\n" % len(value) + value + b"\r\n", b"STORED\r\n")
    wire.ask(b"get a\r\n" * 10, (head + value + b"\r\nEND\r\n") * 10)


def test_quit_hangs_up_after_the_answers(serve: Serve) -> None:
    server = serve("")
    wire = server.connect()
    wire.ask(b"version\r\nquit\r\nversion\r\n", replies.VERSION)
    assert wire.closed()
    until(lambda: not server.instance.sessions)


def test_a_client_that_closes_its_side_is_answered(serve: Serve) -> None:
    wire = serve("").connect()
    wire.send(b"version\r\n")
    wire.sock.shutdown(socket.SHUT_WR)
    assert wire.read(16) == replies.VERSION
    assert wire.closed()


def test_connections_are_counted(serve: Serve) -> None:
    server = serve("")
    first = server.connect()
    first.ask(b"mn\r\n", b"MN\r\n")
    second = server.connect()
    second.ask(b"mn\r\n", b"MN\r\n")
    assert len(server.instance.sessions) == 2
    second.sock.close()
    until(lambda: len(server.instance.sessions) == 1)
    assert server.instance.stats.total_connections == 2


@pytest.mark.parametrize("garbage", [b"x" * 5000, b"\xff" * 5000, b"GET / HTTP/1.1\r\n\r\n", bytes(9000)])
def test_garbage_is_hung_up_on_and_others_are_served(garbage: bytes, serve: Serve) -> None:
    server = serve("")
    other = server.connect()
    wire = server.connect()
    wire.send(garbage)
    assert wire.closed()
    other.ask(b"version\r\n", replies.VERSION)


def flood(wire: Wire, data: bytes) -> None:
    """Send `data` without end."""
    while True:
        wire.send(data)


def test_an_endless_line(serve: Serve) -> None:
    server = serve("")
    wire = server.connect()
    with pytest.raises(ConnectionError):
        flood(wire, b"x" * 65536)
    server.connect().ask(b"version\r\n", replies.VERSION)


def test_an_endless_data_block(serve: Serve) -> None:
    server = serve("")
    wire, other = server.connect(), server.connect()
    wire.send(b"set a 0 0 2000000000\r\n")
    for _ in range(200):
        wire.send(b"x" * 65536)
    other.ask(b"version\r\n", replies.VERSION)
    (state,) = [one.state for one in server.instance.sessions.values() if one.state != "conn_read"]
    assert state == "conn_swallow"


def test_a_client_that_never_reads(serve: Serve) -> None:
    """What waits for it stays bounded: nothing more is read from it, and it is served again when it reads."""
    server = serve("")
    wire, other = server.connect(), server.connect()
    value = b"x" * 100_000
    wire.ask(b"set a 0 0 100000\r\n" + value + b"\r\n", b"STORED\r\n")
    wire.sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        flood(wire, b"get a\r\n" * 1000)
    other.ask(b"version\r\n", replies.VERSION)
    (held,) = [one for one in server.server.connections if one.transport.get_write_buffer_size()]
    assert held.transport.get_write_buffer_size() < 12 << 20
    assert not held.transport.is_reading()
    wire.sock.settimeout(SECONDS_MAX)
    whole = b"VALUE a 0 100000\r\n" + value + b"\r\nEND\r\n"
    for _ in range(20):
        assert wire.read(len(whole)) == whole


def test_a_short_request_for_much_data(serve: Serve) -> None:
    """2,000 bytes of keys ask for a gigabyte: it comes a part at a time, and others are served meanwhile."""
    server = serve("")
    wire, other = server.connect(), server.connect()
    value = b"x" * 1_000_000
    item = b"VALUE a 0 1000000\r\n" + value + b"\r\n"
    wire.ask(b"set a 0 0 1000000\r\n" + value + b"\r\n", b"STORED\r\n")
    wire.send(b"get" + b" a" * 1000 + b"\r\nmn\r\n")
    assert wire.read(len(item)) == item
    for _ in range(50):
        other.ask(b"version\r\n", replies.VERSION)
        assert max(one.transport.get_write_buffer_size() for one in server.server.connections) < 12 << 20
        assert wire.read(len(item)) == item
    wire.sock.close()
    until(lambda: len(server.instance.sessions) == 1)


def test_a_big_batch_yields(serve: Serve) -> None:
    server = serve("-R 1")
    wire, other = server.connect(), server.connect()
    wire.send(b"get nope\r\nmn\r\n" * 2000)
    other.ask(b"version\r\n", replies.VERSION)
    assert wire.read(9 * 2000) == b"END\r\nMN\r\n" * 2000
    assert server.instance.stats.conn_yields > 1000


def test_a_batch_that_yields_to_a_client_that_never_reads(serve: Serve) -> None:
    server = serve("-R 2")
    wire = server.connect()
    value = b"x" * 500_000
    wire.ask(b"set a 0 0 500000\r\n" + value + b"\r\n", b"STORED\r\n")
    wire.send(b"get a\r\n" * 200 + b"mn\r\n")
    until(lambda: any(one.transport.get_write_buffer_size() for one in server.server.connections))
    (held,) = server.server.connections
    assert held.transport.get_write_buffer_size() < 12 << 20
    whole = b"VALUE a 0 500000\r\n" + value + b"\r\nEND\r\n"
    for _ in range(200):
        assert wire.read(len(whole)) == whole
    assert wire.read(4) == b"MN\r\n"


def test_one_connection_too_many(serve: Serve) -> None:
    server = serve("-c 2 -o maxconns_fast")
    wires = [server.connect(), server.connect()]
    for wire in wires:
        wire.ask(b"mn\r\n", b"MN\r\n")
    refused = server.connect()
    assert refused.read(100) == TOO_MANY
    assert refused.closed()
    assert server.instance.stats.rejected_connections == 1
    wires[0].sock.close()
    until(lambda: len(server.instance.sessions) == 1)
    server.connect().ask(b"mn\r\n", b"MN\r\n")


def test_one_connection_too_many_waits(serve: Serve) -> None:
    server = serve("-c 1 -o no_maxconns_fast")
    first = server.connect()
    first.ask(b"mn\r\n", b"MN\r\n")
    second, third = server.connect(), server.connect()
    second.send(b"version\r\n")
    until(lambda: len(server.server.waiting) == 2)
    assert second.quiet()
    assert not server.instance.accepting
    assert server.instance.stats.listen_disabled_num == 1
    third.sock.close()
    first.sock.close()
    assert second.read(16) == replies.VERSION
    second.sock.close()
    until(lambda: server.instance.accepting)
    assert server.instance.listen_disabled_us > 0


def test_an_idle_client_is_hung_up_on(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HOUSEKEEPING_SECONDS", 0.02)
    server = serve("-o idle_timeout=10 --debug-clock")
    idle, busy = server.connect(), server.connect()
    idle.ask(b"mn\r\n", b"MN\r\n")
    for _ in range(5):
        busy.ask(b"debugtime 3\r\nmn\r\n", b"OK\r\nMN\r\n")
    assert idle.closed()
    busy.ask(b"mn\r\n", b"MN\r\n")
    assert server.instance.stats.idle_kicks == 1


def test_nobody_is_idle_while_the_server_stands_still(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HOUSEKEEPING_SECONDS", 0.02)
    monkeypatch.setattr(server_module, "STILL_SECONDS", -1.0)  # it is always late
    server = serve("-o idle_timeout=10 --debug-clock")
    idle, busy = server.connect(), server.connect()
    idle.ask(b"mn\r\n", b"MN\r\n")
    busy.ask(b"debugtime 30\r\nmn\r\n", b"OK\r\nMN\r\n")
    turns = server.instance.housekeepings + 3
    until(lambda: server.instance.housekeepings >= turns)
    idle.ask(b"mn\r\n", b"MN\r\n")
    assert server.instance.stats.idle_kicks == 0


def test_a_watcher(serve: Serve) -> None:
    server = serve("")
    watcher, other = server.connect(), server.connect()
    watcher.ask(b"watch mutations\r\n", b"OK\r\n")
    other.ask(b"set a 0 0 1\r\nx\r\n", b"STORED\r\n")
    line = watcher.line()
    assert line.startswith(b"ts=")
    assert b" type=item_store key=a status=stored cmd=set " in line


def test_a_watcher_that_never_reads_is_skipped(serve: Serve) -> None:
    server = serve("-o watcher_logbuf_size=10")
    watcher, other = server.connect(), server.connect()
    watcher.ask(b"watch fetchers\r\n", b"OK\r\n")
    for _ in range(100):
        other.ask(b"get " + b"k" * 250 + (b" " + b"k" * 250) * 1000 + b"\r\n", b"END\r\n")
        if server.instance.stats.log_watcher_skipped:
            break
    stats = server.instance.stats
    skipped = stats.log_watcher_skipped
    assert skipped > 0
    assert stats.log_watcher_sent + skipped == stats.log_worker_written
    sent = [watcher.line() for _ in range(stats.log_watcher_sent)]
    assert all(line.startswith(b"ts=") for line in sent)
    other.ask(b"get last\r\n", b"END\r\n")
    assert watcher.line() == b"skipped=%d\n" % skipped
    assert b" key=last " in watcher.line()
    other.ask(b"get last\r\n", b"END\r\n")
    assert b" key=last " in watcher.line(), "once is enough"
    assert stats.log_watcher_skipped == skipped
    assert stats.log_watcher_sent + skipped == stats.log_worker_written


def test_a_watcher_that_goes(serve: Serve) -> None:
    server = serve("")
    watcher, other = server.connect(), server.connect()
    watcher.ask(b"watch fetchers\r\n", b"OK\r\n")
    watcher.sock.close()
    until(lambda: not server.instance.watchers)
    other.ask(b"get a\r\n", b"END\r\n")


class FakeTransport(asyncio.Transport):
    """A transport that remembers what was done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[object] = []
        self.closing = False
        self.waiting = 0

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.done.append("pause")

    def resume_reading(self) -> None:
        self.done.append("resume")

    def write(self, data: object) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.closing = True
        self.done.append("close")


def on_fake_transport(requests_per_event: int = 1000) -> tuple[Connection, FakeTransport]:
    """Return a connection whose event loop runs only when the test lets it."""
    connection = Connection(Server(Instance(Settings(max_reqs_per_event=requests_per_event))))
    transport = FakeTransport()
    connection.connection_made(transport)
    return connection, transport


def test_what_comes_while_requests_are_put_off() -> None:
    async def play() -> list[object]:
        connection, transport = on_fake_transport(1)
        connection.data_received(b"mn\r\nset a 0 0 1\r\nx\r\nge")
        connection.data_received(b"t a\r\n")
        while connection.session.more:
            await asyncio.sleep(0)
        return [one for one in transport.done if isinstance(one, bytes)]

    assert b"".join(asyncio.run(play())) == b"MN\r\nSTORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n"


def test_a_reader_that_stops_while_requests_are_put_off() -> None:
    async def play() -> None:
        connection, transport = on_fake_transport(1)
        connection.data_received(b"mn\r\n" * 4)
        connection.pause_writing()
        await asyncio.sleep(0)
        before = len(transport.done)
        await asyncio.sleep(0)
        assert len(transport.done) == before
        connection.resume_writing()
        while connection.session.more:
            await asyncio.sleep(0)
        assert b"".join(one for one in transport.done if isinstance(one, bytes)) == b"MN\r\n" * 4

    asyncio.run(play())


def test_what_waits_for_a_client_that_does_not_read_is_counted() -> None:
    async def play() -> None:
        connection, transport = on_fake_transport()
        budget = connection.session.instance.budget
        transport.waiting = 100_000
        connection.pause_writing()
        assert budget.unsent == 100_000
        transport.waiting = 10
        connection.resume_writing()
        assert budget.unsent == 0
        transport.waiting = UNSENT_MAX + 1
        connection.pause_writing()
        assert connection.session.instance.fast is None  # which would answer whatever waits
        connection.connection_lost(None)
        assert budget.unsent == 0
        assert connection.session.instance.fast is not None

    asyncio.run(play())


def test_a_connection_that_closes_goes_on_with_nothing() -> None:
    async def play() -> None:
        connection, transport = on_fake_transport(1)
        connection.data_received(b"mn\r\n" * 4)
        transport.closing = True
        before = list(transport.done)
        await asyncio.sleep(0)
        connection.pause_writing()
        connection.resume_writing()
        assert connection.session.push is not None
        connection.session.push(b"a line\n")
        connection.begin()
        assert transport.done == before

    asyncio.run(play())


def client_context() -> ssl.SSLContext:
    """Return a context that trusts the certificate of the suite's targets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def tls(more: str = "") -> str:
    """Return the options of a TLS server."""
    return f"-Z -o ssl_chain_cert={TARGETS / 'certificate.pem'},ssl_key={TARGETS / 'key.pem'}{more}"


def test_tls(serve: Serve) -> None:
    server = serve(tls())
    wire = server.connect_tls(client_context())
    value = b"x" * 300_000
    wire.ask(b"set a 0 0 300000\r\n" + value + b"\r\n", b"STORED\r\n")
    wire.ask(b"get a\r\n", b"VALUE a 0 300000\r\n" + value + b"\r\nEND\r\n")
    (session,) = server.instance.sessions.values()
    assert session.transport == "tls"


def test_who_speaks_no_tls_is_hung_up_on(serve: Serve) -> None:
    server = serve(tls())
    plain = server.connect()
    plain.send(b"version\r\n" * 10)
    assert b"VERSION" not in plain.read(100)
    server.connect_tls(client_context()).ask(b"mn\r\n", b"MN\r\n")
    until(lambda: server.instance.stats.ssl_proto_errors == 1)


def test_connections_count_while_they_shake_hands(serve: Serve) -> None:
    server = serve("-c 2 " + tls())
    waiting = [server.connect(), server.connect()]
    until(lambda: len(server.instance.sessions) == 2)
    assert server.connect().read(len(TOO_MANY)) == TOO_MANY
    assert server.instance.stats.rejected_connections == 1
    waiting.pop().sock.close()
    until(lambda: len(server.instance.sessions) == 1)
    server.connect_tls(client_context()).ask(b"mn\r\n", b"MN\r\n")
    assert server.instance.stats.ssl_proto_errors == 0
    assert server.connect().read(len(TOO_MANY)) == TOO_MANY


def test_a_connection_waits_for_its_place_and_then_shakes_hands(serve: Serve) -> None:
    server = serve("-c 1 " + tls(",no_maxconns_fast"))
    first = server.connect_tls(client_context())
    second = server.connect()
    until(lambda: len(server.server.waiting) == 1)
    first.sock.close()
    until(lambda: len(server.instance.sessions) == 1 and not server.server.waiting)
    with client_context().wrap_socket(second.sock) as sock:
        sock.sendall(b"mn\r\n")
        assert sock.recv(10) == b"MN\r\n"


def test_what_is_said_with_the_end_of_the_handshake_is_answered(serve: Serve) -> None:
    server = serve(tls())
    for number in range(20):
        wire = server.connect_tls(client_context())
        wire.send(b"set a%d 0 0 1 noreply\r\nx\r\nget a%d\r\n" % (number, number))
        answer = b"VALUE a%d 0 1\r\nx\r\nEND\r\n" % number
        assert wire.read(len(answer)) == answer
        wire.sock.close()
    until(lambda: not server.instance.sessions)


def test_a_client_without_the_certificate_that_is_asked_for(serve: Serve) -> None:
    server = serve(tls(f",ssl_verify_mode=2,ssl_ca_cert={TARGETS / 'certificate.pem'},ssl_min_version=2"))
    context = client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        server.connect_tls(context)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (("127.0.0.1", 5), "127.0.0.1:5"),
        (("::1", 5, 0, 0), "[::1]:5"),
        ("/run/socket", "/run/socket"),
        (None, ""),
        ("", ""),
    ],
)
def test_how_an_address_is_written(name: object, text: str) -> None:
    assert connection._address(name) == text


NOOP = b"\x80\x0a" + bytes(22)
NOOP_ANSWER = b"\x81\x0a" + bytes(22)


def test_addresses_with_a_protocol_of_their_own(serve: Serve) -> None:
    server = serve("-p -1 -l proto[ascii]:127.0.0.1,tag_x_:proto[binary]:tag[y]:127.0.0.2")
    (_, port), (_, other) = server.server.addresses
    server.connect("127.0.0.1", port).ask(b"mn\r\n", b"MN\r\n")
    server.connect("127.0.0.1", port).ask(NOOP + b"\r\n", b"CLIENT_ERROR bad command line format\r\n")
    server.connect("127.0.0.2", other).ask(NOOP, NOOP_ANSWER)
    text = server.connect("127.0.0.2", other)
    text.send(b"version\r\n" * 5)
    assert text.closed()


def test_the_binary_protocol_only(serve: Serve) -> None:
    server = serve("-B binary")
    server.connect().ask(NOOP, NOOP_ANSWER)
    text = server.connect()
    text.send(b"version\r\n" * 5)
    assert text.closed()


def test_an_unknown_protocol_is_refused(serve: Serve) -> None:
    with pytest.raises(ServeError, match="the protocol is none of ascii, binary, negotiating"):
        serve("-l proto[foo]:127.0.0.1")
