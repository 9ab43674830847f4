from __future__ import annotations

from pathlib import Path

import pytest
from made_results import record

from mclite.replay.judge.baseline import Baseline, BaselineError, Entry, read, write
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


def test_unmatched() -> None:
    assert KNOWN.unmatched(["a/b/c", "x"]) == ["a/b/d"]


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
    ],
)
def test_malformed(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "b.toml"
    path.write_text(text)
    with pytest.raises(BaselineError, match=problem):
        read(path)
