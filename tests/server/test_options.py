"""The options of `mclite serve`: each sets what it says, from the command line or a file; mistakes are named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mclite.core.options import EXTENDED, OPTIONS, SIZE_UNITS, OptionError
from mclite.server.options import parse, usage


@pytest.mark.parametrize(
    ("arguments", "setting", "value"),
    [
        ("-p 11299", "port", 11299),
        ("-p0", "port", -1),
        ("-p0 -U 5", "port", 0),
        ("-p0 -s /tmp/socket", "port", 0),
        ("--port=-1", "port", -1),
        ("--port 5", "port", 5),
        ("-U 11299", "udp_port", 11299),
        ("-l ::1", "listen", ["::1"]),
        ("-l 127.0.0.1:5,[::1]:6 -l *", "listen", ["127.0.0.1:5", "[::1]:6", "*"]),
        ("-s /tmp/socket", "unix_socket", "/tmp/socket"),
        ("-a 0777", "unix_mask", 0o777),
        ("-A", "shutdown_command", True),
        ("-c 12", "max_connections", 12),
        ("-m 100", "max_bytes", 100 << 20),
        ("-m 0", "max_bytes", 0),
        ("-M", "evict", False),
        ("-I 2048", "item_size_max", 2048),
        ("-I 512k", "item_size_max", 512 << 10),
        ("-I 4M", "item_size_max", 4 << 20),
        ("-f 1.5", "factor", 1.5),
        ("-n 96", "chunk_size", 96),
        ("-R 50", "requests_per_event", 50),
        ("-b 2048", "backlog", 2048),
        ("-D /", "detail_prefix", "/"),
        ("-D /", "detail_enabled", True),
        ("-F", "flush_enabled", False),
        ("-X", "dump_enabled", False),
        ("-C", "cas_enabled", False),
        ("-Y /users", "auth_file", "/users"),
        ("-Z", "tls", True),
        ("-v", "verbosity", 1),
        ("-vvv", "verbosity", 3),
        ("--verbose -v", "verbosity", 2),
        ("-t 8", "threads", 8),
        ("--store disk:/x", "store", "disk:/x"),
        ("--sync off", "sync", "off"),
        ("--debug-clock", "debug_clock", True),
        ("-B ascii", "protocol", "ascii"),
        ("-B auto", "protocol", "auto"),
        ("--loop asyncio", "loop", "asyncio"),
        ("-o maxconns_fast", "maxconns_fast", True),
        ("-o no_maxconns_fast", "maxconns_fast", False),
        ("-o idle_timeout=60", "idle_timeout", 60),
        ("-o track_sizes,idle_timeout=5", "idle_timeout", 5),
        ("-o track_sizes,idle_timeout=5", "track_sizes", True),
        ("-o temporary_ttl=30", "temporary_ttl", 30),
        ("-o temporary_ttl=30", "temp_lru", True),
        ("-o no_lru_maintainer", "lru_maintainer", False),
        ("-o no_lru_crawler", "lru_crawler", False),
        ("-o ssl_chain_cert=/c,ssl_key=/k", "ssl_key", "/k"),
        ("-o ssl_verify_mode=2", "ssl_verify_mode", 2),
        ("-o ssl_min_version=3", "ssl_min_version", 3),
        ("--extended=hashpower=20", "hashpower", 20),
        ("-p 5 -p 6", "port", 6),
    ],
)
def test_what_an_option_sets(arguments: str, setting: str, value: object) -> None:
    assert getattr(parse(arguments.split()).settings, setting) == value


def test_what_is_not_a_setting() -> None:
    parsed = parse(["-d", "-u", "nobody", "-P", "/run/pid"])
    assert (parsed.daemonize, parsed.user, parsed.pid_file, parsed.show) == (True, "nobody", "/run/pid", "")
    assert parse([]).notes == []
    assert parse(["-h"]).show == parse(["--help"]).show == "help"
    assert parse(["-V"]).show == parse(["--version"]).show == "version"


@pytest.mark.parametrize(
    ("arguments", "notes"),
    [
        ("-k", ["-k has no effect in mclite"]),
        ("-L -r", ["-L has no effect in mclite", "-r has no effect in mclite"]),

        ("-t 4", ["-t has no effect in mclite: it has one thread"]),
        ("-o modern", ["-o modern has no effect in mclite"]),
        ("-o hash_algorithm=murmur3,no_hashexpand",
         ["-o hash_algorithm has no effect in mclite", "-o no_hashexpand has no effect in mclite"]),
    ],
)  # fmt: skip
def test_what_has_no_effect_is_noted(arguments: str, notes: list[str]) -> None:
    assert parse(arguments.split()).notes == notes


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("-W", "option -W not recognized"),
        ("--wrong", "option --wrong not recognized"),
        ("-p", "option -p requires argument"),
        ("-p x", "-p takes a number, not 'x'"),
        ("-p 65536", "-p 65536 is out of range"),
        ("-p -2", "-p -2 is out of range"),
        ("-c 0", "-c 0 is out of range"),
        ("-m -1", "-m -1 is out of range"),
        ("-I 1023", "-I 1023 is out of range"),
        ("-I 1x", "-I takes a number, not '1x'"),
        ("-I 2g", "-I 2g is out of range"),
        ("-f 1", "-f 1 is out of range"),
        ("-f nan", "-f nan is out of range"),
        ("-a 888", "-a takes a number, not '888'"),
        ("-a 1777", "-a 1777 is out of range"),
        ("-R 0", "-R 0 is out of range"),
        ("--loop twisted", "--loop takes one of auto, asyncio, uvloop, not 'twisted'"),
        ("--sync never", "--sync takes one of always, interval, off, not 'never'"),
        ("-B binary", "-B takes one of auto, ascii, not 'binary'"),
        ("-o wrong", "unknown option -o wrong"),
        ("-o idle_timeout", "-o idle_timeout needs a value"),
        ("-o idle_timeout=x", "-o idle_timeout takes a number, not 'x'"),
        ("-o ssl_verify_mode=4", "-o ssl_verify_mode 4 is out of range"),
        ("extra", "unexpected argument 'extra'"),
        ("--config", "option --config requires argument"),
    ],
)
def test_a_mistake_is_named(arguments: str, says: str) -> None:
    with pytest.raises(OptionError, match=re.escape(says)):
        parse(arguments.split())


def test_an_empty_value() -> None:
    with pytest.raises(OptionError, match="-s needs a value"):
        parse(["-s", ""])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a file of options goes."""
    return tmp_path / "mclite.toml"


