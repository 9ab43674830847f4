"""Judgements on disk, one file a fault, and the run that makes them."""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from faulty import tables
from faulty.fault import Fault
from faulty.judge import Judgement, judge, state, suite
from faulty.nursery import Nursery
from mclite.replay.scenario.scenario import Scenario
from mclite.replay.target.processes import end_with_parent

CLEAN = "(none)"
"""The name under which the judgement of mclite as it is, without a fault, is kept."""
CLEAN_RUNS = 2


def read(folder: Path) -> dict[str, Judgement]:
    """Return the judgements in `folder` by fault."""
    found: dict[str, Judgement] = {}
    for path in sorted(folder.glob("*.json")):
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        name = document.pop("fault")
        found[name] = Judgement(**document)
    return found


def write(folder: Path, name: str, made: Judgement) -> None:
    """Keep a judgement."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name.strip('()')}.json"
    text = json.dumps({"fault": name, **made.to_plain()}, indent=1)
    path.with_suffix(".new").write_text(text + "\n", encoding="utf-8")
    path.with_suffix(".new").replace(path)


def run(faults: Sequence[Fault], folder: Path, *, first: bool, again: bool, jobs: int) -> int:
    """Judge what is not judged yet, or no more, and print a line each; return 1 when one of `faults` survived.

    With `first` a fault is killed by the first scenario that fails; else its chapters are played whole.
    """
    scenarios = suite()
    known = read(folder)
    if again or CLEAN not in known:
        clean = Judgement()
        for _ in range(CLEAN_RUNS):
            with Nursery() as nursery:
                once = judge(nursery, scenarios)
            clean.killers |= once.killers
            clean.played, clean.seconds = once.played, once.seconds
        write(folder, CLEAN, clean)
        known[CLEAN] = clean
    ignored = set(known[CLEAN].killers)
    print(f"{known[CLEAN].played} scenarios are played, {len(ignored)} of them fail without a fault and judge nothing")
    wanted = [fault for fault in faults if again or fault.name not in known or stale(fault, known[fault.name])]
    global _work
    _work = lambda number: _judge(wanted[number], scenarios, folder, first, ignored)  # noqa: E731  # forked workers find it here
    with multiprocessing.get_context("fork").Pool(jobs, end_with_parent) as pool:
        for fault, made in zip(wanted, pool.imap(_call, range(len(wanted))), strict=True):
            known[fault.name] = made
            print(line(fault, made), flush=True)
    broken = [fault.name for fault in faults if known[fault.name].broken or known[fault.name].dead]
    survivors = [fault.name for fault in faults if not known[fault.name].killers]
    print(f"{len(faults) - len(survivors)} of {len(faults)} faults are killed")
    for name in survivors:
        print(f"SURVIVED {name}")
    if broken:
        print(f"{len(broken)} faults raise exceptions, so they prove nothing: {', '.join(broken)}")
    return 1 if survivors or broken else 0


def stale(fault: Fault, made: Judgement) -> bool:
    """Tell whether a fault is to be judged anew: it was not killed, or its chapters have changed since."""
    return not made.killers or bool(made.broken or made.dead) or made.suite != state(fault.chapters.split())


_work: Any = None
_nursery: Nursery | None = None  # of this worker


def _call(number: int) -> Judgement:
    made: Judgement = _work(number)
    return made


def _judge(
    fault: Fault, scenarios: Sequence[Scenario], folder: Path, first: bool, ignored: Collection[str]
) -> Judgement:
    global _nursery
    if _nursery is None:
        _nursery = Nursery()
    _nursery.fault = fault.name
    made = judge(_nursery, scenarios, fault.chapters.split(), first, ignored)
    made.suite = state(fault.chapters.split())
    write(folder, fault.name, made)
    return made


def line(fault: Fault, made: Judgement) -> str:
    """Return a line that says what became of a fault."""
    if made.broken or made.dead:
        return f"BROKEN   {fault.name}: {made.dead or made.broken[0]}"
    if not made.killers:
        return f"SURVIVED {fault.name}, {made.seconds} s"
    return f"killed   {fault.name} by {len(made.killers)}, {made.seconds} s: {next(iter(made.killers))}"


def table(faults: Iterable[Fault], folder: Path, path: Path | None) -> int:
    """Print the tables; put them between the markers of the document at `path`."""
    text = tables.everything(list(faults), read(folder), suite())
    if path is None:
        print(text)
        return 0
    try:
        tables.put(path, text)
    except (OSError, ValueError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 2
    return 0
