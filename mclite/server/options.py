"""The options of `mclite serve`: memcached's own, on the command line or in a TOML file, and a few more.

The table gives each option its letter, its long name, and what it sets. An option that means nothing in Python is
taken and noted, so that a script that starts memcached can start mclite; an unknown one is refused.
"""

from __future__ import annotations

import getopt
import math
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, NamedTuple

from mclite.core.settings import Settings

Kind = Literal["flag", "off", "integer", "size", "megabytes", "text", "list", "octal", "float", "nothing", "nothing+"]

SIZE_UNITS: Final = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class OptionError(ValueError):
    """An option is unknown or has a bad value; the text names it."""


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
        return self.kind not in ("flag", "off", "nothing")


OPTIONS: Final = (
    Option("p", "port", "integer", "port", "TCP port (11211); 0 for none, -1 for any free one", -1, 65535),
    Option("U", "udp-port", "integer", "udp_port", "UDP port (0: none)", 0, 65535),
    Option("l", "listen", "list", "listen", "addresses to listen on (127.0.0.1); * for all; several by comma or by -l"),
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
    Option("Y", "auth-file", "text", "auth_file", "file of users, a line user:password each"),
    Option("Z", "enable-ssl", "flag", "tls", "TLS, with -o ssl_chain_cert=FILE,ssl_key=FILE"),
    Option("", "store", "text", "store", "where items live: memory, disk:DIR, or what a plug-in offers"),
    Option("", "sync", "text", "sync", "disk store: always, interval or off"),
    Option("", "debug-clock", "flag", "debug_clock", "offer debugtime, as memcached's debug build does"),
    Option("", "loop", "text", "loop", "event loop: auto, asyncio or uvloop"),
    Option("t", "threads", "integer", "threads", "has no effect: mclite has one thread", 1, 1 << 16),
    Option("C", "disable-cas", "off", "cas_enabled", "give items no cas uniques"),
    Option("k", "lock-memory", "nothing", "", "has no effect"),
    Option("L", "enable-largepages", "nothing", "", "has no effect"),
    Option("r", "enable-coredumps", "nothing", "", "has no effect"),
    Option("B", "protocol", "text", "protocol", "auto: text or binary, by the first byte; ascii: text only"),
)

EXTENDED: Final = (
    Option("", "maxconns_fast", "flag", "maxconns_fast", "refuse connections above -c with an error"),
    Option("", "no_maxconns_fast", "off", "maxconns_fast", "let connections above -c wait"),
    Option("", "idle_timeout", "integer", "idle_timeout", "close a connection idle for so many seconds", 0, 1 << 31),
    Option("", "track_sizes", "flag", "track_sizes", "keep the histogram of stats sizes"),
    Option("", "temporary_ttl", "integer", "temporary_ttl", "shown in stats settings, with temp_lru on"),
    Option("", "no_lru_maintainer", "off", "lru_maintainer", "free expired items only when something is stored"),
    Option("", "hashpower", "integer", "hashpower", "shown in stats", 12, 32),
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
            "modern", "no_modern", "lru_maintainer", "lru_crawler", "slab_reassign",
            "no_slab_reassign", "no_hashexpand", "drop_privileges", "no_drop_privileges", "resp_obj_mem_limit",
            "no_inline_ascii_resp", "inline_ascii_resp", "ssl_session_cache",
        )
    ),
    *(
        Option("", name, "nothing+", "", "has no effect")
        for name in (
            "slab_automove", "slab_automove_ratio", "slab_automove_window", "slab_chunk_max", "hash_algorithm",
            "tail_repair_time", "lru_crawler_sleep", "lru_crawler_tocrawl", "hot_lru_pct", "warm_lru_pct",
            "hot_max_factor", "warm_max_factor", "read_buf_mem_limit", "worker_logbuf_size", "watcher_logbuf_size",
            "ssl_wbuf_size", "slab_automove_freeratio",
        )
    ),
)  # fmt: skip


class Parsed:
    """What the command line came to: settings, the notes on options without effect, and what to do besides."""

    daemonize: bool = False
    pid_file: str | None = None
    user: str | None = None
    show: Literal["", "help", "version"] = ""

    def __init__(self) -> None:
        self.settings = Settings()
        self.notes: list[str] = []


def parse(arguments: Sequence[str]) -> Parsed:
    """Read the ARGUMENTS after `mclite serve`; a file named by --config comes first. Raises OptionError."""
    letters = "hVdvu:P:o:" + "".join(row.letter + ":" * row.takes_value for row in OPTIONS if row.letter)
    names = ["help", "version", "daemon", "verbose", "user=", "pidfile=", "extended=", "config="]
    names += [row.name + "=" * row.takes_value for row in OPTIONS]
    try:
        pairs, rest = getopt.getopt(list(arguments), letters, names)
    except getopt.GetoptError as error:
        raise OptionError(str(error)) from None
    if rest:
        raise OptionError(f"unexpected argument {rest[0]!r}")
    parsed = Parsed()
    for flag, value in pairs:
        if flag == "--config":
            _read_file(parsed, value)
    by_flag = {f"-{row.letter}": row for row in OPTIONS if row.letter} | {f"--{row.name}": row for row in OPTIONS}
    listen: list[str] = []
    for flag, value in pairs:
        row = by_flag.get(flag)
        if row is not None and row.kind == "list":
            listen += [part for part in value.split(",") if part]
        elif row is not None:
            apply(parsed, row, value, flag)
        else:
            _apply_other(parsed, flag, value)
    if listen:
        parsed.settings.listen = listen
    return parsed


