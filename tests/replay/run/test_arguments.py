from __future__ import annotations

import argparse

import pytest

from mclite.replay.run.arguments import OPTIONS


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    for option in OPTIONS:
        parser.add_argument(option.flag, **option.fields)
    return parser


def test_each_option_is_there_once_and_explained() -> None:
    assert len({option.flag for option in OPTIONS}) == len({option.dest for option in OPTIONS}) == len(OPTIONS)
    assert all(len(option.fields["help"]) > 15 for option in OPTIONS)


def test_a_value_has_the_name_that_argparse_gives_it(parser: argparse.ArgumentParser) -> None:
    values = vars(parser.parse_args([]))
    assert values.keys() == {option.dest for option in OPTIONS}
    assert {"judge_as", "report_dir", "reference_spawn", "target"} <= values.keys()


def test_servers_may_be_repeated_and_nothing_is_shared(parser: argparse.ArgumentParser) -> None:
    assert parser.parse_args(["--target", "a:1", "--target", "b:1", "--spawn", "x {port}"]).target == ["a:1", "b:1"]
    assert parser.parse_args([]).target == []


@pytest.mark.parametrize(
    "words", [["--deliver", "slowly"], ["--transport", "carrier"], ["--gate", "may"], ["--chop", "x"]]
)
def test_values_that_there_are_not(parser: argparse.ArgumentParser, words: list[str]) -> None:
    with pytest.raises(SystemExit):
        parser.parse_args(words)
