"""The command that plays a scenario file again, as a user can give it to a shell."""

from __future__ import annotations

import contextlib
import shlex
import sys
from pathlib import Path


def replay_line(file: Path, *server: str) -> str:
    """Return the command line that plays all of `file`, for a shell; `server` is --target or --spawn, and where.

    It has --destructive where the engine asks for it: what the file says was said to a server like that already.
    """
    from mclite.replay.run.stage import refusal
    from mclite.replay.scenario.scenario import SuiteError, load

    words = [str(file), *server]
    if server[0] != "--spawn" and file.is_file():
        with contextlib.suppress(SuiteError):  # `file` is no file of this scenario alone, such as a log
            words += ["--destructive"] if any(refusal(scenario, False) for scenario in load(file)) else []
    return shlex.join([sys.executable, "-m", "mclite", "suite", "play", *words])
