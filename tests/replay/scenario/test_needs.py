from __future__ import annotations

import pytest

from mclite.replay.scenario.needs import needs, requests, since
from mclite.replay.scenario.versions import parse_version

NEW, OLD = parse_version("1.6.45"), parse_version("1.6.9")


@pytest.mark.parametrize(
    ("talk", "wanted"),
    [
        ("> get {key}\n< END", {"get"}),
        ("> set {key} 0 0 3\n> get\n< STORED", {"set"}),  # the data block is no command
        (r"> set {key} 0 0 1\r\n1\r\nincr {key} 1", {"set", "incr"}),
        (r"> {gat 0 {key}\r\n*50}", {"gat"}),
        (">. inc\n>. r {key} 1\n> ", {"incr"}),
        ("B> touch {key} 1\n> se\nB> mn", {"touch", "mn"}),
        (r"> \x20\x20get {key}", {"get"}),
        ("> bogus\n< ERROR", set()),
        ("# > get {key}\n> stats items\n<* STAT {:rest}\n< END", {"stats", "stats-items"}),
        ("> shutdown", set()),  # nobody can ask for it without harm
    ],
)
def test_what_a_talk_needs(talk: str, wanted: set[str]) -> None:
    assert needs(talk, NEW) == wanted


def test_guarded_lines_count_for_their_releases() -> None:
    talk = "> get {key}\n< END\n>[1.6.40..] mn\n<[1.6.40..] MN"
    assert needs(talk, NEW) == {"get", "mn"}
    assert needs(talk, OLD) == {"get"}
    assert needs(talk) == {"get"}


def test_the_release_that_has_all_of_it() -> None:
    assert since("> get {key}\n> touch {key} 1") is None
    assert since("> gat 0 {key}") == parse_version("1.5.3")
    assert since("> gat 0 {key}\n> lru_crawler mgdump all") == parse_version("1.6.19")


def test_a_refused_storage_command_has_its_data_block_all_the_same() -> None:
    assert list(requests("> set {key} 0 abc 1\n> x\n> delete {key}")) == ["set {key} 0 abc 1", "delete {key}"]
