"""tests/ mirrors mclite/: each module that does something has a test file of its own under the same path.

Exempt are `__init__` and `__main__`, modules without any function (they only name types and constants), and the
compiled modules, which are tested by the file of what they replace or make faster (tests/compiled runs it on them).
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "mclite"
EXEMPT = {"__init__.py", "__main__.py"}


def does_something(module: Path) -> bool:
    """Return whether a module has a function or a method."""
    tree = ast.parse(module.read_text("utf-8"))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree))


MODULES = [
    path.relative_to(PACKAGE)
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name not in EXEMPT and does_something(path)
]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_each_module_has_a_test_file(module: Path) -> None:
    path = TESTS / module.parent / f"test_{module.name}"
    assert path.is_file(), f"mclite/{module} has no {path.relative_to(TESTS.parent)}"
    assert "def test_" in path.read_text("utf-8")
