"""The table of the server's options: a row each, for the command line, a TOML file, and keyword arguments.

A row gives an option its letter, its long name, what its value is, and which field of `Settings` it sets.
"""

from __future__ import annotations

import math
import os
import re
from typing import Any, Final, Literal, NamedTuple, Protocol

from mclite.store.slabs import AUTOMOVE_WINDOW

Kind = Literal[
    "flag", "off", "integer", "size", "kilobytes", "megabytes", "text", "list", "octal", "float", "nothing", "nothing+",
    "refused", "refused+",
]  # fmt: skip

SIZE_UNITS: Final = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class OptionError(ValueError):
    """An option is unknown or has a bad value; the text names it."""


class Assignable(Protocol):
    """Settings whose fields the rows name."""

    listen: list[str]
    hashpower_init: int


class Option(NamedTuple):
    """One option: letter (may be empty), long name, kind of its value, the Settings field that it sets, help."""

    letter: str
    name: str
    kind: Kind
    setting: str
    help: str
    lowest: float = 0
    highest: float = 2**63

    @property
    def takes_value(self) -> bool:
        """Does a value follow it?"""
        return self.kind not in ("flag", "off", "nothing", "refused")

    @property
    def keyword(self) -> str:
        """The name as an argument of `Settings`."""
        return self.name.replace("-", "_")


OPTIONS: Final = (
    Option(
        "p",
        "port",
        "integer",
        "port",
        "TCP port (11211); 0 for none with -s or -U, else for any free one, as -1",
        -1,
        65535,
    ),
    Option("U", "udp-port", "integer", "udp_port", "UDP port (0: none, -1: any free one)", -1, 65535),
    Option(
        "l",
        "listen",
        "list",
        "listen",
        "addresses, with commas (127.0.0.1); * for all; proto[ascii]:ADDRESS",
    ),
    Option("s", "unix-socket", "text", "unix_socket", "path of a unix socket to listen on, instead of TCP"),
    Option("a", "unix-mask", "octal", "unix_mask", "access mask of the unix socket, octal (700)", 0, 0o777),
    Option("A", "enable-shutdown", "flag", "shutdown_command", "allow the shutdown command"),
    Option("c", "conn-limit", "integer", "max_connections", "connections at once (1024)", 1, 10_000_000),
    Option(
        "m", "memory-limit", "megabytes", "max_bytes", "megabytes that items may take (64); 0 for no limit", 0, 1 << 40
    ),
    Option("M", "disable-evictions", "off", "evict", "when the memory is full give an error, do not evict"),
    Option("I", "max-item-size", "size", "item_size_max", "largest item (1m); k and m are understood", 1024, 1 << 30),
    Option("f", "slab-growth-factor", "float", "factor", "growth of the slab classes (1.25)", 1.01, 1000),
    Option(
        "n", "slab-min-size", "integer", "chunk_size", "smallest space for key, flags and data, bytes (48)", 1, 1 << 20
    ),
    Option(
        "R", "max-reqs-per-event", "integer", "requests_per_event", "requests for a connection in one turn (1000)", 1
    ),
    Option("b", "listen-backlog", "integer", "backlog", "connections that may wait to be accepted (1024)", 1, 65535),
    Option(
        "D", "stat-key-prefix", "text", "detail_prefix", "delimiter of prefixes for stats detail (:), and turn it on"
    ),
    Option("F", "disable-flush-all", "off", "flush_enabled", "refuse flush_all"),
    Option("X", "disable-dumping", "off", "dump_enabled", "refuse stats cachedump and lru_crawler metadump"),
    Option("W", "disable-watch", "off", "watch_enabled", "refuse watch"),
    Option("Y", "auth-file", "text", "auth_file", "file of users, a line user:password each"),
    Option("Z", "enable-ssl", "flag", "tls", "TLS, with -o ssl_chain_cert=FILE,ssl_key=FILE"),
    Option("", "store", "text", "store", "where items live: memory, disk:DIR, or what a plug-in offers"),
    Option("", "sync", "text", "sync", "disk store: always, interval or off"),
    Option("", "debug-clock", "flag", "debug_clock", "offer debugtime, as memcached's debug build does"),
    Option("", "like", "text", "like", "answer as an older release, to try clients: memcached-1.6.6, or list"),
    Option("", "misbehave", "text", "misbehave", "answer as servers were seen to, to try clients: names, or list"),
    Option("", "loop", "text", "loop", "event loop: auto, asyncio or uvloop"),
    Option("t", "threads", "integer", "threads", "has no effect: mclite has one thread", 1, 1 << 16),
    Option("C", "disable-cas", "off", "cas_enabled", "give items no cas uniques"),
    Option("k", "lock-memory", "nothing", "", "has no effect"),
    Option("L", "enable-largepages", "nothing", "", "has no effect"),
    Option("r", "enable-coredumps", "nothing", "", "has no effect"),
    Option("B", "protocol", "text", "protocol", "auto: text or binary, by the first byte; ascii or binary: only that"),
    Option("N", "napi_ids", "integer", "napi_ids", "has no effect, and is shown: mclite has one thread", 1, 1 << 16),
    Option("S", "enable-sasl", "refused", "", "SASL is not offered: -Y FILE has users of the text protocol"),
    Option("e", "memory-file", "refused+", "", "a memory file is not offered: --store disk:DIR keeps items"),
)

