"""The suite says something about everything that the reference server knows: each verb, each meta flag."""

from __future__ import annotations

import functools
import re

import pytest

from mclite.protocol.commands import COMMANDS
from mclite.protocol.meta import FLAGS
from mclite.replay.scenario.lint import load_all, sent_texts
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import Scenario
from mclite.replay.scenario.sections import SECTIONS

#: Not of protocol.txt: the clock of debug builds, which the engine itself moves.
UNDOCUMENTED = frozenset({"debugtime"})
#: Commands after which memcached takes a noreply that protocol.txt does not mention.
SILENT = frozenset({"lru_crawler", "misbehave"})


@functools.cache
def scenarios() -> tuple[Scenario, ...]:
    """Return the whole suite."""
    return tuple(load_all(default_root())[0])


@functools.cache
def sent() -> frozenset[str]:
    """Return every line that some scenario sends."""
    return frozenset(text.source for scenario in scenarios() for text in sent_texts(scenario))


@pytest.mark.parametrize("verb", sorted({name.decode() for name in COMMANDS} - UNDOCUMENTED))
def test_every_verb_is_sent(verb: str) -> None:
    assert any(line == verb or line.startswith(f"{verb} ") for line in sent())


@pytest.mark.parametrize("verb", sorted({name.decode() for name, row in COMMANDS.items() if row.noreply} - SILENT))
def test_every_noreply_is_sent(verb: str) -> None:
    assert any(line.startswith(f"{verb} ") and line.endswith(" noreply") for line in sent())


@pytest.mark.parametrize(
    ("command", "letter"),
    sorted((command, flag.letter) for flag in FLAGS.values() for command in flag.commands),
)
def test_every_meta_flag_is_sent_with_every_command_that_heeds_it(command: str, letter: str) -> None:
    flag = re.compile(rf"{command} \S+( .*)? {letter}\S*( .*)?")
    assert any(flag.fullmatch(line) for line in sent())


@pytest.mark.parametrize("section", sorted(SECTIONS.keys() - {"Statistics"}))
def test_every_section_has_scenarios(section: str) -> None:
    first, last = SECTIONS[section]
    cited = {int(part) for scenario in scenarios() for lines in scenario.lines for part in lines.split("-")}
    assert any(first <= line <= last for line in cited)
