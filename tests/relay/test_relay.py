"""Faults before a real memcached, one at a time: a short run is red, and says in its first lines why."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from spoiled import runs
from spoiled.relay import Request, Value, cut, values
from spoiled.reported import FAULTS

from mclite.replay.judge.verdicts import MATCHED
from mclite.replay.results.document import Results
from mclite.replay.scenario.lint import scenario_files
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import Scenario, load

pytestmark = pytest.mark.memcached


@pytest.fixture(scope="module")
def backend() -> Iterator[int]:
    program = runs.find()
    if program is None:
        pytest.skip("needs memcached: apt-get install memcached, or MCLITE_TEST_MEMCACHED=/path/to/it")
    with runs.memcached(program) as port:
        yield port


def chosen(prefixes: str) -> list[Scenario]:
    """Return the scenarios whose ids begin with one of these words."""
    root = default_root()
    found = []
    for path in scenario_files(root):
        name = path.relative_to(root).with_suffix("").as_posix()
        if name.startswith(tuple(prefixes.split())) or any(one.startswith(f"{name}/") for one in prefixes.split()):
            found += [one for one in load(path, root) if one.id.startswith(tuple(prefixes.split()))]
    return found


@pytest.fixture(scope="module")
def sound(backend: int) -> Results:
    """The results of all that is played here, behind a relay without a fault."""
    everything = " ".join(fault.scenarios for fault in FAULTS.values())
    with runs.relay(backend, None) as port:
        return runs.short(port, chosen(everything))


def test_a_relay_without_a_fault_is_not_seen(sound: Results) -> None:
    assert [made.id for made in sound.scenarios if made.fails("observed")] == []
    assert sum(made.verdict in MATCHED for made in sound.scenarios) > 200


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_named(name: str, backend: int, sound: Results) -> None:
    fault = FAULTS[name]
    with runs.relay(backend, fault) as port:
        said = runs.said(runs.short(port, chosen(fault.scenarios), sound.scenarios))
    assert said.red
    assert said.by_must, "an observed difference alone lets a run of another server pass"
    assert said.names(fault), "\n".join([*said.terminal, *said.markdown])


def test_there_are_enough_faults() -> None:
    assert len(FAULTS) >= 60
    assert all(chosen(fault.scenarios) for fault in FAULTS.values())


def test_requests_are_cut_where_they_end() -> None:
    requests, rest = cut(b"set k 0 0 3\r\na\nb\r\nget k\r\nms k 1\r\nx")
    assert [(one.line, one.data) for one in requests] == [(b"set k 0 0 3", b"a\nb"), (b"get k", None)]
    assert rest == b"ms k 1\r\nx"


def test_a_data_block_of_another_length_is_left_alone() -> None:
    assert cut(b"set k 0 0 3\r\nabcd\r\n") == ([], b"set k 0 0 3\r\nabcd\r\n")


def test_values_are_taken_apart_and_put_together() -> None:
    answer = b"VALUE k 5 4\r\n\r\nEN\r\nVALUE l 0 1 77\r\nx\r\nEND\r\n"
    found, rest = values(answer)
    assert [(value.key, value.flags, value.data, value.cas) for value in found] == [
        (b"k", b"5", b"\r\nEN", None),
        (b"l", b"0", b"x", b"77"),
    ]
    assert b"".join(value.raw for value in found) + rest == answer
    assert Value(b"k", b"0", b"ab", None, announced=3).raw == b"VALUE k 0 3\r\nab\r\n"


def test_words_of_a_request_change_places() -> None:
    request = Request(b"cas k 0 0 1 7", b"x")
    assert request.but(verb=b"set", w5=b"8").raw == b"set k 0 0 1 8\r\nx\r\n"
    assert Request(b"gat 5 a b").keys == [b"a", b"b"]
