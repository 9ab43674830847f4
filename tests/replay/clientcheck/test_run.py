import sys

import pytest
from client_run import check, scenario_text, toy

from mclite.replay.clientcheck import run as running
from mclite.replay.clientcheck.driver import DriverError, Hello
from mclite.replay.clientcheck.judge import Fault, Finding
from mclite.replay.clientcheck.play import Played
from mclite.replay.clientcheck.run import Record, plays
from mclite.replay.clientcheck.scenario import load_all, parse


def test_a_right_client_passes_a_handful_of_the_suite() -> None:
    names = ["honest/store-and-fetch", "honest/many", "late/then-gets-get", "late/then-keyless-incr"]
    run = check(toy(), names)
    assert {record.id: record.verdict for record in run.records} == {f"{name}:text": "pass" for name in names}
    assert run.hello.client == "toy"
    assert run.seconds > 0


def test_what_waits_begins_first() -> None:
    hello = Hello("c", "1", "L", ("text", "meta"), frozenset({"get"}))
    found = plays(load_all(), hello)
    waits = [scenario.talk.waits for scenario, _ in found]
    assert waits == sorted(waits, reverse=True)
    assert {protocol for _, protocol in found} == {"text", "meta"}


def test_a_process_that_died_is_followed_by_a_new_one() -> None:
    source = scenario_text("hold {key1} one\ndo get {key1}\nanswer cut data\n", protocols='["text"]')
    more = source.partition("[[")[2].replace("'one'", "'two'", 2)
    run = check(toy("dies"), source=f"{source}[[{more}")
    assert [record.verdict for record in run.records] == ["fail", "fail"]
    assert all(record.played.findings[0].fault == "died" for record in run.records)


def test_a_driver_that_cannot_store_is_no_driver() -> None:
    hello = '{"client": "c", "version": "1", "language": "L", "protocols": ["text"], "operations": ["set", "get"]}'
    code = f"import sys, json\nprint('''{hello}''', flush=True)\n"
    code += "for raw in sys.stdin: print(json.dumps({'id': json.loads(raw)['id'], 'result': None}), flush=True)"
    with pytest.raises(DriverError, match="cannot store and fetch an item over text"):
        check([sys.executable, "-c", code], ["honest/add"])
    dies = f"import sys\nprint('''{hello}''', flush=True)\nsys.stdin.readline()"
    with pytest.raises(DriverError, match="cannot store and fetch an item over text: the process"):
        check([sys.executable, "-c", dies], ["honest/add"])


def test_a_fault_that_a_busy_machine_may_cause_is_looked_at_again_a_few_times_a_file() -> None:
    def record(number: int, fault: Fault) -> Record:
        (scenario,) = parse(scenario_text("do get a\n"), "test.toml")
        return Record(scenario, "text", "fail", Played([Finding(fault, str(number))]))

    hangs = [record(number, "hang") for number in range(9)]
    results = [record(number, "result") for number in range(5)]
    assert list(running._to_look_at([*hangs, *results])) == [*hangs[:3], *results]


def test_a_scenario_of_another_protocol_is_not_played() -> None:
    scenarios = parse(scenario_text("do get a\n", protocols='["binary"]'), "test.toml")
    assert plays(scenarios, Hello("c", "1", "L", ("text",), frozenset({"get"}))) == []
