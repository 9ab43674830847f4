from __future__ import annotations

from pathlib import Path

import pytest
from made_results import record

from mclite.replay.judge.baseline import Baseline, BaselineError, Entry, WholeCause, read, write
from mclite.replay.judge.record import Record

KNOWN = Baseline([Entry("a/b/c", "f1", "because", "https://example.org/1"), Entry("a/b/d", "f2", "so")])


def made(name: str, verdict: str, fingerprint: str | None = None) -> Record:
    return record(name, verdict=verdict, fingerprint=fingerprint, outcome="mismatch")


@pytest.mark.parametrize(
    ("name", "verdict", "fingerprint", "match"),
    [
        ("a/b/c", "fail", "f1", "expected"),
        ("a/b/c", "fail", "f9", "changed"),
        ("a/b/c", "differs", "f1", "expected"),
        ("a/b/c", "target-died", "f1", "expected"),
        ("a/b/c", "pass", None, "fixed"),
        ("a/b/c", "same", None, "fixed"),
        ("a/b/c", "skipped", None, None),
        ("a/b/c", "unsupported", None, None),
        ("x", "fail", "f1", "new"),
        ("x", "pass", None, None),
        ("x", "differs", "f1", "new"),
        ("x", "warn", "f1", "new"),
    ],
)
def test_match(name: str, verdict: str, fingerprint: str | None, match: str | None) -> None:
    assert KNOWN.match(made(name, verdict, fingerprint)) == match


def test_a_record_is_marked_with_what_the_baseline_says_of_it() -> None:
    marked = KNOWN.marked(made("a/b/c", "fail", "f9"))
    assert (marked.baseline, marked.baseline_reason) == ("changed", "because")
    marked = KNOWN.marked(made("x", "fail", "f9"))
    assert (marked.baseline, marked.baseline_reason) == ("new", None)


def refused(name: str, verb: str = "incr", got: str = "ERROR\\r\\n", fingerprint: str = "f5") -> Record:
    """A record of the cause `VERB: ERROR`."""
    return record(
        name,
        verdict="fail",
        fingerprint=fingerprint,
        outcome="mismatch",
        request=f"{verb} {{key}}",
        commands=(verb,),
        want="2\\r\\n",
        got=got,
    )


def test_stale() -> None:
    assert KNOWN.stale([made("a/b/c", "fail", "f1"), made("x", "pass")], {}) == [
        "STALE a/b/d: the baseline names it, and there is no such scenario here"
    ]
    known = Baseline(causes=[WholeCause("incr: ERROR", "later"), WholeCause("decr: ERROR", "later")])
    assert known.stale([refused("i")], {}) == [
        "STALE 'decr: ERROR': the baseline names this cause, and no scenario shows it"
    ]


def test_a_cause_without_scenarios_is_known_wherever_it_shows_and_nothing_else_is() -> None:
    known = Baseline([Entry("i/own", "f1", "apart")], [WholeCause("incr: ERROR", "later")])
    assert known.match(refused("i/any")) == "expected"
    assert known.marked(refused("i/any")).baseline_reason == "later"
    assert known.match(refused("i/any", got="1\\r\\n")) == "new"  # another shape
    assert known.match(refused("d/any", "decr")) == "new"  # another command
    assert known.match(refused("i/own")) == "changed"  # an entry of its own says more
    assert known.match(record("i/any", verdict="pass")) is None


def test_updated_puts_what_is_new_under_its_cause() -> None:
    known = Baseline(
        [Entry("i/1", "f1", "no counters", "https://example.org/7", "incr: ERROR"), KNOWN.entries["a/b/c"]]
    )
    after = known.updated([refused("i/1"), refused("i/2"), refused("d/1", "decr"), made("a/b/c", "fail", "f2")])
    assert {name: (entry.cause, entry.reason.split(":")[0]) for name, entry in after.entries.items()} == {
        "a/b/c": (None, "because"),
        "d/1": ("decr: ERROR", "not explained yet"),
        "i/1": ("incr: ERROR", "no counters"),
        "i/2": ("incr: ERROR", "no counters"),
    }
    assert after.entries["i/1"].fingerprint == "f5"
    assert after.size == "4 known deviations of 3 causes"


