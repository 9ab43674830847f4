"""Every command, sync and async, against mclite in-process, `mclite serve` and a real memcached."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from mclite.client import AsyncClient, Client, ClientError, NotTextError, Pipeline, RefusedError, ServerError
from mclite.client.commands import Commands


def version_of(client: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in client.version().split("."))


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


def fill(client: Any, keys: list[str]) -> list[Any]:
    pipeline = client.pipeline()
    for key in keys:
        pipeline.set(key, key)
    return pipeline.execute()


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


def test_server_commands(client: Any) -> None:
    assert version_of(client) >= (1, 5)
    client.set("k", b"1")
    assert client.flush_all() is None
    assert client.get("k") is None
    client.set("k", b"1")
    client.flush_all(100)
    assert client.get("k") == b"1"
    client.flush_all(noreply=True)
    assert client.get("k") is None
    assert client.verbosity(0) is None
    assert client.cache_memlimit(64) is None
    with pytest.raises(RefusedError, match="MEMLIMIT_TOO_SMALL"):
        client.cache_memlimit(1)
    with pytest.raises(ServerError, match="shutdown not enabled"):
        client.shutdown()
    assert version_of(client)


def test_stats(client: Any) -> None:
    client.stats_reset()
    client.get("none")
    assert client.stats()["get_misses"] == "1"
    assert client.stats("settings")["maxconns"] == "1024"
    with pytest.raises(RefusedError):
        client.stats("nosuchgroup")
    client.set("fruit:apple", b"1")
    client.stats_detail(True)
    client.get("fruit:apple")
    assert client.stats_detail_dump()["fruit"]["hit"] == 1
    client.stats_detail(False)


def test_slabs_and_lru(client: Any) -> None:
    assert client.slabs_automove(0) is None
    with pytest.raises(RefusedError, match="SAME"):
        client.slabs_reassign(1, 1)
    with pytest.raises(RefusedError, match="BADCLASS"):
        client.slabs_reassign(200, 1)
    assert client.lru_tune(20, 40, 0.2, 2.0) is None
    assert client.lru_mode("segmented") is None
    assert client.lru_temp_ttl(-1) is None
    assert client.lru_crawler_sleep(100) is None
    assert client.lru_crawler_tocrawl(0) is None


def test_dumps(client: Any) -> None:
    client.set("plain", b"1", 100, flags=3)
    client.ms(b"b\x00", b"12")
    dumped = {item.key: item for item in client.metadump()}
    assert set(dumped) >= {b"plain"}
    assert dumped[b"plain"].exptime > 1_000_000_000
    assert dumped[b"plain"].fetched is False
    assert dumped[b"plain"].cas == client.gets("plain").cas
    if version_of(client) >= (1, 6, 32):
        assert set(client.mgdump()) == {b"plain", b"b\x00"}


def test_pipeline_keeps_results_apart(client: Any) -> None:
    client.set("letters", b"abc")
    pipeline = client.pipeline()
    assert pipeline.set("k", b"1") == 0
    assert pipeline.incr("letters") == 1
    pipeline.get("k")
    pipeline.mg("k", cas=True)
    pipeline.get("none")
    pipeline.stats()
    results = pipeline.execute(raise_errors=False)
    assert results[0] is True
    assert isinstance(results[1], ClientError)
    assert (results[2], results[3].value, results[4]) == (b"1", b"1", None)
    assert "pid" in results[5]
    assert len(pipeline) == 0
    assert pipeline.execute() == []
    pipeline.incr("letters")
    pipeline.set("k", b"2")
    with pytest.raises(ClientError):
        pipeline.execute()
    assert client.get("k") == b"2"  # the error was raised after everything was read


def test_quiet_pipeline(client: Any) -> None:
    client.set("here", b"1")
    pipeline = client.pipeline(quiet=True)
    for number in range(50):
        pipeline.ms(f"k{number}", b"x")
    pipeline.mg("none")
    pipeline.mg("here")
    pipeline.set("classic", b"1")
    pipeline.delete("none")
    pipeline.md("none")
    pipeline.get("classic")
    pipeline.ms("large", b"x" * 2_000_000)
    pipeline.mg("k7")
    results = pipeline.execute(raise_errors=False)
    assert results[:51] == [None] * 51
    assert results[51].value == b"1"
    assert results[52:54] == [True, True]
    assert results[54].code == "NF"
    assert results[55] == b"1"
    assert isinstance(results[56], ServerError)
    assert results[57].value == b"x"
    assert client.get("here") == b"1"


def test_quit(client: Any) -> None:
    assert client.quit() is None
    assert not client.connected
    client.connect()
    assert version_of(client)


def test_the_commands_of_the_table_are_all_there() -> None:
    names = {name for name, _ in inspect.getmembers(Commands, inspect.isfunction) if not name.startswith("_")}
    assert len(names) > 45
    for face in (Client, AsyncClient):
        assert names <= set(dir(face))
        for name in names:
            assert getattr(face, name).__doc__ == getattr(Commands, name).__doc__
    assert names - set(dir(Pipeline)) == {"quit", "shutdown"}
