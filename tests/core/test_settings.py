"""The defaults are memcached's, and every setting can be made from the outside."""

from __future__ import annotations

import pytest

from mclite.core.settings import VERSION, Settings
from mclite.server.options import EXTENDED, OPTIONS


def test_the_version_is_one_that_clients_parse() -> None:
    assert [part.isdigit() for part in VERSION.split(".")] == [True] * 3


def test_lists_are_not_shared() -> None:
    Settings().listen.append("::1")
    assert Settings().listen == ["127.0.0.1"]


def test_every_option_sets_a_setting() -> None:
    assert {row.setting for row in (*OPTIONS, *EXTENDED) if row.setting} <= Settings.__annotations__.keys()


def test_a_setting_is_given_by_its_name() -> None:
    assert Settings(port=0).port == 0
    with pytest.raises(TypeError, match="no setting 'prot'"):
        Settings(prot=0)
