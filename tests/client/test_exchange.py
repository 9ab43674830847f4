"""What the client makes of answers: right ones, wrong ones, none; and what becomes of the connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mclite.client import (
    BadReplyError,
    Client,
    ConnectError,
    ConnectionLostError,
    NotConnectedError,
    RefusedError,
    ServerError,
    TimedOutError,
    UnknownCommandError,
)

Ask = Callable[[Client[bytes]], Any]


class Script:
    """A transport that answers what it is told: ANSWERS are the bytes for each send; None is silence, b"" a hang-up.

    With `step` the bytes come so many at a time.
    """

    def __init__(self, *answers: bytes | None, step: int = 1 << 20) -> None:
        self.answers = list(answers)
        self.step = step
        self.sent: list[bytes] = []
        self.opened = 0
        self.closed = True
        self.unasked: bytes | None = None
        self._arrived = b""
        self._ended = False

    def open(self) -> None:
        self.opened += 1
        self.closed = self._ended = False
        self._arrived = b""

    def check(self) -> bytes | None:
        unasked, self.unasked = self.unasked, None
        return unasked

    def send(self, data: bytes, until: float | None = None) -> bytes:
        self.sent.append(data)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            self._arrived += answer
            self._ended = self._ended or answer == b"" or answer.endswith(b"<EOF>")
            self._arrived = self._arrived.removesuffix(b"<EOF>")
        return b""

    def receive(self, timeout: float | None) -> bytes:
        if self._arrived:
            data, self._arrived = self._arrived[: self.step], self._arrived[self.step :]
            return data
        if self._ended:
            return b""
        raise TimeoutError

    def close(self) -> None:
        self.closed = True


def client_on(script: Script, **options: Any) -> Client[bytes]:
    return Client(transport=script, **options)


# What is right, and what it gives.
GOOD: list[tuple[Ask, bytes, Any]] = [
    (lambda c: c.set("k", "1"), b"STORED\r\n", True),
    (lambda c: c.set("k", "1"), b"NOT_STORED\r\n", False),
    (lambda c: c.cas("k", "1", 5), b"NOT_FOUND\r\n", None),
    (lambda c: c.get("k"), b"END\r\n", None),
    (lambda c: c.get("k"), b"VALUE k 0 5\r\nEND\r\n\r\nEND\r\n", b"END\r\n"),
    (lambda c: c.get_many(["a", "b"]), b"VALUE b 0 1\r\n1\r\nEND\r\n", {"b": b"1"}),
    (
        lambda c: c.get_many(["a", "b"]),
        b"VALUE b 0 1\r\n1\r\nVALUE a 0 1\r\n2\r\nEND\r\n",
        {"a": b"2", "b": b"1"},
    ),
    (lambda c: c.gets("k").cas, b"VALUE k 4294967295 0 18446744073709551615\r\n\r\nEND\r\n", (1 << 64) - 1),
    (lambda c: c.incr("k"), b"18446744073709551615\r\n", (1 << 64) - 1),
    (lambda c: c.decr("k"), b"9  \r\n", 9),  # padded, as protocol.txt 393-397 allows
    (lambda c: c.version(), b"VERSION 1.6.45 beta\r\n", "1.6.45 beta"),
    (lambda c: c.stats(), b"STAT a b c\r\nSTAT d \r\nEND\r\n", {"a": "b c", "d": ""}),
    (lambda c: c.mg("k").value, b"VA 2 X W\r\n\r\n\r\n", b"\r\n"),
    (lambda c: c.mg("k", ttl=True).ttl, b"VA 0 t-1\r\n\r\n", -1),
    (lambda c: c.mg("k", cas=True, ttl=True).cas, b"VA 0 t3 c4\r\n\r\n", 4),
    (lambda c: c.mg(b"\0", cas=True).cas, b"VA 0 c4\r\n\r\n", 4),
    (lambda c: c.mg("foo!", return_key=True).key, b"VA 0 kZm9vIQ== b\r\n\r\n", b"foo!"),
    (lambda c: c.me("k"), b"ME k exp=-1 la=0\r\n", {"exp": "-1", "la": "0"}),
    (lambda c: c.me(b"a b"), b"ME a b exp=-1\r\n", {"exp": "-1"}),
    (lambda c: [item.key for item in c.metadump()], b"OK\r\nkey=a%20b exp=1\nkey=c exp=-1 \nEND\r\n", [b"a b", b"c"]),
    (lambda c: [item.key for item in c.metadump()], b"key=a exp=1\nEND\r\n", [b"a"]),
    (lambda c: c.metadump(), b"OK\r\nEND\r\n", []),
    (lambda c: c.mgdump(), b"OK\r\nmg a\r\nmg YiBj b\r\nEN\r\n", [b"a", b"b c"]),
]


@pytest.mark.parametrize("step", [1, 1 << 20], ids=["byte by byte", "whole"])
@pytest.mark.parametrize("case", range(len(GOOD)))
def test_good_answers(case: int, step: int) -> None:
    ask, answer, result = GOOD[case]
    script = Script(answer, b"VERSION 1\r\n", step=step)
    client = client_on(script)
    assert ask(client) == result
    assert client.version() == "1"
    assert script.opened == 1


# What makes no sense in answer to the question.
BAD: list[tuple[Ask, bytes]] = [
    (lambda c: c.set("k", "1"), b"DELETED\r\n"),
    (lambda c: c.set("k", "1"), b"STORED \r\n"),
    (lambda c: c.set("k", "1"), b"STORED\n"),
    (lambda c: c.set("k", "1"), b"STO\rRED\r\n"),
    (lambda c: c.set("k", "1"), b"stored\r\n"),
    (lambda c: c.set("k", "1"), b"\r\n"),
    (lambda c: c.set("k", "1"), b"5\r\n"),
    (lambda c: c.delete("k"), b"STORED\r\n"),
    (lambda c: c.incr("k"), b"-1\r\n"),
    (lambda c: c.incr("k"), b"18446744073709551616\r\n"),
    (lambda c: c.incr("k"), b"five\r\n"),
    (lambda c: c.get("k"), b"VALUE other 0 1\r\n1\r\nEND\r\n"),
    (lambda c: c.get("k"), b"VALUE k 0 1\r\n12\r\nEND\r\n"),
    (lambda c: c.get("k"), b"VALUE k 0 2\r\n1\r\nEND\r\n"),
    (lambda c: c.get("k"), b"VALUE k 0 1\r\n1\nEND\r\n"),
    (lambda c: c.get("k"), b"VALUE k 0 1 7\r\n1\r\nEND\r\n"),
    (lambda c: c.get("k"), b"VALUE k 0\r\n1\r\nEND\r\n"),
    (lambda c: c.get("k"), b"VALUE k 4294967296 1\r\n1\r\nEND\r\n"),
    (lambda c: c.get("k"), b"VALUE k 0 -1\r\n1\r\nEND\r\n"),
    (lambda c: c.get("k"), b"VALUE k 0 99999999999999999999\r\n1\r\nEND\r\n"),
    (lambda c: c.get("k"), b"VALUE k 0 1\r\n1\r\nVALUE k 0 1\r\n1\r\nEND\r\n"),
    (lambda c: c.get("k"), b"STORED\r\n"),
    (lambda c: c.gets("k"), b"VALUE k 0 1\r\n1\r\nEND\r\n"),
    (lambda c: c.get_many(["a", "b"]), b"VALUE b 0 1\r\n1\r\nVALUE b 0 1\r\n1\r\nEND\r\n"),
    (lambda c: c.get("k"), b"x" * 10_000),
    (lambda c: c.version(), b"OK\r\n"),
    (lambda c: c.stats(), b"STAT a b\r\nOK\r\n"),
    (lambda c: c.stats(), b"VALUE a 0 1\r\n1\r\nEND\r\n"),
    (lambda c: c.mg("k"), b"HD\r\n"),
    (lambda c: c.mg("k", value=False), b"VA 1\r\n1\r\n"),
    (lambda c: c.mg("k"), b"NF\r\n"),
    (lambda c: c.mg("k"), b"VA 1 c5\r\n1\r\n"),
    (lambda c: c.mg("k", cas=True), b"VA 1 c5 c5\r\n1\r\n"),
    (lambda c: c.mg("k", cas=True), b"VA 1 cx\r\n1\r\n"),
    (lambda c: c.mg("k", size=True), b"VA 1 s2\r\n1\r\n"),
    (lambda c: c.mg("k", hit_before=True), b"VA 1 h2\r\n1\r\n"),
    (lambda c: c.mg("k", flags=True), b"VA 1 f4294967296\r\n1\r\n"),
    (lambda c: c.mg("k", opaque="a"), b"VA 1 Ob\r\n1\r\n"),
    (lambda c: c.mg("k", return_key=True), b"VA 1 kother\r\n1\r\n"),
    (lambda c: c.mg("k"), b"VA 1 W2\r\n1\r\n"),
    (lambda c: c.ms("k", "1"), b"HD W\r\n"),
    (lambda c: c.ms("k", "1"), b"EN\r\n"),
    (lambda c: c.me("k"), b"ME other exp=1\r\n"),
    (lambda c: c.mn(), b"HD\r\n"),
    (lambda c: c.metadump(), b"OK\r\nmore=a\nEND\r\n"),
    (lambda c: c.metadump(), b"key=a exp=soon\nEND\r\n"),
    (lambda c: c.metadump(), b"OK\r\nOK\r\nEND\r\n"),
    (lambda c: c.mgdump(), b"OK\r\nmg a\r\nEND\r\n"),
]


@pytest.mark.parametrize("step", [1, 1 << 20], ids=["byte by byte", "whole"])
@pytest.mark.parametrize("case", range(len(BAD)))
def test_bad_answers_poison_the_connection(case: int, step: int) -> None:
    ask, answer = BAD[case]
    script = Script(answer, b"VERSION 1\r\n", step=step)
    client = client_on(script)
    with pytest.raises(BadReplyError):
        ask(client)
    assert script.closed
    assert not client.connected
    with pytest.raises(NotConnectedError, match="connect"):
        client.version()
    assert len(script.sent) == 1
    client.connect()
    assert client.version() == "1"


def test_server_errors_keep_the_connection() -> None:
    script = Script(
        b"ERROR\r\n", b"SERVER_ERROR out of memory\r\n", b"VALUE a 0 1\r\n1\r\nSERVER_ERROR x\r\n", b"MN\r\n"
    )
    client = client_on(script)
    with pytest.raises(UnknownCommandError) as unknown:
        client.mn()
    assert (unknown.value.command, unknown.value.text) == (b"mn", b"ERROR")
    with pytest.raises(ServerError) as memory:
        client.set("k", "data")
    assert (memory.value.command, memory.value.text) == (b"set k 0 0 4", b"SERVER_ERROR out of memory")
    with pytest.raises(ServerError):
        client.get_many(["a", "b"])
    client.mn()
    assert script.opened == 1


def test_a_hang_up_is_no_timeout() -> None:
    client = client_on(Script(b"VALUE k 0 10\r\n123<EOF>"))
    with pytest.raises(ConnectionLostError, match="'get k' was due"):
        client.get("k")
    client = client_on(Script(b"VALUE k 0 10\r\n123"))
    with pytest.raises(TimedOutError, match="'get k' was due") as caught:
        client.get("k")
    assert isinstance(caught.value, TimeoutError)
    with pytest.raises(NotConnectedError, match="sent nothing"):
        client.get("k")


def test_what_nobody_asked_for() -> None:
    script = Script(b"STORED\r\n")
    client = client_on(script)
    client.set("k", "1")
    script.unasked = b"ERROR Too many open connections\r\n"
    with pytest.raises(BadReplyError, match="Too many open connections"):
        client.get("k")
    assert script.closed
    assert len(script.sent) == 1


def test_more_than_was_asked_for() -> None:
    script = Script(b"STORED\r\nSTORED\r\n")
    client = client_on(script)
    client.set("k", "1")
    with pytest.raises(BadReplyError, match="without a request"):
        client.set("k", "1")


def test_a_connection_found_closed_is_opened_again_for_any_command_with_retries() -> None:
    script = Script(b"5\r\n", b"6\r\n")
    client = client_on(script, retries=1)
    assert client.incr("k") == 5
    script.unasked = b""
    assert client.incr("k") == 6
    assert (script.opened, len(script.sent)) == (2, 2)
    client = client_on(Script(b"5\r\n"))
    client.incr("k")
    client._transport.unasked = b""  # type: ignore[attr-defined]
    with pytest.raises(ConnectionLostError):
        client.incr("k")


def test_a_lost_answer_is_asked_for_again_only_if_that_does_no_harm() -> None:
    script = Script(b"", b"END\r\n")
    assert client_on(script, retries=1).get("k") is None
    assert script.sent == [b"get k\r\n"] * 2
    script = Script(b"", b"", b"END\r\n")
    with pytest.raises(ConnectionLostError):
        client_on(script, retries=1).get("k")
    for ask in (
        lambda c: c.incr("k"),
        lambda c: c.append("k", "1"),
        lambda c: c.add("k", "1"),
        lambda c: c.cas("k", "1", 1),
        lambda c: c.ms("k", "1", mode="append"),
        lambda c: c.ma("k"),
        lambda c: c.mg("k", recache=3),
    ):
        script = Script(b"", b"HD\r\n")
        with pytest.raises(ConnectionLostError):
            ask(client_on(script, retries=5))
        assert len(script.sent) == 1


def test_timeouts_are_not_retried() -> None:
    script = Script(None, b"END\r\n")
    with pytest.raises(TimedOutError):
        client_on(script, retries=3).get("k")
    assert len(script.sent) == 1


def test_after_a_failure_the_next_command_connects_again_only_with_retries() -> None:
    script = Script(b"?\r\n", b"END\r\n")
    client = client_on(script, retries=1)
    with pytest.raises(BadReplyError):
        client.get("k")
    assert client.get("k") is None
    assert script.opened == 2


def test_connecting_is_tried_again() -> None:
    class Refusing(Script):
        def open(self) -> None:
            super().open()
            if self.opened < 3:
                raise ConnectionRefusedError(111, "Connection refused")

    script = Refusing(b"5\r\n")
    assert client_on(script, retries=2).incr("k") == 5
    with pytest.raises(ConnectError, match="Connection refused"):
        client_on(Refusing(b"5\r\n"), retries=1).incr("k")
    with pytest.raises(ConnectError):
        client_on(Refusing(b"5\r\n")).connect()


def test_closed_by_the_caller_stays_closed() -> None:
    script = Script(b"END\r\n", b"END\r\n")
    client = client_on(script, retries=3)
    client.get("k")
    client.close()
    with pytest.raises(NotConnectedError, match="closed"):
        client.get("k")
    client.connect()
    assert client.get("k") is None


def test_errors_of_noreply_commands_are_kept_apart_from_the_next_answer() -> None:
    script = Script(
        None, None, b"SERVER_ERROR no room\r\nCLIENT_ERROR bad\r\nVERSION 1\r\nVALUE k 0 1\r\n1\r\nEND\r\n", b"END\r\n"
    )
    client = client_on(script)
    assert client.set("a", "1", noreply=True) is True
    assert client.set("b", "1", noreply=True) is True
    assert client.get("k") == b"1"
    assert script.sent[2] == b"version\r\nget k\r\n"
    assert [error.text for error in client.noreply_errors] == [b"SERVER_ERROR no room", b"CLIENT_ERROR bad"]
    assert client.noreply_errors == []
    assert client.get("k") is None
    assert script.sent[3] == b"get k\r\n"


def test_errors_in_a_quiet_pipeline_name_what_they_may_belong_to() -> None:
    answer = b"HD O1\r\nSERVER_ERROR x\r\nEN O4\r\nMN\r\nEND\r\n"
    script = Script(answer)
    client = client_on(script)
    pipeline = client.pipeline(quiet=True)
    pipeline.ms("a", "1")
    pipeline.mg("b", value=False)
    pipeline.ms("c", "1")
    pipeline.ms("d", "1")
    pipeline.mg("e")
    pipeline.get("f")
    results = pipeline.execute(raise_errors=False)
    assert script.sent[0].count(b"mn\r\n") == 1
    assert script.sent[0].endswith(b"mg e v q O4\r\nmn\r\nget f\r\n")
    assert results[0] is None
    assert results[1].hit
    assert isinstance(results[2], RefusedError)
    assert results[2].command == b"one of: ms c 1 q O2 | ms d 1 q O3 | mg e v q O4"
    assert results[3] is None
    assert results[4].code == "EN"
    assert results[5] is None


@pytest.mark.parametrize(
    "answer", [b"HD O7\r\nMN\r\n", b"HD\r\nMN\r\n", b"STORED\r\nMN\r\n", b"ERROR\r\nERROR\r\nMN\r\n"]
)
def test_answers_that_no_quiet_command_can_have_given(answer: bytes) -> None:
    client = client_on(Script(answer))
    pipeline = client.pipeline(quiet=True)
    pipeline.ms("a", "1")
    with pytest.raises(BadReplyError):
        pipeline.execute(raise_errors=False)
    assert not client.connected


def test_an_interruption_costs_the_connection() -> None:
    class Interrupted(Script):
        def receive(self, timeout: float | None) -> bytes:
            raise KeyboardInterrupt

    script = Interrupted(b"END\r\n", b"END\r\n")
    client = client_on(script)
    with pytest.raises(KeyboardInterrupt):
        client.get("k")
    assert script.closed
    with pytest.raises(NotConnectedError, match="interrupted"):
        client.get("k")


def test_shutdown_may_end_in_a_reset() -> None:
    class Reset(Script):
        def receive(self, timeout: float | None) -> bytes:
            raise ConnectionResetError

    assert client_on(Script(b"")).shutdown() is None
    assert client_on(Reset(b"")).shutdown(graceful=True) is None


def test_nothing_is_sent_when_an_argument_is_bad() -> None:
    script = Script(b"END\r\n")
    client = client_on(script)
    pipeline = client.pipeline()
    pipeline.get("a")
    pipeline.gat_many([f"{number:0200}" for number in range(20)], 5)
    with pytest.raises(ValueError, match="ask for fewer keys"):
        pipeline.execute()
    assert script.sent == []
    assert client.get("k") is None


def test_a_deadline_ends_an_answer_that_trickles_in(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0

    class Slow(Script):
        def receive(self, timeout: float | None) -> bytes:
            nonlocal now
            assert timeout is not None
            assert timeout <= 1.0
            now += 0.4  # each read is in time
            return super().receive(timeout)

    monkeypatch.setattr("mclite.client.exchange.time.monotonic", lambda: now)
    script = Slow(b"VALUE k 0 5\r\nhello\r\nEND\r\n", step=4)
    client = client_on(script, timeout=1.0, deadline=1.0)
    with pytest.raises(TimedOutError, match=r"the answer to 'get k' from the server was not whole after 1.0 s"):
        client.get("k")
    assert script.closed


def test_a_deadline_is_told_when_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0

    class Silent(Script):
        def receive(self, timeout: float | None) -> bytes:
            nonlocal now
            now += timeout or 0.0
            raise TimeoutError

    monkeypatch.setattr("mclite.client.exchange.time.monotonic", lambda: now)
    with pytest.raises(TimedOutError, match=r"was not whole after 0\.5 s"):
        client_on(Silent(), timeout=None, deadline=0.5).version()
    with pytest.raises(TimedOutError, match=r"the server sent nothing for 0\.3 s"):
        client_on(Silent(), timeout=0.3, deadline=0.5).version()


def test_a_list_without_end_is_given_up() -> None:
    script = Script(b"STAT name value\r\n" * 1_000_000)
    with pytest.raises(BadReplyError, match="a list has no end after 16777216 bytes"):
        client_on(script).stats()
    assert script.closed
