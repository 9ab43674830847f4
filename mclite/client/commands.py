"""All commands, as methods: the one list that the clients and their pipelines offer."""

from __future__ import annotations

from typing import TypeVar

from mclite.client.admin import AdminCommands, ClosingCommands
from mclite.client.binding import Builds
from mclite.client.call import Call
from mclite.client.classic import ClassicCommands
from mclite.client.meta import MetaCommands
from mclite.client.value import V

T = TypeVar("T")


class Methods(ClassicCommands[V], MetaCommands[V], AdminCommands):
    """Every command that others can follow on the same connection."""


class AllMethods(Methods[V], ClosingCommands):
    """Every command of protocol.txt."""


class Commands(AllMethods[V], Builds):
    """Calls of every command of protocol.txt. Nothing is sent: a client does that with what these return."""

    def _carry_out(self, call: Call[T]) -> Call[T]:
        return call
