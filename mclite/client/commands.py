"""All commands, as calls: the one list that the clients and their pipelines offer."""

from __future__ import annotations

from typing import TypeVar

from mclite.client.admin import AdminCommands
from mclite.client.classic import ClassicCommands
from mclite.client.meta import MetaCommands

V = TypeVar("V")


class Commands(ClassicCommands[V], MetaCommands[V], AdminCommands):
    """Calls of every command of protocol.txt. Nothing is sent: a client does that with what these return."""
