"""The client SDK: `Client`, `AsyncClient`, what they return and what they raise. docs/client.md tells the rest.

May import the protocol, and the core for a client without a socket; not the server.
"""

from mclite.client.aio import AsyncClient
from mclite.client.errors import (
    BadArgumentError,
    BadReplyError,
    ClientError,
    ConnectError,
    ConnectionLostError,
    MemcacheError,
    NotConnectedError,
    NotTextError,
    RefusedError,
    ServerError,
    TimedOutError,
    UnknownCommandError,
)
from mclite.client.pipeline import Pipeline
from mclite.client.results import DumpedItem, Item, MetaResult
from mclite.client.sync import Client

__all__ = [
    "AsyncClient",
    "BadArgumentError",
    "BadReplyError",
    "Client",
    "ClientError",
    "ConnectError",
    "ConnectionLostError",
    "DumpedItem",
    "Item",
    "MemcacheError",
    "MetaResult",
    "NotConnectedError",
    "NotTextError",
    "Pipeline",
    "RefusedError",
    "ServerError",
    "TimedOutError",
    "UnknownCommandError",
]
