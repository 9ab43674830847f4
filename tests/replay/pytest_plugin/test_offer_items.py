"""What a server offers as items of pytest: whole runs, with the table of the suite and no scenario."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from suite_run import Run, Suite, spawn

from mclite.replay.pytest_plugin.offer_items import is_table
from mclite.replay.scenario.offers import documented

#: The real table is read, whatever the one of the small suite holds.
TABLE = {"conformance/offers.toml": ""}


def asked(suite: Suite, toy: str, name: str, *words: str) -> Run:
    return suite("", *spawn(toy), *words, "-rsx", path=f"conformance/offers.toml::{name}", files=TABLE)


def test_the_table_of_the_suite_is_no_other_file(tmp_path: Path) -> None:
    assert is_table(tmp_path / "offers.toml", tmp_path)
    assert not is_table(tmp_path / "chapter" / "offers.toml", tmp_path)


def test_each_entry_is_an_item(suite: Suite, toy: str) -> None:
    run = suite("", *spawn(toy), "--collect-only", "-q", path="conformance/offers.toml", files=TABLE)
    found = re.findall(r"offers\.toml::(\S+)", run.out)
    assert found == list(documented().entries)
    run = suite("", *spawn(toy), "--collect-only", "-q", "-m", "should", path="conformance/offers.toml", files=TABLE)
    assert run.code == 4


def test_several_targets_have_an_item_each(suite: Suite, toy: str) -> None:
    names = ("--name", "one", "--name", "two")
    run = suite("", *spawn(toy), *spawn(toy), *names, "--collect-only", "-q", "-k", "incr", files=TABLE)
    assert re.findall(r"offers\.toml::(\S+)", run.out) == ["incr[one]", "incr[two]"]


def test_what_is_offered_passes(suite: Suite, toy: str) -> None:
    run = asked(suite, toy, "delete")
    assert run.code == 0, run.out
    assert "1 passed" in run.out


def test_what_is_not_offered_fails_with_the_evidence(suite: Suite, toy: str) -> None:
    run = asked(suite, toy, "incr")
    assert run.code == 1, run.out
    assert re.search(r"incr is not offered: `incr \S+ 1` was answered `ERROR\S*` \(protocol\.txt \d+-\d+\)", run.out)
    assert "it need not be there: --lacks incr" in run.out
    assert "Traceback" not in run.out


def test_what_is_required_cannot_be_declared_absent(suite: Suite, toy: str) -> None:
    run = asked(suite, toy, "incr", "--require", "incr")
    assert run.code == 1
    assert "--lacks" not in run.out


@pytest.mark.parametrize(
    ("name", "words", "says"),
    [
        ("incr", ("--lacks", "incr"), "incr is declared absent"),
        ("delete", ("--lacks", "delete"), "delete is declared absent, but `delete"),
        ("shutdown", (), "shutdown is not tried: asking for `shutdown` would end the server"),
    ],
)
def test_what_fails_nothing_is_skipped_with_a_reason(
    suite: Suite, toy: str, name: str, words: tuple[str, ...], says: str
) -> None:
    run = asked(suite, toy, name, *words)
    assert "1 skipped" in run.out
    assert says in run.out


def test_what_a_baseline_expects_is_expected(suite: Suite, toy: str, tmp_path: Path) -> None:
    cause = '[[cause]]\ncause = "not offered: answered ERROR"\nreason = "later"\n'
    (tmp_path / "known.toml").write_text(cause)
    run = asked(suite, toy, "incr", "--baseline", "known.toml")
    assert run.code == 0, run.out
    assert "1 xfailed" in run.out
    assert "(in the baseline)" in run.out
