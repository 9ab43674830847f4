"""The types of stats.py for the compiled build."""

cdef class ClassStats:
    cdef public long long get_hits
    cdef public long long cmd_set
    cdef public long long delete_hits
    cdef public long long incr_hits
    cdef public long long decr_hits
    cdef public long long cas_hits
    cdef public long long cas_badval
    cdef public long long touch_hits
    cdef public long long evicted
    cdef public long long evicted_nonzero
    cdef public long long evicted_time
    cdef public long long outofmemory
    cdef public long long reclaimed
    cdef public long long expired_unfetched
    cdef public long long evicted_unfetched
    cdef public long long evicted_active
    cdef public long long crawler_reclaimed
    cdef public long long crawler_items_checked
    cdef public long long moves_within_lru
    cdef public long long direct_reclaims
    cdef public long long held
    cdef public long long held_bytes

cdef class Stats:
    cdef public list classes
    cdef public long long cmd_get
    cdef public long long cmd_flush
    cdef public long long cmd_touch
    cdef public long long cmd_meta
    cdef public long long get_misses
    cdef public long long get_expired
    cdef public long long get_flushed
    cdef public long long delete_misses
    cdef public long long incr_misses
    cdef public long long decr_misses
    cdef public long long cas_misses
    cdef public long long touch_misses
    cdef public long long store_too_large
    cdef public long long store_no_memory
    cdef public long long auth_cmds
    cdef public long long auth_errors
    cdef public long long idle_kicks
    cdef public long long bytes_read
    cdef public long long bytes_written
    cdef public long long conn_yields
    cdef public long long rejected_connections
    cdef public long long listen_disabled_num
    cdef public long long log_worker_written
    cdef public long long log_watcher_sent
    cdef public long long log_watcher_skipped
    cdef public long long total_items
    cdef public long long total_connections
    cdef public long long lru_crawler_starts
    cdef public long long ssl_handshake_errors
    cdef public long long ssl_proto_errors
    cdef public long long ssl_new_sessions
