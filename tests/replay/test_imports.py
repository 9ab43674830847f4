from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mclite.replay

PACKAGE = Path(mclite.replay.__file__).parent
ALLOWED = {"mclite", "pytest", "_pytest", "xdist", "jinja2", "markupsafe"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_engine_imports_nothing_else_of_mclite(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: a relative import"
            names = [node.module or ""]
            if node.module == "mclite":
                names = [f"mclite.{alias.name}" for alias in node.names]
        for name in names:
            top = name.split(".")[0]
            assert top in ALLOWED or top in sys.stdlib_module_names, f"{path.name}:{node.lineno}: {name}"
            inside = name in ("mclite", "mclite.__version__") or name.startswith("mclite.replay")
            assert top != "mclite" or inside, f"{path.name}:{node.lineno}: {name}"


def test_what_is_loaded_at_run_time() -> None:
    module = "mclite.replay.pytest_plugin.plugin"
    program = f"import sys, {module}; print([n for n in sys.modules if n.startswith('mclite.')])"
    root = PACKAGE.parents[1]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    loaded: list[str] = ast.literal_eval(done.stdout)
    assert loaded
    assert all(name.startswith("mclite.replay") for name in loaded)
