"""Results files for the subcommands that read some."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def results(verdict: str = "pass") -> dict[str, Any]:
    """Make the results of one scenario."""
    return {
        "format": "mclite-results",
        "schema": 1,
        "suite": {"version": "0.1.0", "protocol": "1.6.45"},
        "run": {"id": "m1", "started": "2026-01-01T00:00:00Z", "seconds": 1, "as": "1.6.45", "delivery": "whole",
                "transport": "tcp"},
        "target": {"name": "a server", "address": "127.0.0.1:1", "version": "1", "known_version": None, "spawn": None,
                   "capabilities": {}},
        "summary": {"conforms": True, "verdicts": {verdict: 1}, "resembles": None},
        "scenarios": [
            {"id": "storage/set/a", "title": "set stores", "chapter": "storage", "section": "Storage commands",
             "lines": ["204"], "level": "must", "file": "storage/set.toml", "outcome": "match", "verdict": verdict,
             "milliseconds": 1, "transcript": None, "commands": ["set"]}
        ],
        "transcripts": [],
    }  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Write a good and a bad run."""
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(results()))
    bad.write_text(json.dumps(results("fail")))
    return good, bad
