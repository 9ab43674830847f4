"""Shards: how they are written, how scenarios are dealt to them, and which of them are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from mclite.replay.results.shard import Shard, ShardError, cost, deal, gaps, parse
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import load

HEAD = 'section = "Retrieval command:"\nlevel = "must"\nlines = ["293-302"]\n'


@pytest.mark.parametrize("text", ["1/1", "2/3", "999/999"])
def test_a_shard_is_read_and_written_alike(text: str) -> None:
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "2", "0/3", "4/3", "1/0", "-1/3", "1,2/3", "1/3/5", " 1/3", "1/1000", "١/٢", "1/3\n"]
)
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ShardError, match="is no shard: 2/3 is the second of three"):
        parse(text)


def test_merged_shards_have_several_numbers() -> None:
    assert parse("1,3/3", several=True) == Shard((1, 3), 3)
    assert Shard((1, 3), 3).slug == "shard-1-3-of-3"
    with pytest.raises(ShardError):
        parse("1,4/3", several=True)


def test_each_id_is_dealt_once_and_the_same_whatever_the_order() -> None:
    costs = {f"a/{number}": 1 + number % 7 / 10 for number in range(100)}
    dealt = deal(costs, 7)
    assert dealt.keys() == costs.keys()
    assert set(dealt.values()) == set(range(1, 8))
    assert deal(dict(reversed(costs.items())), 7) == dealt


def test_a_part_may_be_empty() -> None:
    assert deal({"a": 1.0}, 3) == {"a": 1}


def test_the_parts_of_the_suite_take_about_the_same_time() -> None:
    root = default_root()
    costs = {one.id: cost(one) for path in root.glob("[vwi]*/*.toml") for one in load(path, root)}
    assert len(costs) > 100
    dealt = deal(costs, 4)
    loads = [sum(costs[name] for name, part in dealt.items() if part == number) for number in range(1, 5)]
    assert max(loads) - min(loads) <= max(costs.values())


def test_a_wait_costs_and_more_so_on_a_server_that_it_needs_alone(tmp_path: Path) -> None:
    talks = {"plain": "> get {key}\n< END\n", "waits": "> get {key}\nwait 5\n< END\n"}
    text = "".join(
        f"[[scenario]]\nid = \"{name}\"\ntitle = \"{name}\"\ntalk = '''\n{talk}'''\n" for name, talk in talks.items()
    )
    text += f"[[scenario]]\nid = \"alone\"\ntitle = \"alone\"\nscope = \"server\"\ntalk = '''\n{talks['waits']}'''\n"
    text += (
        f"[[scenario]]\nid = \"fresh\"\ntitle = \"fresh\"\nrequires = [\"fresh\"]\ntalk = '''\n{talks['plain']}'''\n"
    )
    (tmp_path / "chapter").mkdir()
    path = tmp_path / "chapter" / "file.toml"
    path.write_text(HEAD + text, "utf-8")
    costs = {one.slug: cost(one) for one in load(path, tmp_path)}
    assert costs["plain"] < costs["fresh"] < costs["waits"] < costs["alone"]


@pytest.mark.parametrize(
    ("texts", "left", "said"),
    [
        ([None, None], None, []),
        (["1/2", "2/2"], None, []),
        (["2/2", "1/2", None], None, []),
        (["1/3", "3/3"], "1,3/3", ["Shard 2/3 is missing."]),
        (["1,3/3", "2/3"], None, []),
        (["1/2", "1/2"], "1/2", ["Shard 2/2 is missing.", "Shard 1/2 is there 2 times."]),
        (["1/2", "2/2", "1,2/2"], None, ["Shard 1/2 is there 2 times.", "Shard 2/2 is there 2 times."]),
    ],
)
def test_what_is_missing_and_what_is_there_twice_is_told(
    texts: list[str | None], left: str | None, said: list[str]
) -> None:
    shard, missing, doubled = gaps(texts)
    assert (str(shard) if shard else None, [*missing, *doubled]) == (left, said)


@pytest.mark.parametrize("texts", [["1/2", "2/3"], ["x"], ["3/2"]])
def test_shards_that_do_not_belong_together_are_refused(texts: list[str | None]) -> None:
    with pytest.raises(ShardError):
        gaps(texts)
