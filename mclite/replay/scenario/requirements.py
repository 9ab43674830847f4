"""What a scenario may require of a target: things that it can do, and ways to start it."""

from __future__ import annotations

from collections.abc import Iterable

from mclite.replay.scenario.offers import documented
from mclite.replay.scenario.versions import Version, parse_version

#: What a server was built with, which is nothing that it fails to offer.
BUILDS: frozenset[str] = frozenset({"proxy-build", "tls-build", "debugtime"})


def capabilities() -> frozenset[str]:
    """Return what a running target can do, by the names that `requires` may hold."""
    return BUILDS | frozenset(documented().names())


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

#: The first release of memcached that can be started so, found by asking every release; what is not listed, all can.
SINCE: dict[str, Version] = {
    name: parse_version(release)
    for name, release in {
        "shutdown": "1.4.16",
        "no-flush": "1.4.17",
        "idle-timeout": "1.4.27",
        "no-dump": "1.4.34",
        "temporary-ttl": "1.5.0",
        "tls": "1.5.13",
        "auth": "1.5.15",
    }.items()
}


def required_since(requires: Iterable[str]) -> Version | None:
    """Return the first release that has everything in `requires`; None when every known one has it."""
    offers = documented()
    known = [name for name in requires if name in STARTS or name in offers]
    found = [SINCE.get(name) if name in STARTS else offers.since(name) for name in known]
    return max((one for one in found if one is not None), default=None)
