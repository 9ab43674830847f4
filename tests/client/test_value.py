"""Types of a client as its users write them: mypy --strict takes `Client` for one of bytes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")

ROOT = Path(__file__).resolve().parents[2]
TEXT = """
from mclite.client import AsyncClient, Client
from mclite.client.results import Item


def value(client: Client) -> bytes | None:
    return client.get("a")


def text(client: Client[str]) -> str | None:
    return client.get("a")


async def item(client: AsyncClient) -> Item | None:
    return await client.gets("a")
"""


def check(folder: Path, text: str) -> str:
    """Return what mypy says of a module of a user."""
    (folder / "mine.py").write_text(text, "utf-8")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--cache-dir",
        str(folder / "cache"),
        "mine.py",
    ]
    done = subprocess.run(command, cwd=folder, env={"MYPYPATH": str(ROOT)}, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_a_client_without_a_type_has_values_of_bytes(tmp_path: Path) -> None:
    assert "Success" in check(tmp_path, TEXT)


def test_values_of_another_type_are_refused(tmp_path: Path) -> None:
    said = check(tmp_path, TEXT.replace("Client[str]", "Client"))
    assert 'Incompatible return value type (got "bytes | None", expected "str | None")' in said
