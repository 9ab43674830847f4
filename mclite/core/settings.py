"""What a server was told at its start, and may be told while it runs. `core/options.py` says what sets each of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from typing import TypedDict, Unpack

    class Options(TypedDict, total=False):
        """The options of `mclite serve --help` as keyword arguments, under their long names."""

        port: int
        udp_port: int
        listen: str | Sequence[str]
        unix_socket: str | os.PathLike[str]
        unix_mask: int
        enable_shutdown: bool
        conn_limit: int
        memory_limit: float
        """megabytes"""
        disable_evictions: bool
        max_item_size: int | str
        """bytes, or text such as "2m" """
        slab_growth_factor: float
        slab_min_size: int
        """bytes"""
        max_reqs_per_event: int
        listen_backlog: int
        stat_key_prefix: str
        disable_flush_all: bool
        disable_dumping: bool
        disable_watch: bool
        auth_file: str | os.PathLike[str]
        enable_ssl: bool
        store: str
        sync: str
        debug_clock: bool
        like: str
        misbehave: str
        loop: str
        threads: int
        disable_cas: bool
        protocol: str
        napi_ids: int
        maxconns_fast: bool
        no_maxconns_fast: bool
        idle_timeout: int
        """seconds"""
        track_sizes: bool
        temporary_ttl: int
        """seconds"""
        no_lru_maintainer: bool
        watcher_logbuf_size: int
        """kilobytes"""
        hashpower: int
        hash_algorithm: str
        no_slab_reassign: bool
        slab_automove: int
        no_slab_automove: bool
        slab_automove_ratio: float
        slab_automove_window: int
        slab_automove_freeratio: float
        lru_crawler_sleep: int
        """microseconds"""
        lru_crawler_tocrawl: int
        hot_lru_pct: int
        warm_lru_pct: int
        hot_max_factor: float
        warm_max_factor: float
        tail_repair_time: int
        """seconds"""
        read_buf_mem_limit: float
        """megabytes"""
        worker_logbuf_size: int
        """kilobytes"""
        no_modern: bool
        ssl_chain_cert: str | os.PathLike[str]
        ssl_key: str | os.PathLike[str]
        ssl_verify_mode: int
        ssl_keyformat: int
        ssl_ciphers: str
        ssl_ca_cert: str | os.PathLike[str]
        ssl_min_version: int
        no_lru_crawler: bool


KEYS_MAX: Final = 20_000
"""Keys of one request that are fetched in a turn."""


class Settings:
    """The settings of a server, with memcached 1.6.45's defaults and, where it has one, the short option's letter.

    Keyword arguments are options under the names of `mclite serve --help` and with their units: `memory_limit=64` sets
    `max_bytes` to 64 MB. Raises TypeError for an unknown one, naming the nearest, and ValueError for a bad value.
    It is no dataclass, since a server starts sooner without making one.
    """

    port: int = 11211
    """-p: TCP port; 0 for none, -1 for any free one"""
    udp_port: int = 0
    """-U: UDP port; 0 for none"""
    listen: list[str]
    """-l: addresses to listen on, here 127.0.0.1; memcached's own default is all of them"""
    unix_socket: str | None = None
    """-s: path of a unix socket to listen on instead of TCP"""
    unix_mask: int = 0o700
    """-a: access mask of the unix socket"""
    max_connections: int = 1024
    """-c"""
    maxconns_fast: bool = True
    """-o maxconns_fast: refuse connections above -c with an error instead of letting them wait"""
    max_bytes: int = 64 << 20
    """-m, here in bytes: what items may take"""
    evict: bool = True
    """not -M: drop the least recently used items when the memory is full"""
    item_size_max: int = 1 << 20
    """-I, bytes"""
    factor: float = 1.25
    """-f: growth of the slab classes"""
    chunk_size: int = 48
    """-n: smallest space for key, flags and data, bytes"""
    requests_per_event: int = 1000
    """-R: requests served for a connection before the others get their turn; memcached's default is 20, but here a
    turn of the event loop costs more than a request"""
    backlog: int = 1024
    """-b"""
    threads: int = 4
    """-t: has no effect, and is shown"""
    verbosity: int = 0
    """-v"""
    shutdown_command: bool = False
    """-A"""
    flush_enabled: bool = True
    """not -F"""
    dump_enabled: bool = True
    """not -X"""
    watch_enabled: bool = True
    """not -W"""
    cas_enabled: bool = True
    """not -C"""
    detail_prefix: str = ":"
    """-D: delimiter of key prefixes in `stats detail`"""
    detail_enabled: bool = False
    protocol: str = "auto"
    """-B: auto, by the first byte of a connection, ascii or binary; with -Y it is always ascii"""
    auth_file: str | None = None
    """-Y"""
    tls: bool = False
    """-Z"""
    ssl_chain_cert: str | None = None
    ssl_key: str | None = None
    ssl_verify_mode: int = 0
    ssl_keyformat: int = 1
    ssl_ciphers: str | None = None
    ssl_ca_cert: str | None = None
    ssl_min_version: int = 2
    idle_timeout: int = 0
    """-o idle_timeout: seconds after which an idle connection is closed, 0 never"""
    track_sizes: bool = False
    """-o track_sizes: keep the histogram of `stats sizes`"""
    lru_maintainer: bool = True
    """not -o no_lru_maintainer: free expired items without being asked"""
    temporary_ttl: int = 61
    temp_lru: bool = False
    hot_lru_pct: int = 20
    warm_lru_pct: int = 40
    hot_max_factor: float = 0.2
    warm_max_factor: float = 2.0
    lru_segmented: bool = True
    lru_crawler: bool = True
    lru_crawler_sleep: int = 100
    """microseconds"""
    lru_crawler_tocrawl: int = 0
    slab_reassign: bool = True
    slab_automove: int = 1
    slab_automove_ratio: float = 0.8
    slab_automove_window: int = 10
    slab_automove_freeratio: float = 0.01
    hashpower: int = 16
    hashpower_init: int = 0
    """-o hashpower, as it was given"""
    hash_algorithm: str = "siphash13"
    """what Python hashes keys with, or what was given, which has no effect"""
    tail_repair_time: int = 0
    """seconds; has no effect"""
    read_buf_mem_limit: int = 0
    """bytes; has no effect"""
    watcher_logbuf_size: int = 256 << 10
    """bytes of log lines that may wait for a slow watcher; then lines are skipped"""
    worker_logbuf_size: int = 64 << 10
    """bytes; has no effect"""
    napi_ids: int = 0
    """-N: has no effect, and is shown"""
    store: str = "memory"
    """--store: memory, disk:DIR, or what a plug-in offers"""
    sync: str = "interval"
    """--sync: when the disk engine makes sure that what is written survives a power cut"""
    debug_clock: bool = False
    """--debug-clock: offer debugtime and misbehave, as the debug build of memcached does"""
    like: str = ""
    """--like: an older release of mclite/testing/dialects.py"""
    misbehave: str = ""
    """--misbehave: names of mclite/testing/misbehaviours.py, with commas"""
    loop: str = "auto"
    """--loop: auto, asyncio or uvloop"""

    def __init__(self, **options: Unpack[Options]) -> None:
        self.listen = ["127.0.0.1"]
        if options:
            from mclite.core.options import assign_keywords  # here, since a server starts sooner without it

            assign_keywords(self, dict(options))