def test_a_file(file: Path) -> None:
    file.write_text(
        """
        port = 11300
        listen = ["127.0.0.1", "::1"]
        memory-limit = 100
        max_item_size = "2m"
        disable-evictions = true
        enable-shutdown = false
        unix-mask = 0o770
        slab-growth-factor = 1.5
        idle_timeout = 30
        maxconns_fast = true
        verbose = 2
        """
    )
    settings = parse(["--config", str(file)]).settings
    assert (settings.port, settings.listen, settings.max_bytes) == (11300, ["127.0.0.1", "::1"], 100 << 20)
    assert (settings.item_size_max, settings.evict, settings.shutdown_command) == (2 << 20, False, False)
    assert (settings.unix_mask, settings.factor, settings.idle_timeout) == (0o770, 1.5, 30)
    assert (settings.maxconns_fast, settings.verbosity) == (True, 2)


def test_the_command_line_wins(file: Path) -> None:
    file.write_text('port = 1\nlisten = "::1"\nidle_timeout = 5\n')
    settings = parse(["-p", "2", "--config", str(file), "-l", "127.0.0.1", "-o", "idle_timeout=7"]).settings
    assert (settings.port, settings.listen, settings.idle_timeout) == (2, ["127.0.0.1"], 7)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prot = 5", "unknown key 'prot'"),
        ("port = true", "port takes a single value, not True"),
        ("port = [1]", "port takes a single value, not [1]"),
        ('port = "x"', "port takes a number, not 'x'"),
        ("port = 70000", "port 70000 is out of range"),
        ("listen = 5", "listen takes an address or a list of them, not 5"),
        ("listen = [5]", "listen takes an address or a list of them, not [5]"),
        ('disable-evictions = "yes"', "disable-evictions takes true or false, not 'yes'"),
        ("port = ", "Invalid value"),
        ("[serve]\nport = 1", "unknown key 'serve'"),
    ],
)
def test_a_mistake_in_a_file_is_named(text: str, says: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(OptionError, match=re.escape(says)) as error:
        parse(["--config", str(file)])
    assert str(file) in str(error.value)


def test_a_file_that_cannot_be_read(file: Path) -> None:
    with pytest.raises(OptionError, match=r"cannot read .*: No such file or directory"):
        parse(["--config", str(file)])
    file.write_bytes(b"\xff")
    with pytest.raises(OptionError, match="utf-8"):
        parse(["--config", str(file)])


def test_every_option_can_stand_in_a_file(file: Path) -> None:
    values = {"flag": "true", "off": "true", "nothing": "true", "list": '"::1"', "text": '"x"', "float": "1.5"}
    for row in (*OPTIONS, *EXTENDED):
        value = {
            "loop": '"auto"',
            "sync": '"off"',
            "protocol": '"auto"',
            "hashpower": "16",
            "max-item-size": '"1m"',
        }.get(row.name)
        file.write_text(f"{row.name} = {value or values.get(row.kind, '1')}")
        parse(["--config", str(file)])


def test_the_help_names_every_option() -> None:
    text = usage()
    for row in OPTIONS:
        assert f"--{row.name}" in text
        assert not row.letter or f"-{row.letter}, --{row.name}" in text
    for row in EXTENDED:
        assert not row.setting or re.search(rf"^ +{row.name}\b", text, re.MULTILINE)
    assert max(map(len, text.split("\n"))) <= 120


def test_letters_and_names_are_there_once() -> None:
    letters = [row.letter for row in OPTIONS if row.letter] + list("hVdvuPo")
    assert len(letters) == len(set(letters))
    names = [row.name for row in (*OPTIONS, *EXTENDED)]
    assert len(names) == len(set(names))
    assert SIZE_UNITS["k"] == 1024
