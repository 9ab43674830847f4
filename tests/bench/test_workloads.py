"""The table of workloads: what is sent is what protocol.txt says, what is expected fits it."""

from __future__ import annotations

import re

import pytest

from mclite.bench import workloads
from mclite.bench.workloads import MEASURES, WORKLOADS
from mclite.protocol.commands import COMMANDS

KEY = b"bench:00003:00000"
DATA = b"bench:00003:00000=0123456789abcd"


@pytest.mark.parametrize(
    ("name", "request_bytes", "reply"),
    [
        ("get", b"get %s\r\n" % KEY, b"VALUE %s 0 32\r\n%s\r\nEND\r\n" % (KEY, DATA)),
        ("gets", b"gets %s\r\n" % KEY, b"VALUE %s 0 32\r\n%s\r\nEND\r\n" % (KEY, DATA)),
        ("set", b"set %s 0 0 32\r\n%s\r\n" % (KEY, DATA), b"STORED\r\n"),
        ("delete", b"delete %s\r\n" % KEY, b"DELETED\r\n"),
        ("touch", b"touch %s 0\r\n" % KEY, b"TOUCHED\r\n"),
        ("mg", b"mg %s v\r\n" % KEY, b"VA 32\r\n%s\r\n" % DATA),
        ("ms", b"ms %s 32\r\n%s\r\n" % (KEY, DATA), b"HD\r\n"),
        ("incr", b"incr bench:counter:00003 1\r\n", b""),
    ],
)
def test_first_step(name: str, request_bytes: bytes, reply: bytes) -> None:
    step = workloads.steps(WORKLOADS[name], 3)[0]
    assert (step.request, step.reply) == (request_bytes, reply)


@pytest.mark.parametrize("verb", workloads.VERBS)
def test_pipelined_steps_hold_the_same_requests_fifty_at_a_time(verb: str) -> None:
    alone = workloads.steps(WORKLOADS[verb], 0)
    together = workloads.steps(WORKLOADS[f"{verb}-pipelined"], 0)
    if WORKLOADS[verb].counts:
        alone *= 50
    assert b"".join(step.request for step in together) == b"".join(step.request for step in alone)
    assert b"".join(step.reply for step in together) == b"".join(step.reply for step in alone)
    assert {step.request.count(b"%s " % verb.encode()) for step in together} == {50}


def test_get_of_100_keys() -> None:
    steps = workloads.steps(WORKLOADS["get-100-keys"], 0)
    assert {len(step.request.split()) for step in steps} == {101}
    assert {step.reply.count(b"VALUE ") for step in steps} == {100}
    assert all(step.reply.endswith(b"\r\nEND\r\n") for step in steps)


@pytest.mark.parametrize("name", ["get-100kb", "set-100kb"])
def test_large_data_blocks_are_large(name: str) -> None:
    step = workloads.steps(WORKLOADS[name], 1)[0]
    assert max(len(step.request), len(step.reply)) > 100_000


def test_every_key_has_a_data_block_of_its_own() -> None:
    keys = [key for number in range(3) for key in workloads.keys_of(WORKLOADS["get"], number)]
    assert len({workloads.value_for(key, 32) for key in keys}) == len(set(keys)) == 600


@pytest.mark.parametrize("name", WORKLOADS)
def test_setup_stores_exactly_the_keys_that_are_asked_for(name: str) -> None:
    workload = WORKLOADS[name]
    asked = b"".join(step.request for step in workloads.steps(workload, 0))
    stored = b"".join(step.request for step in workloads.setup(workload, 0))
    keys = workloads.keys_of(workload, 0)
    for key in keys:
        assert b" %s" % key in asked or workload.verb == "mixed"  # which draws its keys
        assert b"set %s 0 0 " % key in stored
    assert set(re.findall(rb"(?<= )bench:[0-9a-z:]+", asked)) <= set(keys)


def test_large_items_are_stored_by_the_first_connection_only() -> None:
    assert workloads.setup(WORKLOADS["get-100kb"], 0)
    assert not workloads.setup(WORKLOADS["get-100kb"], 1)


def test_select_keeps_the_order_of_the_table() -> None:
    assert workloads.select(["memory", "set", "get"]) == ["get", "set", "memory"]


def test_select_of_nothing_is_everything() -> None:
    assert workloads.select([]) == [*WORKLOADS, *MEASURES]


def test_select_takes_patterns() -> None:
    assert workloads.select(["*-pipelined"]) == [f"{verb}-pipelined" for verb in workloads.VERBS]


def test_select_of_an_unknown_name() -> None:
    with pytest.raises(ValueError, match="no workload is called 'getz'"):
        workloads.select(["get", "getz"])


@pytest.mark.parametrize(("gets", "sets"), [(9, 0.1), (1, 0.5)])
@pytest.mark.parametrize("depth", [1, 10, 50])
def test_mixed_requests(gets: int, sets: float, depth: int) -> None:
    workload = WORKLOADS[f"mixed-{gets}to1" + (f"-{depth}" if depth > 1 else "")]
    steps = workloads.steps(workload, 3)
    lines = [line.split() for step in steps for line in step.request.split(b"\r\n") if line[:4] in (b"get ", b"set ")]
    assert len(lines) == depth * len(steps) == workloads.MIXED_REQUESTS
    assert sum(line[0] == b"set" for line in lines) / len(lines) == pytest.approx(sets, abs=0.05)
    assert len({line[1] for line in lines}) > 0.9 * workloads.KEYS_A_CONNECTION
    for step in steps:
        gets_in, sets_in = step.request.count(b"get "), step.request.count(b"set ")
        assert (step.reply.count(b"VALUE "), step.reply.count(b"STORED\r\n")) == (gets_in, sets_in)
    assert steps == workloads.steps.__wrapped__(workload, 3), "the same in every run"


def test_zipf_prefers_some_keys() -> None:
    asked = b"".join(step.request for step in workloads.steps(WORKLOADS["zipf-9to1"], 0))
    first, *_, last = workloads.keys_of(WORKLOADS["zipf-9to1"], 0)
    assert asked.count(first) > 10 * asked.count(last)


@pytest.mark.parametrize("name", [name for name, workload in WORKLOADS.items() if workload.evicts])
def test_replies_of_what_evicts_are_known_one_by_one(name: str) -> None:
    for step in workloads.steps(WORKLOADS[name], 0):
        assert step.reply == b""
        assert len(step.replies) == 10
        assert {reply.endswith((b"END\r\n", b"STORED\r\n")) for reply in step.replies} == {True}


def test_what_is_sent_is_in_the_command_table() -> None:
    assert {verb.encode() for verb in workloads.VERBS} <= COMMANDS.keys()
