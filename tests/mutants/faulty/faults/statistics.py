"""Faults of stats: counters that do not move or move wrongly, names that are missing, values of the wrong form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import mclite.store.item
from faulty.fault import Fault, How, both
from faulty.points import add, after, before, exchange, patch, reply, swap, then, while_called
from mclite.core.instance import Instance
from mclite.handlers import statistics as handlers
from mclite.store.base import Store
from mclite.store.memory import MemoryStore
from mclite.store.stats import COUNTERS, Stats

Rows = list[tuple[str, str]]


def shown(group: str, change: Callable[[Rows, Any], Rows]) -> How:
    """Let `change(rows, session)` make the rows that `stats GROUP` shows; "" is stats alone, "*" any group."""

    def made(session: Any, request: Any, answer: bytes) -> bytes:
        asked = request.args[0].decode("latin-1") if request.args else ""
        if not answer.endswith(b"END\r\n") or not answer.startswith(b"STAT ") or group not in ("*", asked):
            return answer
        rows = [tuple(line.split(" ", 2)[1:]) for line in answer.decode("latin-1").split("\r\n")[:-2]]
        text = "".join(f"STAT {name} {value}\r\n" for name, value in change(rows, session))  # type: ignore[arg-type]
        return text.encode("latin-1") + b"END\r\n"

    return exchange("stats", made)


def frozen(*patterns: str, group: str = "") -> How:
    """Show 0 for the numbers whose names match."""
    wanted = re.compile("|".join(patterns))
    return shown(group, lambda rows, session: [
        (name, "0" if wanted.fullmatch(name) else value) for name, value in rows])  # fmt: skip


def missing(*patterns: str, group: str = "") -> How:
    """Do not show the rows whose names match."""
    wanted = re.compile("|".join(patterns))
    return shown(group, lambda rows, session: [row for row in rows if not wanted.fullmatch(row[0])])


def changed(pattern: str, change: Callable[[str], str], group: str = "") -> How:
    """Let `change(value)` make the values whose names match."""
    wanted = re.compile(pattern)
    return shown(group, lambda rows, session: [
        (name, change(value) if wanted.fullmatch(name) else value) for name, value in rows])  # fmt: skip


def moved(when: str, **by: int) -> How:
    """Move counters also when one of the commands `when` is answered."""

    def change(session: Any, request: Any, answer: bytes) -> bytes:
        stats = session.instance.stats
        for name, amount in by.items():
            owner = stats if name in COUNTERS else stats.classes[1]
            setattr(owner, name, getattr(owner, name) + amount)
        return answer

    return exchange(when, change)


def stuck(*names: str) -> How:
    """Keep these counters at 0."""

    def how() -> None:
        for name in names:
            owner: Any = Stats if name in COUNTERS else type(Stats().classes[0])
            setattr(owner, name, property(lambda self: 0, lambda self, value: None))

    return how


def _double(name: str) -> How:
    return changed(name, lambda value: str(int(value) * 2))


def _reset(keep: Any) -> How:
    """Let `keep(stats)` say what stats reset leaves."""

    def make(inner: Any) -> Any:
        def reset(self: Stats) -> None:
            kept = keep(self)
            inner(self)
            for name, value in kept.items():
                setattr(self, name, value)

        return reset

    return patch(Stats, "reset", make)


COUNTED = {
    "get_hits": "count_retrieval", "get_misses": "count_retrieval", "cmd_get": "count_retrieval",
    "cmd_set": "count_storage", "cmd_touch": "count_others", "cmd_flush": "count_others", "cmd_meta": "count_others",
    "touch_hits": "count_others", "touch_misses": "count_others", "delete_hits": "count_others",
    "delete_misses": "count_others", "incr_hits": "count_others", "incr_misses": "count_others",
    "decr_hits": "count_others", "decr_misses": "count_others", "cas_hits": "count_storage",
    "cas_misses": "count_storage", "cas_badval": "count_storage", "get_expired": "count_retrieval",
    "get_flushed": "count_retrieval", "store_too_large": "count_storage", "store_no_memory": "eviction",
    "total_items": "count_storage", "total_connections": "count_connections", "bytes_read": "count_connections",
    "bytes_written": "count_connections", "auth_cmds": "authentication", "auth_errors": "authentication",
    "idle_kicks": "idle", "lru_crawler_starts": "lru_crawler", "conn_yields": "count_others",
    "evicted": "eviction", "evicted_unfetched": "eviction", "evicted_nonzero": "eviction", "reclaimed": "eviction",
    "expired_unfetched": "eviction", "crawler_reclaimed": "lru_crawler", "crawler_items_checked": "lru_crawler",
    "outofmemory": "eviction", "evicted_time": "eviction",
}  # fmt: skip
GROUPS = {
    "names-process": r"pid|uptime|time|version|pointer_size|rusage_\w+|threads|hash_\w+",
    "names-connections": r"\w*connections?\w*|accepting_conns|listen\w+|time_in\w+|conn_yields|bytes_(read|written)",
    "names-commands": r"cmd_\w+|\w+_(hits|misses|badval)|get_(expired|flushed)|auth_\w+|store_\w+",
    "names-items": r"bytes|curr_items|total_items|evict\w+|expired\w+|reclaimed|limit_maxbytes|direct_reclaims|lru\w+"
                   r"|crawler\w+|moves\w+",
    "names-slabs": r"slab\w+",
    "names-buffers": r"response_obj\w+|read_buf\w+|reserved_fds|malloc_fails|log_\w+|unexpected\w+|round\w+",
}  # fmt: skip
SETTINGS = {
    "memory": r"maxbytes|item_size_max|slab_\w+|growth_factor|chunk_size|evictions|hash\w+|memory_file",
    "network": r"maxconns\w*|tcpport|udpport|inter|domain_socket|umask|tcp_backlog|binding_protocol|reqs_per_event|"
               r"num_\w+|idle_timeout|ssl_\w+|\w+_logbuf_size|read_buf\w+|proxy\w+",
    "lru": r"lru\w+|hot\w+|warm\w+|temp\w+|tail\w+|maxbytes",
    "rest": r"oldest|verbosity|stat_key_prefix|detail_enabled|cas_enabled|auth\w+|flush\w+|dump\w+|shutdown\w+|"
            r"track\w+|inline\w+|drop\w+|client\w+",
}  # fmt: skip


def _counter_chapters(where: str) -> str:
    return f"stats_general {where}" if not where.startswith("count") else "stats_general stats_slabs stats_items"


def _once_a_get(session: Any, request: Any, answer: bytes) -> None:
    add(session.instance.stats, "cmd_get", 1 - len(request.args))


def _not_a_set(session: Any, request: Any, answer: bytes) -> None:
    add(session.instance.stats.classes[1], "cmd_set", -1)


def _not_a_set_if_refused(session: Any, request: Any, answer: bytes) -> None:
    if answer[:3] in (b"NOT", b"EXI", b"NS\r", b"EX\r", b"NF\r"):
        _not_a_set(session, request, answer)


def _bytes_stay(store: Any, key: bytes, item: Any) -> Iterator[None]:
    used = store.used
    yield
    store.used = used


def _flush_at_reset(session: Any, request: Any, answer: bytes) -> None:
    if request.args == [b"reset"]:
        session.instance.store.flush_all(0)


def _one_class(instance: Any, *args: Any, **named: Any) -> None:
    instance.stats.classes = [instance.stats.classes[1]] * len(instance.stats.classes)


def _uncount(session: Any, request: Any, answer: bytes) -> bytes:
    stats = session.instance.stats
    stats.cmd_get -= 1
    if answer[:2] in (b"HD", b"VA"):
        stats.classes[1].get_hits -= 1
    else:
        stats.get_misses -= 1
    return answer


def _unhit(session: Any, answer: bytes, hits: str, misses: str) -> bytes:
    stats = session.instance.stats
    if answer[:2] in (b"HD", b"VA"):
        setattr(stats.classes[1], hits, getattr(stats.classes[1], hits) - 1)
    else:
        setattr(stats, misses, getattr(stats, misses) - 1)
    return answer


def _largest(session: Any, request: Any, answer: bytes) -> bytes:
    """Answer stats items with the classes of all answers so far."""
    if request.args[:1] != [b"items"]:
        return answer
    rows: dict[bytes, bytes] = session.instance.__dict__.setdefault("items_rows", {})
    for line in answer.split(b"\r\n")[:-2]:
        _, name, value = line.split(b" ", 2)
        rows[name] = value
    return b"".join(b"STAT %b %b\r\n" % row for row in rows.items()) + b"END\r\n"


ROWS = (
    Fault("stats-unknown", "stats_general", "does not know stats", reply("stats", lambda answer: b"ERROR\r\n")),
    Fault("stats-no-end", "stats_general", "sends no END after statistics",
          reply("stats", lambda answer: answer.removesuffix(b"END\r\n") or b"END\r\n")),
    Fault("stats-end-twice", "stats_general", "sends END twice",
          reply("stats", lambda answer: answer + b"END\r\n" if answer.endswith(b"END\r\n") else answer)),
    Fault("stats-colons", "stats_general", "writes a colon after the name",
          reply("stats", lambda answer: re.sub(rb"STAT (\S+) ", rb"STAT \1: ", answer))),
    Fault("stats-stat-small", "stats_general", "writes stat instead of STAT",
          reply("stats", lambda answer: answer.replace(b"STAT ", b"stat "))),
    Fault("stats-upper-case", "stats_general stats_settings", "writes names in upper case",
          shown("*", lambda rows, session: [(name.upper(), value) for name, value in rows])),
    Fault("stats-argument-ignored", "stats_general stats_items", "shows the general statistics whatever is asked for",
          exchange("stats", lambda session, request, answer: handlers.stats(
              session, request._replace(args=[])) if request.args[:1] in ([b"items"], [b"slabs"], [b"settings"])
              else answer)),
    Fault("stats-group-unknown", "stats_general", "answers END to a group that it does not know",
          exchange("stats", lambda session, request, answer: b"END\r\n" if answer == b"ERROR\r\n" else answer)),
    *(Fault(f"stats-stuck-{name}", _counter_chapters(where), f"never moves {name}", stuck(name))
      for name, where in COUNTED.items()),
    *(Fault(f"stats-{name}-missing", "stats_general", f"does not show the {name.replace('-', ' of ')}",
            missing(pattern))
      for name, pattern in GROUPS.items()),
    *(Fault(f"stats-{name}-text", "stats_general", f"shows no values for the {name.replace('-', ' of ')}",
            changed(pattern, lambda value: "unknown")) for name, pattern in GROUPS.items()),
    *(Fault(f"stats-settings-{name}-missing", "stats_settings", f"does not show the settings of {name}",
            missing(pattern, group="settings")) for name, pattern in SETTINGS.items()),
    *(Fault(f"stats-settings-{name}-text", "stats_settings", f"shows no values for the settings of {name}",
            changed(pattern, lambda value: "?", "settings")) for name, pattern in SETTINGS.items()),
    Fault("stats-settings-at-start", "stats_settings", "shows the settings as they were at the start",
          exchange("stats", lambda session, request, answer: session.instance.__dict__.setdefault("first", answer)
                   if request.args[:1] == [b"settings"] else answer)),
    Fault("stats-settings-defaults", "stats_settings", "shows memcached's defaults whatever it was started with",
          both(changed("maxbytes", lambda value: "67108864", "settings"),
               changed("evictions", lambda value: "on", "settings"),
               changed("item_size_max", lambda value: "1048576", "settings"),
               changed("maxconns", lambda value: "1024", "settings"),
               changed("num_threads", lambda value: "4", "settings"),
               changed("idle_timeout", lambda value: "0", "settings"),
               changed("domain_socket", lambda value: "NULL", "settings"),
               changed("reqs_per_event", lambda value: "20", "settings"),
               changed("tcpport|udpport", lambda value: "11211", "settings"),
               changed(r"cas_enabled|flush_enabled|dump_enabled|lru_crawler|lru_maintainer_thread",
                       lambda value: "yes", "settings"),
               changed(r"shutdown_command|auth_enabled_ascii|ssl_enabled|track_sizes|detail_enabled|temp_lru",
                       lambda value: "no", "settings"),
               changed("verbosity", lambda value: "0", "settings"))),
    Fault("stats-settings-words", "stats_settings connections", "shows yes and no as 1 and 0", shown(
        "settings", lambda rows, session: [(name, {"yes": "1", "no": "0", "on": "1", "off": "0"}.get(value, value))
                                           for name, value in rows])),
    Fault("stats-settings-memory-megabytes", "stats_settings cache_memlimit", "shows maxbytes in megabytes", both(
        changed("maxbytes", lambda value: str(int(value) >> 20), "settings"),
        changed("limit_maxbytes", lambda value: str(int(value) >> 20)))),
    Fault("stats-umask-decimal", "unix stats_settings", "shows the umask in decimal",
          changed("umask", lambda value: str(int(value, 8)), "settings")),
    Fault("stats-misses-are-hits", "stats_general", "counts misses as hits", moved("get gets", get_hits=1)),
    Fault("stats-get-a-request", "stats_general", "counts a get of several keys once", then("get gets", _once_a_get)),
    Fault("stats-set-only", "stats_general", "counts set only in cmd_set",
          then("add replace append prepend cas ms", _not_a_set)),
    Fault("stats-refused-not-set", "stats_general", "does not count a refused storage command in cmd_set",
          then("set add replace append prepend cas ms", _not_a_set_if_refused)),
    Fault("stats-set-counts-double", "stats_general stats_slabs", "counts every set twice", _double("cmd_set")),
    Fault("stats-gat-not-get", "stats_general", "counts gat in cmd_get too", moved("gat gats", cmd_get=1)),
    Fault("stats-touch-is-get", "stats_general", "counts touch in cmd_get and get_hits",
          moved("touch", cmd_get=1, get_hits=1)),
    Fault("stats-mg-not-counted", "stats_general", "counts mg nowhere", exchange("mg", _uncount)),
    Fault("stats-md-not-counted", "stats_general", "counts md nowhere", exchange(
        "md", lambda session, request, answer: _unhit(session, answer, "delete_hits", "delete_misses"))),
    Fault("stats-ma-not-counted", "stats_general", "counts ma nowhere", exchange(
        "ma", lambda session, request, answer: _unhit(session, answer, "incr_hits", "incr_misses"))),
    Fault("stats-cas-as-set", "stats_general", "counts gets in cas_hits", moved("gets", cas_hits=1)),
    Fault("stats-items-never-fall", "stats_general stats_items", "shows every item ever stored in curr_items", shown(
        "", lambda rows, session: [(name, str(session.instance.stats.total_items) if name == "curr_items" else value)
                                   for name, value in rows])),
    Fault("stats-items-stuck", "stats_general", "always shows curr_items 0", frozen("curr_items")),
    Fault("stats-bytes-stuck", "stats_general", "always shows bytes 0", frozen("bytes")),
    Fault("stats-bytes-of-data", "stats_general", "counts the data only in bytes", shown(
        "", lambda rows, session: [(name, str(sum(item.size for _, item in session.instance.store.items()))
                                    if name == "bytes" else value) for name, value in rows])),
    Fault("stats-bytes-never-fall", "stats_general", "does not take deleted items off bytes",
          while_called(MemoryStore, "_drop", _bytes_stay)),
    Fault("stats-total-falls", "stats_general", "takes deleted items off total_items",
          before(Store, "delete", lambda self, key, item: add(self.stats, "total_items", -1))),
    Fault("stats-total-new-only", "stats_general", "counts only new keys in total_items", shown(
        "", lambda rows, session: [(name, str(len(session.instance.store)) if name == "total_items" else value)
                                   for name, value in rows])),
    Fault("stats-connections-stuck", "stats_general unix", "always shows curr_connections 1",
          changed("curr_connections", lambda value: "1")),
    Fault("stats-connections-never-fall", "stats_general connections", "does not take closed connections off", shown(
        "", lambda rows, session: [(name, str(session.instance.stats.total_connections)
                                    if name == "curr_connections" else value) for name, value in rows])),
    Fault("stats-uptime-stuck", "stats_general", "always shows uptime 0", frozen("uptime")),
    Fault("stats-uptime-is-time", "stats_general", "shows the time as uptime", shown(
        "", lambda rows, session: [(name, dict(rows)["time"] if name == "uptime" else value) for name, value in rows])),
    Fault("stats-time-stuck", "stats_general", "shows the time of its start", shown(
        "", lambda rows, session: [(name, str(session.instance.clock.started - 3600) if name == "time" else value)
                                   for name, value in rows])),
    Fault("stats-time-milliseconds", "stats_general", "shows the time in milliseconds",
          changed("time", lambda value: value + "000")),
    Fault("stats-version-other", "stats_general", "shows another version in stats",
          changed("version", lambda value: "1.4.0")),
    Fault("stats-threads-0", "stats_general stats_settings", "shows 0 threads", both(
        frozen("threads"), frozen("num_threads", group="settings"))),
    Fault("stats-rusage-whole", "stats_general", "shows whole seconds of CPU time",
          changed(r"rusage_\w+", lambda value: value.split(".")[0])),
    Fault("stats-pointer-bytes", "stats_general", "shows the size of a pointer in bytes",
          changed("pointer_size", lambda value: "8")),
    Fault("stats-limit-changed-late", "stats_general cache_memlimit eviction", "does not show a changed limit",
          changed("limit_maxbytes", lambda value: "67108864")),
    Fault("stats-reset-nothing", "stats_general", "answers RESET and resets nothing",
          patch(Stats, "reset", lambda inner: lambda self: None)),
    Fault("stats-reset-ok", "stats_general", "answers OK to stats reset", swap("stats", b"RESET\r\n", b"OK\r\n")),
    Fault("stats-reset-end", "stats_general", "answers END to stats reset", swap("stats", b"RESET\r\n", b"END\r\n")),
    Fault("stats-reset-flushes", "stats_general", "forgets all items in stats reset", then("stats", _flush_at_reset)),
    Fault("stats-reset-keeps-total", "stats_general", "does not reset total_items", _reset(
        lambda stats: {"total_items": stats.total_items})),
    Fault("stats-reset-keeps-gets", "stats_general", "does not reset cmd_get and get_misses", _reset(
        lambda stats: {"cmd_get": stats.cmd_get, "get_misses": stats.get_misses})),
    Fault("stats-reset-keeps-classes", "stats_general", "does not reset the counters of the slab classes", _reset(
        lambda stats: {"classes": stats.classes})),
    Fault("stats-reset-keeps-bytes", "stats_general", "does not reset bytes_read and bytes_written", _reset(
        lambda stats: {"bytes_read": stats.bytes_read, "bytes_written": stats.bytes_written})),
    *(Fault(f"stats-{group}-empty", f"stats_{group}", f"shows nothing in stats {group}",
            shown(group, lambda rows, session: [])) for group in ("items", "slabs", "sizes", "conns", "settings")),
    Fault("stats-items-text", "stats_items", "shows no values in stats items",
          changed(r"items:.*", lambda value: "?", "items")),
    Fault("stats-items-prefix", "stats_items", "leaves items: out of the names in stats items",
          shown("items", lambda rows, session: [(name.removeprefix("items:"), value) for name, value in rows])),
    Fault("stats-items-number", "stats_items", "always shows number 1",
          changed(r"items:\d+:number", lambda value: "1", "items")),
    Fault("stats-items-counters", "stats_items", "shows 0 for all counters of stats items",
          frozen(r"items:\d+:(evicted\w*|outofmemory|reclaimed|expired\w+|crawler\w+|hits\w+|moves\w+|direct\w+)",
                 group="items")),
    Fault("stats-items-age", "stats_items", "always shows age 0", frozen(r"items:\d+:age\w*", group="items")),
    Fault("stats-items-memory", "stats_items", "always shows mem_requested 0",
          frozen(r"items:\d+:mem_requested", group="items")),
    Fault("stats-items-one-class", "stats_items", "counts all items in class 1",
          shown("items", lambda rows, session: [
              (re.sub(r":\d+:", ":1:", name), value) for name, value in rows])),
    Fault("stats-items-other-classes", "stats_items", "numbers the slab classes from 0",
          shown("items", lambda rows, session: [
              (re.sub(r":(\d+):", lambda found: f":{int(found[1]) - 1}:", name), value) for name, value in rows])),
    Fault("stats-items-kept", "stats_items", "still shows a class whose items are gone", exchange("stats", _largest)),
    Fault("stats-slabs-text", "stats_slabs", "shows no values in stats slabs",
          changed(r".*", lambda value: "?", "slabs")),
    Fault("stats-slabs-counters", "stats_slabs", "shows 0 for all counters of stats slabs",
          frozen(r"\d+:(get_hits|cmd_set|\w+_hits|cas_badval)", group="slabs")),
    Fault("stats-slabs-chunks", "stats_slabs", "shows 0 for all numbers of chunks",
          frozen(r"\d+:(used|free|total)_\w+", group="slabs")),
    Fault("stats-slabs-chunk-size", "stats_slabs", "shows the same chunk_size for all classes",
          changed(r"\d+:chunk_size", lambda value: "96", "slabs")),
    Fault("stats-slabs-totals", "stats_slabs", "does not show active_slabs and total_malloced",
          missing("active_slabs", "total_malloced", group="slabs")),
    Fault("stats-slabs-other-classes", "stats_slabs", "numbers the slab classes from 0",
          shown("slabs", lambda rows, session: [
              (re.sub(r"^(\d+):", lambda found: f"{int(found[1]) - 1}:", name), value) for name, value in rows])),
    Fault("stats-sizes-exact", "stats_sizes", "shows exact sizes instead of steps of 32 bytes",
          shown("sizes", lambda rows, session: [
              (str(int(name) - 7), value) if name.isdigit() else (name, value) for name, value in rows])),
    Fault("stats-sizes-once", "stats_sizes", "counts each size once",
          changed(r"\d+", lambda value: "1", "sizes")),
    Fault("stats-sizes-status", "stats_sizes", "shows sizes although they are not tracked",
          exchange("stats", lambda session, request, answer: b"END\r\n" if b"sizes_status" in answer else answer)),
    Fault("stats-sizes-enabled", "stats_sizes", "tells sizes_status although sizes are tracked and there are none",
          exchange("stats", lambda session, request, answer: b"STAT sizes_status enabled\r\nEND\r\n"
                   if request.args[:1] == [b"sizes"] and answer == b"END\r\n" else answer)),
    Fault("stats-sizes-switch", "stats_sizes", "takes stats sizes_enable and sizes_disable",
          exchange("stats", lambda session, request, answer: b"OK\r\n"
                   if request.args[:1] in ([b"sizes_enable"], [b"sizes_disable"]) else answer)),
    Fault("stats-idle-kicks-missing", "idle", "does not show idle_kicks", missing("idle_kicks")),
    Fault("stats-conns-address", "stats_conns unix", "shows no addresses in stats conns",
          changed(r"\d+:(listen_)?addr", lambda value: "?", "conns")),
    Fault("stats-conns-listening", "stats_conns unix", "does not show the listening socket in stats conns",
          shown("conns", lambda rows, session: [row for row in rows if not row[0].startswith("0:")])),
    Fault("stats-conns-states", "stats_conns", "shows the same state for all connections",
          changed(r"\d+:state", lambda value: "conn_read", "conns")),
    Fault("stats-conns-idle", "stats_conns", "always shows 0 seconds since the last command",
          frozen(r"\d+:secs_since_last_cmd", group="conns")),
    Fault("stats-conns-own-only", "stats_conns", "shows the asking connection only",
          shown("conns", lambda rows, session: [
              row for row in rows if row[0].startswith((f"{session.number}:", "0:"))])),
    Fault("stats-detail-refused", "stats_detail", "does not know stats detail", exchange(
        "stats", lambda session, request, answer: b"ERROR\r\n" if request.args[:1] == [b"detail"] else answer)),
    Fault("stats-cachedump-refused", "stats_general", "does not know stats cachedump", exchange(
        "stats", lambda session, request, answer: b"ERROR\r\n" if request.args[:1] == [b"cachedump"] else answer)),
    Fault("stats-class-of-one", "stats_slabs stats_items meta_debug", "puts every item into slab class 1", patch(
        mclite.store.item.Item, "__init__", lambda inner: lambda self, data, flags, exptime, cas, time, slab_class,
        state=0: inner(self, data, flags, exptime, cas, time, 1, state))),
    Fault("stats-shared-by-class", "stats_slabs eviction", "counts everything in slab class 1",
          after(Instance, "__init__", _one_class)),
    Fault("stats-tls-missing", "stats_tls tls", "does not show the counters of TLS",
          missing(r"ssl_\w+|time_since_server_cert_refresh")),
    Fault("stats-tls-errors", "tls stats_tls", "counts good handshakes as errors", shown(
        "", lambda rows, session: [(name, str(session.instance.stats.total_connections)
                                    if name == "ssl_handshake_errors" else value) for name, value in rows])),
)  # fmt: skip