def test_updated_lists_nothing_that_a_cause_without_scenarios_knows() -> None:
    known = Baseline(causes=[WholeCause("incr: ERROR", "later"), WholeCause("decr: ERROR", "later")])
    after = known.updated([refused("i/1")])
    assert (after.entries, after.causes.keys()) == ({}, {"incr: ERROR"})


def test_causes_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    entries = [
        Entry("i/1", "f1", "no counters", "https://example.org/7", "incr: ERROR"),
        Entry("i/2", "f2", "no counters", "https://example.org/7", "incr: ERROR"),
        Entry("i/3", "f3", "another reason", None, "incr: ERROR"),
        Entry("a", "f4", "alone"),
    ]
    known = Baseline(entries, [WholeCause("touch: ERROR", "will not come", "https://example.org/8")])
    write(known, path, "mine")
    assert (read(path).entries, read(path).causes) == (known.entries, known.causes)
    assert path.read_text().count("[[cause]]") == 3


def test_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    entry = Entry('a/"b"', "f\\1", 'it says "\\r\\n" and ü')
    write(Baseline([*KNOWN.entries.values(), entry]), path, 'my "server"')
    assert read(path).entries == {**KNOWN.entries, entry.id: entry}
    assert [item.name for item in tmp_path.iterdir()] == ["b.toml"]


def test_updated_keeps_reasons_and_drops_what_is_fixed() -> None:
    records = [made("a/b/c", "fail", "f7"), made("a/b/d", "pass"), made("x", "fail", "f3"), made("y", "differs", "f4")]
    after = KNOWN.updated(records)
    assert after.entries.keys() == {"a/b/c", "x", "y"}  # at every level
    assert after.entries["a/b/c"] == Entry("a/b/c", "f7", "because", "https://example.org/1")
    assert after.entries["x"].reason.startswith("not explained yet")


def test_updated_keeps_what_was_not_played() -> None:
    assert KNOWN.updated([made("a/b/c", "skipped")]).entries.keys() == {"a/b/c"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = ", "cannot be read"),
        ("colour = 1", "unknown key 'colour'"),
        ('[[deviation]]\nid = "a"\nfingerprint = "f"', "the reason is missing"),
        ('[[deviation]]\nid = "a"\nfingerprint = "f"\nreason = " "', "the reason is missing"),
        ('[[deviation]]\nid = "a"\nfingerprint = "f"\nreason = "r"\nwhy = "x"', "only id, fingerprint"),
        ('[[deviation]]\nid = 3\nfingerprint = "f"\nreason = "r"', "are strings"),
        ('[[deviation]]\nid = "a"\nfingerprint = "f"\nreason = "r"\n' * 2, "names a scenario twice"),
        ('[deviation]\nid = "a"', r"are written as \[\[deviation"),
        ('[[cause]]\ncause = "incr: ERROR"', "the reason is missing"),
        ('[[cause]]\ncause = "incr"\nreason = "r"', "a command and a shape"),
        ('[[cause]]\ncause = "a: b"\nreason = "r"\nid = "x"', "only cause, reason, link and scenarios"),
        ('[[cause]]\ncause = "a: b"\nreason = "r"\nscenarios = {}', "scenarios is empty"),
        ('[[cause]]\ncause = "a: b"\nreason = "r"\nscenarios = ["x"]', "are strings"),
        ('[[cause]]\ncause = "a: b"\nreason = "r"\nscenarios = { x = 1 }', "are strings"),
        ('[[cause]]\ncause = "a: b"\nreason = "r"\n' * 2, "names a cause without scenarios twice"),
        ('[[cause]]\ncause = "a: b"\nreason = "r"\nscenarios = { x = "f" }\n' * 2, "names a scenario twice"),
    ],
)
def test_malformed(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "b.toml"
    path.write_text(text)
    with pytest.raises(BaselineError, match=problem):
        read(path)
