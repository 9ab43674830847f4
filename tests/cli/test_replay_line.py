from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mclite.cli.replay_line import replay_line

HEAD = 'section = "Deletion"\nlevel = "must"\nlines = ["335-337"]\n[[scenario]]\nid = "one"\ntitle = "One"\n'


@pytest.mark.parametrize(
    ("more", "server", "destructive"),
    [
        ("talk = '''\n> get {key}\n< END\n'''", "--target", False),
        ("talk = '''\n> flush_all\n< OK\n'''", "--target", True),
        ("talk = '''\n> get user:1\n< END\n'''", "--target", True),
        ("scope = 'server'\ntalk = '''\n> stats\n<* STAT pid 1\n< END\n'''", "--target", True),
        ("talk = '''\n> flush_all\n< OK\n'''", "--spawn", False),
    ],
)
def test_it_works_as_printed(tmp_path: Path, more: str, server: str, destructive: bool) -> None:
    file = tmp_path / "recorded.toml"
    file.write_text(f"{HEAD}{more}\n")
    line = replay_line(file, server, "memcached:11211")
    words = [sys.executable, "-m", "mclite", "suite", "play", str(file), server, "memcached:11211"]
    assert line == " ".join(words + ["--destructive"] * destructive)
