"""Every example of docs/testing.md, and of the README's section on testing, is a test file that passes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = {
    "pymemcache": "pymemcache",
    "pylibmc": "pylibmc",
    "aiomcache": "aiomcache",
    "django": "Django",
    "flask_caching": "Flask-Caching",
    "dogpile": "dogpile.cache",
}


def examples(text: str) -> list[str]:
    """Return the Python blocks of a page."""
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def section(text: str, heading: str) -> str:
    """Return the part of a page under `heading`."""
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"there is no {heading}"
    return found[1]


PAGES = {
    "docs/testing.md": examples((ROOT / "docs" / "testing.md").read_text("utf-8")),
    "README.md": examples(section((ROOT / "README.md").read_text("utf-8"), "## Test your code")),
}


def run(folder: Path, *options: str) -> str:
    """Run pytest on the files of `folder` and return what it printed."""
    words = ["-q", "-p", "mclite.testing.fixtures", "-p", "no:cacheprovider", "--rootdir", str(folder), *options]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_pass(page: str, tmp_path: Path) -> None:
    """In one run, each in a file of its own; what is not installed here is left out, and said."""
    missing = {module for module in NEEDED if not _there(module)}
    written, left_out = 0, 0
    for number, text in enumerate(PAGES[page]):
        used = set(re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE))
        if used & missing:
            left_out += 1
            continue
        assert "def test_" in text, f"no whole test file: {text}"
        (tmp_path / f"test_example_{number}.py").write_text(text, "utf-8")
        written += 1
    printed = run(tmp_path)
    assert re.search(r"^\d+ passed(, \d+ warnings?)? in ", printed, re.MULTILINE), printed
    assert written
    if left_out:
        pytest.skip(f"{left_out} examples need {', '.join(sorted(NEEDED[name] for name in missing))}")


def _there(module: str) -> bool:
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode == 0


def test_every_library_has_an_example() -> None:
    imported = re.findall(r"^(?:from|import) (\w+)", "\n".join(PAGES["docs/testing.md"]), re.MULTILINE)
    assert NEEDED.keys() <= set(imported)


def test_the_page_names_what_there_is() -> None:
    """Each fault of the table is a method, and each method is in the table."""
    from mclite.testing import Faults

    text = (ROOT / "docs" / "testing.md").read_text("utf-8")
    named = set(re.findall(r"(\w+)\(", section(text, "## Faults")))
    methods = {name for name in vars(Faults) if not name.startswith("_")}
    inner = {"take", "used", "drops_connection"}
    assert methods - inner <= named
