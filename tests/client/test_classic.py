"""The classic commands: what they return, of real values, from mclite and from memcached."""

from __future__ import annotations

from typing import Any

import pytest

from mclite.client import ClientError, NotTextError, ServerError


def fill(client: Any, keys: list[str]) -> list[Any]:
    pipeline = client.pipeline()
    for key in keys:
        pipeline.set(key, key)
    return pipeline.execute()


def test_storage(client: Any) -> None:
    assert client.replace("k", "0") is False
    assert client.append("k", "0") is False
    assert client.prepend("k", "0") is False
    assert client.add("k", b"1", flags=4294967295) is True
    assert client.add("k", b"2") is False
    assert client.get_item("k").flags == 4294967295
    assert client.replace("k", b"3", flags=5) is True
    assert client.append("k", b"4") is True
    assert client.prepend("k", b"2") is True
    item = client.get_item("k")
    assert (item.key, item.value, item.flags, item.cas) == (b"k", b"234", 5, None)


@pytest.mark.parametrize("value", [b"", b"\r\n", b"END\r\n", bytes(range(256)) * 40, b"x" * 1_000_000])
def test_any_bytes_come_back(client: Any, value: bytes) -> None:
    assert client.set("k", value)
    assert client.get("k") == value
    assert client.mg("k", size=True).size == len(value)


def test_exptime(client: Any) -> None:
    assert client.set("k", b"1", -1)
    assert client.get("k") is None
    assert client.set("k", b"1", 100)
    assert 98 <= client.mg("k", ttl=True).ttl <= 100
    assert client.touch("k", 200)
    assert 198 <= client.mg("k", ttl=True).ttl <= 200
    assert client.touch("none", 1) is False


def test_cas(client: Any) -> None:
    assert client.cas("k", b"0", 1) is None
    client.set("k", b"1")
    unique = client.gets("k").cas
    assert client.cas("k", b"2", unique, flags=3) is True
    assert client.cas("k", b"3", unique) is False
    assert client.gets("k").value == b"2"
    assert client.gets("k").flags == 3


def test_many(client: Any) -> None:
    keys = [f"key{number:04}" for number in range(1000)]
    for result in fill(client, keys):
        assert result is True
    found = client.get_many([*keys, "none"])
    assert found == {key: key.encode() for key in keys}
    items = client.gets_many(["key0001", b"key0002", "none", "key0001"])
    assert list(items) == ["key0001", b"key0002"]
    assert all(item.cas for item in items.values())
    assert set(client.gat_many(["key0001", "none"], 100)) == {"key0001"}
    assert client.gats_many(["key0002"], 100)["key0002"].cas == client.gets("key0002").cas
    assert 98 <= client.mg("key0002", ttl=True).ttl <= 100


def test_get_and_touch(client: Any) -> None:
    client.set("k", b"1")
    assert client.gat("k", 100).value == b"1"
    assert client.gats("k", 100).cas == client.gets("k").cas
    assert client.gat("none", 100) is None


def test_delete(client: Any) -> None:
    client.set("k", b"1")
    assert client.delete("k") is True
    assert client.delete("k") is False


def test_arithmetic(client: Any) -> None:
    assert client.incr("n") is None
    assert client.decr("n") is None
    client.set("n", b"18446744073709551615")
    assert client.incr("n", 3) == 2
    assert client.decr("n", 5) == 0
    client.set("n", b"letters")
    with pytest.raises(ClientError, match=r"non-numeric.*in answer to: incr n 1") as caught:
        client.incr("n")
    assert caught.value.command == b"incr n 1"
    assert caught.value.text == b"CLIENT_ERROR cannot increment or decrement non-numeric value"
    assert client.get("n") == b"letters"


def test_too_large(client: Any) -> None:
    with pytest.raises(ServerError, match="object too large"):
        client.set("k", b"x" * 2_000_000)
    assert client.get("k") is None


def test_text(text_client: Any) -> None:
    client = text_client
    assert client.set("k", "žluťoučký 🐎")
    assert client.get("k") == "žluťoučký 🐎"
    assert client.get_many(["k"]) == {"k": "žluťoučký 🐎"}
    assert client.mg("k").value == "žluťoučký 🐎"
    assert client.gets("k").value == "žluťoučký 🐎"
    client.set("k", b"\xff")
    with pytest.raises(NotTextError):
        client.get("k")
    assert client.ma("n", vivify=0, initial=7).number == 7


def test_strings_without_a_text_client(client: Any) -> None:
    assert client.set_str("k", "é", 100)
    assert client.get_str("k") == "é"
    assert client.get("k") == b"\xc3\xa9"
    assert client.get_str("none") is None


def test_noreply(client: Any) -> None:
    assert client.set("k", b"1", noreply=True) is True
    assert client.incr("k", noreply=True) is None
    assert client.get("k") == b"2"
    assert client.delete("k", noreply=True) is True
    assert client.get("k") is None
    assert client.noreply_errors == []


def test_an_error_after_noreply_belongs_to_it_and_nothing_is_out_of_step(client: Any) -> None:
    client.set("k", b"letters")
    client.set("other", b"1")
    client.run(client.commands.incr("k", noreply=True))
    assert client.get("other") == b"1"
    errors = client.noreply_errors
    assert len(errors) <= 1  # memcached keeps silent about most errors of noreply commands
    assert client.get("other") == b"1"
