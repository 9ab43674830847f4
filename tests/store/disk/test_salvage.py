"""Whatever is done to the file, nothing wrong is served, nothing is lost in silence, and the store goes on."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

ROUNDS = int(os.environ.get("MCLITE_TEST_DAMAGE_ROUNDS", "6"))


@pytest.fixture
def truth(make_disk: Any) -> dict[bytes, bytes]:
    """The items of a store with a past: replaced, deleted and flushed ones. It is closed."""
    chance = random.Random(1)
    store = make_disk()
    held: dict[bytes, bytes] = {}
    for turn in range(1500):
        key = b"key-%d" % chance.randrange(500)
        with store.transaction():
            if chance.random() < 0.2:
                item = store.live(key)
                if item is not None:
                    store.delete(key, item)
                    del held[key]
            else:
                held[key] = chance.randbytes(chance.choice((0, 5, 50, 500, 3000)))
                store.store("set", key, held[key], 7, 0)
        if turn == 400:
            store.flush_all(0)
            held.clear()
        if turn % 10 == 0:
            store.settle()
    store.close()
    return held


def damage(file: Path, kind: str, chance: random.Random) -> None:
    size = file.stat().st_size
    page = chance.randrange(size // 4096) * 4096
    with file.open("r+b") as stream:
        if kind == "truncated":
            stream.truncate(chance.randrange(size))
            return
        if kind == "header":
            page += chance.randrange(100)
            stream.seek(page)
            content = bytes([stream.read(1)[0] ^ 1 << chance.randrange(8)])
        else:
            content = {"random page": chance.randbytes(4096), "zero page": bytes(4096)}.get(kind, b"")
        if kind == "bytes":
            for _ in range(20):
                stream.seek(chance.randrange(size))
                stream.write(chance.randbytes(1))
        else:
            stream.seek(page)
            stream.write(content)


@pytest.mark.parametrize("kind", ["truncated", "header", "random page", "zero page", "first page", "bytes"])
def test_damage(kind: str, truth: dict[bytes, bytes], make_disk: Any, reports: list[str], tmp_path: Path) -> None:
    directory, whole = tmp_path / "store", tmp_path / "whole"
    directory.rename(whole)
    chance = random.Random(kind)
    kept = 0
    for _ in range(ROUNDS):
        reports.clear()
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(whole, directory)
        if kind == "first page":
            with (directory / "items.sqlite").open("r+b") as stream:
                stream.write(chance.randbytes(4096))
        else:
            damage(directory / "items.sqlite", kind, chance)
        store = make_disk()
        found = 0
        for number in range(500):
            key = b"key-%d" % number
            item = store.live(key)
            store.settle()
            if item is not None:
                assert (item.data, item.flags) == (truth.get(key), 7)
                found += 1
        assert found == len(truth) or reports
        kept += found
        with store.transaction():
            store.store("set", b"new", b"data", 0, 0)
        store.settle()
        assert store.live(b"new").data == b"data"
        store.close()
    assert kept > ROUNDS * len(truth) * 0.3  # about half of a truncated file, nearly all of the others
