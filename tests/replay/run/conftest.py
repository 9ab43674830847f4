"""A run against toy servers, without pytest around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from suite_run import HEAD

from mclite.replay.play.outcome import Keys
from mclite.replay.run.stage import Settings, Stage, TargetInfo
from mclite.replay.run.target_run import TargetRun
from mclite.replay.scenario.scenario import Scenario, load
from mclite.replay.target.servers import Server
from mclite.replay.target.spec import TargetSpec, find_spec

MakeStage = Callable[..., Stage]
MakeRun = Callable[..., TargetRun]
Write = Callable[[str], list[Scenario]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the suite's one file, and return its scenarios."""

    def scenarios(text: str) -> list[Scenario]:
        path = tmp_path / "chapter" / "file.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEAD + text)
        return load(path, tmp_path)

    return scenarios


@pytest.fixture
def spec(toy: str) -> Callable[..., TargetSpec]:
    """Return the toy as a target, with words for it; `starts` says how it is started otherwise."""

    def make(*words: str, **starts: Any) -> TargetSpec:
        return replace(find_spec(" ".join([toy, *words]), Path()), starts=starts)

    return make


def described(address: str, **fields: Any) -> TargetInfo:
    """Return what is known of a target."""
    usual: dict[str, Any] = {
        "slug": "toy", "name": "toy", "asked": f"--target {address}", "answer": "VERSION 1.6.45\r\n",
        "version": "1.6.45", "known": "1.6.45", "judged": "1.6.45", "prefix": "m1", "empty": True,
        "capabilities": {"mn": (True, "`mn` was answered `MN`"), "udp": (False, "no answer")},
    }  # fmt: skip
    return TargetInfo(address=address, **usual | fields)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[MakeStage]:
    """Return what makes the places of a target: of an address, or of a way to start it."""
    made: list[Stage] = []

    def make(target: str | TargetSpec, settings: dict[str, Any] | None = None, **fields: Any) -> Stage:
        how = Settings(tmp_path, **settings or {})
        if isinstance(target, str):
            made.append(Stage(described(target, **fields), how, None, None))
        else:
            made.append(Stage(described("127.0.0.1:1", **fields), how, target, Server(target)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[MakeRun]:
    """Return what makes a run against an address, or servers that it starts."""
    made: list[TargetRun] = []

    def make(target: str | TargetSpec, settings: dict[str, Any] | None = None, **fields: Any) -> TargetRun:
        spec = None if isinstance(target, str) else target
        info = described(target if isinstance(target, str) else "127.0.0.1:1", **fields)
        server = Server(spec) if spec is not None else None
        made.append(TargetRun(info, Keys(f"m{len(made)}"), Settings(tmp_path, **settings or {}), spec, server))
        return made[-1]

    yield make
    for one in made:
        one.close()
