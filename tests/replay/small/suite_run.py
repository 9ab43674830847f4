"""Whole runs of pytest on a small suite: the scenarios, how they are run, and what came of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
HEAD = 'section = "Retrieval command:"\nlevel = "must"\nlines = ["293-302"]\n'
PASSES = """
[[scenario]]
id = "stored"
title = "A value that was set is there"
talk = '''
> set {key} 0 0 1
> 1
< STORED
> get {key}
< VALUE {key} 0 1
< 1
< END
'''

[[scenario]]
id = "no-key"
title = "get without a key is an error"
talk = '''
> get
<[..1.6.39] ERROR
<[1.6.40..] CLIENT_ERROR {:rest}
'''
"""
WRONG = """
[[scenario]]
id = "wrong"
title = "Something that the toy does not do"
note = "It never will."
talk = '''
> get {key}
< END
> delete {key}
< DELETED
'''
"""
COUNTS = """
[[scenario]]
id = "pid"
title = "The process has a number"
scope = "server"
talk = '''
> stats
<* STAT pid {:uint}
< END
'''
"""
WAITS = """
[[scenario]]
id = "waits-{0}"
title = "It waits, {0}"
talk = '''
> get {{key}}
wait 0.7
< END
'''
"""

Suite = Callable[..., "Run"]


class Run:
    """The end of a run: its exit code, what it printed and the results that it wrote."""

    def __init__(self, done: subprocess.CompletedProcess[str], reports: Path) -> None:
        self.code = done.returncode
        self.out = done.stdout + done.stderr
        self.results: dict[str, dict[str, Any]] = {}
        for path in sorted(reports.glob("*.json")) if reports.is_dir() else []:
            self.results[path.stem] = json.loads(path.read_text())

    @property
    def verdicts(self) -> dict[str, str]:
        (results,) = self.results.values()
        return {item["id"].rsplit("/", 1)[1]: item["verdict"] for item in results["scenarios"]}

    def record(self, slug: str) -> dict[str, Any]:
        (results,) = self.results.values()
        found: dict[str, Any] = next(item for item in results["scenarios"] if item["id"].endswith(f"/{slug}"))
        return found


def spawn(toy: str, *words: str) -> tuple[str, str]:
    return "--spawn", " ".join([toy, *words])