EXTENDED: Final = (
    Option("", "maxconns_fast", "flag", "maxconns_fast", "refuse connections above -c with an error"),
    Option("", "no_maxconns_fast", "off", "maxconns_fast", "let connections above -c wait"),
    Option("", "idle_timeout", "integer", "idle_timeout", "close a connection idle for this many seconds", 0, 1 << 31),
    Option("", "track_sizes", "flag", "track_sizes", "keep the histogram of stats sizes"),
    Option("", "temporary_ttl", "integer", "temporary_ttl", "shown in stats settings, with temp_lru on"),
    Option("", "no_lru_maintainer", "off", "lru_maintainer", "free expired items only when something is stored"),
    Option("", "watcher_logbuf_size", "kilobytes", "watcher_logbuf_size", "lines for a slow watcher (256)", 1, 1 << 20),
    Option("", "hashpower", "integer", "hashpower", "shown in stats", 12, 32),
    Option("", "hash_algorithm", "text", "hash_algorithm", "shown in stats settings: jenkins, murmur3 or xxh3"),
    Option("", "no_slab_reassign", "off", "slab_reassign", "shown in stats settings"),
    Option("", "slab_automove", "integer", "slab_automove", "shown in stats settings, as all that follow", 0, 2),
    Option("", "no_slab_automove", "flag", "", "as slab_automove=0"),
    Option("", "slab_automove_ratio", "float", "slab_automove_ratio", "", 0),
    Option("", "slab_automove_window", "integer", "slab_automove_window", "", *AUTOMOVE_WINDOW),
    Option("", "slab_automove_freeratio", "float", "slab_automove_freeratio", "", 0),
    Option("", "lru_crawler_sleep", "integer", "lru_crawler_sleep", "", 0, 1_000_000),
    Option("", "lru_crawler_tocrawl", "integer", "lru_crawler_tocrawl", "", 0, (1 << 32) - 1),
    Option("", "hot_lru_pct", "integer", "hot_lru_pct", "", 2, 79),
    Option("", "warm_lru_pct", "integer", "warm_lru_pct", "", 2, 79),
    Option("", "hot_max_factor", "float", "hot_max_factor", "", 1e-9),
    Option("", "warm_max_factor", "float", "warm_max_factor", "", 1e-9),
    Option("", "tail_repair_time", "integer", "tail_repair_time", "", 10, (1 << 32) - 1),
    Option("", "read_buf_mem_limit", "megabytes", "read_buf_mem_limit", "", 0, 1 << 40),
    Option("", "worker_logbuf_size", "kilobytes", "worker_logbuf_size", "", 1, 1 << 20),
    Option("", "no_modern", "flag", "", "the defaults of memcached 1.4"),
    Option("", "ssl_chain_cert", "text", "ssl_chain_cert", "certificate chain file, PEM"),
    Option("", "ssl_key", "text", "ssl_key", "private key file, PEM"),
    Option("", "ssl_verify_mode", "integer", "ssl_verify_mode", "0 none, 1 request, 2 or 3 require one", 0, 3),
    Option("", "ssl_keyformat", "integer", "ssl_keyformat", "1 PEM", 1, 1),
    Option("", "ssl_ciphers", "text", "ssl_ciphers", "OpenSSL cipher list"),
    Option("", "ssl_ca_cert", "text", "ssl_ca_cert", "file of the authorities that client certificates may come from"),
    Option("", "ssl_min_version", "integer", "ssl_min_version", "0 TLS 1.0, 1 TLS 1.1, 2 TLS 1.2, 3 TLS 1.3", 0, 3),
    Option("", "no_lru_crawler", "off", "lru_crawler", "start with the LRU crawler off"),
    *(
        Option("", name, "nothing", "", "has no effect")
        for name in (
            "modern", "lru_maintainer", "lru_crawler", "slab_reassign", "no_chunked_items", "ext_drop_unread",
            "no_hashexpand", "drop_privileges", "no_drop_privileges", "resp_obj_mem_limit",
            "no_inline_ascii_resp", "inline_ascii_resp", "ssl_session_cache", "ssl_kernel_tls",
        )
    ),
    *(
        Option("", name, "nothing+", "", "has no effect")
        for name in (
            "slab_chunk_max", "slab_sizes", "sock_cookie_id", "ssl_wbuf_size", "ext_path", "ext_page_size",
            "ext_wbuf_size", "ext_threads", "ext_item_size", "ext_item_age", "ext_low_ttl", "ext_recache_rate",
            "ext_compact_under", "ext_drop_under", "ext_max_frag", "ext_max_sleep",
        )
    ),
)  # fmt: skip

