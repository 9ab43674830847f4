"""The reference of all releases: it says what was recorded, and the pages of this repository are what it makes."""

from __future__ import annotations

import functools
from pathlib import Path

from mclite.replay.judge.answers import releases_of
from mclite.replay.report.releases import known
from mclite.replay.report.releases_reference import FAULTS, INDEX, Entry, entries, pages
from mclite.replay.scenario.versions import KNOWN_VERSIONS, parse_version

FOLDER = Path(__file__).parents[3] / "docs" / "releases"


@functools.cache
def all_entries() -> list[Entry]:
    return entries(known())


def test_the_pages_of_this_repository_are_up_to_date() -> None:
    made = pages(known())
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    stale = sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))
    assert not stale, "run: mclite releases --write docs/releases"


def entry_of(request: str) -> Entry:
    return next(entry for entry in all_entries() if entry.request == (request,))


def test_first_and_last_release_of_each_answer() -> None:
    entry = entry_of("incr key +1")
    assert [(who[0], who[-1], said) for who, said in entry.answers] == [
        (KNOWN_VERSIONS[0], parse_version("1.6.44"), ("6",)),
        (parse_version("1.6.45"), parse_version("1.6.45"), ("CLIENT_ERROR invalid numeric delta argument",)),
    ]
    assert entry.before == ("set key 0 0 1", "5")
    page = pages(known())["incr.md"]
    assert "| 1.4.15 to 1.6.44 | <code>6</code> |\n|  | 1.6.45 | <code>CLIENT&#95;ERROR invalid" in page


def test_what_follows_an_answer_that_differs_says_what_was_sent() -> None:
    entry = next(one for one in all_entries() if "deletion/arguments/time" in one.ids and one.command == "get")
    assert entry.before == ("set key 0 0 1", "a", "delete key 1")


def test_no_release_gives_two_answers_and_all_were_recorded() -> None:
    assert len(all_entries()) > 200
    for entry in all_entries():
        releases = [release for who, _ in entry.answers for release in who]
        assert len(set(releases)) == len(releases), entry
        assert len({said for _, said in entry.answers}) == len(entry.answers) > 1, entry
        recorded = {release for sample in known().samples[entry.ids[0]] for release in releases_of(sample)}
        assert set(releases) <= recorded, entry


def test_the_index_links_every_page_and_every_fault_is_listed() -> None:
    made = pages(known())
    assert all(f"]({name})" in made[INDEX] for name in made if name != INDEX)
    assert "| 1.6.45 | " in made[INDEX]
    for fault in known().faults.faults:
        assert not fault.link or fault.link in made[FAULTS]
    assert made[FAULTS].count("\n| ") == len(known().faults.faults) + 2


def test_what_only_some_releases_do_has_its_releases() -> None:
    made = pages(known())
    assert "| 1.6.0 to 1.6.9 | A count without v answered OK | meta&#95;arithmetic/experimental/ok |" in made["ma.md"]
    assert "meta&#95;delete/bad-requests/key-251" not in made["md.md"]  # as long as there is md
    assert "| [gat](gat.md) | 1.5.3 | " in made[INDEX]
