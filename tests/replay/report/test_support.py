"""The support table: who speaks for what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from made_results import make, offer, record, typed

from mclite.replay.judge.record import Record
from mclite.replay.report import support
from mclite.replay.scenario.offers import documented
from mclite.replay.target.capabilities import Capability


def scenario(**fields: Any) -> Record:
    about = {"title": "An item is stored", "commands": ("get", "set")} | fields
    return record(about.pop("id", "storage/set/plain"), **about)


def cell_of(name: str, *scenarios: Record, absent: tuple[str, ...] = ()) -> support.Cell:
    numbered = tuple(replace(one, id=f"{one.id}-{number}") for number, one in enumerate(scenarios))
    run = typed(make(size=0))
    lacking = {need: Capability(False, "") for need in absent}
    run = replace(run, scenarios=numbered, target=replace(run.target, capabilities=lacking))
    return {row.name: cells[0] for row, cells in support.table([run])}[name]


def test_a_helper_command_is_not_blamed() -> None:
    incr = {"id": "arithmetic/incr/wrap", "section": "Increment/Decrement", "commands": ["incr", "set"]}
    assert support.subjects(scenario(**incr, title="A number wraps")) == ["incr"]
    assert support.subjects(scenario(**incr, title="incr after set wraps")) == ["incr"]
    both = incr | {"commands": ["decr", "incr", "set"]}
    assert support.subjects(scenario(**both | {"id": "a/b/c"}, title="It goes up and down")) == ["decr", "incr"]


def test_outside_the_sections_of_commands_the_title_decides() -> None:
    keys = {"id": "keys/length/long", "section": "Keys", "chapter": "keys", "commands": ["get", "set"]}
    assert support.subjects(scenario(**keys, title="get with a long key is refused")) == ["get"]
    assert support.subjects(scenario(**keys, title="A long key is refused")) == ["get", "set"]


def test_the_words_of_a_command_with_arguments_count_once() -> None:
    stats = {"id": "stats/a/b", "section": "Item statistics", "chapter": "stats", "commands": ["stats items", "stats"]}
    assert support.subjects(scenario(**stats, title="Groups")) == ["stats"]


def test_states() -> None:
    good, bad = scenario(), scenario(verdict="fail")
    assert cell_of("set", good, good).text == "supported"
    assert cell_of("set", good, good, bad).text == "partly (2 of 3)"
    assert cell_of("set", bad, bad).text == "not supported"
    assert cell_of("set", scenario(verdict="skipped")).text == "not tested"
    assert cell_of("set", scenario(verdict="skipped")).detail == "1 not run"
    assert cell_of("set", good, bad, scenario(verdict="blocked")).detail == "1 of 2 pass, 1 not run"


def test_what_a_server_lacks_beside_a_command_does_not_count_against_it() -> None:
    auth = scenario(verdict="unsupported", requires=["auth"], chapter="auth", section="Authentication")
    assert cell_of("set", scenario(), auth, absent=("auth",)).text == "supported"
    assert cell_of("auth", scenario(), auth, absent=("auth",)).text == "not tested"  # nobody could try it
    assert cell_of("set", auth, absent=("auth",)).text == "not tested"


def test_a_command_that_is_not_offered_is_not_supported_and_what_passes_beside_it_is_no_sign() -> None:
    meta = scenario(
        id="meta/get", title="A hit", section="Meta Get", chapter="meta_get", commands=["mg"], verdict="unsupported",
        requires=["meta"],
    )  # fmt: skip
    assert cell_of("mg", meta, absent=("mg",)).text == "not supported"
    assert cell_of("mg", meta, absent=("mg",)).detail == "1 needs what the server lacks"
    assert cell_of("mg", replace(meta, requires=("meta", "small-items"))).text == "not tested"


def test_what_memcached_only_happens_to_do_speaks_where_nothing_else_does() -> None:
    differs = scenario(level="observed", verdict="differs")
    assert cell_of("set", scenario(), differs).text == "supported"
    assert cell_of("set", scenario(level="observed", verdict="same"), differs).text == "partly (1 of 2)"


def test_chapters_and_requirements_become_one_feature() -> None:
    rows = support.rows(
        [
            scenario(
                id="a", chapter="stats_items", section="Item statistics", commands=["stats"], requires=["stats-items"]
            ),
            scenario(id="b", chapter="wire", section="Protocol"),
            scenario(id="c", chapter="meta_get", section="Meta Get", commands=["mg"], requires=["meta", "small-items"]),
            scenario(id="d", chapter="unix_socket", requires=["unix"]),
        ]
    )
    features = {row.name: (row.label, row.ids) for row in rows if row.kind == "feature"}
    assert features == {
        "stats-items": ("statistics: items", ("a",)),
        "wire": ("fragments and pipelining", ("b",)),
        "unix": ("unix socket", ("d",)),
    }


def test_commands_come_in_the_order_of_the_document_and_words_that_are_none_do_not() -> None:
    rows = support.rows([scenario(commands=["zap", "mg", "get", "set"], section="Protocol", title="zap mg get set")])
    assert [(row.name, row.group) for row in rows] == [
        ("set", "Storage"),
        ("get", "Retrieval"),
        ("mg", "Meta commands"),
    ]


def test_what_a_target_does_not_offer_counts_and_how_it_was_started_does_not() -> None:
    results = make(size=220, lacks=("auth", "udp", "meta"))
    results["offers"] = [offer("incr", "declared"), offer("watch", "not-tried"), offer("touch", "answers")]
    texts = {row.name: cells[0].text for row, cells in support.table([typed(results)])}
    assert (texts["mg"], texts["incr"]) == ("not supported", "not supported")
    assert (texts["auth"], texts["udp"]) == ("not tested", "not tested")
    assert texts["touch"] == "supported"


def test_no_row_is_about_a_command_that_nobody_documents() -> None:
    assert set(support._GROUP_OF) == {name for name, one in documented().entries.items() if one.kind == "command"}
