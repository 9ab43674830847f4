"""Drives mclite.client.Client: the classic commands for text, the meta commands for meta."""

from __future__ import annotations

from typing import Any

from driver import run
from mclite_calls import OPERATIONS, found_many, many, plan

import mclite
from mclite.client import Client


class Driver:
    """What the client is told to do."""

    def open(self, host: str, port: int, protocol: str, timeout: float) -> None:
        self.client = Client(host, port, timeout=timeout, deadline=timeout, connect_timeout=timeout, retries=1)
        self.meta = protocol == "meta"

    def close(self) -> None:
        self.client.close()

    def __getattr__(self, operation: str) -> Any:
        if operation not in OPERATIONS:
            raise AttributeError(operation)

        def carry_out(**line: Any) -> Any:
            if self.meta and operation in ("get_many", "gets_many"):
                calls = many(self.client.commands, line["keys"], operation == "gets_many")
                return found_many(line["keys"], self.client.run_many(calls))
            call, result = plan(self.client.commands, self.meta, operation, **line)
            return result(self.client.run(call))

        return carry_out


hello = {
    "client": "mclite.client",
    "version": mclite.__version__,
    "protocols": ["text", "meta"],
    "operations": list(OPERATIONS),
}
run(hello, Driver())
