"""What a scenario may require of a target: things that it can do, and ways to start it."""

from __future__ import annotations

from collections.abc import Iterable

from mclite.replay.scenario.versions import Version, parse_version

#: What a running target can do. `mclite.replay.target.capabilities` finds out whether it can.
CAPABILITIES: frozenset[str] = frozenset(
    {
        "meta",
        "meta-debug",
        "cas",
        "touch",
        "gat",
        "verbosity",
        "flush",
        "stats",
        "stats-settings",
        "stats-items",
        "stats-slabs",
        "stats-sizes",
        "stats-conns",
        "slabs",
        "lru",
        "lru-crawler",
        "watch",
        "cache-memlimit",
        "debugtime",
        "proxy-build",
        "tls-build",
    }
)

#: Ways to start a server that scenarios may require, and what each is for.
STARTS: dict[str, str] = {
    "auth": "with the user mclite and the password secret",
    "tls": "with TLS",
    "unix": "on a unix socket",
    "udp": "with a UDP port",
    "shutdown": "with the shutdown command enabled",
    "no-flush": "with flush_all disabled",
    "no-cas": "with cas disabled",
    "no-dump": "with stats cachedump and lru_crawler metadump disabled",
    "no-evict": "with 8 megabytes of memory and an error instead of evictions",
    "small-memory": "with 8 megabytes of memory",
    "small-items": "with items of 2 kilobytes at most",
    "large-items": "with items of 4 megabytes",
    "idle-timeout": "with an idle timeout of 2 seconds",
    "max-conns": "with few connections at most",
    "one-thread": "with one thread",
    "requests": "with 5 requests an event",
    "track-sizes": "with the histogram of sizes",
    "no-lru-crawler": "without the LRU crawler",
    "no-lru-maintainer": "without the LRU maintainer",
    "temporary-ttl": "with a temporary TTL of 61 seconds",
    "verbose": "with a verbose log",
    "debugtime": "with a clock that can be moved",
    "fresh": "just now, for this scenario alone",
}

#: The first release of memcached that has it, found by asking every release; what is not listed, every known one has.
#: `slabs`, `lru` and `lru-crawler` are there earlier, but switched off, and the lines of `watch` were still being made.
SINCE: dict[str, Version] = {
    name: parse_version(release)
    for name, release in {
        "shutdown": "1.4.16",
        "no-flush": "1.4.17",
        "watch": "1.4.34",
        "cache-memlimit": "1.4.27",
        "idle-timeout": "1.4.27",
        "stats-conns": "1.4.19",
        "no-dump": "1.4.34",
        "lru": "1.5.0",
        "slabs": "1.5.0",
        "lru-crawler": "1.5.0",
        "temporary-ttl": "1.5.0",
        "gat": "1.5.3",
        "tls": "1.5.13",
        "auth": "1.5.15",
        "meta": "1.6.0",
        "meta-debug": "1.6.0",
    }.items()
}


def required_since(requires: Iterable[str]) -> Version | None:
    """Return the first release that has everything in `requires`; None when every known one has it."""
    return max((SINCE[name] for name in requires if name in SINCE), default=None)
