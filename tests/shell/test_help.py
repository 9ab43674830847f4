"""The help is made from the table: every command, its flags, its lines and its first release."""

from __future__ import annotations

import pytest

from mclite.protocol.commands import COMMANDS
from mclite.shell import help as help_texts
from mclite.shell.requests import RequestError


def test_help() -> None:
    overview = "".join(text for line in help_texts.overview() for _, text in line)
    for row in COMMANDS.values():
        assert row.summary in overview
        about = "".join(text for line in help_texts.about(row.name.decode()) for _, text in line)
        assert f"protocol.txt {row.lines}, since memcached {row.since}" in about
    assert "T<seconds>" in "".join(text for line in help_texts.about("mg") for _, text in line)
    assert "HOST:PORT" in help_texts.about("connect")[0][0][1]
    with pytest.raises(RequestError):
        help_texts.about("nonsense")
