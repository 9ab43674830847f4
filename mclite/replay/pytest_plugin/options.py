"""The command line of `pytest conformance`: what is asked, checked before anything is started."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mclite.replay.play.delivery import DELIVERIES
from mclite.replay.play.transport import parse_address
from mclite.replay.scenario.scenario import LEVELS, Level
from mclite.replay.scenario.versions import known_release
from mclite.replay.target.spec import Asked, TargetError, find_spec


class UsageError(Exception):
    """What was asked cannot be done as asked; the text says why."""


def add_options(parser: pytest.Parser) -> None:
    """Add the options of the suite to pytest's."""
    group = parser.getgroup("conformance", "memcached conformance suite")
    group.addoption(
        "--target",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="judge this server: host:port, unix:/path or tls://host:port; may be repeated",
    )
    group.addoption(
        "--spawn",
        action="append",
        default=[],
        metavar="SERVER",
        help="start the server: a command with {port}, a target file, or a name of conformance/targets, "
        "e.g. memcached=/path/to/memcached; may be repeated. Without --target and --spawn: mclite",
    )
    group.addoption(
        "--reference", metavar="ADDRESS", help="every scenario also goes to this server: where do the answers differ?"
    )
    group.addoption(
        "--reference-spawn", metavar="SERVER", help="start the reference: as --spawn takes it, e.g. memcached"
    )
    group.addoption("--as", dest="judge_as", metavar="VERSION", help="judge as this memcached version")
    group.addoption(
        "--deliver",
        choices=DELIVERIES,
        default="whole",
        help="put the same requests on the wire in other pieces: byte by byte, line by line, or all ahead",
    )
    group.addoption(
        "--transport",
        choices=("tcp", "unix", "tls", "udp"),
        default="tcp",
        help="speak so to the servers that the suite starts; of others the address says it",
    )
    group.addoption("--chop", type=int, default=0, metavar="N", help="cut every write into pieces of N bytes")
    group.addoption(
        "--destructive",
        action="store_true",
        help="also send what flushes or changes a server that the suite did not start, or shows others' keys",
    )
    group.addoption("--clients", action="store_true", help="also try the client libraries that are installed")
    group.addoption(
        "--gate",
        choices=LEVELS,
        help="the lowest level at which a wrong answer fails the run; default: what the target file says, else must",
    )
    group.addoption("--baseline", type=Path, metavar="FILE", help="known deviations of the target")
    group.addoption("--update-baseline", action="store_true", help="write the deviations of this run into it")
    group.addoption("--report-dir", type=Path, metavar="DIR", help="where the results go; default: reports")
    group.addoption("--called-as-check", action="store_true", help=argparse.SUPPRESS)
    group.addoption("--no-report", action="store_true", help="write no results")


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
    )


def _reference(address: str | None, spawn: str | None, folder: Path) -> Asked | None:
    """Return the reference that was asked for; raise ValueError or TargetError when there cannot be such."""
    if address is not None and spawn is not None:
        raise ValueError("there is one reference: --reference or --reference-spawn, not both")
    if address is not None:
        return Asked(f"--reference {address}", address=parse_address(address))
    return Asked(_shown("--reference-spawn", spawn), spec=find_spec(spawn, folder)) if spawn is not None else None


def _shown(option: str, text: str) -> str:
    return f"{option} '{text}'" if " " in text else f"{option} {text}"
