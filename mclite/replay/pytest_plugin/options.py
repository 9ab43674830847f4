"""The command line of `pytest conformance`: what is asked, checked before anything is started."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mclite.replay.play.transport import parse_address
from mclite.replay.report import naming
from mclite.replay.results.shard import Shard, ShardError, parse
from mclite.replay.run.arguments import OPTIONS
from mclite.replay.scenario.offers import documented
from mclite.replay.scenario.scenario import Level
from mclite.replay.scenario.versions import known_release
from mclite.replay.target.spec import Asked, TargetError, find_spec


class UsageError(Exception):
    """What was asked cannot be done as asked; the text says why."""


def add_options(parser: pytest.Parser) -> None:
    """Add the options of the suite to pytest's."""
    group = parser.getgroup("conformance", "memcached conformance suite")
    for option in OPTIONS:
        group.addoption(option.flag, **option.fields)
    group.addoption(
        "--client",
        action="append",
        default=[],
        metavar="DRIVER",
        help="judge a client instead of a server: a driver of the suite, a file or a command; may be repeated",
    )
    group.addoption("--called-as-check", action="store_true", help=argparse.SUPPRESS)


@dataclass(slots=True)
class Options:
    """The checked options of a run."""

    targets: list[Asked]
    reference: Asked | None
    judge_as: str | None
    deliver: Any
    transport: Any
    chop: int
    destructive: bool
    strict: bool
    gate: Level | None  #: None: as the target file says
    baseline: Path | None
    update_baseline: bool
    report_dir: Path | None
    no_report: bool
    check: bool
    shard: Shard | None = None


def read_options(config: pytest.Config, root: Path) -> Options:
    """Check the options of the suite at `root`; raise UsageError with the first that is wrong."""
    targets = []
    folder = root / "targets"
    try:
        for text in config.getoption("target"):
            targets.append(Asked(f"--target {text}", address=parse_address(text)))
        for text in config.getoption("spawn"):
            targets.append(Asked(_shown("--spawn", text), spec=find_spec(text, folder)))
        if not targets:
            targets.append(Asked("", spec=find_spec("mclite", folder)))
        for asked in targets:
            _declare(asked, config)
        _call(targets, config.getoption("names"))
        reference = _reference(config.getoption("reference"), config.getoption("reference_spawn"), folder)
    except (ValueError, TargetError) as error:
        raise UsageError(str(error)) from None
    judge_as = config.getoption("judge_as")
    if judge_as is not None:
        try:
            known_release(judge_as)
        except ValueError as error:
            raise UsageError(f"--as: {error}") from None
    if config.getoption("chop") < 0:
        raise UsageError("--chop takes a number of bytes, 1 or more")
    try:
        shard = parse(config.getoption("shard")) if config.getoption("shard") is not None else None
    except ShardError as error:
        raise UsageError(f"--shard: {error}") from None
    if shard is not None and (config.getoption("client") or config.getoption("update_baseline")):
        why = "--client judges a client" if config.getoption("client") else "--update-baseline needs a whole run"
        raise UsageError(f"--shard deals a run on a server to several machines, and {why}")
    baseline = config.getoption("baseline")
    if (baseline or config.getoption("update_baseline")) and len(targets) > 1:
        raise UsageError("a baseline belongs to one target, and there are several")
    if config.getoption("update_baseline") and not baseline:
        raise UsageError("--update-baseline needs --baseline FILE to write to")
    if baseline and not baseline.is_file() and not config.getoption("update_baseline"):
        raise UsageError(f"there is no baseline {baseline}; --update-baseline writes one")
    return Options(
        targets=targets,
        reference=reference,
        judge_as=judge_as,
        deliver=config.getoption("deliver"),
        transport=config.getoption("transport"),
        chop=config.getoption("chop"),
        destructive=config.getoption("destructive"),
        strict="--strict" in config.invocation_params.args,  # pytest's own word: its strict mode, and ours
        gate=config.getoption("gate"),
        baseline=baseline,
        update_baseline=config.getoption("update_baseline"),
        report_dir=config.getoption("report_dir"),
        no_report=config.getoption("no_report"),
        check=config.getoption("called_as_check"),
        shard=shard,
    )


def _declare(asked: Asked, config: pytest.Config) -> None:
    """Let a target have what its file and the command line declare; raise ValueError when that cannot be."""
    lacks, require = (_names(config.getoption(option)) for option in ("lacks", "require"))
    profile, spec = config.getoption("profile"), asked.spec
    given = {"--lacks": ",".join(lacks), "--require": ",".join(require), "--profile": profile}
    asked.declared_by = " ".join(f"{option} {value}" for option, value in given.items() if value)
    if spec is not None:
        lacks, require, profile = [*spec.lacks, *lacks], [*spec.require, *require], profile or spec.profile
    asked.declared = documented().declared(lacks, require, profile)


def _call(targets: list[Asked], names: list[str]) -> None:
    """Give the targets the names that were asked for; raise ValueError when there cannot be such names."""
    if not names:
        return
    if len(names) != len(targets):
        there = f"there are {len(targets)} targets" if len(targets) > 1 else "there is one target"
        raise ValueError(f"--name: {there}, and {len(names)} {'name is' if len(names) == 1 else 'names are'} given")
    for asked, name in zip(targets, names, strict=True):
        if wrong := naming.objection(name):
            raise ValueError(f"--name {name!r}: {wrong}")
        if any(name.casefold() == other.name.casefold() for other in targets if other.name is not None):
            raise ValueError(f"--name {name!r}: another target has this name")
        asked.name = name


def _names(given: list[str]) -> list[str]:
    return [name.strip() for text in given for name in text.split(",") if name.strip()]


def _reference(address: str | None, spawn: str | None, folder: Path) -> Asked | None:
    """Return the reference that was asked for; raise ValueError or TargetError when there cannot be such."""
    if address is not None and spawn is not None:
        raise ValueError("there is one reference: --reference or --reference-spawn, not both")
    if address is not None:
        return Asked(f"--reference {address}", address=parse_address(address))
    return Asked(_shown("--reference-spawn", spawn), spec=find_spec(spawn, folder)) if spawn is not None else None


def _shown(option: str, text: str) -> str:
    return f"{option} '{text}'" if " " in text else f"{option} {text}"
