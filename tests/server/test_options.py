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
        ("-B binary", "protocol", "binary"),
        ("-W", "watch_enabled", False),
        ("-U -1", "udp_port", -1),
        ("-I 1.5m", "item_size_max", 1 << 20),
        ("-m 128 -I 64m", "item_size_max", 64 << 20),
        ("-N 2", "napi_ids", 2),
        ("-o hash_algorithm=jenkins", "hash_algorithm", "jenkins"),
        ("-o hashpower=20", "hashpower_init", 20),
        ("-o no_slab_reassign", "slab_reassign", False),
        ("-o slab_automove=2", "slab_automove", 2),
        ("-o no_slab_automove", "slab_automove", 0),
        ("-o slab_automove_ratio=0.5", "slab_automove_ratio", 0.5),
        ("-o slab_automove_window=20", "slab_automove_window", 20),
        ("-o slab_automove_freeratio=0.05", "slab_automove_freeratio", 0.05),
        ("-o hot_lru_pct=30", "hot_lru_pct", 30),
        ("-o warm_max_factor=3", "warm_max_factor", 3.0),
        ("-o lru_crawler_sleep=200", "lru_crawler_sleep", 200),
        ("-o read_buf_mem_limit=10", "read_buf_mem_limit", 10 << 20),
        ("-o watcher_logbuf_size=100", "watcher_logbuf_size", 100 << 10),
        ("-o worker_logbuf_size=100", "worker_logbuf_size", 100 << 10),
        ("-o tail_repair_time=60", "tail_repair_time", 60),
        ("-o no_lru_maintainer", "lru_segmented", False),
        ("-o no_modern", "maxconns_fast", False),
        ("-o no_modern", "hash_algorithm", "jenkins"),
        ("-o no_modern", "lru_crawler", False),
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
    assert parse(["-i"]).show == parse(["--license"]).show == "license"


@pytest.mark.parametrize(
    ("arguments", "notes"),
    [
        ("-k", ["-k has no effect in mclite"]),
        ("-L -r", ["-L has no effect in mclite", "-r has no effect in mclite"]),

        ("-t 4", ["-t has no effect in mclite: it has one thread"]),
        ("-o modern", ["-o modern has no effect in mclite"]),
        ("-o sock_cookie_id=5,no_hashexpand",
         ["-o sock_cookie_id has no effect in mclite", "-o no_hashexpand has no effect in mclite"]),
        ("-o ext_path=/x:64m,slab_sizes=100-200,no_chunked_items",
         [f"-o {name} has no effect in mclite" for name in ("ext_path", "slab_sizes", "no_chunked_items")]),
        ("-I 1.5m", ["-I 1.5m counts whole units only, as in memcached"]),
        ("-o hash_algorithm=murmur3,slab_automove=2", []),
    ],
)  # fmt: skip
def test_what_has_no_effect_is_noted(arguments: str, notes: list[str]) -> None:
    assert parse(arguments.split()).notes == notes


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("-q", "option -q not recognized"),
        ("-S", "-S: SASL is not offered: -Y FILE has users of the text protocol"),
        ("-e /tmp/x", "-e: a memory file is not offered: --store disk:DIR keeps items"),
        ("-N x", "-N takes a number, not 'x'"),
        ("-I 33m", "-I is more than half of -m: one item of that size and its successor would not fit"),
        ("-I 100m -m 64", "-I is more than half of -m: one item of that size and its successor would not fit"),
        ("-B foo", "-B takes one of auto, ascii, binary, not 'foo'"),
        ("-o hash_algorithm=foo", "-o hash_algorithm takes one of jenkins, murmur3, xxh3, not 'foo'"),
        ("-o slab_automove=3", "-o slab_automove 3 is out of range"),
        ("-o slab_automove_window=2", "-o slab_automove_window 2 is out of range"),
        ("-o hot_lru_pct=80", "-o hot_lru_pct 80 is out of range"),
        ("-o hot_lru_pct=50,warm_lru_pct=40", "-o hot_lru_pct and -o warm_lru_pct are more than 80 together"),
        ("-o warm_max_factor=0", "-o warm_max_factor 0 is out of range"),
        ("-o lru_crawler_sleep=1000001", "-o lru_crawler_sleep 1000001 is out of range"),
        ("-o tail_repair_time=9", "-o tail_repair_time 9 is out of range"),
        ("-o ext_foo=1", "unknown option -o ext_foo"),
        ("-o read_buf_mem_limit", "-o read_buf_mem_limit needs a value"),
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
        if row.kind.startswith("refused"):
            continue
        value = {
            "loop": '"auto"',
            "sync": '"off"',
            "protocol": '"auto"',
            "hashpower": "16",
            "hash_algorithm": '"murmur3"',
            "hot_lru_pct": "30",
            "warm_lru_pct": "30",
            "slab_automove_window": "10",
            "tail_repair_time": "60",
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
