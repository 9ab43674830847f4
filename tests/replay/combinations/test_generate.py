"""The committed files are what the tables and the model make."""

from __future__ import annotations

import pytest

from mclite.replay.combinations.generate import CHAPTER, Made, scenario, toml
from mclite.replay.combinations.table import Table
from mclite.replay.combinations.tables import MG, MS, STORAGE, TABLES
from mclite.replay.scenario.root import default_root

PLAIN = {dimension.name: next(iter(dimension.values)) for dimension in MG.dimensions}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_committed_file_is_what_is_made(table: Table) -> None:
    path = default_root() / CHAPTER / f"{table.name}.toml"
    assert path.read_text(encoding="utf-8") == toml(table), "mclite suite combinations --write"


def test_no_other_file_is_there() -> None:
    names = {path.stem for path in (default_root() / CHAPTER).iterdir()}
    assert names == {table.name for table in TABLES}


def made(**values: str) -> Made:
    return scenario(MG, {**PLAIN, **values})


def test_a_scenario_shows_the_state_the_request_and_the_item() -> None:
    one = made(state="stale", v="v", q="q", C="right", delivery="followed")
    assert one.talk == [
        "# before",
        "> set {key} 5 300 2",
        "> 10",
        "< STORED",
        "> md {key} I",
        "< HD",
        "> gets {key}",
        "< VALUE {key} 5 2 {cas2:uint}",
        "< 10",
        "< END",
        "# the request",
        "> mg {key} C{cas2} q v",
        "> mn",
        "< HD X W",
        "< MN",
        "# what is there now",
        "> mg {key} c f s t v",
        "< VA 2 c{cas2} f5 s2 t{:292..300} Z X",
        "< 10",
    ]
    assert one.title == "mg C=right q v of a stale item, not alone answers HD X W"
    assert one.slug == "stale-v-q-cas-right-followed"
    assert (one.level, one.since, one.requires) == ("must", "1.6.40", ["meta", "cas"])
    assert one.lines == ["497-501", "555", "551", "545"]


def test_what_the_document_does_not_say_is_observed() -> None:
    assert made(state="item").level == "must"
    assert made(state="item", ask="hit").level == "observed"


def test_a_classic_request_is_about_old_releases() -> None:
    row = {dimension.name: next(iter(dimension.values)) for dimension in STORAGE[0].dimensions}
    one = scenario(STORAGE[0], {**row, "command": "cas", "unique": "other", "noreply": "noreply"})
    assert "> cas {key} 0 0 2 {cas1+1000000} noreply" in one.talk
    assert (one.since, one.requires) == ("1.4.15", ["cas"])


def test_a_block_too_large_for_one_piece() -> None:
    row = {dimension.name: next(iter(dimension.values)) for dimension in MS.dimensions}
    assert "> ms {key} 600002" in scenario(MS, {**row, "data": "large"}).talk
