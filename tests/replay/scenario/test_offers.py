from __future__ import annotations

from pathlib import Path

import pytest

from mclite.replay.scenario.harmless import objection_to
from mclite.replay.scenario.offers import Declared, DeclaredError, Offers, OffersError, documented, read
from mclite.replay.scenario.sections import SECTIONS
from mclite.replay.scenario.versions import parse_version

ONE = '[[offer]]\nname = "incr"\nlines = ["354-397"]\nask = "incr {key} 1"\noffered = "NOT_FOUND"\n'


def table(tmp_path: Path, text: str) -> Offers:
    path = tmp_path / "offers.toml"
    path.write_text(text)
    return read(path)


def test_the_table_holds_every_documented_command() -> None:
    found = documented()
    commands = {name for name, one in found.entries.items() if one.kind == "command"}
    assert len(commands) == 31
    assert {"get", "prepend", "gats", "decr", "me", "quit", "cache_memlimit", "shutdown", "watch"} <= commands
    assert {name for name in found.entries if name.startswith("stats-")} == {
        *("stats-settings", "stats-items", "stats-sizes", "stats-slabs", "stats-conns")
    }
    lines = [line for one in found.entries.values() for line in one.lines]
    assert all(any(first <= int(line.split("-")[0]) <= last for first, last in SECTIONS.values()) for line in lines)


def test_each_asks_with_a_key_of_its_own() -> None:
    found = documented()
    incr = found.entries["incr"]
    assert incr.request(b"m00000_probe") == b"incr m00000_probe_incr 1\r\n"
    assert found.entries["set"].request(b"k") == b"set k_set 0 60 1\r\n1\r\n"
    assert found.entries["shutdown"].request(b"k") is None
    keyed = [one.request(b"m00000") for one in found.entries.values() if one.ask is not None and b"{key}" in one.ask]
    assert all(request is not None and objection_to(request, b"m00000") is None for request in keyed)


def test_an_answer_shows_that_it_is_offered() -> None:
    entries = documented().entries
    for name, answer in (
        ("incr", b"NOT_FOUND\r\n"),
        ("gets", b"VALUE k 0 1 12\r\n"),
        ("lru", b"ERROR hot and warm\r\n"),
    ):
        offered = entries[name].offered
        assert offered is not None
        assert offered.match(answer)
        assert not offered.match(b"ERROR\r\n")
    refused = entries["flush_all"].refused
    assert refused is not None
    assert refused.match(b"CLIENT_ERROR flush_all not allowed\r\n")


def test_names_stand_for_members() -> None:
    found = documented()
    assert found.members("meta") == ("mg", "ms", "md", "ma", "mn", "me")
    assert found.members("flush") == ("flush_all",)
    assert found.members("incr") == ("incr",)
    assert found.all_members(["gat", "touch"]) == {"gat", "gats", "touch"}
    assert found.shortened(["gat", "mg", "gats", "touch"]) == ["gat", "mg", "touch"]
    assert found.since("meta") == parse_version("1.6.0")
    assert found.since("stats") is None
    with pytest.raises(DeclaredError, match=r"'incrr' is none of add, append, .*incr, .*verbosity"):
        found.members("incrr")


def test_what_is_declared() -> None:
    found = documented()
    assert found.declared() == Declared()
    assert found.declared(["incr", "gat"]).lacks == {"incr", "gat", "gats"}
    classic = found.declared(["decr"], ["mg"], "classic")
    assert classic.lacks >= {"ms", "decr", "watch", "stats-items"}
    assert not classic.lacks & {"get", "incr", "mg", "stats"}
    assert found.declared(profile="full") == Declared(profile="full")
    assert found.profile("meta").offers > found.profile("classic").offers
    with pytest.raises(DeclaredError, match="mg: declared absent, and required"):
        found.declared(["meta"], ["mg"])
    with pytest.raises(DeclaredError, match="'x' is none of classic, meta, full"):
        found.declared(profile="x")


def test_what_requests_need() -> None:
    found = documented()
    assert found.needs(["stats items", "{get {key}", "bogus", "lru_crawler mgdump all"]) == {
        *("stats", "stats-items", "get", "lru_crawler", "lru-crawler-mgdump")
    }
    assert found.needs(["getx {key}", "statsx", ""]) == set()
    assert found.needs([r"get\x20", r"gat{\x20*1000}{key}", r"\x20\x20mn\x20", r"stats\x20\x20items"]) >= {
        "get",
        "gat",
        "mn",
        "stats-items",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = ", "cannot be read"),
        ("x = 1", "unknown key 'x'"),
        ("offer = [1]", r"\[\[offer\]\] 1 must be a table"),
        (ONE + "often = true", "unknown key 'often'"),
        (ONE.replace('"incr {key} 1"', "1"), "ask must be a str"),
        (ONE.replace('name = "incr"', 'name = ""'), "the name is missing"),
        (ONE.replace('offered = "NOT_FOUND"', ""), "not how a server answers that has it"),
        (ONE.replace("NOT_FOUND", "("), "unterminated subpattern"),
        (ONE + 'since = "x"', "'x' is not a version"),
        (ONE + 'kind = "verb"', "kind is command or option"),
        (ONE + ONE, "has incr twice"),
        (ONE + '[groups]\na = ["decr"]', r"\[groups\] a: there is no \[\[offer\]\] 'decr'"),
        (ONE + "[groups]\na = []", r"\[groups\] a must be a list of names"),
        (ONE + '[profiles.a]\noffers = ["incr"]', r"\[profiles.a\] has title and offers"),
        (ONE + '[profiles.a]\ntitle = "t"\nlike = "b"\noffers = ["incr"]', "like must name a profile before it"),
    ],
)
def test_what_is_wrong_in_a_table_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(OffersError, match=problem):
        table(tmp_path, text)


def test_an_option_is_sent_by_the_words_that_ask_for_it(tmp_path: Path) -> None:
    option = '[[offer]]\nname = "x"\nkind = "option"\nlines = ["1"]\nask = "stats x"\noffered = "STAT"\n'
    assert table(tmp_path, option).entries["x"].sends == "stats x"
    assert table(tmp_path, option + 'sends = "stats y"').needs(["stats y z"]) == {"x"}
