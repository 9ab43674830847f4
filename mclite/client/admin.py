"""The other commands: statistics, flush_all, limits, the LRU and its crawler (protocol.txt 984-1194, 1268-1869)."""

from __future__ import annotations

from typing import Literal
from urllib.parse import unquote_to_bytes

from mclite.client import arguments
from mclite.client.arguments import Key
from mclite.client.binding import command
from mclite.client.call import Call, call, nothing, said
from mclite.client.results import DumpedItem
from mclite.protocol.meta import decode_key
from mclite.protocol.reader import Line, Reply, Stat, Status


class AdminCommands:
    """Calls of the commands that concern the server, not one item."""

    @command
    def version(self) -> Call[str]:
        """Return the server's version."""
        return call(b"version", [], _text)

    @command
    def flush_all(self, delay: int = 0, *, noreply: bool = False) -> Call[None]:
        """Invalidate all items, now or in `delay` seconds."""
        return call(b"flush_all", [arguments.exptime(delay)] if delay else [], nothing, None, noreply)

    @command
    def verbosity(self, level: int, *, noreply: bool = False) -> Call[None]:
        """Set how much the server logs."""
        return call(b"verbosity", [arguments.unsigned32(level, "the level")], nothing, None, noreply)

    @command
    def cache_memlimit(self, megabytes: int, *, noreply: bool = False) -> Call[None]:
        """Set the memory limit. Raises RefusedError if it is too small."""
        return call(b"cache_memlimit", [arguments.unsigned32(megabytes, "the limit")], nothing, None, noreply)

    @command
    def authenticate(self, user: Key, password: Key) -> Call[bool]:
        """Log in, on a server that was started with -Y. Raises ClientError if it refuses (protocol.txt 186-202)."""
        pair = arguments.raw_key(user) + b" " + arguments.raw_key(password)
        return call(b"set", [b"auth", b"0", b"0", b"%d" % len(pair)], said(b"STORED"), pair)

    # Statistics.

    @command
    def stats(self, group: str = "") -> Call[dict[str, str]]:
        """Return statistics: the general ones, or a `group` (settings, items, slabs, sizes, conns)."""
        return call(b"stats", [arguments.token(word, "a group") for word in group.split()], _stats)

    @command
    def stats_reset(self) -> Call[None]:
        """Set the counters to 0."""
        return call(b"stats", [b"reset"], nothing)

    @command
    def stats_detail(self, switch: bool) -> Call[None]:
        """Begin or end counting by key prefix."""
        return call(b"stats", [b"detail", b"on" if switch else b"off"], nothing)

    @command
    def stats_detail_dump(self) -> Call[dict[str, dict[str, int]]]:
        """Return what was counted for each key prefix: get, hit, set, del."""
        return call(b"stats", [b"detail", b"dump"], _prefixes)

    # Slabs and the LRU.

    @command
    def slabs_reassign(self, source: int, dest: int) -> Call[None]:
        """Move a page of memory between slab classes. Raises RefusedError."""
        ids = [arguments.number(source, "a class", -1, 255), arguments.number(dest, "a class", 0, 255)]
        return call(b"slabs", [b"reassign", *ids], nothing)

    @command
    def slabs_automove(self, level: Literal[0, 1, 2]) -> Call[None]:
        """Let the server move pages by itself: 0 no, 1 yes, 2 aggressively."""
        return call(b"slabs", [b"automove", arguments.number(level, "the level", 0, 2)], nothing)

    @command
    def lru_tune(self, hot: int, warm: int, hot_factor: float, warm_factor: float) -> Call[None]:
        """Set the shares of the `hot` and `warm` LRU, per cent, and their age factors."""
        shares = [arguments.number(share, "a share", 0, 100) for share in (hot, warm)]
        factors = [b"%f" % float(factor) for factor in (hot_factor, warm_factor)]
        return call(b"lru", [b"tune", *shares, *factors], nothing)

    @command
    def lru_mode(self, mode: Literal["flat", "segmented"]) -> Call[None]:
        """Choose how the LRU works."""
        return call(b"lru", [b"mode", arguments.token(mode, "a mode")], nothing)

    @command
    def lru_temp_ttl(self, ttl: int) -> Call[None]:
        """Keep items that live shorter than `ttl` seconds apart; a negative `ttl` ends that."""
        return call(b"lru", [b"temp_ttl", arguments.exptime(ttl)], nothing)

    @command
    def lru_crawler(self, switch: bool) -> Call[None]:
        """Start or stop the LRU crawler. Raises RefusedError, also if it runs already."""
        return call(b"lru_crawler", [b"enable" if switch else b"disable"], nothing)

    @command
    def lru_crawler_sleep(self, microseconds: int) -> Call[None]:
        """Set how long the crawler sleeps between two items."""
        return call(b"lru_crawler", [b"sleep", arguments.unsigned32(microseconds, "the sleep")], nothing)

    @command
    def lru_crawler_tocrawl(self, most: int) -> Call[None]:
        """Set how many items of a class the crawler looks at in a run."""
        return call(b"lru_crawler", [b"tocrawl", arguments.unsigned32(most, "the number")], nothing)

    @command
    def lru_crawler_crawl(self, classes: str = "all") -> Call[None]:
        """Free expired items of slab `classes`: ids with commas, or all. Raises RefusedError."""
        return call(b"lru_crawler", [b"crawl", arguments.token(classes, "a list of classes")], nothing)

    @command
    def metadump(self, classes: str = "all") -> Call[list[DumpedItem]]:
        """List the items of slab `classes`: ids with commas, all, or hash."""
        return call(b"lru_crawler", [b"metadump", arguments.token(classes, "a list of classes")], _dumped)

    @command
    def mgdump(self, classes: str = "all") -> Call[list[bytes]]:
        """List the keys of slab `classes`: ids with commas, all, or hash."""
        return call(b"lru_crawler", [b"mgdump", arguments.token(classes, "a list of classes")], _keys)

    # Debug builds.

    @command
    def misbehave(self) -> Call[None]:
        """Check the security restrictions, on a debug build of memcached."""
        return call(b"misbehave", [], nothing)

    @command
    def debugtime(self, what: int | Literal["p", "r"]) -> Call[None]:
        """Stop the server's clock (p), let it run (r), or move it by seconds; needs `mclite serve --debug-clock`."""
        return call(b"debugtime", [what.encode() if isinstance(what, str) else arguments.exptime(what)], nothing)


