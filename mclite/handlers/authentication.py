"""Authentication by a fake set (protocol.txt 186-202): until it succeeds, nothing else works."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mclite.protocol import errors, replies
from mclite.protocol.parser import Request

if TYPE_CHECKING:
    from mclite.session import Session

TOKEN_MAX: Final = 2048
"""Bytes in the username and password at most."""

ENTRIES_MAX: Final = 8
"""Users in an authentication file at most, as in memcached."""


class AuthFileError(ValueError):
    """The authentication file cannot be used; the text says why."""


def load(path: str) -> list[bytes]:
    """Read the file of option -Y, a line `user:password` a user; return each as the `user password` that is sent.

    Raises AuthFileError.
    """
    try:
        lines = Path(path).read_bytes().splitlines()
    except OSError as error:
        raise AuthFileError(f"cannot read the authentication file {path}: {error.strerror}") from None
    tokens = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        user, colon, password = line.partition(b":")
        if not colon:
            raise AuthFileError(f"{path}, line {number}: not of the form user:password")
        tokens.append(user + b" " + password)
    if not tokens:
        raise AuthFileError(f"{path}: no user in it")
    if len(tokens) > ENTRIES_MAX:
        raise AuthFileError(f"{path}: {len(tokens)} users, and {ENTRIES_MAX} is the most")
    return tokens


def check_credentials(session: Session, request: Request) -> bytes | Callable[[bytes], bytes]:
    """Judge the line of a fake set: key, flags and exptime may be anything."""
    if request.length > TOKEN_MAX:
        return b"CLIENT_ERROR auth token too long\r\n"
    return partial(_authenticate, session)


def _authenticate(session: Session, token: bytes) -> bytes:
    stats = session.instance.stats
    stats.auth_cmds += 1
    import hmac  # here, since a server starts sooner without it

    known = [hmac.compare_digest(token, entry) for entry in session.instance.credentials]
    if not any(known):
        stats.auth_errors += 1
        return errors.AUTHENTICATION_FAILED
    session.authenticated = True
    return replies.STORED
