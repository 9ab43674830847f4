"""stats and its groups (protocol.txt 1268-1803): every name of the tables, in memcached 1.6.45's order.

Where a number means nothing in Python it is a true value of the right type: there is one thread, no slab page ever
moves, one LRU (shown as COLD), no hash table to grow. What a real counter counts is counted.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from mclite.handlers.register import serves
from mclite.protocol import errors, replies
from mclite.protocol.numbers import UINT32, digits
from mclite.protocol.parser import Request
from mclite.store.slabs import PAGE_SIZE

if TYPE_CHECKING:
    from mclite.core.instance import Instance
    from mclite.handlers.caller import Caller

Rows = Iterable[tuple[str, object]]

_FILES_RESERVED: Final = 20
_DUMP_BYTES_MAX: Final = 1 << 20
_BEFORE_START: Final = 59
"""seconds that memcached's clock shows at its start, so that 0 is no time"""


@serves("stats")
def stats(session: Caller, request: Request) -> bytes:
    """Show statistics: the general ones, or a group."""
    if not request.args:
        return replies.stats(_general(session.instance))
    group = request.args[0]
    handler = _GROUPS.get(group)
    return errors.ERROR if handler is None else handler(session, request.args[1:])


def _seconds(value: float) -> str:
    return f"{value:.6f}"


def _processor_seconds() -> tuple[float, float]:
    """Return the seconds of processor time that the process took as user and as system."""
    try:
        import resource
    except ImportError:  # POSIX only; os.times counts less finely
        return os.times()[:2]
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime, usage.ru_stime


def _general(instance: Instance) -> Rows:
    stats, settings, store = instance.stats, instance.settings, instance.store
    user_seconds, system_seconds = _processor_seconds()
    total = stats.total
    connections = len(instance.sessions)
    yield "pid", os.getpid()
    yield "uptime", store.now - instance.clock.started
    yield "time", store.now
    yield "version", replies.RELEASE
    yield "libevent", f"asyncio-{sys.version.split()[0]}"
    yield "pointer_size", struct.calcsize("P") * 8
    yield "rusage_user", _seconds(user_seconds)
    yield "rusage_system", _seconds(system_seconds)
    yield "max_connections", settings.max_connections
    yield "curr_connections", connections
    yield "total_connections", stats.total_connections
    if settings.maxconns_fast:
        yield "rejected_connections", stats.rejected_connections
    yield "connection_structures", instance.most_connections
    yield "response_obj_oom", instance.budget.refused
    yield "response_obj_count", 0
    yield "response_obj_bytes", 0
    yield "read_buf_count", connections
    yield "read_buf_bytes", 0
    yield "read_buf_bytes_free", 0
    yield "read_buf_oom", instance.budget.requests_refused
    yield "reserved_fds", _FILES_RESERVED
    for name in ("cmd_get", "cmd_set", "cmd_flush", "cmd_touch", "cmd_meta", "get_hits", "get_misses", "get_expired",
                 "get_flushed", "delete_misses", "delete_hits", "incr_misses", "incr_hits", "decr_misses", "decr_hits",
                 "cas_misses", "cas_hits", "cas_badval", "touch_hits", "touch_misses", "store_too_large",
                 "store_no_memory", "auth_cmds", "auth_errors"):  # fmt: skip
        yield name, getattr(stats, name) if hasattr(stats, name) else total(name)
    if settings.idle_timeout:
        yield "idle_kicks", stats.idle_kicks
    yield "bytes_read", stats.bytes_read
    yield "bytes_written", stats.bytes_written
    yield "limit_maxbytes", settings.max_bytes
    yield "accepting_conns", int(instance.accepting)
    yield "listen_disabled_num", stats.listen_disabled_num
    yield "time_in_listen_disabled_us", instance.listen_disabled_us
    yield "threads", settings.threads
    yield "conn_yields", stats.conn_yields
    yield "hash_power_level", settings.hashpower
    yield "hash_bytes", 8 << settings.hashpower
    yield "hash_is_expanding", 0
    if settings.slab_reassign:
        for name in ("rescues", "chunk_rescues", "inline_reclaim", "busy_items", "busy_deletes", "busy_nomem"):
            yield f"slab_reassign_{name}", 0
        yield "slab_reassign_last_busy_status", "none"
        yield "slab_reassign_running", 0
        yield "slabs_moved", store.pages.moved
    if settings.lru_crawler:
        yield "lru_crawler_running", 0
        yield "lru_crawler_starts", stats.lru_crawler_starts
    if settings.lru_maintainer:
        yield "lru_maintainer_juggles", instance.housekeepings
    yield "malloc_fails", 0
    yield "log_worker_dropped", 0
    yield "log_worker_written", stats.log_worker_written
    yield "log_watcher_skipped", stats.log_watcher_skipped
    yield "log_watcher_sent", stats.log_watcher_sent
    yield "log_watchers", len(instance.watchers)
    yield "unexpected_napi_ids", 0
    yield "round_robin_fallback", 0
    if settings.tls:
        yield "ssl_new_sessions", stats.ssl_new_sessions
        yield "ssl_handshake_errors", stats.ssl_handshake_errors
        yield "ssl_proto_errors", stats.ssl_proto_errors
        yield "time_since_server_cert_refresh", max(store.now - instance.certificates_loaded, 0)
    yield "bytes", store.used
    yield "curr_items", len(store)
    yield "total_items", stats.total_items
    yield "slab_global_page_pool", store.pages.pool
    yield "expired_unfetched", total("expired_unfetched")
    yield "evicted_unfetched", total("evicted_unfetched")
    if settings.lru_maintainer:
        yield "evicted_active", total("evicted_active")
    yield "evictions", total("evicted")
    yield "reclaimed", total("reclaimed")
    yield "crawler_reclaimed", total("crawler_reclaimed")
    yield "crawler_items_checked", total("crawler_items_checked")
    yield "lrutail_reflocked", 0
    if settings.lru_maintainer:
        yield "moves_to_cold", 0
        yield "moves_to_warm", 0
        yield "moves_within_lru", total("moves_within_lru")
        yield "direct_reclaims", total("direct_reclaims")
        yield "lru_bumps_dropped", 0


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _settings(session: Caller, args: list[bytes]) -> bytes:
    return replies.stats(_settings_rows(session.instance))