_CHOICES: Final = {
    "protocol": ("auto", "ascii", "binary"),
    "hash_algorithm": ("jenkins", "murmur3", "xxh3"),
    "loop": ("auto", "asyncio", "uvloop"),
    "sync": ("always", "interval", "off"),
}


_ALSO: Final[dict[str, dict[str, bool | int | str]]] = {
    "temporary_ttl": {"temp_lru": True},
    "stat-key-prefix": {"detail_enabled": True},
    "no_lru_maintainer": {"lru_segmented": False},
    "no_slab_automove": {"slab_automove": 0},
    "no_modern": {
        "maxconns_fast": False, "slab_reassign": False, "slab_automove": 0, "lru_crawler": False,
        "hash_algorithm": "jenkins", "lru_maintainer": False, "lru_segmented": False,
    },
}  # fmt: skip
"""What else an option sets."""


def parse_value(row: Option, text: str, flag: str) -> str | float:
    """Read the `text` given to option `row`, written as `flag`. Raises OptionError if it is not a number as asked."""
    if row.kind == "text":
        return text
    digits, unit = text.strip(), 1
    if row.kind == "size" and digits[-1:].lower() in SIZE_UNITS:
        digits, unit = digits[:-1], SIZE_UNITS[digits[-1:].lower()]
        digits = re.sub(r"(?<=[0-9])\.[0-9]*$", "", digits)  # memcached reads 1.5m as 1m
    try:
        return float(digits) if row.kind == "float" else int(digits, 8 if row.kind == "octal" else 10) * unit
    except ValueError:
        raise OptionError(f"{flag} takes a number, not {text!r}") from None


def assign(settings: Assignable, row: Option, value: bool | str | float, flag: str, text: str | None = None) -> None:
    """Set what option `row` sets to `value`, in the option's own unit; `text` is how it was written, if otherwise.

    Raises OptionError, naming the option as `flag`.
    """
    if row.kind == "off":
        value = not value
    elif row.kind == "text":
        if row.name in _CHOICES and value not in _CHOICES[row.name]:
            raise OptionError(f"{flag} takes one of {', '.join(_CHOICES[row.name])}, not {value!r}")
    elif row.takes_value:
        assert not isinstance(value, str)
        if not math.isfinite(value) or not row.lowest <= value <= row.highest:
            raise OptionError(f"{flag} {value if text is None else text} is out of range")
        if row.kind == "megabytes":
            value = int(value * (1 << 20))
        if row.kind == "kilobytes":
            value = int(value) << 10
    if row.setting == "hashpower":
        settings.hashpower_init = int(value)
    for name, other in _ALSO.get(row.name, {}).items():
        setattr(settings, name, other)
    if row.setting:
        setattr(settings, row.setting, value)


def assign_keywords(settings: Assignable, given: dict[str, Any]) -> None:
    """Set what the keyword arguments `given` say.

    Raises TypeError for an unknown name, with the nearest known one, or a value of the wrong type; OptionError, a
    ValueError, for one out of range.
    """
    rows = {row.keyword: row for row in (*OPTIONS, *EXTENDED)}
    for name, value in given.items():
        row = rows.get(name)
        if row is None:
            raise TypeError(f"there is no option {name!r}{_nearest(name, rows)}")
        if row.kind.startswith(("nothing", "refused")):
            raise TypeError(f"the option {name} has no effect in mclite")
        if row.kind == "list":
            settings.listen = [value] if isinstance(value, str) else list(value)
        else:
            assign(settings, row, _checked(row, value), name)


def _nearest(name: str, rows: dict[str, Option]) -> str:
    """Say which option may be meant by `name`: one of nearly that name, or the one that sets the field so called."""
    from difflib import get_close_matches  # here, since it is for mistakes only

    useful = [row.keyword for row in rows.values() if row.setting]
    near = [row.keyword for row in rows.values() if row.setting == name] or get_close_matches(name, useful, 1)
    return f"; did you mean {near[0]!r}?" if near else "; `mclite serve --help` lists them"


def _checked(row: Option, value: Any) -> bool | str | float:
    """Return the keyword's `value` if it is of the type that option `row` takes. Raises TypeError."""
    if not row.takes_value:
        if isinstance(value, bool):
            return value
        wanted = "True or False"
    elif row.kind == "text":
        if isinstance(value, str | os.PathLike):
            return os.fspath(value)
        wanted = "text"
    else:
        if row.kind == "size" and isinstance(value, str):
            return parse_value(row, value, row.keyword)
        real = isinstance(value, float) and row.kind in ("float", "megabytes")
        if real or (isinstance(value, int) and not isinstance(value, bool)):
            return float(value) if row.kind == "float" else value
        wanted = "a number"
    raise TypeError(f"the option {row.keyword} takes {wanted}, not {value!r}")