class ClosingCommands:
    """Calls of the commands with which the connection ends: a pipeline has none of them."""

    @command
    def shutdown(self, *, graceful: bool = False) -> Call[None]:
        """Stop the server, if it was started with -A; the connection ends with it. Raises RefusedError."""
        return call(b"shutdown", [b"graceful"] * graceful, nothing)

    @command
    def quit(self) -> Call[None]:
        """Ask the server to close the connection, and wait until it has."""
        return call(b"quit", [], nothing)


def watching(streams: tuple[str, ...]) -> Call[None]:
    """Return the call that turns the connection into a log stream (protocol.txt 1198-1266)."""
    return call(b"watch", [arguments.token(stream, "a stream") for stream in streams], nothing)


def fields(line: bytes) -> dict[str, str]:
    """Read a line of key=value pairs; URI encoding is taken off."""
    pairs = (part.partition(b"=") for part in line.split())
    return {name.decode("utf-8", "replace"): unquote_to_bytes(value).decode("utf-8", "surrogateescape")
            for name, _, value in pairs}  # fmt: skip


def _text(replies: list[Reply]) -> str:
    reply = replies[0]
    return reply.text.decode("utf-8", "replace") if isinstance(reply, Status) else ""


def _stats(replies: list[Reply]) -> dict[str, str]:
    return {
        reply.name.decode("utf-8", "backslashreplace"): reply.value.decode("utf-8", "backslashreplace")
        for reply in replies
        if isinstance(reply, Stat)
    }


def _prefixes(replies: list[Reply]) -> dict[str, dict[str, int]]:
    result = {}
    for reply in replies:
        if isinstance(reply, Status) and reply.code == b"PREFIX":
            prefix, *counts = reply.text.decode("utf-8", "backslashreplace").rsplit(" ", 8)
            result[prefix] = {name: int(count) for name, count in zip(counts[::2], counts[1::2], strict=True)}
    return result


def _dumped(replies: list[Reply]) -> list[DumpedItem]:
    items = []
    for reply in replies:
        if isinstance(reply, Line):
            found = fields(reply.text)
            items.append(
                DumpedItem(
                    found["key"].encode("utf-8", "surrogateescape"),
                    int(found.get("exp", "-1")),
                    int(found.get("la", "0")),
                    int(found.get("cas", "0")),
                    found.get("fetch") == "yes",
                    int(found.get("size", "0")),
                    found,
                )
            )
    return items


def _keys(replies: list[Reply]) -> list[bytes]:
    keys = []
    for reply in replies:
        if isinstance(reply, Status) and reply.code == b"mg":
            binary = reply.text.endswith(b" b")
            keys.append((decode_key(reply.text[:-2]) if binary else None) or reply.text)
    return keys
