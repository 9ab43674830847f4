"""The authentication file: what it may hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from mclite.core.credentials import ENTRIES_MAX, AuthFileError, load


def test_the_file(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_bytes(b"alice:secret\n\nbob:with:colon\r\n\xff:\xfe\n")
    assert load(str(users)) == [b"alice secret", b"bob with:colon", b"\xff \xfe"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no user in it"),
        ("\n \n", "no user in it"),
        ("alice:secret\nbob\n", "line 2: not of the form user:password"),
        ("a:b\n" * (ENTRIES_MAX + 1), "9 users, and 8 is the most"),
    ],
)
def test_a_bad_file(text: str, says: str, tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text(text)
    with pytest.raises(AuthFileError, match=says):
        load(str(users))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(AuthFileError, match="No such file or directory"):
        load(str(tmp_path / "users"))
    with pytest.raises(AuthFileError, match="Is a directory"):
        load(str(tmp_path))
