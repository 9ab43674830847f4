"""Scenarios as items of pytest: their names, their marks, and how each verdict is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from suite_run import PASSES, WRONG, Suite, spawn

from mclite.replay.pytest_plugin.items import IN_FULL

HINT = """
[[scenario]]
id = "hint"
title = "A value without an item is none"
level = "should"
talk = '''
> gets {key}
< END
'''
"""
COLLECT = ("--collect-only", "-q")


def names(out: str) -> list[str]:
    return re.findall(r"file\.toml::(.+)", out)


def test_a_scenario_is_an_item(suite: Suite, toy: str) -> None:
    run = suite(PASSES + WRONG, *spawn(toy), *COLLECT)
    assert names(run.out) == ["stored", "no-key", "wrong"]


def test_several_targets_have_an_item_each(suite: Suite, toy: str) -> None:
    run = suite(WRONG, *spawn(toy), *spawn(toy, "old"), "--name", "one", "--name", "two", *COLLECT)
    assert names(run.out) == ["wrong[one]", "wrong[two]"]
    run = suite(WRONG, "--target", "127.0.0.1:1", "--target", "127.0.0.1:2", *COLLECT)
    assert names(run.out) == ["wrong[127.0.0.1:1]", "wrong[127.0.0.1:2]"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("-m", "should"), ["hint"]),
        (("-m", "not must"), ["hint"]),
        (("-k", "delete"), ["wrong"]),
        (("-k", "gets or set"), ["stored", "hint"]),
    ],
)
def test_levels_are_marks_and_commands_are_words(
    suite: Suite, toy: str, words: tuple[str, ...], found: list[str]
) -> None:
    assert names(suite(PASSES + WRONG + HINT, *spawn(toy), *COLLECT, *words).out) == found


def test_a_file_that_cannot_be_read_is_a_fault_of_the_suite(suite: Suite, toy: str) -> None:
    run = suite(PASSES + "talk =\n", *spawn(toy))
    assert run.code == 2
    assert "a fault of the suite, not of the target:" in run.out
    assert "Traceback" not in run.out


def test_what_is_not_played_is_skipped_with_its_reason(suite: Suite, toy: str) -> None:
    needs = PASSES.replace('id = "stored"', 'id = "stored"\nrequires = ["watch"]')
    run = suite(needs, *spawn(toy), "-rs")
    assert "1 skipped" in run.out
    assert re.search(r"SKIPPED.*unsupported: ", run.out)


def test_what_a_baseline_expects_is_expected(suite: Suite, toy: str, tmp_path: Path) -> None:
    (tmp_path / "known.toml").write_text('[[cause]]\ncause = "delete: a miss, not a hit"\nreason = "later"\n')
    run = suite(PASSES + WRONG, *spawn(toy), "--baseline", "known.toml", "-rx")
    assert run.code == 0, run.out
    assert "1 xfailed" in run.out
    assert "(in the baseline)" in run.out


def test_only_so_many_failures_are_shown_in_full(suite: Suite, toy: str) -> None:
    many = "".join(WRONG.replace('"wrong"', f'"wrong-{number}"') for number in range(IN_FULL + 2))
    run = suite(many, *spawn(toy))
    assert run.code == 1
    assert run.out.count("  want  DELETED") == IN_FULL
    assert len(re.findall(r"wrong-\d+: another answer came \(more in the report; replay: ", run.out)) == 2


def test_an_item_is_where_its_scenario_begins(suite: Suite, toy: str) -> None:
    run = suite(WRONG, *spawn(toy), "-s", "-p", "locations", files={"locations.py": LOCATIONS})
    assert re.search(
        r"^conformance/chapter/file\.toml [1-9] Something that the toy does not do$", run.out, re.MULTILINE
    )


LOCATIONS = """
def pytest_runtest_logstart(nodeid, location):
    print("\\n" + " ".join(map(str, location)))
"""
