"""Each kind of refusal has its exception, which names the command and the whole answer."""

from __future__ import annotations

import pytest

from mclite.client import errors
from mclite.client.errors import ClientError, MemcacheError, RefusedError, ServerError, UnknownCommandError


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        (b"ERROR", UnknownCommandError),
        (b"CLIENT_ERROR", ClientError),
        (b"SERVER_ERROR", ServerError),
        (b"SERVER_ERROR:", ServerError),
        (b"ERROR:", ServerError),
        (b"BUSY", RefusedError),
    ],
)
def test_refused(word: bytes, kind: type[RefusedError]) -> None:
    error = errors.refused(b"set k", word, b"because")
    assert type(error) is kind
    assert (error.command, error.text) == (b"set k", word + b" because")
    assert str(error) == f"{word.decode()} because (in answer to: set k)"
    assert errors.refused(b"set k", word, b"").text == word


def test_errors_and_refusals_are_told_apart() -> None:
    assert errors.is_error(b"CLIENT_ERROR")
    assert not errors.is_error(b"BUSY")
    assert errors.is_refusal(b"BUSY")
    assert not errors.is_refusal(b"NOT_FOUND")


def test_any_bytes_can_be_shown() -> None:
    assert str(errors.refused(b"get \xff", b"ERROR", b"")) == r"ERROR (in answer to: get \xff)"


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.BadArgumentError, ValueError),
        (errors.NotTextError, ValueError),
        (errors.ConnectError, ConnectionError),
        (errors.ConnectionLostError, ConnectionError),
        (errors.NotConnectedError, ConnectionError),
        (errors.TimedOutError, TimeoutError),
    ],
)
def test_they_are_caught_as_what_python_has(error: type[Exception], builtin: type[Exception]) -> None:
    assert issubclass(error, builtin)
    assert issubclass(error, MemcacheError)
