"""stats and its groups: by how much each command moves the counters, and what the groups show."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from mclite.protocol import errors, replies

if TYPE_CHECKING:
    from tests.conftest import Direct, Server, Start

COUNTERS = frozenset(
    {
        "cmd_get", "cmd_set", "cmd_flush", "cmd_touch", "cmd_meta", "get_hits", "get_misses", "get_expired",
        "get_flushed", "delete_misses", "delete_hits", "incr_misses", "incr_hits", "decr_misses", "decr_hits",
        "cas_misses", "cas_hits", "cas_badval", "touch_hits", "touch_misses", "store_too_large", "store_no_memory",
        "auth_cmds", "auth_errors", "total_items", "curr_items",
    }
)  # fmt: skip

SET_UP = b"ms a 2 E99\r\n10\r\nset s 0 0 1\r\nx\r\n"

MOVES = [
    (b"get a\r\n", {"cmd_get": 1, "get_hits": 1}),
    (b"get nope\r\n", {"cmd_get": 1, "get_misses": 1}),
    (b"get a a nope\r\n", {"cmd_get": 3, "get_hits": 2, "get_misses": 1}),
    (b"gets a\r\n", {"cmd_get": 1, "get_hits": 1}),
    (b"gat 100 a\r\n", {"cmd_touch": 1, "touch_hits": 1}),
    (b"gat 100 nope\r\n", {"cmd_touch": 1, "touch_misses": 1}),
    (b"gats 100 a nope\r\n", {"cmd_touch": 2, "touch_hits": 1, "touch_misses": 1}),
    (b"gat x a\r\n", {}),
    (b"touch a 100\r\n", {"cmd_touch": 1, "touch_hits": 1}),
    (b"touch nope 100\r\n", {"cmd_touch": 1, "touch_misses": 1}),
    (b"touch a x\r\n", {}),
    (b"set a 0 0 1\r\nx\r\n", {"cmd_set": 1, "total_items": 1}),
    (b"set b 0 0 1 noreply\r\nx\r\n", {"cmd_set": 1, "curr_items": 1, "total_items": 1}),
    (b"add b 0 0 1\r\nx\r\n", {"cmd_set": 1, "curr_items": 1, "total_items": 1}),
    (b"add a 0 0 1\r\nx\r\n", {"cmd_set": 1}),
    (b"replace a 0 0 1\r\nx\r\n", {"cmd_set": 1, "total_items": 1}),
    (b"replace nope 0 0 1\r\nx\r\n", {"cmd_set": 1}),
    (b"append nope 0 0 1\r\nx\r\n", {"cmd_set": 1}),
    (b"append a 0 0 1\r\n0\r\n", {"cmd_set": 1, "total_items": 1}),
    (b"prepend a 0 0 1\r\n1\r\n", {"cmd_set": 1, "total_items": 1}),
    (b"cas a 0 0 2 99\r\nxx\r\n", {"cmd_set": 1, "cas_hits": 1, "total_items": 1}),
    (b"cas a 0 0 2 98\r\nxx\r\n", {"cmd_set": 1, "cas_badval": 1}),
    (b"cas nope 0 0 2 1\r\nxx\r\n", {"cmd_set": 1, "cas_misses": 1}),
    (b"cas a 0 0 2 0\r\nxx\r\n", {"cmd_set": 1, "cas_badval": 1}),
    (b"incr a 1\r\n", {"incr_hits": 1}),
    (b"decr a 1\r\n", {"decr_hits": 1}),
    (b"incr nope 1\r\n", {"incr_misses": 1}),
    (b"decr nope 1\r\n", {"decr_misses": 1}),
    (b"incr s 1\r\n", {}),
    (b"incr a x\r\n", {}),
    (b"incr a 100\r\n", {"incr_hits": 1, "total_items": 1}),
    (b"delete nope\r\n", {"delete_misses": 1}),
    (b"delete a\r\n", {"delete_hits": 1, "curr_items": -1}),
    (b"flush_all 100\r\n", {"cmd_flush": 1}),
    (b"flush_all x\r\n", {"cmd_flush": 1}),
    (b"set a 0 -1 1\r\nx\r\n", {"cmd_set": 1, "total_items": 1}),
    (
        b"set a 0 -1 1\r\nx\r\nget a\r\n",
        {"cmd_get": 1, "cmd_set": 1, "get_misses": 1, "get_expired": 1, "curr_items": -1, "total_items": 1},
    ),
    (b"mg a\r\n", {"cmd_get": 1, "get_hits": 1}),
    (b"mg a v\r\n", {"cmd_get": 1, "get_hits": 1}),
    (b"mg nope v\r\n", {"cmd_get": 1, "get_misses": 1}),
    (b"mg nope q\r\n", {"cmd_get": 1, "get_misses": 1}),
    (b"mg a T30\r\n", {"cmd_touch": 1, "touch_hits": 1}),
    (b"mg a N30 T30\r\n", {"cmd_touch": 1, "touch_hits": 1}),
    (b"mg nope T30\r\n", {"cmd_get": 1, "get_misses": 1}),
    (b"mg nope N30\r\n", {"cmd_get": 1, "get_hits": 1, "curr_items": 1, "total_items": 1}),
    (b"mg nope N30 T30\r\n", {"cmd_touch": 1, "touch_hits": 1, "curr_items": 1, "total_items": 1}),
    (b"mg a u\r\n", {"cmd_get": 1, "get_hits": 1}),
    (b"mg a !\r\n", {}),
    (b"mg a Tx\r\n", {}),
    (b"mg a E5\r\n", {"cmd_get": 1, "get_hits": 1}),
    (b"ms a 2\r\n10\r\n", {"cmd_set": 1, "total_items": 1}),
    (b"ms nope 2\r\n10\r\n", {"cmd_set": 1, "curr_items": 1, "total_items": 1}),
    (b"ms a 2 C99\r\n10\r\n", {"cmd_set": 1, "cas_hits": 1, "total_items": 1}),
    (b"ms a 2 C1\r\n10\r\n", {"cmd_set": 1, "cas_badval": 1}),
    (b"ms nope 2 C1\r\n10\r\n", {"cmd_set": 1, "cas_misses": 1}),
    (b"ms a 2 ME\r\n10\r\n", {"cmd_set": 1}),
    (b"ms a 2 MR\r\n10\r\n", {"cmd_set": 1, "total_items": 1}),
    (b"ms nope 2 MR\r\n10\r\n", {"cmd_set": 1}),
    (b"ms nope 2 MR C1\r\n10\r\n", {"cmd_set": 1, "cas_misses": 1}),
    (b"ms a 2 ME C1\r\n10\r\n", {"cmd_set": 1}),
    (b"ms a 2 C1 I\r\n10\r\n", {"cmd_set": 1, "cas_hits": 1, "total_items": 1}),
    (b"ms a 2 MA C1\r\n10\r\n", {"cmd_set": 1}),
    (b"ms a 2 MA\r\n10\r\n", {"cmd_set": 1, "total_items": 1}),
    (b"ms nope 2 MA\r\n10\r\n", {"cmd_set": 1}),
    (b"ms nope 2 MA N30\r\n10\r\n", {"cmd_set": 1, "curr_items": 1, "total_items": 1}),
    (b"ms a 2 MX\r\n10\r\n", {}),
    (b"ma a\r\n", {"incr_hits": 1}),
    (b"ma a MD\r\n", {"decr_hits": 1}),
    (b"ma nope\r\n", {"incr_misses": 1}),
    (b"ma nope MD\r\n", {"decr_misses": 1}),
    (b"ma nope N30\r\n", {"curr_items": 1, "total_items": 1}),
    (b"ma nope N30 MD\r\n", {"curr_items": 1, "total_items": 1}),
    (b"ma a C1\r\n", {}),
    (b"ma s\r\n", {}),
    (b"md a\r\n", {"delete_hits": 1, "curr_items": -1}),
    (b"md nope\r\n", {"delete_misses": 1}),
    (b"md nope q\r\n", {"delete_misses": 1}),
    (b"md a C1\r\n", {"delete_misses": 1}),
    (b"md a I\r\n", {}),
    (b"md a x\r\n", {"delete_hits": 1, "total_items": 1}),
    (b"md a x I\r\n", {"total_items": 1}),
    (b"md a C99 I\r\n", {}),
    (b"me a\r\n", {"cmd_meta": 1}),
    (b"me nope\r\n", {"cmd_meta": 1}),
    (b"mn\r\n", {}),
    (b"set a 0 0 1048577\r\n" + b"x" * 1048577 + b"\r\n", {"store_too_large": 1, "curr_items": -1}),
    (b"add a 0 0 1048577\r\n" + b"x" * 1048577 + b"\r\n", {"store_too_large": 1}),
    (b"ms a 1048577\r\n" + b"x" * 1048577 + b"\r\n", {"store_too_large": 1, "curr_items": -1}),
    (b"ms a 1048577 ME\r\n" + b"x" * 1048577 + b"\r\n", {"store_too_large": 1, "curr_items": -1}),
    (b"set a 0 0 3\r\nabcdefg\r\n", {"cmd_set": 1}),
    (b"ms a 3\r\nabcdefg\r\n", {"cmd_set": 1}),
    (b"get " + b"k" * 251 + b"\r\n", {}),
    (b"get a " + b"k" * 251 + b"\r\n", {"cmd_get": 1, "get_hits": 1}),
    (b"set a x 0 1\r\nx\r\n", {}),
    (b"set a 0 0 x\r\n", {}),
    (b"foo\r\n", {}),
    (b"verbosity 0\r\n", {}),
    (b"version\r\n", {}),
    (b"stats\r\n", {}),
    (b"lru_crawler metadump all\r\n", {}),
    (b"lru_crawler crawl all\r\n", {}),
    (b"append a 0 0 1048000\r\n" + b"x" * 1048000 + b"\r\n", {"cmd_set": 1, "total_items": 1}),
    (b"prepend s 0 0 1048000\r\n" + b"x" * 1048000 + b"\r\n", {"cmd_set": 1, "total_items": 1}),
    (b"stats detail on\r\n", {}),
]


@pytest.mark.parametrize(("sent", "moved"), MOVES, ids=[repr(sent[:24])[2:-1] for sent, _ in MOVES])
def test_what_moves(sent: bytes, moved: dict[str, int], server: Server) -> None:
    server.ask(SET_UP)
    assert server.moved(sent, COUNTERS) == moved


def test_an_expired_item_that_is_asked_for(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    server.ask(b"set a 0 5 1\r\nx\r\n")
    server.clock.advance(5)
    moved = {"cmd_get": 1, "get_misses": 1, "get_expired": 1, "curr_items": -1}
    assert server.moved(b"get a\r\n", COUNTERS) == moved
    assert server.moved(b"get a\r\n", COUNTERS) == {"cmd_get": 1, "get_misses": 1}


def test_a_flushed_item_that_is_asked_for(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    server.ask(b"set a 0 0 1\r\nx\r\n")
    server.clock.advance(5)
    server.ask(b"flush_all\r\n")
    moved = {"cmd_get": 1, "get_misses": 1, "get_flushed": 1, "curr_items": -1}
    assert server.moved(b"get a\r\n", COUNTERS) == moved
    assert server.moved(b"get a\r\n", COUNTERS) == {"cmd_get": 1, "get_misses": 1}


def test_bytes_are_counted(server: Server) -> None:
    before = server.stats()
    server.ask(b"set a 0 0 5\r\nhello\r\nget a\r\n")
    after = server.stats()
    assert int(after["bytes"]) - int(before["bytes"]) == 65
    assert int(after["bytes_read"]) > int(before["bytes_read"])
    assert int(after["bytes_written"]) > int(before["bytes_written"])


GENERAL = (
    "pid", "uptime", "time", "version", "pointer_size", "rusage_user", "rusage_system", "max_connections",
    "curr_connections", "total_connections", "rejected_connections", "curr_items", "total_items", "bytes",
    "limit_maxbytes", "accepting_conns", "threads", "evictions", "reclaimed",
)  # fmt: skip


def test_general(server: Server) -> None:
    shown = server.stats()
    assert [name for name in GENERAL if name not in shown] == []
    assert shown["version"] == replies.RELEASE
    assert shown["pointer_size"] == "64"
    assert shown["limit_maxbytes"] == str(64 << 20)
    assert shown["max_connections"] == "1024"
    assert re.fullmatch(r"[0-9]+\.[0-9]{6}", shown["rusage_user"])
    if not server.real:
        assert shown["pid"] == str(os.getpid())


def test_uptime(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    server.clock.advance(90)
    shown = server.stats()
    assert shown["uptime"] == "90"
    assert shown["time"] == str(server.clock.now())


def names(server: Server, group: bytes = b"") -> list[str]:
    """Return the names of a group in their order."""
    return list(server.stats(group))


def test_names_of_a_server_with_tls_and_a_timeout(direct: Callable[[str], Direct]) -> None:
    plain, tls = direct(""), direct("-Z -o ssl_chain_cert=/c,ssl_key=/k,idle_timeout=5")
    assert set(names(tls)) - set(names(plain)) == {
        "idle_kicks", "ssl_new_sessions", "ssl_handshake_errors", "ssl_proto_errors", "time_since_server_cert_refresh",
    }  # fmt: skip
    settings = tls.stats(b"settings")
    assert settings["ssl_enabled"] == "yes"
    assert settings["ssl_chain_cert"] == "/c"
    assert settings["ssl_key"] == "/k"
    assert settings["ssl_min_version"] == "tlsv1.2"
    assert settings["ssl_ciphers"] == settings["ssl_ca_cert"] == "NULL"


SETTINGS = [
    (
        "",
        {
            "maxbytes": "67108864",
            "maxconns": "1024",
            "evictions": "on",
            "cas_enabled": "yes",
            "item_size_max": "1048576",
        },
    ),
    ("", {"growth_factor": "1.25", "chunk_size": "48", "stat_key_prefix": ":", "detail_enabled": "no"}),
    ("", {"flush_enabled": "yes", "dump_enabled": "yes", "shutdown_command": "no", "maxconns_fast": "yes"}),
    ("", {"auth_enabled_ascii": "no", "binding_protocol": "auto-negotiate", "idle_timeout": "0", "track_sizes": "no"}),
    ("-M -m 100 -c 50", {"maxbytes": "104857600", "maxconns": "50", "evictions": "off"}),
    ("-I 2m -f 1.5 -n 100", {"item_size_max": "2097152", "growth_factor": "1.50", "chunk_size": "100"}),
    ("-C -F -X -A", {"cas_enabled": "no", "flush_enabled": "no", "dump_enabled": "no", "shutdown_command": "yes"}),
    ("-D /", {"stat_key_prefix": "/", "detail_enabled": "yes"}),
    ("-R 7 -b 77", {"reqs_per_event": "7", "tcp_backlog": "77"}),
    ("-vv", {"verbosity": "2"}),
    ("-o idle_timeout=60,track_sizes", {"idle_timeout": "60", "track_sizes": "yes"}),
    ("-o no_maxconns_fast,temporary_ttl=30", {"maxconns_fast": "no", "temp_lru": "yes", "temporary_ttl": "30"}),
    ("-o no_lru_crawler,no_lru_maintainer", {"lru_crawler": "no", "lru_maintainer_thread": "no"}),
]


@pytest.mark.parametrize(("options", "shown"), SETTINGS)
def test_settings(options: str, shown: dict[str, str], start: Start) -> None:
    settings = start(options).stats(b"settings")
    assert {name: settings[name] for name in shown} == shown


def test_settings_have_the_types_of_the_document(server: Server) -> None:
    settings = server.stats(b"settings")
    for name in ("maxbytes", "maxconns", "tcpport", "udpport", "verbosity", "oldest", "item_size_max", "num_threads"):
        assert settings[name].isdigit()


def test_items(server: Server) -> None:
    assert server.stats(b"items") == {}
    server.ask(b"set a 0 0 1\r\nx\r\nset b 0 0 100\r\n" + b"x" * 100 + b"\r\nget a\r\n")
    shown = server.stats(b"items")
    assert shown["items:1:number"] == shown["items:4:number"] == "1"
    assert shown["items:1:mem_requested"] == "61"
    assert shown["items:4:mem_requested"] == "160"
    assert shown["items:1:evicted"] == shown["items:1:outofmemory"] == shown["items:1:reclaimed"] == "0"
    assert "items:2:number" not in shown


def test_items_grow_old(direct: Callable[[str], Direct]) -> None:
    server = direct("-o temporary_ttl=61")
    server.ask(b"set a 0 0 1\r\nx\r\n")
    server.clock.advance(7)
    shown = server.stats(b"items")
    assert shown["items:1:age"] == "7"
    assert shown["items:1:number_temp"] == "0"


def test_slabs(server: Server) -> None:
    server.ask(b"ms a 1 E5\r\n1\r\nget a\r\nincr a 1\r\ndecr a 1\r\ntouch a 0\r\ncas a 0 0 1 1\r\nx\r\n")
    shown = server.stats(b"slabs")
    assert shown["1:chunk_size"] == "96"
    assert shown["1:chunks_per_page"] == "10922"
    assert shown["1:total_pages"] == "1"
    assert shown["1:used_chunks"] == "1"
    assert int(shown["1:free_chunks"]) + int(shown["1:free_chunks_end"]) == 10921
    assert shown["1:get_hits"] == shown["1:incr_hits"] == shown["1:decr_hits"] == shown["1:touch_hits"] == "1"
    assert shown["1:cmd_set"] == "2"
    assert shown["1:cas_badval"] == "1"
    assert shown["active_slabs"] == "1"
    assert int(shown["total_malloced"]) >= 10922 * 96


def test_sizes(start: Start) -> None:
    assert start("").stats(b"sizes") == {"sizes_status": "disabled"}
    server = start("-o track_sizes")
    server.ask(b"set a 0 0 1\r\nx\r\nset b 0 0 1\r\nx\r\nset c 0 0 100\r\n" + b"x" * 100 + b"\r\n")
    assert server.stats(b"sizes") == {"64": "2", "160": "1"}


def test_conns(start: Start) -> None:
    server = start("")
    shown = server.stats(b"conns")
    (mine,) = [name.split(":")[0] for name, value in shown.items() if value == "conn_parse_cmd"]
    assert shown[f"{mine}:addr"].startswith("tcp:127.0.0.1:")
    assert shown[f"{mine}:listen_addr"].startswith("tcp:127.0.0.1:")
    assert shown[f"{mine}:secs_since_last_cmd"] == "0"


def test_conns_of_others(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    server.instance.listeners.append("tcp:127.0.0.1:11211")
    server.ask(b"mn\r\n")
    for waiting in (b"set a 0 0 10\r\nx", b"set a 0 x 10\r\nx", b"get a"):
        server.connect().ask(waiting)
    server.clock.advance(9)
    shown = server.stats(b"conns")
    states = [value for name, value in shown.items() if name.endswith(":state")]
    assert states == ["conn_listening", "conn_parse_cmd", "conn_nread", "conn_swallow", "conn_waiting"]
    seconds = [value for name, value in shown.items() if name.endswith(":secs_since_last_cmd")]
    assert seconds == ["9", "0", "9", "9", "9"]


def test_reset(server: Server) -> None:
    server.ask(b"set a 0 0 1\r\nx\r\nget a\r\nget nope\r\n")
    assert server.ask(b"stats reset\r\n") == b"RESET\r\n"
    shown = server.stats()
    for name in ("cmd_get", "cmd_set", "get_hits", "get_misses", "total_items", "evictions"):
        assert shown[name] == "0"
    assert shown["curr_items"] == "1"


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"stats foo\r\n", b"ERROR\r\n"),
        (b"stats detail\r\n", errors.BAD_STATS_DETAIL),
        (b"stats detail x\r\n", errors.BAD_STATS_DETAIL),
        (b"stats detail on\r\nstats detail off\r\n", b"OK\r\nOK\r\n"),
        (b"stats extstore\r\n", b"END\r\n"),
        (b"stats proxy\r\n", b"END\r\n"),
        (b"stats cachedump\r\n", errors.BAD_FORMAT_SHORT),
        (b"stats cachedump 1\r\n", errors.BAD_FORMAT_SHORT),
        (b"stats cachedump x 1\r\n", errors.BAD_FORMAT),
        (b"stats cachedump 1 x\r\n", errors.BAD_FORMAT),
        (b"stats cachedump 0 1\r\n", b"END\r\n"),
        (b"stats cachedump 64 1\r\n", errors.BAD_SLAB_ID),
        (b"stats cachedump 1 0\r\n", b"END\r\n"),
    ],
)
def test_other_groups(sent: bytes, answered: bytes, server: Server) -> None:
    assert server.ask(sent) == answered


def test_cachedump(direct: Callable[[str], Direct]) -> None:
    """memcached lists one of its LRUs, COLD, into which items come with time, the newest first; mclite has one LRU."""
    server = direct("")
    server.ask(b"set a 0 0 1\r\nx\r\nset b 0 100 2\r\nxx\r\n")
    lines = b"ITEM b [2 b; %d s]\r\nITEM a [1 b; 0 s]\r\n" % (server.clock.now() + 100)
    assert server.ask(b"stats cachedump 1 0\r\n") == lines + b"END\r\n"


def test_cachedump_stops_at_its_limit(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    server.ask(b"set a 0 0 1\r\nx\r\nset b 0 0 1\r\nx\r\nset c 0 0 1\r\nx\r\n")
    assert server.ask(b"stats cachedump 1 2\r\n").count(b"ITEM ") == 2


@pytest.mark.parametrize("what", [b"cachedump 1 0", b"detail on"])
def test_dumps_can_be_forbidden(what: bytes, start: Start) -> None:
    answer = b"CLIENT_ERROR stats " + what.split()[0] + b" not allowed\r\n"
    assert start("-X").ask(b"stats " + what + b"\r\n") == answer


def test_detail(server: Server) -> None:
    server.ask(b"get a:0\r\nstats detail on\r\n")
    server.ask(b"set a:1 0 0 1\r\nx\r\nget a:1 a:2 plain\r\nset b:1 0 0 1\r\nx\r\ndelete b:1\r\ndelete b:1\r\n")
    server.ask(b"stats detail off\r\nget a:1\r\n")
    dump = server.ask(b"stats detail dump\r\n")
    assert sorted(dump.split(b"\r\n")) == [
        b"", b"END", b"PREFIX a get 2 hit 1 set 1 del 0", b"PREFIX b get 0 hit 0 set 1 del 2",
    ]  # fmt: skip


def test_detail_with_another_delimiter(start: Start) -> None:
    server = start("-D /")
    server.ask(b"set a:b/c 0 0 1\r\nx\r\n")
    assert server.ask(b"stats detail dump\r\n") == b"PREFIX a:b get 0 hit 0 set 1 del 0\r\nEND\r\n"


@pytest.mark.parametrize(
    ("options", "gone"),
    [
        ("-o no_lru_crawler", ["lru_crawler_running", "lru_crawler_starts"]),
        (
            "-o no_lru_maintainer",
            ["lru_maintainer_juggles", "evicted_active", "moves_to_cold", "moves_to_warm", "moves_within_lru",
             "direct_reclaims", "lru_bumps_dropped"],
        ),
        (
            "-o no_slab_reassign",
            ["slab_reassign_rescues", "slab_reassign_chunk_rescues", "slab_reassign_inline_reclaim",
             "slab_reassign_busy_items", "slab_reassign_busy_deletes", "slab_reassign_busy_nomem",
             "slab_reassign_last_busy_status", "slab_reassign_running", "slabs_moved"],
        ),
        ("-o no_maxconns_fast", ["rejected_connections"]),
    ],
)  # fmt: skip
def test_rows_that_an_option_takes_away(start: Start, options: str, gone: list[str]) -> None:
    def rows(command_line: str) -> list[str]:
        answer = start(command_line).connect().ask(b"stats\r\n")
        return [line.split()[1].decode() for line in answer.splitlines() if line.startswith(b"STAT ")]

    usual = rows("")
    assert [name for name in usual if name not in rows(options)] == gone


@pytest.mark.parametrize(
    ("options", "row"),
    [
        ("-o slab_automove=2", "slab_automove 2"),
        ("-o no_slab_automove", "slab_automove 0"),
        ("-o slab_automove_ratio=0.5", "slab_automove_ratio 0.50"),
        ("-o slab_automove_window=20", "slab_automove_window 20"),
        ("-o slab_automove_freeratio=0.05", "slab_automove_freeratio 0.050"),
        ("-o hot_lru_pct=30", "hot_lru_pct 30"),
        ("-o warm_max_factor=3", "warm_max_factor 3.00"),
        ("-o lru_crawler_sleep=200", "lru_crawler_sleep 200"),
        ("", "lru_crawler_sleep 100"),
        ("-o read_buf_mem_limit=10", "read_buf_mem_limit 10485760"),
        ("-o hashpower=20", "hashpower_init 20"),
        ("", "hashpower_init 0"),
        ("-o hash_algorithm=jenkins", "hash_algorithm jenkins"),
        ("-o tail_repair_time=60", "tail_repair_time 60"),
        ("-o watcher_logbuf_size=100", "watcher_logbuf_size 102400"),
        ("-o worker_logbuf_size=100", "worker_logbuf_size 102400"),
        ("-o no_lru_maintainer", "lru_segmented no"),
        ("-o no_modern", "hash_algorithm jenkins"),
        ("-N 2", "num_napi_ids 2"),
    ],
)
def test_settings_show_what_was_given(start: Start, options: str, row: str) -> None:
    answer = start(options).connect().ask(b"stats settings\r\n")
    assert b"STAT " + row.encode() + b"\r\n" in answer
