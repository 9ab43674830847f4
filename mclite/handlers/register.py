"""Where a handler says which verb of the command table it serves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from mclite.protocol.commands import COMMANDS
from mclite.protocol.parser import Request

if TYPE_CHECKING:
    from mclite.handlers.caller import Caller

Handler = Callable[["Caller", Request], bytes]
"""Carries out a request, and returns the whole answer."""
Check = Callable[["Caller", Request], "bytes | Callable[[bytes], bytes]"]
"""Judges the line of a request before its data block arrives.

Returns an error, and the data block is thrown away, or what takes the data block and returns the answer.
"""

HANDLERS: Final[dict[bytes, Handler]] = {}
"""By verb, for those without a data block."""
CHECKS: Final[dict[bytes, Check]] = {}
"""By verb, for those with a data block."""

H = TypeVar("H", bound=Handler)
C = TypeVar("C", bound=Check)


def serves(verb: str) -> Callable[[H], H]:
    """Register what follows as the handler of `verb`."""

    def register(handler: H) -> H:
        HANDLERS[COMMANDS[verb.encode()].name] = handler
        return handler

    return register


def checks(*verbs: str) -> Callable[[C], C]:
    """Register what follows as the check of `verbs`, which have a data block."""

    def register(check: C) -> C:
        for verb in verbs:
            CHECKS[COMMANDS[verb.encode()].name] = check
        return check

    return register
