"""The defaults are memcached's, and every setting can be made from the outside."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from mclite.core import settings
from mclite.core.options import EXTENDED, OPTIONS
from mclite.core.settings import Settings


def test_lists_are_not_shared() -> None:
    Settings().listen.append("::1")
    assert Settings().listen == ["127.0.0.1"]


def test_every_option_sets_a_setting() -> None:
    assert {row.setting for row in (*OPTIONS, *EXTENDED) if row.setting} <= Settings.__annotations__.keys()


def test_the_arguments_are_the_options_that_have_an_effect() -> None:
    tree = ast.parse(Path(settings.__file__).read_text("utf-8"))
    (table,) = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == "Options"]
    typed = [
        node.target.id for node in table.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    assert typed == [row.keyword for row in (*OPTIONS, *EXTENDED) if not row.kind.startswith(("nothing", "refused"))]


@pytest.mark.parametrize(
    ("given", "setting", "value"),
    [
        ({"port": 0}, "port", 0),
        ({"listen": "::1"}, "listen", ["::1"]),
        ({"listen": ("::1", "127.0.0.1")}, "listen", ["::1", "127.0.0.1"]),
        ({"unix_socket": Path("/tmp/s")}, "unix_socket", "/tmp/s"),
        ({"unix_mask": 0o770}, "unix_mask", 0o770),
        ({"memory_limit": 8}, "max_bytes", 8 << 20),
        ({"memory_limit": 0.5}, "max_bytes", 1 << 19),
        ({"max_item_size": 2048}, "item_size_max", 2048),
        ({"max_item_size": "2m"}, "item_size_max", 2 << 20),
        ({"slab_growth_factor": 2}, "factor", 2.0),
        ({"disable_evictions": True}, "evict", False),
        ({"disable_evictions": False}, "evict", True),
        ({"enable_shutdown": True}, "shutdown_command", True),
        ({"stat_key_prefix": "/"}, "detail_enabled", True),
        ({"temporary_ttl": 5}, "temp_lru", True),
        ({"sync": "off"}, "sync", "off"),
    ],
)
def test_an_option_is_given_by_its_long_name(given: dict[str, Any], setting: str, value: object) -> None:
    assert getattr(Settings(**given), setting) == value


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"prot": 0}, TypeError, "no option 'prot'; did you mean 'port'?"),
        ({"memory_limits": 64}, TypeError, "did you mean 'memory_limit'?"),
        ({"max_bytes": 64}, TypeError, "did you mean 'memory_limit'?"),
        ({"evict": False}, TypeError, "did you mean 'disable_evictions'?"),
        ({"colour": 1}, TypeError, "no option 'colour'; `mclite serve --help` lists them"),
        ({"lock_memory": True}, TypeError, "lock_memory has no effect"),
        ({"port": "11211"}, TypeError, "port takes a number, not '11211'"),
        ({"port": True}, TypeError, "port takes a number, not True"),
        ({"port": 1.5}, TypeError, "port takes a number"),
        ({"port": 65536}, ValueError, "port 65536 is out of range"),
        ({"memory_limit": float("nan")}, ValueError, "out of range"),
        ({"max_item_size": "2x"}, ValueError, "max_item_size takes a number, not '2x'"),
        ({"enable_shutdown": 1}, TypeError, "takes True or False, not 1"),
        ({"store": 5}, TypeError, "takes text"),
        ({"sync": "sometimes"}, ValueError, "one of always, interval, off"),
    ],
)
def test_a_mistake_is_named(given: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=re.escape(says)):
        Settings(**given)
