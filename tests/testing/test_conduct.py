"""How a server answers that is told so by its settings."""

from __future__ import annotations

import pytest

from mclite.core.settings import Settings
from mclite.testing import MISBEHAVIOURS, Request
from mclite.testing.conduct import conduct_of, connection_of, listing, releases
from mclite.testing.dialects import RELEASES


def test_an_honest_server_changes_nothing() -> None:
    conduct = conduct_of(Settings())
    assert not conduct
    assert conduct.line(b"get k\r") == b"get k\r"
    assert conduct.answer(Request("get", "k"), b"END\r\n") == b"END\r\n"


def test_a_dialect_and_a_misbehaviour_together() -> None:
    conduct = conduct_of(Settings(like="1.5.2", misbehave="delete-end"))
    assert conduct
    assert conduct.line(b"gat 0 k\r") == b"unknown\r"
    assert conduct.answer(Request("delete", "k"), b"DELETED\r\n") == b"END\r\n"
    assert conduct.answer(Request("version"), b"VERSION 1.6.45\r\n") == b"VERSION 1.5.2\r\n"


def test_the_binary_protocol_is_left_alone() -> None:
    conduct = conduct_of(Settings(misbehave="version-ubuntu"))
    assert conduct.answer(Request("version", protocol="binary"), b"1.6.45") == b"1.6.45"


def test_wrong_names() -> None:
    with pytest.raises(ValueError, match="did you mean 'bare-lf'"):
        connection_of(Settings(misbehave="bare_lf"))
    with pytest.raises(ValueError, match="no memcached release to answer like '2'"):
        connection_of(Settings(like="2"))


def test_the_lists() -> None:
    assert len(listing().splitlines()) == len(MISBEHAVIOURS)
    assert releases().splitlines() == [f"memcached-{release}" for release in RELEASES]
