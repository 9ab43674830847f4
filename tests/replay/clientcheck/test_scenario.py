from collections import Counter

import pytest

from mclite.replay.clientcheck.arrival import PROTOCOLS
from mclite.replay.clientcheck.scenario import folder, load_all, parse, scenario_files
from mclite.replay.scenario.scenario import SuiteError

HEAD = 'cause = "something"\nlevel = "must"\n'
ONE = '[[scenario]]\nid = "one"\ntitle = "a title"\ntalk = """\ndo get a\n"""\n'


def faults(source: str) -> list[str]:
    with pytest.raises(SuiteError) as raised:
        parse(source, "some.toml")
    return [str(fault) for fault in raised.value.faults]


def test_a_scenario_with_its_defaults() -> None:
    (scenario,) = parse(HEAD + ONE, "some.toml")
    assert scenario.id == "some/one"
    assert scenario.chapter == "some"
    assert scenario.protocols == PROTOCOLS
    assert (scenario.after, scenario.timeout, scenario.danger) == ("safe", 0.4, None)


def test_a_table_varies() -> None:
    rows = 'vary = [{ id = "get", do = "get <key>" }, { id = "del", do = "delete <key>" }]\nlet = { key = "k" }\n'
    table = ONE.replace("do get a", "do <do>").replace("a title", "<id> is done")
    first, second = parse(HEAD + rows + table, "some.toml")
    assert (first.id, first.title) == ("some/one-get", "get is done")
    assert second.talk.source.strip() == "do delete k"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("[[scenario", "some.toml:1: not TOML"),
        (HEAD, "holds no [[scenario]]"),
        ('level = "must"\n' + ONE, "does not say its cause"),
        (HEAD + ONE + ONE, "is there twice"),
        (HEAD + ONE.replace('"one"', '"One"'), "no slug"),
        (HEAD + ONE.replace("a title", "it should."), "a title states what is"),
        (HEAD + ONE.replace("do get a", "do fetch a"), "some.toml:7: one: 'fetch' is no operation"),
        (HEAD + ONE + 'colour = "red"\n', "unknown field 'colour'"),
        (HEAD + ONE + 'after = "later"\n', "is none of works"),
        (HEAD + ONE + 'protocols = ["udp"]\n', "protocol 'udp'"),
        (HEAD + ONE + 'lines = ["9999"]\n', "protocol.txt ends with"),
        (HEAD + ONE + "timeout = 60\n", "a number of seconds"),
        (HEAD + ONE + 'danger = "fire"\n', "is none of memory"),
        (HEAD + ONE.replace("a title", "<what>"), "<what> is in neither"),
        (HEAD + ONE + "vary = 5\n", "an array of such tables"),
    ],
)
def test_a_malformed_file_says_where_and_how(source: str, said: str) -> None:
    assert any(said in fault for fault in faults(source))


def test_the_scenarios_of_the_suite() -> None:
    scenarios = load_all()
    assert len(scenarios) >= 200
    counts = Counter(protocol for scenario in scenarios for protocol in scenario.protocols)
    assert min(counts.values()) >= 200
    assert len({scenario.id for scenario in scenarios}) == len(scenarios)
    assert all(path.parent == folder() for path in scenario_files(folder()))