def _settings_rows(instance: Instance) -> Rows:
    settings, store = instance.settings, instance.store
    yield "maxbytes", settings.max_bytes
    yield "maxconns", settings.max_connections
    yield "tcpport", settings.port
    yield "udpport", settings.udp_port
    yield "inter", ",".join(settings.listen) if settings.listen else "NULL"
    yield "verbosity", settings.verbosity
    yield "oldest", max(store.oldest_live - instance.clock.started + _BEFORE_START, 1) if store.oldest_live else 0
    yield "evictions", "on" if settings.evict else "off"
    yield "domain_socket", settings.unix_socket or "NULL"
    yield "umask", f"{settings.unix_mask:o}"
    yield "shutdown_command", _yes(settings.shutdown_command)
    yield "growth_factor", f"{settings.factor:.2f}"
    yield "chunk_size", settings.chunk_size
    yield "num_threads", settings.threads
    yield "num_threads_per_udp", settings.threads
    yield "stat_key_prefix", settings.detail_prefix
    yield "detail_enabled", _yes(instance.detail is not None)
    yield "reqs_per_event", settings.requests_per_event
    yield "cas_enabled", _yes(settings.cas_enabled)
    yield "tcp_backlog", settings.backlog
    bound = "ascii" if settings.auth_file else settings.protocol
    yield "binding_protocol", "auto-negotiate" if bound == "auto" else bound
    yield "auth_enabled_sasl", "no"
    yield "auth_enabled_ascii", settings.auth_file or "no"
    yield "item_size_max", settings.item_size_max
    yield "maxconns_fast", _yes(settings.maxconns_fast)
    yield "hashpower_init", settings.hashpower_init
    yield "slab_reassign", _yes(settings.slab_reassign)
    yield "slab_automove", settings.slab_automove
    yield "slab_automove_ratio", f"{settings.slab_automove_ratio:.2f}"
    yield "slab_automove_window", settings.slab_automove_window
    yield "slab_automove_freeratio", f"{settings.slab_automove_freeratio:.3f}"
    yield "slab_chunk_max", store.slabs.chunk_max
    yield "lru_crawler", _yes(settings.lru_crawler)
    yield "lru_crawler_sleep", settings.lru_crawler_sleep
    yield "lru_crawler_tocrawl", settings.lru_crawler_tocrawl
    yield "tail_repair_time", settings.tail_repair_time
    yield "flush_enabled", _yes(settings.flush_enabled)
    yield "dump_enabled", _yes(settings.dump_enabled)
    yield "hash_algorithm", settings.hash_algorithm
    yield "lru_maintainer_thread", _yes(settings.lru_maintainer)
    yield "lru_segmented", _yes(settings.lru_segmented)
    yield "hot_lru_pct", settings.hot_lru_pct
    yield "warm_lru_pct", settings.warm_lru_pct
    yield "hot_max_factor", f"{settings.hot_max_factor:.2f}"
    yield "warm_max_factor", f"{settings.warm_max_factor:.2f}"
    yield "temp_lru", _yes(settings.temp_lru)
    yield "temporary_ttl", settings.temporary_ttl
    yield "idle_timeout", settings.idle_timeout
    yield "watcher_logbuf_size", settings.watcher_logbuf_size
    yield "worker_logbuf_size", settings.worker_logbuf_size
    yield "read_buf_mem_limit", settings.read_buf_mem_limit
    yield "track_sizes", _yes(settings.track_sizes)
    yield "inline_ascii_response", "no"
    yield "drop_privileges", "no"
    yield "ssl_enabled", _yes(settings.tls)
    if settings.tls:
        yield "ssl_chain_cert", settings.ssl_chain_cert or "(null)"
        yield "ssl_key", settings.ssl_key or "(null)"
        yield "ssl_verify_mode", settings.ssl_verify_mode
        yield "ssl_keyformat", settings.ssl_keyformat
        yield "ssl_ciphers", settings.ssl_ciphers or "NULL"
        yield "ssl_ca_cert", settings.ssl_ca_cert or "NULL"
        yield "ssl_min_version", ("tlsv1.0", "tlsv1.1", "tlsv1.2", "tlsv1.3")[settings.ssl_min_version]
    yield "proxy_enabled", "no"
    yield "proxy_uring_enabled", "no"
    yield "num_napi_ids", settings.napi_ids
    yield "memory_file", "(null)"
    yield "client_flags_size", 4


