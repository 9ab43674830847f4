from __future__ import annotations

import pytest

from mclite.replay.scenario import harmless
from mclite.replay.scenario.lint import load_all
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import parse

PREFIX = b"m12345"
KEY = "m12345_0001"
HEAD = 'section = "Deletion"\nlevel = "must"\nlines = ["335-337"]\n[[scenario]]\nid = "one"\ntitle = "One"\n'


@pytest.mark.parametrize(
    "line",
    [
        "",
        "version",
        "VERSION",
        "mn",
        "quit now",
        "stats",
        "STATS",
        "stats settings",
        f"set {KEY} 0 0 1",
        f"SET {KEY} x y z noreply",
        f"ms {KEY} S2 T0",
        "set",
        f"get {KEY} {KEY}x",
        f"get {KEY}\t{KEY}",
        f"gat 100 {KEY}",
        "gat 100",
        "mg bTEyMzQ1XzAwMDE= b v",  # the base64 of the key
        f"mg /route/{KEY} v",
        f"mget {KEY}",
        f"app {KEY} 0 0 1",
        f"gatz 0 {KEY}",
        "12345",
        "xxxxxxxxxx",
        "hello",
        "\x01\x02",
    ],
)
def test_allowed(line: str) -> None:
    assert harmless.objection_to(line.encode("latin-1"), PREFIX) is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("flush_all", "holds `flush`"),
        ("FLUSH_ALL noreply", "holds `flush`"),
        ("flush_allx 0", "holds `flush`"),
        ("hello flush_all", "holds `flush`"),  # where a server lost its step
        ("\x00flush_all", "holds `flush`"),
        ("5 shutdown", "holds `shutdown`"),
        ("verbosity", "holds `verbosity`"),  # without an argument 1.4 takes it for 0
        ("cache_memlimit 1", "holds `memlimit`"),
        ("slabs reassign 1 1", "holds `slabs`"),
        ("lru tune 1 1 1 1", "holds `lru`"),
        ("lru_crawler metadump all", "holds `lru`"),
        ("watch", "holds `watch`"),
        ("debugtime r", "holds `debugtime`"),
        ("stats reset", "is none of the statistics"),
        ("stats cachedump 1 0", "is none of the statistics"),
        ("stats detail on", "is none of the statistics"),
        ("stats sizes", "is none of the statistics"),  # 1.4 keeps all clients waiting meanwhile
        ("stats conns", "is none of the statistics"),  # the addresses of other clients
        ("stats mclite", "is none of the statistics"),
        ("get precious", "names a key"),
        (f"get {KEY} precious", "names a key"),
        (f"get {KEY}\x00precious", "names a key"),
        ("gat 0 precious", "names a key"),
        ("delete precious", "names a key"),
        ("set 0 0 1", "names a key"),  # where the key was forgotten
        ("incr precious 1", "names a key"),
        ("mg cHJlY2lvdXM= b v", "names a key"),
        (f"get {'a' * 65}{KEY}", "names a key"),  # cut off it would be another's
        ("GET / HTTP/1.1", "names a key"),
        ("keys *", "begins with `keys`"),
        ("FLUSHDB", "holds `flush`"),
        ("config get cluster", "holds `config`"),
        ("drop everything", "begins with `drop`"),
        ("\x80\x08", "could be a request of the binary protocol"),
    ],
)
def test_refused(line: str, why: str) -> None:
    for data in (line, f"set {KEY} 0 0 99\r\n{line}\r\n", f"hello\n{line}\r"):
        found = harmless.objection_to(data.encode("latin-1"), PREFIX)
        assert found is not None
        assert why in found


def objection(talk: str, more: str = "") -> str | None:
    return harmless.objection(parse(f"{HEAD}{more}talk = '''\n{talk}\n'''\n", "a.toml")[0])


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        ("> set {key} 0 0 5\n> hello\n< STORED", None),
        ("> get {key:250}\n< END", None),
        ("> mg {key|base64} b v\n< EN", None),
        ("> gets {key}\n< VALUE {key} 0 1 {cas:uint}\n< 1\n< END\n> cas {key} 0 0 1 {cas}\n> 2\n< STORED", None),
        (">. flu\n> sh_all\n< OK", "`flush_all`"),  # in two pieces of one write
        (">. flu\nwait 0\n> sh_all\n< OK", "`flu`"),
        (">. set {key} 0 0 9\\r\\n\nwait 0\n>. flush_all\n< STORED", "`flush_all`"),  # where a write is read alone
        ("> set {key} 0 0 9\n> flush_all\n< STORED", "`flush_all`"),  # a data block
        ("> version\n< VERSION {v:rest}\n> get {v}\n< END", "names a key"),  # what the server says is no key of ours
        ("> mn\n< {keya:word}\n> get {keya}\n< END", "names a key"),
        ("> version\n<[..1.6.10] X\n<[1.6.11..] Y\n>[1.5.2] flush_all\n<[1.5.2] OK", "`flush_all`"),
        ("B> mn\nB< MN\nB close\nB> flush_all\nB< OK", "`flush_all`"),
    ],
)
def test_scenarios(talk: str, found: str | None) -> None:
    said = objection(talk)
    assert said is None if found is None else said is not None and found in said


def test_a_release_that_the_scenario_is_not_about_does_not_count() -> None:
    assert objection("> version\n< X\n>[..1.5.2] flush_all\n<[..1.5.2] OK", 'since = "1.6.0"\n') is None


def test_the_header_of_a_datagram_is_no_line() -> None:
    talk = r">. \x66\x6c\0\0\0\x01\0\0version\r\n" + "\nwait 0.1"
    assert objection(talk, 'transport = "udp-raw"\nrequires = ["udp"]\n') is None
    assert objection(talk) is not None


def test_the_words_are_used() -> None:
    scenarios, _ = load_all(default_root())
    told = "\n".join(scenario.talk.source.lower() for scenario in scenarios)
    joined = told.replace("\n> ", "")  # a data block and what follows it
    assert [word for word in sorted(harmless.WORDS) if word not in told and word not in joined] == []
