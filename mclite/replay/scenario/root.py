"""Where the suite is."""

from __future__ import annotations

from pathlib import Path


def default_root() -> Path:
    """Return the folder of the suite: in a wheel next to the engine, in a checkout next to the package."""
    packaged = Path(__file__).resolve().parents[1] / "conformance"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "conformance"