def _items(session: Caller, args: list[bytes]) -> bytes:
    return replies.stats(_items_rows(session.instance))


def _items_rows(instance: Instance) -> Rows:
    for slab_class, use in instance.store.use_by_class().items():
        counters = instance.stats.classes[slab_class]
        prefix = f"items:{slab_class}:"
        yield prefix + "number", use.number
        yield prefix + "number_hot", 0
        yield prefix + "number_warm", 0
        yield prefix + "number_cold", use.number - use.temporary
        if instance.settings.temp_lru:
            yield prefix + "number_temp", use.temporary
        yield prefix + "age_hot", 0
        yield prefix + "age_warm", 0
        yield prefix + "age", use.age
        yield prefix + "mem_requested", use.bytes
        for name in ("evicted", "evicted_nonzero", "evicted_time", "outofmemory"):
            yield prefix + name, getattr(counters, name)
        yield prefix + "tailrepairs", 0
        for name in ("reclaimed", "expired_unfetched", "evicted_unfetched", "evicted_active", "crawler_reclaimed",
                     "crawler_items_checked"):  # fmt: skip
            yield prefix + name, getattr(counters, name)
        yield prefix + "lrutail_reflocked", 0
        yield prefix + "moves_to_cold", 0
        yield prefix + "moves_to_warm", 0
        yield prefix + "moves_within_lru", counters.moves_within_lru
        yield prefix + "direct_reclaims", counters.direct_reclaims
        yield prefix + "hits_to_hot", 0
        yield prefix + "hits_to_warm", 0
        yield prefix + "hits_to_cold", counters.get_hits
        yield prefix + "hits_to_temp", 0


def _slabs(session: Caller, args: list[bytes]) -> bytes:
    return replies.stats(_slabs_rows(session.instance))


