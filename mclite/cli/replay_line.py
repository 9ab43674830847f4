"""The command that plays a scenario file again, as a user can give it to a shell."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from mclite.replay.scenario.harmless import objection
from mclite.replay.scenario.scenario import load


def replay_line(file: Path, *server: str) -> str:
    """Return the command line that plays all of `file`, for a shell; `server` is --target or --spawn, and where.

    It says --destructive if a server that is not the suite's own would not be sent all of it otherwise.
    """
    words = [sys.executable, "-m", "mclite.replay", str(file), *server]
    if "--target" in server and any(one.scope == "server" or objection(one) for one in load(file)):
        words.append("--destructive")
    return shlex.join(words)
