"""Engines by name, and those of plug-ins: the example of the documentation is one, and passes the suite."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mclite.cli.serve import make_instance
from mclite.core.settings import Settings
from mclite.server.server import ServeError
from mclite.store import MemoryStore, Outcome, SlabClasses, Store, StoreError
from mclite.store.disk.engine import DiskStore
from mclite.store.registry import StoreOptions, open_store
from mclite.store.stats import Stats

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def options(clock: Any) -> StoreOptions:
    return StoreOptions(clock, Stats(), SlabClasses(), 1 << 20, False, "off")


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example of docs/stores.md, installed as its entry point says."""
    blocks = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "docs" / "stores.md").read_text("utf-8"), re.DOTALL)
    (module,) = (text for language, text in blocks if language == "python" and "class " in text)
    (entry,) = re.findall(
        r'\[project\.entry-points\."mclite\.stores"\]\n(\w+) = "([\w.:]+)"', blocks_of(blocks, "toml")
    )
    site = tmp_path / "site"
    information = site / "example-1.0.dist-info"
    information.mkdir(parents=True)
    (site / f"{entry[1].partition(':')[0]}.py").write_text(module)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: example\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        f"[mclite.stores]\n{entry[0]} = {entry[1]}\nbroken = no_such_module:factory\n"
    )
    monkeypatch.syspath_prepend(str(site))
    return site


def blocks_of(blocks: list[tuple[str, str]], language: str) -> str:
    return "\n".join(text for name, text in blocks if name == language)


def test_built_in_engines(options: StoreOptions, tmp_path: Path) -> None:
    memory = open_store("memory", options)
    assert isinstance(memory, MemoryStore)
    disk = open_store(f"disk:{tmp_path / 'a:b'}", options)
    assert isinstance(disk, DiskStore)
    disk.close()
    assert (tmp_path / "a:b" / "items.sqlite").exists()
    for store in (memory, disk):
        assert (store.maxbytes, store.evict, store.clock) == (1 << 20, False, options.clock)
        assert store.stats is options.stats


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("disk", "needs a directory"),
        ("disk:", "needs a directory"),
        ("memory:x", "takes no argument"),
        ("", "unknown store ''; there is: memory, disk"),
        ("tape:/dev/st0", "unknown store 'tape'; there is: memory, disk"),
    ],
)
def test_what_cannot_be_opened(text: str, reason: str, options: StoreOptions) -> None:
    with pytest.raises(StoreError, match=reason):
        open_store(text, options)


def test_serve_says_what_it_cannot_open() -> None:
    with pytest.raises(ServeError, match="--store tape: unknown store 'tape'"):
        make_instance(Settings(store="tape"))


def test_serve_hands_over_its_settings(tmp_path: Path) -> None:
    settings = Settings(store=f"disk:{tmp_path}", sync="always", disable_evictions=True, max_item_size=2048)
    settings.max_bytes = 12345
    store = make_instance(settings).store
    assert isinstance(store, DiskStore)
    assert (store.maxbytes, store.evict, store.slabs.item_size_max) == (12345, False, 2048)
    assert store._database.connection.execute("PRAGMA synchronous").fetchone() == (2,)
    store.close()


def test_a_plugin_that_cannot_be_loaded_is_named(plugin: Path, options: StoreOptions) -> None:
    with pytest.raises(StoreError, match=r"cannot load the store broken \(no_such_module:factory\)"):
        open_store("broken", options)


def test_the_example_keeps_items(plugin: Path, options: StoreOptions) -> None:
    store: Store = open_store("squeeze:9", options)
    assert store.store("set", b"k", b"data" * 1000, 7, 0).outcome is Outcome.STORED
    item = store.live(b"k")
    assert item is not None
    assert (item.data, item.flags) == (b"data" * 1000, 7)


def test_the_example_has_twenty_lines(plugin: Path) -> None:
    (module,) = plugin.glob("*.py")
    lines = [line for line in module.read_text().splitlines() if line.strip()]
    assert len(lines) <= 20


def test_the_example_passes_the_suite(plugin: Path, tmp_path: Path) -> None:
    chapters = "storage retrieval deletion arithmetic touch gat keys meta_get meta_set meta_delete meta_arithmetic"
    folders = [str(ROOT / "conformance" / name) for name in chapters.split() if (ROOT / "conformance" / name).is_dir()]
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *folders,
            "--spawn", f"{sys.executable} -m mclite serve -l 127.0.0.1 -p {{port}} --store squeeze:1",
            "--report-dir", str(tmp_path / "report"),
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": f"{plugin}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