def _slabs_rows(instance: Instance) -> Rows:
    slabs = instance.store.slabs
    use = instance.store.use_by_class()
    pages = instance.store.pages.count(use)
    malloced = 0
    for slab_class, held in sorted(pages.items()):
        per_page = slabs.chunks_per_page(slab_class)
        number = use[slab_class].number if slab_class in use else 0
        counters = instance.stats.classes[slab_class]
        malloced += held * PAGE_SIZE
        yield f"{slab_class}:chunk_size", slabs.sizes[slab_class]
        yield f"{slab_class}:chunks_per_page", per_page
        yield f"{slab_class}:total_pages", held
        yield f"{slab_class}:total_chunks", held * per_page
        yield f"{slab_class}:used_chunks", number
        yield f"{slab_class}:free_chunks", held * per_page - number
        yield f"{slab_class}:free_chunks_end", 0
        for name in ("get_hits", "cmd_set", "delete_hits", "incr_hits", "decr_hits", "cas_hits", "cas_badval",
                     "touch_hits"):  # fmt: skip
            yield f"{slab_class}:{name}", getattr(counters, name)
    yield "active_slabs", len(pages)
    yield "total_malloced", malloced


def _sizes(session: Caller, args: list[bytes]) -> bytes:
    instance = session.instance
    if not instance.settings.track_sizes:
        return replies.stats([("sizes_status", "disabled")])
    return replies.stats((str(size), count) for size, count in instance.store.use_by_size().items())


def _conns(session: Caller, args: list[bytes]) -> bytes:
    return replies.stats(_conns_rows(session.instance, session))


def _conns_rows(instance: Instance, asking: Caller) -> Rows:
    now = instance.store.now
    for number, address in enumerate(instance.listeners):
        yield f"{number}:addr", address
        yield f"{number}:state", "conn_listening"
        yield f"{number}:secs_since_last_cmd", now - instance.clock.started
    for number, session in sorted(instance.sessions.items()):
        scheme = "tcp6" if session.peer.startswith("[") else session.transport
        yield f"{number}:addr", f"{scheme}:{session.peer}"
        if session.local:
            yield f"{number}:listen_addr", f"{scheme}:{session.local}"
        yield f"{number}:state", "conn_parse_cmd" if session is asking else session.state
        yield f"{number}:secs_since_last_cmd", now - session.last_command_time


def _reset(session: Caller, args: list[bytes]) -> bytes:
    session.instance.stats.reset()
    session.instance.prefixes.clear()
    return replies.RESET


def _detail(session: Caller, args: list[bytes]) -> bytes:
    instance = session.instance
    if not instance.settings.dump_enabled:
        return errors.NO_STATS_DETAIL
    match args[:1]:
        case [b"on"]:
            instance.detail = instance.prefixes
            instance.refresh()
            return replies.OK
        case [b"off"]:
            instance.detail = None
            instance.refresh()
            return replies.OK
        case [b"dump"]:
            return instance.prefixes.dump() + replies.END
    return errors.BAD_STATS_DETAIL


def _cachedump(session: Caller, args: list[bytes]) -> bytes:
    instance = session.instance
    store = instance.store
    if not instance.settings.dump_enabled:
        return errors.NO_CACHEDUMP
    if len(args) < 2:
        return errors.BAD_FORMAT_SHORT
    slab_class, limit = digits(args[0], UINT32), digits(args[1], UINT32)
    if slab_class is None or limit is None:
        return errors.BAD_FORMAT
    if slab_class >= 64:
        return errors.BAD_SLAB_ID
    out: list[bytes] = []
    size = 0
    for key, item in store.newest_of(slab_class):
        line = b"ITEM %b [%d b; %d s]\r\n" % (key, item.size, item.exptime)
        size += len(line)
        if (limit and len(out) >= limit) or size > _DUMP_BYTES_MAX:
            break
        out.append(line)
    return b"".join(out) + replies.END


def _empty(session: Caller, args: list[bytes]) -> bytes:
    return replies.END


_GROUPS: Final[dict[bytes, Callable[[Caller, list[bytes]], bytes]]] = {
    b"settings": _settings,
    b"items": _items,
    b"slabs": _slabs,
    b"sizes": _sizes,
    b"conns": _conns,
    b"reset": _reset,
    b"detail": _detail,
    b"cachedump": _cachedump,
    b"extstore": _empty,
    b"proxy": _empty,
}