def _apply_other(parsed: Parsed, flag: str, value: str) -> None:
    match flag:
        case "-h" | "--help":
            parsed.show = "help"
        case "-V" | "--version":
            parsed.show = "version"
        case "-d" | "--daemon":
            parsed.daemonize = True
        case "-v" | "--verbose":
            parsed.settings.verbosity += 1
        case "-u" | "--user":
            parsed.user = value
        case "-P" | "--pidfile":
            parsed.pid_file = value
        case "-o" | "--extended":
            for part in value.split(","):
                name, equals, text = part.strip().partition("=")
                if name:
                    apply(parsed, _extended(name), text if equals else "", f"-o {name}")


def _extended(name: str) -> Option:
    for row in EXTENDED:
        if row.name == name:
            return row
    raise OptionError(f"unknown option -o {name}")


def apply(parsed: Parsed, row: Option, value: str, flag: str) -> None:
    """Set what option ROW, given as FLAG with the text VALUE, sets. Raises OptionError, naming FLAG."""
    settings = parsed.settings
    if row.kind.startswith("nothing"):
        parsed.notes.append(f"{flag} has no effect in mclite")
        return
    if row.takes_value and value == "":
        raise OptionError(f"{flag} needs a value")
    result: object
    if row.kind in ("flag", "off"):
        result = row.kind == "flag"
    elif row.kind == "text":
        result = value
    else:
        result = _number(row, value, flag)
    if row.setting == "threads":
        parsed.notes.append(f"{flag} has no effect in mclite: it has one thread")
    if row.setting == "temporary_ttl":
        settings.temp_lru = True
    if row.setting == "detail_prefix":
        settings.detail_enabled = True
    if row.name in _CHOICES and value not in _CHOICES[row.name]:
        raise OptionError(f"{flag} takes one of {', '.join(_CHOICES[row.name])}, not {value!r}")
    setattr(settings, row.setting, result)


_CHOICES: Final = {
    "protocol": ("auto", "ascii"),
    "loop": ("auto", "asyncio", "uvloop"),
    "sync": ("always", "interval", "off"),
}


def _number(row: Option, value: str, flag: str) -> float:
    text, unit = value.strip(), 1
    if row.kind == "size" and text[-1:].lower() in SIZE_UNITS:
        text, unit = text[:-1], SIZE_UNITS[text[-1:].lower()]
    number: float
    try:
        number = float(text) if row.kind == "float" else int(text, 8 if row.kind == "octal" else 10) * unit
    except ValueError:
        raise OptionError(f"{flag} takes a number, not {value!r}") from None
    if not math.isfinite(number) or not row.lowest <= number <= row.highest:
        raise OptionError(f"{flag} {value} is out of range")
    return number << 20 if row.kind == "megabytes" and isinstance(number, int) else number


def _read_file(parsed: Parsed, path: str) -> None:
    """Read a TOML file of options by their long names. Raises OptionError, naming the file and the key."""
    import tomllib  # here, since a server starts sooner without them
    from pathlib import Path

    try:
        table = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise OptionError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{path}: {error}") from None
    rows = {row.name: row for row in (*EXTENDED, *OPTIONS)}
    for key, value in table.items():
        row = rows.get(key) or rows.get(key.replace("_", "-"))
        if key == "verbose" and isinstance(value, int):
            parsed.settings.verbosity = int(value)
        elif row is None:
            raise OptionError(f"{path}: unknown key {key!r}")
        else:
            _apply_from_file(parsed, row, value, f"{path}: {key}")


def _apply_from_file(parsed: Parsed, row: Option, value: Any, where: str) -> None:
    if row.kind == "list":
        addresses = [value] if isinstance(value, str) else value
        if not isinstance(addresses, list) or not all(isinstance(one, str) for one in addresses):
            raise OptionError(f"{where} takes an address or a list of them, not {value!r}")
        parsed.settings.listen = addresses
    elif not row.takes_value:
        if not isinstance(value, bool):
            raise OptionError(f"{where} takes true or false, not {value!r}")
        if value:
            apply(parsed, row, "", where)
    elif isinstance(value, bool) or not isinstance(value, str | int | float):
        raise OptionError(f"{where} takes a single value, not {value!r}")
    else:
        text = f"{value:o}" if row.kind == "octal" and isinstance(value, int) else str(value)
        apply(parsed, row, text, where)


def usage() -> str:
    """Return the text of --help."""
    lines = ["usage: mclite serve [options]", ""]
    format_row: Callable[[str, str], str] = lambda left, right: f"  {left:<32}{right}"  # noqa: E731
    for row in OPTIONS:
        flags = ", ".join(filter(None, (f"-{row.letter}" if row.letter else "", f"--{row.name}")))
        lines.append(format_row(flags + (" VALUE" if row.takes_value else ""), row.help))
    for flags, text in (
        ("-v, --verbose", "say more; -vv also each connection"),
        ("-d, --daemon", "run in the background"),
        ("-P, --pidfile FILE", "write the process id to FILE"),
        ("-u, --user NAME", "become this user, when started as root"),
        ("--config FILE", "read options from a TOML file, by their long names; the command line wins"),
        ("-h, --help   -V, --version", "say so, and end"),
        ("-o, --extended NAME[=VALUE],...", "one of:"),
    ):
        lines.append(format_row(flags, text))
    for row in EXTENDED:
        if row.setting:
            lines.append(format_row("    " + row.name + ("=VALUE" if row.takes_value else ""), row.help))
    lines.append(format_row("", "other -o options of memcached are taken and have no effect"))
    return "\n".join(lines)
