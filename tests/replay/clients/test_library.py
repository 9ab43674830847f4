from __future__ import annotations

import importlib.metadata

import pytest

from mclite.replay.clients.library import Library, module
from mclite.replay.clients.python import PymemcacheClient


def test_the_version_is_that_of_the_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pymemcache")
    assert PymemcacheClient.version() == importlib.metadata.version("pymemcache")
    monkeypatch.setattr(PymemcacheClient, "package", "no-such-package-anywhere")
    assert PymemcacheClient.version() is None


def test_a_counter_is_a_text_unless_the_library_says_otherwise() -> None:
    class Noting(PymemcacheClient):
        def __init__(self) -> None:
            self.stored: list[object] = []

        def set(self, key: str, value: object, seconds: int = 0) -> bool:
            self.stored.append((key, value, seconds))
            return True

    library = Noting()
    assert library.counter("n", 7)
    assert library.stored == [("n", "7", 0)]
    assert library.value("text") == "text"


def test_a_class_leaves_out_no_method() -> None:
    class Half(Library):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Half([])  # type: ignore[abstract]


def test_a_module_is_imported_when_it_is_used() -> None:
    assert module("json").loads("1") == 1
    with pytest.raises(ModuleNotFoundError):
        module("no_such_module_anywhere")
