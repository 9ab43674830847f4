"""The authentication file of option -Y: who may use the server."""

from __future__ import annotations

from typing import Final

ENTRIES_MAX: Final = 8
"""Users in an authentication file at most, as in memcached."""


class AuthFileError(ValueError):
    """The authentication file cannot be used; the text says why."""


def load(path: str) -> list[bytes]:
    """Read the file of option -Y, a line `user:password` a user; return each as the `user password` that is sent.

    Raises AuthFileError.
    """
    from pathlib import Path  # here, since a server starts sooner without it

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
