"""The meta commands: keywords in, a MetaResult out."""

from __future__ import annotations

from typing import Any

import pytest


def test_meta_get(client: Any) -> None:
    assert client.mg("k").hit is False
    assert client.mg("k").code == "EN"
    client.set("k", b"value", 100, flags=9)
    result = client.mg(
        "k", flags=True, cas=True, ttl=True, size=True, hit_before=True, last_access=True, return_key=True, opaque="me"
    )
    assert (result.code, result.value, result.flags, result.size) == ("VA", b"value", 9, 5)
    assert (result.hit_before, result.key, result.opaque) == (False, b"k", b"me")
    assert 98 <= result.ttl <= 100
    assert result.last_access in (0, 1)
    assert result.cas == client.gets("k").cas
    assert client.mg("k", value=False).code == "HD"
    assert client.mg("k", value=False, bump=False, hit_before=True).hit_before is True
    assert client.mg("k", value=False, exptime=0, ttl=True).ttl == -1


def test_meta_keys_of_any_bytes(client: Any) -> None:
    key = b"a key\r\nwith \x00 everything"
    assert client.ms(key, b"1", 100).hit
    assert client.mg(key, return_key=True).value == b"1"
    assert client.ma(key).number == 2
    assert client.md(key).hit
    assert not client.mg(key).hit


def test_meta_set(client: Any) -> None:
    stored = client.ms("k", b"1", 100, flags=7, cas=True, return_key=True, opaque="o")
    assert (stored.code, stored.key, stored.opaque) == ("HD", b"k", b"o")
    assert client.get_item("k").flags == 7
    assert client.ms("k", b"2", mode="add").code == "NS"
    assert client.ms("none", b"2", mode="replace").code == "NS"
    assert client.ms("none", b"2", mode="append").code == "NS"
    assert client.ms("k", b"2", mode="append").hit
    assert client.ms("k", b"0", mode="prepend").hit
    assert client.get("k") == b"012"
    assert client.ms("k", b"3", compare=stored.cas).code == "EX"
    assert client.ms("none", b"3", compare=5).code == "NF"


def test_meta_delete(client: Any) -> None:
    assert client.md("k").code == "NF"
    client.set("k", b"1")
    assert client.md("k", compare=client.gets("k").cas + 1000).code == "EX"
    assert client.md("k", return_key=True, opaque="o").key == b"k"
    assert client.get("k") is None


def test_stale_while_revalidate(client: Any) -> None:
    client.ms("k", b"old", 100)
    assert client.md("k", invalidate=True, exptime=30).hit
    first = client.mg("k", cas=True, ttl=True)
    assert (first.value, first.stale, first.won, first.sent_win) == (b"old", True, True, False)
    assert 28 <= first.ttl <= 30
    second = client.mg("k")
    assert (second.value, second.stale, second.won, second.sent_win) == (b"old", True, False, True)
    assert client.ms("k", b"new", 100, compare=first.cas).hit
    third = client.mg("k")
    assert (third.value, third.stale, third.won) == (b"new", False, False)


def test_vivify_and_recache(client: Any) -> None:
    miss = client.mg("k", vivify=30, ttl=True)
    assert (miss.value, miss.won, miss.hit) == (b"", True, True)
    assert client.mg("k", vivify=30).sent_win
    client.set("k", b"1", 20)
    assert client.mg("k", recache=30).won
    assert client.mg("k", recache=30).sent_win


def test_meta_arithmetic(client: Any) -> None:
    assert client.ma("n").code == "NF"
    made = client.ma("n", vivify=100, initial=10, ttl=True, cas=True)
    assert (made.number, made.hit) == (10, True)
    assert made.cas == client.gets("n").cas
    assert client.ma("n", 5).number == 15
    assert client.ma("n", 20, mode="decr").number == 0
    assert client.ma("n", value=False).code == "HD"
    with pytest.raises(ValueError, match="no value"):
        client.ma("n", value=False).number  # noqa: B018


def test_meta_debug_and_no_op(client: Any) -> None:
    assert client.me("k") is None
    client.set("k", b"1")
    assert {"exp", "la", "cas", "fetch", "cls", "size"} <= set(client.me("k"))
    assert client.mn() is None
