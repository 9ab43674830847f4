"""The command that plays a scenario file again, as a user can give it to a shell."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def replay_line(file: Path, *server: str) -> str:
    """Return the command line that plays all of `file`, for a shell; `server` is --target or --spawn, and where."""
    return shlex.join([sys.executable, "-m", "mclite.replay", str(file), *server])
