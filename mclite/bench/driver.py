"""The benchmark's end of the load process: starts it, gives orders, turns bad news into exceptions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from mclite.bench.connection import TargetDiedError, WrongReplyError
from mclite.bench.servers import Server, pinned
from mclite.replay.target.processes import start


class Driver:
    """The load process. A context manager: it ends with the block.

    Args:
        where: cores that it may use, None for any
    """

    def __init__(self, where: set[int] | None = None) -> None:
        here = str(Path(__file__).parents[2])
        paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
        with pinned(where):
            self._started = start(
                [sys.executable, "-m", "mclite.bench.load"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                text=True,
            )
        self._process = self._started.popen

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def order(self, do: str, server: Server | None = None, **arguments: Any) -> dict[str, Any]:
        """Give one order and return its result.

        Args:
            do: an operation of mclite.bench.load
            server: that it is about
            arguments: of the operation

        Raises:
            TargetDiedError: the server hung up or fell silent
            WrongReplyError: the server answered wrong bytes
            RuntimeError: the load process itself broke
        """
        order = {"do": do, **arguments}
        if server is not None:
            order["address"] = list(server.address)
            order["pids"] = server.pids
            order["server"] = server.serial
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps(order) + "\n")
            stdin.flush()
        except BrokenPipeError:
            pass
        line = stdout.readline()
        if not line:
            raise RuntimeError(f"the load process ended with exit code {self._process.wait()}")
        result: dict[str, Any] = json.loads(line)
        name = server.name if server else "the server"
        if "died" in result:
            raise TargetDiedError(f"{name}: {result['died']}{server.ended() if server else ''}")
        if "wrong" in result:
            raise WrongReplyError(f"{name}: {result['wrong']}")
        return result

    def close(self) -> None:
        """End the load process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self._started.wait(5.0)
        except subprocess.TimeoutExpired:
            pass
        self._started.end()
        self._process.stdout.close()
