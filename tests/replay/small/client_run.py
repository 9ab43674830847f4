"""Runs of toy drivers, with as few scenarios as show what they show."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from mclite.replay.clientcheck import run as running
from mclite.replay.clientcheck.driver import Hello
from mclite.replay.clientcheck.judge import Finding
from mclite.replay.clientcheck.play import Played
from mclite.replay.clientcheck.run import Record, Run
from mclite.replay.clientcheck.scenario import load_all, parse
from mclite.replay.clientcheck.server import Event
from mclite.replay.judge.verdicts import Verdict

TOY = Path(__file__).parents[1] / "clientcheck" / "toy_driver.py"
HEAD = 'cause = "something"\nlevel = "must"\n'


def toy(fault: str = "") -> list[str]:
    """Return the command of the toy driver with a fault."""
    return [sys.executable, str(TOY), *filter(None, [fault])]


def scenario_text(talk: str, **fields: str) -> str:
    """Return a scenario file with one talk."""
    more = "".join(f"{name} = {value}\n" for name, value in fields.items())
    return f"{HEAD}[[scenario]]\nid = 'one'\ntitle = 'one'\n{more}talk = '''\n{talk}'''\n"


def check(command: Sequence[str], names: Sequence[str] = (), source: str = "") -> Run:
    """Judge a driver by scenarios of the suite, or by those of `source`."""
    scenarios = parse(source, "test.toml") if source else [one for one in load_all() if one.id in names]
    assert scenarios
    return asyncio.run(running.check("toy", command, scenarios, width=2))


def some_run(verdict: Verdict = "fail", *findings: Finding) -> Run:
    """Return a run of one scenario with this verdict."""
    (scenario,) = parse(scenario_text("do get a\n"), "test.toml")
    played = Played(list(findings), [Event(1.23, "client", 1, b"get \xff\r\n")])
    hello = Hello("Some Client", "1.0", "L 1", ("text",), frozenset({"get"}))
    return Run("some", hello, [Record(scenario, "text", verdict, played)], 1.5, 0.0)
