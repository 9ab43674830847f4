"""The options of `mclite serve`: memcached's own, on the command line or in a TOML file, and a few more.

The table is in `mclite/core/options.py`. An option that means nothing in Python is taken and noted, so that a script
that starts memcached can start mclite; an unknown one is refused.
"""

from __future__ import annotations

import getopt
from collections.abc import Callable, Sequence
from typing import Any, Literal

from mclite.core.options import EXTENDED, OPTIONS, Option, OptionError, assign, parse_value
from mclite.core.settings import Settings


class Parsed:
    """A parsed command line: settings, notes on options without effect, and what else to do."""

    daemonize: bool = False
    pid_file: str | None = None
    ready_file: str | None = None
    user: str | None = None
    show: Literal["", "help", "version", "license"] = ""
    as_memcached: bool = False

    def __init__(self) -> None:
        self.settings = Settings()
        self.notes: list[str] = []


def parse(arguments: Sequence[str]) -> Parsed:
    """Read the `arguments` after `mclite serve`; a file named by --config comes first. Raises OptionError."""
    letters = "hVidvu:P:o:" + "".join(row.letter + ":" * row.takes_value for row in OPTIONS if row.letter)
    names = ["help", "version", "daemon", "verbose", "user=", "pidfile=", "ready-file=", "extended=", "config="]
    names += ["as-memcached", "license"]
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
    settings = parsed.settings
    _check_together(settings, {flag for flag, _ in pairs})
    if listen:
        settings.listen = listen
    if settings.port == 0 and settings.unix_socket is None and not settings.udp_port:
        settings.port = -1  # a server that listens on nothing is of no use
    return parsed


def _check_together(settings: Settings, flags: set[str]) -> None:
    """Refuse what memcached refuses of options that do not go together. Raises OptionError."""
    if settings.hot_lru_pct + settings.warm_lru_pct > 80:
        raise OptionError("-o hot_lru_pct and -o warm_lru_pct are more than 80 together")
    if flags & {"-I", "--max-item-size"} and settings.max_bytes and settings.item_size_max > settings.max_bytes // 2:
        raise OptionError("-I is more than half of -m: one item of that size and its successor would not fit")


def _apply_other(parsed: Parsed, flag: str, value: str) -> None:
    match flag:
        case "-h" | "--help":
            parsed.show = "help"
        case "-V" | "--version":
            parsed.show = "version"
        case "-i" | "--license":
            parsed.show = "license"
        case "-d" | "--daemon":
            parsed.daemonize = True
        case "-v" | "--verbose":
            parsed.settings.verbosity += 1
        case "-u" | "--user":
            parsed.user = value
        case "-P" | "--pidfile":
            parsed.pid_file = value
        case "--ready-file":
            parsed.ready_file = value
        case "--as-memcached":
            parsed.as_memcached = True
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
    """Set what option `row`, given as `flag` with the text `value`, sets. Raises OptionError, naming `flag`."""
    if row.kind.startswith("nothing"):
        parsed.notes.append(f"{flag} has no effect in mclite")
        return
    if row.kind.startswith("refused"):
        raise OptionError(f"{flag}: {row.help}")
    if row.takes_value and value == "":
        raise OptionError(f"{flag} needs a value")
    if row.setting == "threads":
        parsed.notes.append(f"{flag} has no effect in mclite: it has one thread")
    if row.kind == "size" and "." in value:
        parsed.notes.append(f"{flag} {value} counts whole units only, as in memcached")
    assign(parsed.settings, row, parse_value(row, value, flag) if row.takes_value else True, flag, value)


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
        ("-v, --verbose", "say where it listens; -vv also each connection, request and answer, as memcached does"),
        ("-d, --daemon", "run in the background"),
        ("-P, --pidfile FILE", "write the process id to FILE"),
        ("--ready-file FILE", "write the addresses to FILE, one a line, once they are listened on"),
        ("-u, --user NAME", "become this user, when started as root"),
        ("--config FILE", "read options from a TOML file, by their long names; the command line wins"),
        ("--as-memcached", "begin -h and -V as memcached does; so does a link to mclite that is called memcached"),
        ("-h, --help   -V, --version   -i, --license", "say so, and end"),
        ("-o, --extended NAME[=VALUE],...", "one of:"),
    ):
        lines.append(format_row(flags, text))
    for row in EXTENDED:
        if not row.kind.startswith("nothing"):
            lines.append(format_row("    " + row.name + ("=VALUE" if row.takes_value else ""), row.help))
    lines.append(format_row("", "other -o options of memcached are taken and have no effect"))
    lines += ["", "  mclite serve -p 11311 -m 256", "  mclite serve -s /run/mclite.sock -a 770"]
    lines += ["  mclite serve -Z -o ssl_chain_cert=cert.pem,ssl_key=key.pem"]
    return "\n".join(lines)
