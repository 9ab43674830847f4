"""The wheel and its builds: what the pure one carries, and what becomes of a source build without a compiler.

What a compiler makes is tested by tests/compiled; other Pythons, and a new environment for each, by tests/wheels.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
BYTES_MAX = 1_200_000
"""Of the wheel with the whole suite in it: it is downloaded in each CI job of its users."""


def build(folder: Path, **environment: str) -> tuple[int, str, list[Path]]:
    """Build a wheel into `folder`; return the exit code, the output and the wheels."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout, sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the pure wheel."""
    code, output, (made,) = build(tmp_path_factory.mktemp("pure"), MCLITE_BUILD="pure")
    assert code == 0, output
    return made


def test_the_pure_wheel_fits_every_python_and_system(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    assert wheel.stat().st_size < BYTES_MAX


def test_the_pure_wheel_carries_the_package_and_the_suite_and_nothing_to_compile(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if Path(name).suffix in (".pyx", ".pxd", ".c", ".so", ".pyc")]
    assert not [name for name in names if not name.startswith(("mclite/", "mclite-"))]
    for name in (
        "mclite/py.typed",
        "mclite/replay/conformance/storage/set.toml",
        "mclite/replay/conformance/conftest.py",
    ):
        assert name in names


def test_the_source_distribution_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t"]
    subprocess.run([*command, "sdist", "-d", str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert {path.name for path in folder.rglob("*.pyx")} == {path.name for path in (ROOT / "mclite").rglob("*.pyx")}
    environment = {**os.environ, "MCLITE_BUILD": "pure"}
    subprocess.run([*command, "wheel"], cwd=folder, env=environment, check=True, capture_output=True)
    (again,) = (folder / "dist").glob("*.whl")
    contents = [{one.filename: one.CRC for one in zipfile.ZipFile(path).infolist()} for path in (wheel, again)]
    assert contents[0] == contents[1]


def test_a_bare_installation_needs_nothing(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        (name,) = [name for name in packed.namelist() if name.endswith(".dist-info/METADATA")]
        needs = re.findall(r"^Requires-Dist: (.*)$", packed.read(name).decode(), re.M)
    assert needs
    assert all("; extra ==" in one for one in needs)


def test_without_a_compiler_a_line_says_so_and_the_wheel_is_pure(tmp_path: Path) -> None:
    code, output, (made,) = build(tmp_path, MCLITE_BUILD="auto", CC="/nowhere/cc -O2")
    assert code == 0, output
    assert made.name.endswith("-py3-none-any.whl")
    (line,) = [line for line in output.splitlines() if "mclite is built" in line]
    assert line == "mclite is built as pure Python: there is no C compiler '/nowhere/cc'"
    assert "Traceback" not in output


def test_a_compilation_that_fails_makes_the_wheel_pure(tmp_path: Path) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\necho broken >&2\nexit 1\n", "utf-8")
    compiler.chmod(0o755)
    code, output, (made,) = build(tmp_path, MCLITE_BUILD="auto", CC=str(compiler))
    assert code == 0, output
    assert made.name.endswith("-py3-none-any.whl")
    assert output.count("mclite is built as pure Python: ") == 1


def test_compiled_without_a_compiler_fails(tmp_path: Path) -> None:
    code, _, made = build(tmp_path, MCLITE_BUILD="compiled", CC="/nowhere/cc")
    assert code != 0
    assert not made


def test_an_unknown_build_is_refused(tmp_path: Path) -> None:
    code, output, made = build(tmp_path, MCLITE_BUILD="fast")
    assert code != 0
    assert "MCLITE_BUILD is 'fast'; it may be auto, compiled, pure" in output
    assert not made


def test_nothing_is_needed_to_build_the_pure_wheel() -> None:
    text = (
        "import json; from hatchling.builders.wheel import WheelBuilder;"
        "print(json.dumps(WheelBuilder('.').config.dependencies))"
    )
    for build_asked, needed in (("pure", "[]\n"), ("compiled", '["cython>=3.1", "setuptools>=77"]\n')):
        done = subprocess.run(
            [sys.executable, "-c", text], cwd=ROOT, env={**os.environ, "MCLITE_BUILD": build_asked},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.stdout == needed, done.stderr


def test_a_wheel_is_built_for_each_python_that_is_claimed() -> None:
    claimed = [one.rpartition(" ")[2] for one in PROJECT["project"]["classifiers"] if ":: 3." in one]
    assert PROJECT["tool"]["cibuildwheel"]["build"] == [f"cp{one.replace('.', '')}-*" for one in claimed]
    assert PROJECT["project"]["requires-python"] == f">={claimed[0]}"


def test_each_architecture_has_a_runner() -> None:
    """Each runner builds for its own: emulated, the compiled modules take an hour."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "wheels.yml").read_text("utf-8"))["jobs"]
    runners = {
        ("linux", "x86_64"): "ubuntu-latest",
        ("linux", "aarch64"): "ubuntu-24.04-arm",
        ("macos", "x86_64"): "macos-13",
        ("macos", "arm64"): "macos-latest",
    }
    built = PROJECT["tool"]["cibuildwheel"]
    asked = [runners[system, one] for system in ("linux", "macos") for one in built[system]["archs"]]
    assert jobs["compiled"]["strategy"]["matrix"]["runner"] == asked
    assert [step["env"] for step in jobs["pure"]["steps"] if "env" in step] == [{"MCLITE_BUILD": "pure"}]


def test_serve_says_which_build_it_is() -> None:
    done = subprocess.run([sys.executable, "-m", "mclite", "serve", "-V"], capture_output=True, text=True)
    assert re.fullmatch(r"mclite \S+ \((pure Python|compiled)\), answers as memcached 1\.6\.45\n", done.stdout)
