"""What cannot be sent is refused before anything is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mclite.client import BadArgumentError, Client, arguments


@pytest.fixture
def client() -> Any:
    return Client.in_process()


@pytest.mark.parametrize("key", ["", "a b", "a\r\nflush_all", "a\tb", "a\x7f", b"a\x00", "k" * 251, 5, None])
@pytest.mark.parametrize("verb", ["get", "gets", "delete", "incr"])
def test_bad_keys(client: Any, verb: str, key: Any) -> None:
    with pytest.raises(BadArgumentError):
        getattr(client, verb)(key)
    assert not client.connected


def test_good_keys(client: Any) -> None:
    for key in ("k" * 250, "é", "\x80", b"\xff\x80", "!", "a/b:c"):
        assert client.set(key, b"1")
        assert client.get(key) == b"1"


BAD: list[Callable[[Any], Any]] = [
    lambda c: c.set("k", 5),
    lambda c: c.set("k", None),
    lambda c: c.set("k", "1", flags=-1),
    lambda c: c.set("k", "1", flags=1 << 32),
    lambda c: c.set("k", "1", flags=True),
    lambda c: c.set("k", "1", 1.5),
    lambda c: c.set("k", "1", 1 << 31),
    lambda c: c.cas("k", "1", -1),
    lambda c: c.cas("k", "1", 1 << 64),
    lambda c: c.incr("k", -1),
    lambda c: c.incr("k", 1 << 64),
    lambda c: c.get_many([]),
    lambda c: c.gat_many([], 5),
    lambda c: c.stats("a\r\nb\x00"),
    lambda c: c.metadump(""),
    lambda c: c.mg("k", opaque="a b"),
    lambda c: c.mg("k", opaque="o" * 32),
    lambda c: c.mg("\x00" * 200),
    lambda c: c.mg(""),
    lambda c: c.ms("k", "1", mode="touch"),
    lambda c: c.ma("k", mode="touch"),
    lambda c: c.slabs_automove(3),
]


@pytest.mark.parametrize("case", range(len(BAD)))
def test_bad_arguments(client: Any, case: int) -> None:
    with pytest.raises(BadArgumentError):
        BAD[case](client)
    assert not client.connected


def test_a_quiet_pipeline_sets_the_opaque_itself(client: Any) -> None:
    with pytest.raises(BadArgumentError, match="itself"):
        client.pipeline(quiet=True).mg("k", opaque="mine")


def test_data_of_any_kind_becomes_bytes() -> None:
    assert arguments.data("é") == b"\xc3\xa9"
    assert arguments.data(bytearray(b"a")) == b"a"
    assert arguments.data(memoryview(b"a")) == b"a"


NOW = 2_000_000_000
MONTH = 60 * 60 * 24 * 30


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (0, 0),
        (-1, -1),
        (MONTH, MONTH),
        (MONTH + 1, NOW + MONTH + 1),
        (365 * 86400, NOW + 365 * 86400),
        (NOW + 5, NOW + 5),
        (timedelta(hours=1), 3600),
        (timedelta(milliseconds=1), 1),
        (timedelta(0), -1),
        (timedelta(seconds=-5), -1),
        (timedelta(days=31), NOW + 31 * 86400),
        (datetime.fromtimestamp(NOW + 60, UTC), NOW + 60),
        (datetime.fromtimestamp(NOW + 60.5, UTC), NOW + 61),
        (datetime.fromtimestamp(5, UTC), MONTH + 1),
    ],
)
def test_exptime(given: Any, sent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mclite.client.arguments.time.time", lambda: NOW + 0.25)
    assert arguments.exptime(given) == b"%d" % sent


@pytest.mark.parametrize("given", [1.5, None, "60", True, 1 << 31])
def test_no_exptime(given: Any) -> None:
    with pytest.raises(BadArgumentError):
        arguments.exptime(given)
