"""What can go wrong between a client and a server, each by its own name."""

from __future__ import annotations


class MemcacheError(Exception):
    """Anything that goes wrong in the client SDK."""


class BadArgumentError(MemcacheError, ValueError):
    """An argument that the protocol has no way to send (a key with a space, flags above 32 bits); nothing was sent."""


class NotTextError(MemcacheError, ValueError):
    """A value that was asked for as text is not UTF-8; the item is there, and can be fetched as bytes."""


class RefusedError(MemcacheError):
    """The server answered a command with an error, or would not do it (BUSY, BADCLASS, ...).

    `command` is the command line that was sent, `text` the whole line that it answered. The connection stays open.
    """

    def __init__(self, command: bytes, text: bytes) -> None:
        super().__init__(command, text)
        self.command = command
        self.text = text

    def __str__(self) -> str:
        command = self.command.decode("utf-8", "backslashreplace")
        return f"{self.text.decode('utf-8', 'backslashreplace')} (in answer to: {command})"


class UnknownCommandError(RefusedError):
    """ERROR: the server does not know the command, or not in this form (protocol.txt 162-164)."""


class ClientError(RefusedError):
    """CLIENT_ERROR: the server found the command line at fault (protocol.txt 166-170)."""


class ServerError(RefusedError):
    """SERVER_ERROR: the server could not carry the command out (protocol.txt 172-179)."""


class BadReplyError(MemcacheError):
    """The server sent what is no answer to what was asked.

    The connection is closed: nothing that follows can be trusted.
    """


class ConnectError(MemcacheError, ConnectionError):
    """The connection cannot be opened."""


class ConnectionLostError(MemcacheError, ConnectionError):
    """The server closed the connection when an answer was due."""


class NotConnectedError(MemcacheError, ConnectionError):
    """The client is closed, or its connection was lost earlier; `connect()` opens a new one."""


class TimedOutError(MemcacheError, TimeoutError):
    """The server sent nothing for `timeout` seconds, or connecting took too long.

    The connection is closed: a late answer must not be taken for that of the next command.
    """


_BY_WORD: dict[bytes, type[RefusedError]] = {
    b"ERROR": UnknownCommandError,
    b"CLIENT_ERROR": ClientError,
    b"SERVER_ERROR": ServerError,
    b"SERVER_ERROR:": ServerError,
    b"ERROR:": ServerError,  # how older memcached says that shutdown is not enabled
}


def is_error(word: bytes) -> bool:
    """Does a reply that begins with `word` say that any command at all went wrong (protocol.txt 156-184)?"""
    return word in _BY_WORD


_REFUSALS = frozenset(
    {b"BUSY", b"BADCLASS", b"NOSPARE", b"NOTFULL", b"UNSAFE", b"SAME", b"MEMLIMIT_TOO_SMALL", b"MEMLIMIT_ADJUST_FAILED"}
)


def is_refusal(word: bytes) -> bool:
    """Does an answer of `word`, right for its command, say that the server did not do it (protocol.txt 1000-1016)?"""
    return word in _REFUSALS


def refused(command: bytes, word: bytes, text: bytes) -> RefusedError:
    """Return the exception for a reply of `word` and `text` to `command`."""
    return _BY_WORD.get(word, RefusedError)(command, word + b" " + text if text else word)
