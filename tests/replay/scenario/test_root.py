"""Where the suite is: in a checkout next to the package, in a wheel inside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mclite.replay.scenario import root as module
from mclite.replay.scenario.root import default_root

ROOT = Path(__file__).resolve().parents[3]


def test_in_a_checkout_it_is_next_to_the_package() -> None:
    assert default_root() == ROOT / "conformance"
    assert (default_root() / "storage" / "set.toml").is_file()


def test_in_a_wheel_it_is_next_to_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = tmp_path / "site-packages" / "mclite" / "replay"
    monkeypatch.setattr(module, "__file__", str(engine / "scenario" / "root.py"))
    assert default_root() == tmp_path / "site-packages" / "conformance"
    (engine / "conformance").mkdir(parents=True)
    assert default_root() == engine / "conformance"
