"""Serves a mclite with one fault: once, or in a nursery that forks servers quicker than Python starts.

The nursery reads a line of JSON for each thing to do, {"start": {...}} or {"poll": pid}, and answers with one. It
imports mclite once; a server is then a fork into which the fault is put, 10 ms instead of 300.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
from contextlib import suppress
from typing import Any


def nursery(faults: bool) -> int:
    """Fork servers as standard input asks, until it ends; `faults` are put in, not mutations of the source."""
    children: dict[int, int | None] = {}
    if faults:
        import faulty.faults  # noqa: F401  # so that all servers of a run get the same
    gc.freeze()
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        if "start" in asked:
            pid = _fork(asked["start"])
            children[pid] = None
            said: Any = pid
        else:
            said = _ended(asked["poll"], children)
        sys.stdout.buffer.write(json.dumps(said).encode() + b"\n")
        sys.stdout.buffer.flush()
    for pid, code in children.items():
        if code is None and _ended(pid, children) is None:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return 0


def _ended(pid: int, children: dict[int, int | None]) -> int | None:
    """Return how a child ended, as subprocess says it; None while it runs."""
    if children[pid] is None:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            children[pid] = os.waitstatus_to_exitcode(status)
    return children[pid]


def _fork(start: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        with suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)  # before anybody may want to end its group
        return pid
    code = 70
    try:
        os.setpgid(0, 0)
        os.chdir(start["cwd"])
        null = os.open(os.devnull, os.O_RDONLY)
        log = os.open(start["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number, stream in enumerate((null, log, log)):
            os.dup2(stream, number)
        os.closerange(3, 64)
        if start["fault"]:
            put(start["fault"])
        code = serve(start["args"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def put(name: str) -> None:
    """Put a fault into the mclite of this process."""
    from faulty.faults import FAULTS
    from faulty.points import slow_path

    slow_path()
    FAULTS[name].how()


def serve(arguments: list[str]) -> int:
    """Serve as `mclite serve` does."""
    from mclite.cli.serve import run_raw

    return run_raw(arguments)
