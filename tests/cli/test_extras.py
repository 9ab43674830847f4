"""What only an extra brings: without it each subcommand says what to install, and what needs none still works."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from waiting import SECONDS_MAX

from mclite.cli import COMMANDS
from mclite.cli.extras import EXTRAS

ROOT = Path(__file__).parents[2]
#: Packages whose module has another name.
MODULES = {
    "pytest-xdist": "xdist",
    "python-memcached": "memcache",
    "meta-memcache": "meta_memcache",
    "python-binary-memcached": "bmemcached",
}
#: What another package brings, so that pyproject.toml does not name it.
BROUGHT = {"markupsafe"}


def test_the_table_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {
        MODULES.get(package, package): extra
        for extra, packages in project["optional-dependencies"].items()
        if extra not in ("test", "dev", "site")
        for package in (re.split("[<>=\\[]", one)[0] for one in packages)
    }
    assert {name: extra for name, extra in EXTRAS.items() if name not in BROUGHT} == named


def without(modules: list[str], arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `mclite ARGUMENTS...` where `modules` cannot be imported."""
    program = "import sys; sys.modules.update(dict.fromkeys(sys.argv.pop(1).split(','))); import mclite.__main__"
    return subprocess.run(
        [sys.executable, "-c", program, ",".join(modules), *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=4 * SECONDS_MAX,
        check=False,
    )


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("pytest", ["check", "127.0.0.1:1"]),
        ("jinja2", ["check", "127.0.0.1:1"]),
        ("xdist", ["check", "127.0.0.1:1", "-n", "2"]),
        ("hypothesis", ["compare", "127.0.0.1:1", "127.0.0.1:2"]),
        ("uvloop", ["serve", "--loop", "uvloop", "-p", "0"]),
        ("uvloop", ["serve", "-d", "--loop", "uvloop", "-p", "0"]),
        ("jinja2", ["report", "html", "good.json", "-o", "page.html"]),
        ("markupsafe", ["report", "html", "good.json", "-o", "page.html"]),
        ("jinja2", ["report", "badge", "good.json"]),
        ("jinja2", ["report", "diff", "good.json", "good.json", "-o", "changes.html"]),
        ("jinja2", ["report", "publish", "--from", "good.json", "--dir", "pages"]),
        ("pytest", ["report", "publish", "mclite", "--root", str(ROOT), "--dir", "pages"]),
    ],
    ids=lambda part: part if isinstance(part, str) else " ".join(part).replace(str(ROOT), "."),
)
@pytest.mark.usefixtures("files")
def test_a_missing_package_is_one_sentence(tmp_path: Path, module: str, arguments: list[str]) -> None:
    done = without([module], arguments, tmp_path)
    extra = EXTRAS[module]
    assert done.stderr == (
        f"mclite {arguments[0]}: this needs {module}, which is not installed: pip install 'mclite[{extra}]'\n"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.json", "good.json"]


@pytest.mark.parametrize("arguments", [[name, "--help"] for name in COMMANDS], ids=" ".join)
def test_help_needs_no_extra(tmp_path: Path, arguments: list[str]) -> None:
    assert without([*EXTRAS], arguments, tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["demo", "--no-shell"], 0),
        (["shell", "127.0.0.1:1", "-c", "version"], 3),
        (["ping", "127.0.0.1:1"], 1),
        (["record", "--listen", ":0", "--target", "127.0.0.1:1"], 3),
        (["report", "markdown", "good.json"], 0),
        (["report", "diff", "good.json", "good.json"], 0),
        (["report", "merge", "good.json", "-o", "all.json"], 0),
        (["bench", "--list"], 0),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, list) else "",
)
@pytest.mark.usefixtures("files")
def test_what_needs_no_extra_works_without_all(tmp_path: Path, arguments: list[str], code: int) -> None:
    done = without([*EXTRAS], arguments, tmp_path)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
